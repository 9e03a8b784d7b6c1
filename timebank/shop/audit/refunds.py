"""Checks of ``timebank shop audit`` over refunds: against what was taken, against the shelf, against the ledger."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from timebank.ledger.models import Transfer
from timebank.ledger.rules import Kind, SourceType
from timebank.shop.models import RedemptionLine, StockMove
from timebank.shop.redemption.refund_tables import Refund, RefundLine
from timebank.shop.rules import MoveKind


def _pieces(kind: MoveKind) -> Any:
    return (
        select(StockMove.redemption_id, StockMove.line_no, func.abs(func.sum(StockMove.quantity)).label("pieces"))
        .where(StockMove.kind == kind)
        .group_by(StockMove.redemption_id, StockMove.line_no)
        .subquery()
    )


def wrong_returns(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select lines of which more came back than was taken, or another number went on the shelf than the refunds say."""
    back = (
        select(
            Refund.redemption_id,
            RefundLine.line_no,
            func.sum(RefundLine.quantity).label("quantity"),
            func.sum(RefundLine.restocked).label("restocked"),
        )
        .join(Refund, Refund.id == RefundLine.refund_id)
        .group_by(Refund.redemption_id, RefundLine.line_no)
        .subquery()
    )
    out, shelved = _pieces(MoveKind.HAND_OVER), _pieces(MoveKind.RETURN)

    def same_line(other: Any) -> Any:
        return and_(other.c.redemption_id == RedemptionLine.redemption_id, other.c.line_no == RedemptionLine.line_no)

    return (
        select(RedemptionLine.redemption_id, RedemptionLine.line_no)
        .outerjoin(back, same_line(back))
        .outerjoin(out, same_line(out))
        .outerjoin(shelved, same_line(shelved))
        .where(
            or_(
                func.coalesce(back.c.quantity, 0) > func.coalesce(out.c.pieces, 0),
                func.coalesce(back.c.restocked, 0) != func.coalesce(shelved.c.pieces, 0),
            )
        )
        .order_by(RedemptionLine.redemption_id, RedemptionLine.line_no)
    )


def wrong_refunds(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select refunds whose minutes are not those of their lines, or not what the ledger gave back for them."""
    worth = (
        select(RefundLine.refund_id, func.sum(RefundLine.quantity * RedemptionLine.price_minutes).label("minutes"))
        .join(Refund, Refund.id == RefundLine.refund_id)
        .join(
            RedemptionLine,
            and_(RedemptionLine.redemption_id == Refund.redemption_id, RedemptionLine.line_no == RefundLine.line_no),
        )
        .group_by(RefundLine.refund_id)
        .subquery()
    )
    given = and_(Transfer.kind == int(Kind.REFUND), Transfer.source_id == Refund.id)
    return (
        select(Refund.id)
        .outerjoin(worth, worth.c.refund_id == Refund.id)
        .outerjoin(Transfer, given)
        .where(
            or_(
                worth.c.minutes.is_(None),
                worth.c.minutes != Refund.minutes,
                func.coalesce(Transfer.minutes, 0) != Refund.minutes,
            )
        )
        .order_by(Refund.id)
    )


def refunds_of_nothing(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select transfers that a refund is said to have caused, and that no refund names."""
    return (
        select(Transfer.id)
        .outerjoin(Refund, Refund.id == Transfer.source_id)
        .where(Transfer.source_type == int(SourceType.REFUND), Refund.id.is_(None))
        .order_by(Transfer.id)
    )
