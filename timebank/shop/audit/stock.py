"""Checks of ``timebank shop audit`` over lots, moves and what is reserved; each selects the rows that are wrong."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from timebank.shop.models import Lot, Redemption, RedemptionLine, StockMove
from timebank.shop.rules import MoveKind, RedemptionState
from timebank.shop.stockkeeping.transfer_tables import StockTransferArrival


def broken_chains(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select moves whose number or running quantities do not follow from the moves before."""
    running = select(
        StockMove.lot_id,
        StockMove.seq,
        StockMove.on_hand_after,
        StockMove.reserved_after,
        func.row_number().over(partition_by=StockMove.lot_id, order_by=StockMove.seq).label("place"),
        func.sum(StockMove.quantity).over(partition_by=StockMove.lot_id, order_by=StockMove.seq).label("on_hand"),
        func.sum(StockMove.reserved).over(partition_by=StockMove.lot_id, order_by=StockMove.seq).label("reserved"),
    ).subquery()
    wrong = or_(
        running.c.seq != running.c.place,
        running.c.on_hand_after != running.c.on_hand,
        running.c.reserved_after != running.c.reserved,
    )
    return select(running.c.lot_id, running.c.seq).where(wrong).order_by(running.c.lot_id, running.c.seq)


def lots_without_intake(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select lots whose first move is no intake, nor their arrival by a transfer, and lots without any move."""
    first = aliased(StockMove)
    arrived = exists().where(StockTransferArrival.arrived_lot_id == Lot.id)
    right = case((arrived, MoveKind.TRANSFER.value), else_=MoveKind.INTAKE.value)
    return (
        select(Lot.id)
        .outerjoin(first, and_(first.lot_id == Lot.id, first.seq == 1))
        .where(or_(first.seq.is_(None), first.kind != right))
        .order_by(Lot.id)
    )


def wrong_emptied_marks(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select lots that are marked empty and are not, or the other way round."""
    held = select(func.coalesce(func.sum(StockMove.quantity), 0)).where(StockMove.lot_id == Lot.id).scalar_subquery()
    return select(Lot.id).where(Lot.emptied_at.is_(None) != (held > 0)).order_by(Lot.id)


def mismatched_resolutions(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select moves that resolve something else than a reservation of the same line, or not exactly as much."""
    reserve = aliased(StockMove)
    return (
        select(StockMove.lot_id, StockMove.seq)
        .join(reserve, and_(reserve.lot_id == StockMove.lot_id, reserve.seq == StockMove.resolves))
        .where(
            or_(
                reserve.kind != MoveKind.RESERVE,
                reserve.redemption_id != StockMove.redemption_id,
                reserve.line_no != StockMove.line_no,
                reserve.reserved != -StockMove.reserved,
            )
        )
        .order_by(StockMove.lot_id, StockMove.seq)
    )


def _open_pieces() -> Any:
    """Return per line what is still reserved for it."""
    return (
        select(StockMove.redemption_id, StockMove.line_no, func.sum(StockMove.reserved).label("pieces"))
        .where(StockMove.redemption_id.is_not(None))
        .group_by(StockMove.redemption_id, StockMove.line_no)
        .subquery()
    )


def wrong_reservations(now: datetime) -> Select[*tuple[Any, ...]]:
    """Select lines for which not exactly the right pieces are reserved.

    A held redemption reserves all of each line; a due one all or less, as far as its releases are written; any other
    nothing. So what the lots hold in reserve is what is open and not due, plus what is due and not yet released.
    """
    still = _open_pieces()
    pieces = func.coalesce(still.c.pieces, 0)
    is_held = Redemption.state == RedemptionState.HELD
    wrong = case(
        (and_(is_held, Redemption.expires_at > now), pieces != RedemptionLine.quantity),
        (is_held, or_(pieces < 0, pieces > RedemptionLine.quantity)),
        else_=pieces != 0,
    )
    return (
        select(RedemptionLine.redemption_id, RedemptionLine.line_no)
        .join(Redemption, Redemption.id == RedemptionLine.redemption_id)
        .outerjoin(
            still,
            and_(still.c.redemption_id == RedemptionLine.redemption_id, still.c.line_no == RedemptionLine.line_no),
        )
        .where(wrong)
        .order_by(RedemptionLine.redemption_id, RedemptionLine.line_no)
    )


def wrong_picks(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select moves for a line from a lot of other goods or of another site."""
    return (
        select(StockMove.lot_id, StockMove.seq)
        .join(Lot, Lot.id == StockMove.lot_id)
        .join(
            RedemptionLine,
            and_(RedemptionLine.redemption_id == StockMove.redemption_id, RedemptionLine.line_no == StockMove.line_no),
        )
        .join(Redemption, Redemption.id == RedemptionLine.redemption_id)
        .where(or_(Lot.goods_id != RedemptionLine.goods_id, Lot.site_id != Redemption.site_id))
        .order_by(StockMove.lot_id, StockMove.seq)
    )


def _sums() -> Any:
    """Return per redemption what its lines cost, and what was charged for the pieces that left."""
    left = (
        select(StockMove.redemption_id, StockMove.line_no, (-func.sum(StockMove.quantity)).label("pieces"))
        .where(StockMove.kind == MoveKind.HAND_OVER)
        .group_by(StockMove.redemption_id, StockMove.line_no)
        .subquery()
    )
    pieces = func.coalesce(left.c.pieces, 0)
    return (
        select(
            RedemptionLine.redemption_id,
            func.sum(RedemptionLine.quantity * RedemptionLine.price_minutes).label("total"),
            func.sum(pieces * RedemptionLine.price_minutes).label("charged"),
            func.sum(pieces).label("pieces"),
            func.max(pieces - RedemptionLine.quantity).label("over"),
        )
        .outerjoin(
            left,
            and_(left.c.redemption_id == RedemptionLine.redemption_id, left.c.line_no == RedemptionLine.line_no),
        )
        .group_by(RedemptionLine.redemption_id)
        .subquery()
    )


def wrong_totals(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select redemptions whose totals are not those of their lines and of what has left the shop for them."""
    sums = _sums()
    handed_over = Redemption.state == RedemptionState.HANDED_OVER
    return (
        select(Redemption.id)
        .outerjoin(sums, sums.c.redemption_id == Redemption.id)
        .where(
            or_(
                sums.c.total.is_(None),
                sums.c.total != Redemption.total_minutes,
                sums.c.over > 0,
                and_(handed_over, or_(sums.c.charged != Redemption.charged_minutes, sums.c.pieces == 0)),
                and_(~handed_over, sums.c.pieces != 0),
            )
        )
        .order_by(Redemption.id)
    )
