"""The way of a lot: from its donor through transfers to pieces and a number of people (rules R31, R34; 慈善法 42).

Nobody who received anything is named. The donor is named to staff of the site where the goods came in, unless anonymous.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, and_, func, select

from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.shop import queries
from timebank.shop.models import Goods, Intake, Lot, StockMove
from timebank.shop.rules import MoveKind
from timebank.shop.staff import readable_shop, works_at
from timebank.shop.stock.lot_queries import people_served
from timebank.shop.stockkeeping.transfer_tables import (
    StockTransfer,
    StockTransferArrival,
    StockTransferEnd,
    StockTransferLine,
)


@dataclass(frozen=True, slots=True)
class Hop:
    """A received transfer of part of a lot, and the lot that it became."""

    transfer_id: UUID
    from_lot_id: UUID
    to_lot_id: UUID
    from_site_id: UUID
    to_site_id: UUID
    sent: int
    received: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Trace:
    """A lot, the intake that it comes from, how it came and went, and what became of the pieces that came in with it.

    Counted over the lot and everything that was sent on from it: ``received`` = ``handed_out`` + ``written_off`` +
    ``missing`` + ``in_transit`` + ``on_hand``.
    """

    lot: Lot
    goods: Goods
    intake: Intake
    donor_name: str | None
    came_by: list[Hop]
    went_by: list[Hop]
    received: int
    handed_out: int
    written_off: int
    missing: int
    in_transit: int
    on_hand: int
    people: int


def readable(actor: Actor, lot_id: UUID) -> Lot:
    """Return a lot whose site's books the actor may read. Raises NotFound."""
    lot = session.get(Lot, lot_id)
    if lot is None:
        raise NotFound
    readable_shop(actor, queries.shop(lot.site_id))
    return lot


def trace(*, actor: Actor, lot_id: UUID) -> Trace:
    """Follow a lot back to its donor and on to whoever was handed its pieces. Raises NotFound."""
    lot = readable(actor, lot_id)
    intake = session.get_one(Intake, lot.intake_id)
    came_in_at = queries.shop(intake.site_id)
    went = went_by(lot_id)
    tree = [lot_id, *(hop.to_lot_id for hop in went)]
    return Trace(
        lot=lot,
        goods=session.get_one(Goods, lot.goods_id),
        intake=intake,
        donor_name=intake.donor_name if came_in_at and works_at(actor, came_in_at) else None,
        came_by=came_by(lot_id),
        went_by=went,
        people=people_served(tree),
        **fate_of(lot_id, tree),
    )


def fate_of(lot_id: UUID, tree: Collection[UUID]) -> dict[str, int]:
    """Return what became of the pieces that came in with a lot, counted over everything that was sent on from it."""
    received = session.get_one(StockMove, (lot_id, 1)).quantity
    moved = _moved(lot_id, tree)
    return {
        "received": received,
        "handed_out": -moved.get(MoveKind.HAND_OVER, 0) - moved.get(MoveKind.RETURN, 0),
        "written_off": -moved.get(MoveKind.WRITE_OFF, 0),
        "missing": -moved.get(MoveKind.COUNT_DIFFERENCE, 0),
        "in_transit": -moved.get(MoveKind.TRANSFER, 0),
        "on_hand": received + sum(moved.values()),
    }


def tree_of(lot_id: UUID) -> list[UUID]:
    """Return a lot and everything that was sent on from it."""
    return [lot_id, *(hop.to_lot_id for hop in went_by(lot_id))]


def family_of(lot_id: UUID) -> list[UUID]:
    """Return every lot that goods of one intake line have become, at whatever site: they are one batch."""
    came = came_by(lot_id)
    return tree_of(came[0].from_lot_id if came else lot_id)


def came_by(lot_id: UUID) -> list[Hop]:
    """Return the transfers that a lot came by, the first one first."""
    hops: list[Hop] = []
    while found := _hops(StockTransferArrival.arrived_lot_id, [hops[-1].from_lot_id if hops else lot_id]):
        hops += found
    return hops[::-1]


def went_by(lot_id: UUID) -> list[Hop]:
    """Return the received transfers of parts of a lot, and of parts of those parts, and so on."""
    hops: list[Hop] = []
    latest: Collection[UUID] = [lot_id]
    while found := _hops(StockTransferArrival.lot_id, latest):
        hops += found
        latest = [hop.to_lot_id for hop in found]
    return hops


def _hops(column: Any, lot_ids: Collection[UUID]) -> list[Hop]:
    found = (
        select(
            StockTransfer.id,
            StockTransferArrival.lot_id,
            StockTransferArrival.arrived_lot_id,
            StockTransfer.from_site_id,
            StockTransfer.to_site_id,
            StockTransferLine.quantity,
            StockTransferArrival.quantity,
            StockTransferEnd.ended_at,
        )
        .select_from(StockTransferArrival)
        .join(
            StockTransferLine,
            and_(
                StockTransferLine.transfer_id == StockTransferArrival.transfer_id,
                StockTransferLine.lot_id == StockTransferArrival.lot_id,
            ),
        )
        .join(StockTransfer, StockTransfer.id == StockTransferArrival.transfer_id)
        .join(StockTransferEnd, StockTransferEnd.transfer_id == StockTransfer.id)
        .where(column.in_(lot_ids))
        .order_by(StockTransferEnd.ended_at, StockTransfer.id)
    )
    return [Hop(*row) for row in session.execute(cast("Select[Any]", found))]


def _moved(root: UUID, tree: Collection[UUID]) -> dict[str, int]:
    """Return the pieces of these lots by kind of move, signed, without those that the root began with.

    What went from one of them to another is in both, once each way; what remains of transfers is on the way, or out of it.
    """
    began = and_(StockMove.lot_id == root, StockMove.seq == 1)
    found = (
        select(StockMove.kind, func.sum(StockMove.quantity))
        .where(StockMove.lot_id.in_(tree), ~began)
        .group_by(StockMove.kind)
    )
    return {kind: int(pieces) for kind, pieces in session.execute(found)}
