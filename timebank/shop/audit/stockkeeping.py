"""Checks of ``timebank shop audit`` over transfers, stocktakes and write-offs: moves, facts and signatures agree."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, or_, select, union_all
from sqlalchemy.orm import aliased

from timebank.shop.models import Lot, StockMove
from timebank.shop.rules import MoveKind
from timebank.shop.stockkeeping.rules import Decision, Outcome, StocktakeState
from timebank.shop.stockkeeping.stocktake_tables import StockCount, Stocktake, StocktakePosting
from timebank.shop.stockkeeping.transfer_tables import (
    StockTransfer,
    StockTransferArrival,
    StockTransferEnd,
    StockTransferLine,
)
from timebank.shop.stockkeeping.write_off_tables import WriteOff, WriteOffDecision, WriteOffLine

_KINDS = (MoveKind.TRANSFER, MoveKind.COUNT_DIFFERENCE, MoveKind.WRITE_OFF)


def _caused(*kinds: MoveKind) -> Subquery:
    """Return per cause and lot what the moves of these kinds add up to, and how many they are."""
    return (
        select(
            StockMove.cause_id,
            StockMove.lot_id,
            func.sum(StockMove.quantity).label("pieces"),
            func.count().label("moves"),
        )
        .where(StockMove.kind.in_(kinds))
        .group_by(StockMove.cause_id, StockMove.lot_id)
        .subquery()
    )


def wrong_transfers(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select lines of transfers whose pieces are not exactly where the transfer says: gone, back, or at the new site.

    On the way they have left one site and are at no other; cancelled, they have left and come back; received, the new
    lot of the same intake has taken all of them and given up what was missing.
    """
    line, end, arrival = StockTransferLine, StockTransferEnd, StockTransferArrival
    out, there = _caused(MoveKind.TRANSFER), _caused(*_KINDS)
    old, new = aliased(Lot), aliased(Lot)
    cancelled, received = end.outcome == Outcome.CANCELLED, end.outcome == Outcome.RECEIVED
    copied = and_(
        new.site_id == StockTransfer.to_site_id,
        new.goods_id == old.goods_id,
        new.intake_id == old.intake_id,
        new.expires_at.is_not_distinct_from(old.expires_at),
        new.fair_value_fen.is_not_distinct_from(old.fair_value_fen),
        arrival.quantity <= line.quantity,
        func.coalesce(there.c.pieces, 0) == arrival.quantity,
        or_(arrival.quantity == line.quantity, end.reason.is_not(None)),
        end.ended_by != StockTransfer.sent_by,
    )
    right = or_(
        and_(end.transfer_id.is_(None), out.c.pieces == -line.quantity, arrival.lot_id.is_(None)),
        and_(cancelled, out.c.pieces == 0, out.c.moves == 2, arrival.lot_id.is_(None)),
        and_(received, out.c.pieces == -line.quantity, copied),
    )
    return (
        select(line.transfer_id, line.lot_id)
        .join(StockTransfer, StockTransfer.id == line.transfer_id)
        .join(old, old.id == line.lot_id)
        .outerjoin(end, end.transfer_id == line.transfer_id)
        .outerjoin(arrival, and_(arrival.transfer_id == line.transfer_id, arrival.lot_id == line.lot_id))
        .outerjoin(new, new.id == arrival.arrived_lot_id)
        .outerjoin(out, and_(out.c.cause_id == line.transfer_id, out.c.lot_id == line.lot_id))
        .outerjoin(there, and_(there.c.cause_id == line.transfer_id, there.c.lot_id == arrival.arrived_lot_id))
        .where(or_(old.site_id != StockTransfer.from_site_id, right.is_(None), ~right))
        .order_by(line.transfer_id, line.lot_id)
    )


