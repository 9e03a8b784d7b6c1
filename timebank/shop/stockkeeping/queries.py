"""What is asked about lots at their sites, and about transfers, stocktakes and write-offs."""

from collections.abc import Collection, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Select, and_, case, func, or_, select

from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.former import belongs
from timebank.shop.models import Goods, Lot, StockMove
from timebank.shop.rules import MoveKind
from timebank.shop.stockkeeping.rules import TransferState, WriteOffState
from timebank.shop.stockkeeping.stocktake_tables import StockCount, Stocktake, StocktakeLot
from timebank.shop.stockkeeping.transfer_tables import (
    StockTransfer,
    StockTransferArrival,
    StockTransferEnd,
    StockTransferLine,
)
from timebank.shop.stockkeeping.write_off_tables import WriteOff, WriteOffDecision, WriteOffLine


def lots_at(site_id: UUID, lot_ids: Collection[UUID]) -> dict[UUID, Lot]:
    """Return lots of one site by their ids, as they stand now. Raises NotFound if any of them is not there."""
    wanted = select(Lot).where(Lot.id.in_(lot_ids), Lot.site_id == site_id)
    found = {lot.id: lot for lot in session.scalars(wanted.execution_options(populate_existing=True))}
    if any(lot_id not in found for lot_id in lot_ids):
        raise NotFound
    return found


# --- transfers --------------------------------------------------------------------------------------------------------


def transfers(site_id: UUID, *, incoming: bool | None, state: str | None) -> Select[StockTransfer]:
    """Select the transfers of a site: those to it, those from it, or both; in one state, or in any."""
    to, by = StockTransfer.to_site_id == site_id, StockTransfer.from_site_id == site_id
    found = select(StockTransfer).where(or_(to, by) if incoming is None else to if incoming else by)
    if state is None:
        return found
    found = found.outerjoin(StockTransferEnd, StockTransferEnd.transfer_id == StockTransfer.id)
    if state == TransferState.IN_TRANSIT:
        return found.where(StockTransferEnd.transfer_id.is_(None))
    return found.where(StockTransferEnd.outcome == state)


