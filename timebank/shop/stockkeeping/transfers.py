"""Transfers between sites: sent by somebody at one, received by somebody else at the other (rules R31, R33, R35).

On the way the goods are at neither site. The receiver takes over all that was sent; what is missing is stated with a
reason and leaves the receiver's books as a count difference, so that what was sent and what arrived always balance.
Locks: the transfer's end (its key decides), then the lots by id.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor
from timebank.organisations.rules import SiteKind
from timebank.shop import queries
from timebank.shop.errors import NotAShop
from timebank.shop.merchant import merchants
from timebank.shop.models import Lot
from timebank.shop.rules import Level
from timebank.shop.staff import own_shop
from timebank.shop.stock import levels, purposes, recalls
from timebank.shop.stock.shelf import Shelf
from timebank.shop.stockkeeping import queries as stockkeeping_queries
from timebank.shop.stockkeeping.errors import (
    DifferenceUnexplained,
    MerchantSite,
    ReceivedTooMuch,
    SameSite,
    TransferEnded,
)
from timebank.shop.stockkeeping.rules import LotLine, Outcome, summed_by_lot
from timebank.shop.stockkeeping.signatures import refuse_same_hand
from timebank.shop.stockkeeping.transfer_tables import (
    StockTransfer,
    StockTransferArrival,
    StockTransferEnd,
    StockTransferLine,
)


def send(
    *, actor: Actor, site_id: UUID, to_site_id: UUID, lines: Sequence[LotLine], note: str | None = None
) -> StockTransfer:
    """Send free pieces of lots from a site of the actor's to a shop.

    Raises NotFound (also for a lot of another site), NotAShop, MerchantSite, SameSite, ExpiredNotSent, LotShort.
    """
    own_shop(actor, queries.shop(site_id))
    if site_id == to_site_id:
        raise SameSite
    target = queries.shop(to_site_id)
    if target is None:
        raise NotFound
    if target.kind != SiteKind.SHOP:
        raise NotAShop
    if merchants.is_merchant(target.organisation_id):
        raise MerchantSite
    wanted = summed_by_lot(lines)
    stockkeeping_queries.lots_at(site_id, [line.lot_id for line in wanted])
    shelf = Shelf(site_id=site_id, now=clock.now(), actor_id=actor.person_id)
    shelf.open(levels.lots_with([line.lot_id for line in wanted]))
    transfer = StockTransfer(
        id=new_id(),
        from_site_id=site_id,
        to_site_id=to_site_id,
        note=note,
        sent_by=actor.person_id,
        sent_at=shelf.now,
    )
    for line in wanted:
        shelf.send(line.lot_id, line.quantity, cause_id=transfer.id)
    session.add(transfer)
    session.flush()
    session.execute(
        insert(StockTransferLine),
        [{"transfer_id": transfer.id, "lot_id": line.lot_id, "quantity": line.quantity} for line in wanted],
    )
    shelf.write()
    return transfer


def receive(
    *, actor: Actor, transfer_id: UUID, lines: Sequence[LotLine] | None = None, reason: str | None = None
) -> StockTransfer:
    """Take over what was sent to a shop of the actor's; ``lines`` says what arrived, without it all of it did.

    Each line becomes a new lot of the same intake. Whoever sent the goods does not receive them.
    Raises NotFound, SecondPersonNeeded, TransferEnded, ReceivedTooMuch, DifferenceUnexplained, and Invalid unless
    ``lines`` names every lot of the transfer.
    """
    transfer = _transfer(transfer_id)
    own_shop(actor, queries.shop(transfer.to_site_id))
    refuse_same_hand(actor, transfer.sent_by)
    _refuse_ended(transfer_id)
    sent = stockkeeping_queries.sent_lines([transfer_id])
    arrived = _arrived(sent, lines)
    missing = sum(line.quantity - arrived[line.lot_id] for line in sent)
    if missing and not reason:
        raise DifferenceUnexplained(missing=missing)
    _end(transfer_id, Outcome.RECEIVED, actor, reason if missing else None)
    _shelve(transfer, sent, arrived, actor)
    return transfer


def cancel(*, actor: Actor, transfer_id: UUID) -> StockTransfer:
    """Call back what a site of the actor's sent and nobody has received: it is in its lots again.

    Raises NotFound, TransferEnded.
    """
    transfer = _transfer(transfer_id)
    own_shop(actor, queries.shop(transfer.from_site_id))
    _refuse_ended(transfer_id)
    _end(transfer_id, Outcome.CANCELLED, actor, None)
    sent = stockkeeping_queries.sent_lines([transfer_id])
    shelf = Shelf(site_id=transfer.from_site_id, now=clock.now(), actor_id=actor.person_id)
    shelf.open(levels.lots_with([line.lot_id for line in sent]))
    for line in sent:
        shelf.call_back(line.lot_id, line.quantity, cause_id=transfer_id)
    shelf.write()
    return transfer


def _transfer(transfer_id: UUID) -> StockTransfer:
    transfer = session.get(StockTransfer, transfer_id)
    if transfer is None:
        raise NotFound
    return transfer


def _refuse_ended(transfer_id: UUID) -> None:
    if stockkeeping_queries.ends_of([transfer_id]):
        raise TransferEnded


def _end(transfer_id: UUID, outcome: Outcome, actor: Actor, reason: str | None) -> None:
    """Write the end; whoever ends it at the same moment meets TransferEnded by its key."""
    values = {
        "transfer_id": transfer_id,
        "outcome": outcome,
        "reason": reason,
        "ended_by": actor.person_id,
        "ended_at": clock.now(),
    }
    session.connection().execute(insert(StockTransferEnd), values)


def _arrived(sent: Sequence[Row[Any]], lines: Sequence[LotLine] | None) -> Mapping[UUID, int]:
    """Return how many pieces of each lot arrived. Raises Invalid, ReceivedTooMuch."""
    if lines is None:
        return {line.lot_id: line.quantity for line in sent}
    arrived = {line.lot_id: line.quantity for line in summed_by_lot(lines)}
    if set(arrived) != {line.lot_id for line in sent}:
        detail = "须逐一填写调拨单上的每个批次，没到的填 0。 Name every lot of the transfer, 0 where nothing came."
        raise Invalid(errors=[{"pointer": "/lines", "detail": detail}])
    for line in sent:
        if arrived[line.lot_id] > line.quantity:
            raise ReceivedTooMuch(lot_id=line.lot_id, sent=line.quantity)
    return arrived


def _shelve(transfer: StockTransfer, sent: Sequence[Row[Any]], arrived: Mapping[UUID, int], actor: Actor) -> None:
    """Make the new lots: copies of the old ones at another site, so that everything told of a lot follows it."""
    now = clock.now()
    lot_ids = [line.lot_id for line in sent]
    # Locked, so that a recall or a change of purpose comes before the copy, or finds it.
    Shelf(site_id=transfer.from_site_id, now=now, actor_id=actor.person_id).open(levels.lots_with(lot_ids))
    old = stockkeeping_queries.lots_at(transfer.from_site_id, lot_ids)
    new = {line.lot_id: _copied(old[line.lot_id], transfer.to_site_id, now) for line in sent}
    session.add_all(new.values())
    session.flush()
    shelf = Shelf(site_id=transfer.to_site_id, now=now, actor_id=actor.person_id)
    for line in sent:
        lot = new[line.lot_id]
        empty = Level(lot.id, lot.goods_id, lot.expires_at, lot.received_at, seq=0, on_hand=0, reserved=0)
        shelf.receive(lot=empty, quantity=line.quantity, cause_id=transfer.id)
        if missing := line.quantity - arrived[line.lot_id]:
            shelf.correct(lot.id, -missing, cause_id=transfer.id)
        recalls.follow(old[line.lot_id], lot, seq=2 if missing else 1)
        purposes.follow(old[line.lot_id], lot)
    shelf.write()
    session.execute(
        insert(StockTransferArrival),
        [
            {
                "transfer_id": transfer.id,
                "lot_id": lot_id,
                "arrived_lot_id": lot.id,
                "quantity": arrived[lot_id],
            }
            for lot_id, lot in new.items()
        ],
    )


def _copied(lot: Lot, site_id: UUID, now: datetime) -> Lot:
    values = {column.key: getattr(lot, column.key) for column in Lot.__table__.columns}
    return Lot(**values | {"id": new_id(), "site_id": site_id, "received_at": now, "emptied_at": None})
