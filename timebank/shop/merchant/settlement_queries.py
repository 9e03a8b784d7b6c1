"""What left a merchant's lots in a month and what came back of it, recomputed from moves and refunds."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select

from timebank.database import session
from timebank.shop.merchant.settlement_rules import Back, Figures, Item, Left, Traced, traced
from timebank.shop.merchant.tables import MerchantIntake
from timebank.shop.models import Lot, RedemptionLine, StockMove
from timebank.shop.months import Month
from timebank.shop.redemption.refund_tables import Refund, RefundLine
from timebank.shop.rules import MoveKind


def figures(merchant_id: UUID, month: Month) -> dict[Item, Figures]:
    """Return what of a merchant's goods and benefits was handed over in a month, and what came back in it.

    What came back is the month's own, or a correction if it had left in an earlier one. It is the same whenever it is
    asked, once the month is over.
    """
    found: dict[Item, Figures] = {}
    for site_id, goods_id, fair_value_fen, price_minutes, pieces in session.execute(_handed_over(merchant_id, month)):
        counted = found.setdefault(Item(site_id, goods_id, fair_value_fen), Figures())
        counted.handed_over.add(int(pieces), price_minutes)
    for line in _lines_refunded(merchant_id, month):
        for item, back in line.put_down():
            if month.starts_at <= back.refunded_at < month.ends_at:
                counted = found.setdefault(item, Figures())
                late = line.left_at < month.starts_at
                (counted.corrected if late else counted.refunded).add(back.pieces, line.price_minutes)
    return found


def _handed_over(merchant_id: UUID, month: Month) -> Select[*tuple[Any, ...]]:
    item = (Lot.site_id, Lot.goods_id, Lot.fair_value_fen, RedemptionLine.price_minutes)
    return (
        select(*item, -func.sum(StockMove.quantity))
        .select_from(MerchantIntake)
        .join(Lot, Lot.intake_id == MerchantIntake.intake_id)
        .join(StockMove, StockMove.lot_id == Lot.id)
        .join(RedemptionLine, _of_line(StockMove, RedemptionLine))
        .where(
            MerchantIntake.merchant_id == merchant_id,
            StockMove.kind == MoveKind.HAND_OVER,
            StockMove.moved_at >= month.starts_at,
            StockMove.moved_at < month.ends_at,
        )
        .group_by(*item)
    )


def _of_line(one: Any, line: Any) -> ColumnElement[bool]:
    same: ColumnElement[bool] = (one.redemption_id == line.redemption_id) & (one.line_no == line.line_no)
    return same


class _Line:
    """One line of a redemption of which something came back: its moves and its refunds, whichever lots they were from."""

    def __init__(self, merchant_id: UUID, moves: Sequence[Any], refunds: Sequence[Any]) -> None:
        out = [move for move in moves if move.kind == MoveKind.HAND_OVER]
        self.left_at = out[0].moved_at
        self.price_minutes: int = out[0].price_minutes
        self._left = [
            Left(
                move.lot_id,
                -move.quantity,
                Item(move.site_id, move.goods_id, move.fair_value_fen) if move.merchant_id == merchant_id else None,
            )
            for move in out
        ]
        returned = sorted((m for m in moves if m.kind == MoveKind.RETURN), key=lambda move: (move.moved_at, move.seq))
        self._returns = [(move.lot_id, move.quantity) for move in returned]
        self._refunds = [Back(one.refunded_at, one.quantity, one.restocked) for one in refunds]

    def put_down(self) -> list[tuple[Item, Traced]]:
        """Return what came back to this merchant's lots."""
        items = {one.lot_id: one.item for one in self._left}
        found = [(items[back.lot_id], back) for back in traced(self._left, self._refunds, self._returns)]
        return [(item, back) for item, back in found if item is not None]


def _lines_refunded(merchant_id: UUID, month: Month) -> list[_Line]:
    """Return the lines with pieces from this merchant's lots of which anything came back in the month."""
    concerned = _concerned(merchant_id, month)
    moves = _by_line(session.execute(_moves(concerned)))
    refunds = _by_line(session.execute(_refunds(concerned, month)))
    return [
        _Line(merchant_id, moves[place], back)
        for place, back in refunds.items()
        if any(move.merchant_id == merchant_id for move in moves[place])
    ]


def _by_line(rows: Any) -> dict[tuple[UUID, int], list[Any]]:
    return {place: list(some) for place, some in groupby(rows, key=lambda row: (row.redemption_id, row.line_no))}


def _concerned(merchant_id: UUID, month: Month) -> Select[UUID]:
    """Select the redemptions that took from this merchant's lots, and of which something came back in the month."""
    mine = (
        exists()
        .where(StockMove.redemption_id == Refund.redemption_id, StockMove.kind == MoveKind.HAND_OVER)
        .where(StockMove.lot_id == Lot.id, Lot.intake_id == MerchantIntake.intake_id)
        .where(MerchantIntake.merchant_id == merchant_id)
    )
    return select(Refund.redemption_id).where(
        Refund.refunded_at >= month.starts_at, Refund.refunded_at < month.ends_at, mine
    )


def _refunds(concerned: Select[UUID], month: Month) -> Select[*tuple[Any, ...]]:
    return (
        select(Refund.redemption_id, RefundLine.line_no, Refund.refunded_at, RefundLine.quantity, RefundLine.restocked)
        .join(RefundLine, RefundLine.refund_id == Refund.id)
        .where(Refund.redemption_id.in_(concerned), Refund.refunded_at < month.ends_at)
        .order_by(Refund.redemption_id, RefundLine.line_no, Refund.refunded_at, Refund.id)
    )


def _moves(concerned: Select[UUID]) -> Select[*tuple[Any, ...]]:
    """Select what left and came back, line by line, the longest-lived lot first, as the shelf takes them back."""
    return (
        select(
            StockMove.redemption_id,
            StockMove.line_no,
            StockMove.lot_id,
            StockMove.seq,
            StockMove.kind,
            StockMove.quantity,
            StockMove.moved_at,
            Lot.site_id,
            Lot.goods_id,
            Lot.fair_value_fen,
            MerchantIntake.merchant_id,
            RedemptionLine.price_minutes,
        )
        .join(Lot, Lot.id == StockMove.lot_id)
        .join(RedemptionLine, _of_line(StockMove, RedemptionLine))
        .outerjoin(MerchantIntake, MerchantIntake.intake_id == Lot.intake_id)
        .where(StockMove.redemption_id.in_(concerned), StockMove.kind.in_([MoveKind.HAND_OVER, MoveKind.RETURN]))
        .order_by(
            StockMove.redemption_id,
            StockMove.line_no,
            Lot.expires_at.desc().nulls_first(),
            Lot.received_at.desc(),
            Lot.id,
        )
    )
