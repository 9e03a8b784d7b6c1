"""Write-offs: one person asks, another approves (rule R35); expired lots leave by nothing else (rule R33).

A request takes and holds nothing. Were its pieces held, whoever may only ask could keep goods from being handed out;
what is expired is not handed out anyway. So the approval looks again and may find too few.
Locks: the decision (its key decides), then the lots by id.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.files import service as files
from timebank.files.rules import EVIDENCE
from timebank.identity.rules import Actor
from timebank.shop import queries
from timebank.shop.staff import managed_shop, own_shop, reads_at
from timebank.shop.stock import levels
from timebank.shop.stock.shelf import Shelf
from timebank.shop.stockkeeping import queries as stockkeeping_queries
from timebank.shop.stockkeeping.errors import HandedOutYourself, LotShort, NotExpired, NotRecalled, WriteOffDecided
from timebank.shop.stockkeeping.rules import Decision, LotLine, WriteOffReason, summed_by_lot
from timebank.shop.stockkeeping.signatures import refuse_same_hand, refuse_same_house
from timebank.shop.stockkeeping.write_off_tables import WriteOff, WriteOffDecision, WriteOffLine

WRITTEN_OFF = "write_off"


@files.owner(WRITTEN_OFF, takes=EVIDENCE)
def _may_see(actor: Actor, write_off_id: UUID) -> bool:
    """Show the proof to whoever may read the books of the site."""
    made = session.get(WriteOff, write_off_id)
    shop = queries.shop(made.site_id) if made else None
    return shop is not None and reads_at(actor, shop)


def request(
    *,
    actor: Actor,
    site_id: UUID,
    reason: str,
    lines: Sequence[LotLine],
    note: str | None = None,
    picture_ref: str | None = None,
    picture_id: UUID | None = None,
) -> WriteOff:
    """Ask that pieces of lots at a site of the actor's be written off; nothing moves before the approval.

    Raises NotFound (also for a lot of another site), NotExpired, NotRecalled, LotShort, UnknownFile,
    FileTypeRefused.
    """
    own_shop(actor, queries.shop(site_id))
    wanted = summed_by_lot(lines)
    now = clock.now()
    lots = stockkeeping_queries.lots_at(site_id, [line.lot_id for line in wanted])
    free = levels.held_by(list(lots), now)
    for line in wanted:
        if reason == WriteOffReason.EXPIRED and free[line.lot_id].good_at(now):
            raise NotExpired(lot_id=line.lot_id)
        if reason == WriteOffReason.RECALLED and not free[line.lot_id].recalled:
            raise NotRecalled(lot_id=line.lot_id)
        if line.quantity > free[line.lot_id].available:
            raise LotShort(lot_id=line.lot_id, quantity=line.quantity, free=free[line.lot_id].available)
    made = WriteOff(
        id=new_id(),
        site_id=site_id,
        reason=reason,
        note=note,
        picture_ref=picture_ref,
        requested_by=actor.person_id,
        requested_at=now,
    )
    session.add(made)
    session.flush()
    session.execute(
        insert(WriteOffLine),
        [{"write_off_id": made.id, "lot_id": line.lot_id, "quantity": line.quantity} for line in wanted],
    )
    if picture_id is not None:
        files.attach(file_id=picture_id, owner_kind=WRITTEN_OFF, owner_id=made.id, actor=actor)
    return made


def approve(*, actor: Actor, write_off_id: UUID, note: str | None = None) -> WriteOff:
    """Write the pieces off: all lines, or none.

    Raises NotFound unless a coordinator or administrator of the site asks, WriteOffDecided, SecondPersonNeeded, OwnFamily,
    HandedOutYourself, LotShort if the pieces are not there or not free any more.
    """
    made = _undecided(actor, write_off_id)
    refuse_same_house(actor, made.requested_by)
    lines = stockkeeping_queries.write_off_lines([write_off_id])
    lot_ids = [line.lot_id for line in lines]
    _decide(write_off_id, Decision.APPROVED, actor, note)
    shelf = Shelf(site_id=made.site_id, now=clock.now(), actor_id=actor.person_id)
    shelf.open(levels.lots_with(lot_ids))
    # Asked under the lots' locks: the same person may be handing out at another counter.
    if stockkeeping_queries.handed_out_by(actor.person_id, lot_ids):
        raise HandedOutYourself
    for line in lines:
        shelf.write_off(line.lot_id, line.quantity, cause_id=write_off_id)
    shelf.write()
    return made


def reject(*, actor: Actor, write_off_id: UUID, note: str) -> WriteOff:
    """Leave everything where it is. Raises NotFound, WriteOffDecided, SecondPersonNeeded."""
    made = _undecided(actor, write_off_id)
    _decide(write_off_id, Decision.REJECTED, actor, note)
    return made


def _undecided(actor: Actor, write_off_id: UUID) -> WriteOff:
    """Return a write-off that this actor may decide on, if nobody has."""
    made = session.get(WriteOff, write_off_id)
    if made is None:
        raise NotFound
    managed_shop(actor, queries.shop(made.site_id))
    if stockkeeping_queries.decisions_of([write_off_id]):
        raise WriteOffDecided
    refuse_same_hand(actor, made.requested_by)
    return made


def _decide(write_off_id: UUID, decision: Decision, actor: Actor, note: str | None) -> None:
    """Write the decision; whoever decides at the same moment meets WriteOffDecided by its key."""
    values = {
        "write_off_id": write_off_id,
        "decision": decision,
        "note": note,
        "decided_by": actor.person_id,
        "decided_at": clock.now(),
    }
    session.connection().execute(insert(WriteOffDecision), values)
