"""Recalling a lot: from that moment on nothing of it is picked, promised pieces stay where they are (rule R34).

食品安全法 art 63: stop, tell, record. What was sent on to other sites is the same batch, and is recalled with it; what
is on the way is recalled as it arrives (``lot_facts``).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update

from timebank import clock
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.shop import levels, lot_queries, traces
from timebank.shop.intake_errors import AlreadyRecalled
from timebank.shop.lot_queries import Promised
from timebank.shop.lot_tables import LotRecall
from timebank.shop.models import Lot
from timebank.shop.staff import own_shop


@dataclass(frozen=True, slots=True)
class RecalledLot:
    """One lot of a recalled batch, and where it is."""

    lot_id: UUID
    site_id: UUID
    on_hand: int


@dataclass(frozen=True, slots=True)
class Recalled:
    """A recalled batch: where it is, who has been promised pieces, and to how many people pieces went."""

    recalled_at: datetime
    reason: str
    lots: list[RecalledLot]
    held: list[Promised]
    people: int


def recall(*, actor: Actor, lot_id: UUID, reason: str) -> Recalled:
    """Recall a lot of the actor's site and the rest of its batch, for good: what is left leaves by a write-off.

    Raises NotFound, AlreadyRecalled.
    """
    refuse_foreign(actor, lot_id)
    family = _locked_family(lot_id)
    now = clock.now()
    if family[lot_id].recalled_at is not None:
        raise AlreadyRecalled
    fresh = [one.id for one in family.values() if one.recalled_at is None]
    held = levels.held_by(list(family), now)
    marking = update(Lot).where(Lot.id.in_(fresh)).values(recalled_at=now)
    session.execute(marking, execution_options={"synchronize_session": False})
    facts = {"reason": reason, "recalled_by": actor.person_id, "recalled_at": now}
    session.execute(insert(LotRecall), [{"lot_id": one, "seq": held[one].seq} | facts for one in fresh])
    return Recalled(
        recalled_at=now,
        reason=reason,
        lots=[RecalledLot(one.id, one.site_id, held[one.id].on_hand) for one in family.values()],
        held=lot_queries.promised(list(family), now),
        people=lot_queries.people_served(list(family)),
    )


def refuse_foreign(actor: Actor, lot_id: UUID) -> None:
    """Raise NotFound unless a lot is at a site of the actor's."""
    own_shop(actor, lot_queries.shop_of_lot(lot_id))


def locked_lots(lot_ids: Collection[UUID]) -> list[Lot]:
    """Lock lots in the order of their ids, and return them as they stand now. Raises NotFound if there is none."""
    locking = select(Lot).where(Lot.id.in_(lot_ids)).order_by(Lot.id).with_for_update(key_share=True)
    found = list(session.scalars(locking.execution_options(populate_existing=True)))
    if not found:
        raise NotFound
    return found


def _locked_family(lot_id: UUID) -> dict[UUID, Lot]:
    """Lock every lot of a batch; whoever receives some of it meanwhile is waited for, and what they received is locked."""
    family: dict[UUID, Lot] = {}
    while missing := set(traces.family_of(lot_id)) - set(family):
        family |= {lot.id: lot for lot in locked_lots(missing)}
    return family