def wrong_counts(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select counts that say something else of the books than the lot's move at that moment."""
    return (
        select(StockCount.stocktake_id, StockCount.lot_id, StockCount.number)
        .outerjoin(StockMove, and_(StockMove.lot_id == StockCount.lot_id, StockMove.seq == StockCount.seq))
        .where(StockMove.on_hand_after.is_distinct_from(StockCount.system_quantity))
        .order_by(StockCount.stocktake_id, StockCount.lot_id, StockCount.number)
    )


def _in_force() -> ColumnElement[bool]:
    """Return the condition that no later count of the same lot takes this one's place."""
    later = aliased(StockCount)
    return (
        ~select(1)
        .where(
            later.stocktake_id == StockCount.stocktake_id,
            later.lot_id == StockCount.lot_id,
            later.number > StockCount.number,
        )
        .correlate(StockCount)
        .exists()
    )


def wrong_stocktakes(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select counted lots of which not exactly the difference was posted, or anything before the posting."""
    booked = _caused(*_KINDS)
    difference = case(
        (StocktakePosting.stocktake_id.is_not(None), StockCount.counted - StockCount.system_quantity), else_=0
    )
    return (
        select(StockCount.stocktake_id, StockCount.lot_id)
        .outerjoin(StocktakePosting, StocktakePosting.stocktake_id == StockCount.stocktake_id)
        .outerjoin(booked, and_(booked.c.cause_id == StockCount.stocktake_id, booked.c.lot_id == StockCount.lot_id))
        .where(_in_force(), func.coalesce(booked.c.pieces, 0) != difference)
        .order_by(StockCount.stocktake_id, StockCount.lot_id)
    )


def unsigned_stocktakes(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select stocktakes that are posted without two signatures, or by somebody who counted (rule R35)."""
    counted_by_poster = (
        select(1)
        .where(
            StockCount.stocktake_id == StocktakePosting.stocktake_id,
            StockCount.counted_by == StocktakePosting.posted_by,
            _in_force(),
        )
        .correlate(StocktakePosting)
        .exists()
    )
    is_posted = Stocktake.state == StocktakeState.POSTED
    return (
        select(Stocktake.id)
        .outerjoin(StocktakePosting, StocktakePosting.stocktake_id == Stocktake.id)
        .where(
            or_(
                is_posted != StocktakePosting.stocktake_id.is_not(None),
                StocktakePosting.confirmed_by == StocktakePosting.posted_by,
                counted_by_poster,
            )
        )
        .order_by(Stocktake.id)
    )


def wrong_write_offs(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select lines of write-offs that moved anything unapproved, or not exactly their pieces, or at another site."""
    gone = _caused(*_KINDS)
    approved = WriteOffDecision.decision == Decision.APPROVED
    pieces = case((approved, -WriteOffLine.quantity), else_=0)
    return (
        select(WriteOffLine.write_off_id, WriteOffLine.lot_id)
        .join(WriteOff, WriteOff.id == WriteOffLine.write_off_id)
        .join(Lot, Lot.id == WriteOffLine.lot_id)
        .outerjoin(WriteOffDecision, WriteOffDecision.write_off_id == WriteOff.id)
        .outerjoin(gone, and_(gone.c.cause_id == WriteOff.id, gone.c.lot_id == WriteOffLine.lot_id))
        .where(or_(func.coalesce(gone.c.pieces, 0) != pieces, Lot.site_id != WriteOff.site_id))
        .order_by(WriteOffLine.write_off_id, WriteOffLine.lot_id)
    )


def unsigned_write_offs(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select write-offs that were decided by whoever asked, or approved by whoever had handed the goods out (rule R35)."""
    handed, gone = aliased(StockMove), aliased(StockMove)
    handed_out = (
        select(1)
        .select_from(gone)
        .join(handed, and_(handed.lot_id == gone.lot_id, handed.seq < gone.seq))
        .where(
            gone.cause_id == WriteOff.id,
            handed.kind == MoveKind.HAND_OVER,
            handed.actor_id == WriteOffDecision.decided_by,
        )
        .correlate(WriteOff, WriteOffDecision)
        .exists()
    )
    return (
        select(WriteOff.id)
        .join(WriteOffDecision, WriteOffDecision.write_off_id == WriteOff.id)
        .where(or_(WriteOffDecision.decided_by == WriteOff.requested_by, handed_out))
        .order_by(WriteOff.id)
    )


def moves_without_cause(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select moves by transfer, stocktake or write-off that no line of such a one accounts for."""
    accounted = union_all(
        select(StockTransferLine.transfer_id.label("cause_id"), StockTransferLine.lot_id),
        select(StockTransferArrival.transfer_id, StockTransferArrival.arrived_lot_id),
        select(StockCount.stocktake_id, StockCount.lot_id),
        select(WriteOffLine.write_off_id, WriteOffLine.lot_id),
    ).subquery()
    known = (
        select(1)
        .where(accounted.c.cause_id == StockMove.cause_id, accounted.c.lot_id == StockMove.lot_id)
        .correlate(StockMove)
        .exists()
    )
    of_these = StockMove.kind.in_(_KINDS)
    return (
        select(StockMove.lot_id, StockMove.seq)
        .where(or_(and_(of_these, ~known), and_(~of_these, StockMove.cause_id.is_not(None))))
        .order_by(StockMove.lot_id, StockMove.seq)
    )