def sent_lines(transfer_ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Return what was sent by these transfers, with the goods, and what became of it (``arrived_lot_id``, ``received``)."""
    arrival = StockTransferArrival
    same_line = (arrival.transfer_id == StockTransferLine.transfer_id) & (arrival.lot_id == StockTransferLine.lot_id)
    found = (
        select(
            StockTransferLine.transfer_id,
            StockTransferLine.lot_id,
            StockTransferLine.quantity,
            Lot.goods_id,
            Goods.name,
            Goods.unit,
            Lot.expires_at,
            Lot.fair_value_fen,
            arrival.arrived_lot_id,
            arrival.quantity.label("received"),
        )
        .join(Lot, Lot.id == StockTransferLine.lot_id)
        .join(Goods, Goods.id == Lot.goods_id)
        .outerjoin(arrival, same_line)
        .where(StockTransferLine.transfer_id.in_(transfer_ids))
        .order_by(StockTransferLine.transfer_id, StockTransferLine.lot_id)
    )
    return session.execute(cast("Select[Any]", found)).all()


def ends_of(transfer_ids: Collection[UUID]) -> dict[UUID, StockTransferEnd]:
    """Return how transfers ended; those on the way are missing."""
    found = session.scalars(select(StockTransferEnd).where(StockTransferEnd.transfer_id.in_(transfer_ids)))
    return {end.transfer_id: end for end in found}


# --- write-offs -------------------------------------------------------------------------------------------------------


def write_offs(site_id: UUID, *, state: str | None) -> Select[WriteOff]:
    """Select the write-offs of a site, in one state or in any."""
    found = select(WriteOff).where(WriteOff.site_id == site_id)
    if state is None:
        return found
    found = found.outerjoin(WriteOffDecision, WriteOffDecision.write_off_id == WriteOff.id)
    if state == WriteOffState.REQUESTED:
        return found.where(WriteOffDecision.write_off_id.is_(None))
    return found.where(WriteOffDecision.decision == state)


def write_off_lines(write_off_ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Return the lines of write-offs, with the goods."""
    found = (
        select(
            WriteOffLine.write_off_id,
            WriteOffLine.lot_id,
            WriteOffLine.quantity,
            Lot.goods_id,
            Goods.name,
            Goods.unit,
            Lot.expires_at,
            Lot.fair_value_fen,
        )
        .join(Lot, Lot.id == WriteOffLine.lot_id)
        .join(Goods, Goods.id == Lot.goods_id)
        .where(WriteOffLine.write_off_id.in_(write_off_ids))
        .order_by(WriteOffLine.write_off_id, WriteOffLine.lot_id)
    )
    return session.execute(cast("Select[Any]", found)).all()


def decisions_of(write_off_ids: Collection[UUID]) -> dict[UUID, WriteOffDecision]:
    """Return what was decided on write-offs; those that wait are missing."""
    found = session.scalars(select(WriteOffDecision).where(WriteOffDecision.write_off_id.in_(write_off_ids)))
    return {decision.write_off_id: decision for decision in found}


def handed_out_by(person_id: UUID, lot_ids: Collection[UUID]) -> bool:
    """Whether a person has handed out pieces of any of these lots, under whatever account of theirs."""
    found = select(StockMove.seq).where(
        StockMove.lot_id.in_(lot_ids), StockMove.kind == MoveKind.HAND_OVER, belongs(StockMove.actor_id, person_id)
    )
    return session.execute(found.limit(1)).first() is not None


# --- stocktakes -------------------------------------------------------------------------------------------------------


def last_counts(stocktake_id: UUID) -> Select[StockCount]:
    """Select the counts in force of a stocktake: the last one of each lot."""
    last = (
        select(StockCount.lot_id, func.max(StockCount.number).label("number"))
        .where(StockCount.stocktake_id == stocktake_id)
        .group_by(StockCount.lot_id)
        .subquery()
    )
    in_force = (StockCount.lot_id == last.c.lot_id) & (StockCount.number == last.c.number)
    return select(StockCount).join(last, in_force).where(StockCount.stocktake_id == stocktake_id)


def stocktakes(site_id: UUID) -> Select[Stocktake]:
    """Select the stocktakes of a site."""
    return select(Stocktake).where(Stocktake.site_id == site_id)


def lines_of_stocktake(stocktake_id: UUID) -> Select[Any]:
    """Select the lots of a stocktake with their goods and the count in force, if there is one."""
    last = last_counts(stocktake_id).subquery()
    found = (
        select(
            StocktakeLot.lot_id,
            Lot.goods_id,
            Goods.name,
            Goods.unit,
            Lot.expires_at,
            Lot.fair_value_fen,
            last.c.counted,
            last.c.system_quantity,
            last.c.seq,
            last.c.counted_at,
        )
        .join(Lot, Lot.id == StocktakeLot.lot_id)
        .join(Goods, Goods.id == Lot.goods_id)
        .outerjoin(last, last.c.lot_id == StocktakeLot.lot_id)
        .where(StocktakeLot.stocktake_id == stocktake_id)
    )
    return cast("Select[Any]", found)


def progress(stocktake_ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Return per stocktake how many lots it has and how many are counted, and what the counts in force differ by.

    Pieces, and fen of what has a fair value; ``missing`` and ``missing_fen`` are not negative.
    """
    last = (
        select(StockCount.stocktake_id, StockCount.lot_id, func.max(StockCount.number).label("number"))
        .where(StockCount.stocktake_id.in_(stocktake_ids))
        .group_by(StockCount.stocktake_id, StockCount.lot_id)
        .subquery()
    )
    by = StockCount.counted - StockCount.system_quantity
    fen = by * func.coalesce(Lot.fair_value_fen, 0)
    found = (
        select(
            StocktakeLot.stocktake_id,
            func.count().label("lots"),
            func.count(StockCount.number).label("counted"),
            func.coalesce(func.sum(case((by > 0, by))), 0).label("surplus"),
            func.coalesce(func.sum(case((by < 0, -by))), 0).label("missing"),
            func.coalesce(func.sum(case((by > 0, fen))), 0).label("surplus_fen"),
            func.coalesce(func.sum(case((by < 0, -fen))), 0).label("missing_fen"),
        )
        .join(Lot, Lot.id == StocktakeLot.lot_id)
        .outerjoin(last, and_(last.c.stocktake_id == StocktakeLot.stocktake_id, last.c.lot_id == StocktakeLot.lot_id))
        .outerjoin(
            StockCount,
            and_(
                StockCount.stocktake_id == last.c.stocktake_id,
                StockCount.lot_id == last.c.lot_id,
                StockCount.number == last.c.number,
            ),
        )
        .where(StocktakeLot.stocktake_id.in_(stocktake_ids))
        .group_by(StocktakeLot.stocktake_id)
    )
    return {row.stocktake_id: row for row in session.execute(cast("Select[Any]", found))}


def uncounted(stocktake_id: UUID) -> list[UUID]:
    """Return the lots of a stocktake that have pieces on the books and no count."""
    counted = select(StockCount.lot_id).where(StockCount.stocktake_id == stocktake_id)
    found = (
        select(Lot.id)
        .join(StocktakeLot, StocktakeLot.lot_id == Lot.id)
        .where(StocktakeLot.stocktake_id == stocktake_id, Lot.emptied_at.is_(None), Lot.id.not_in(counted))
        .order_by(Lot.id)
    )
    return list(session.scalars(found))


def moved_since(lot_id: UUID, seq: int) -> bool:
    """Whether pieces of a lot came or went after its move ``seq``; what is only promised moves nothing."""
    found = select(StockMove.seq).where(StockMove.lot_id == lot_id, StockMove.seq > seq, StockMove.quantity != 0)
    return session.execute(found.limit(1)).first() is not None
