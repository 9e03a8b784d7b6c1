"""Checks of ``timebank shop audit`` over recalls, changes of purpose, donations and food of the day."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.intake.donation_tables import Donation, DonationLine, DonationLot, DonationState
from timebank.shop.models import Goods, GoodsPrice, Intake, Lot, Redemption, StockMove
from timebank.shop.queries import price_at
from timebank.shop.rules import Lane, MoveKind
from timebank.shop.stock.levels import restricted_at
from timebank.shop.stock.lot_tables import LotRecall, PurposeChange

_PICKED = (MoveKind.RESERVE, MoveKind.HAND_OVER)


def wrong_recall_marks(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select lots that are marked as recalled and were not, or the other way round, or at another time."""
    return (
        select(Lot.id)
        .outerjoin(LotRecall, LotRecall.lot_id == Lot.id)
        .where(
            or_(
                Lot.recalled_at.is_(None) != LotRecall.recalled_at.is_(None),
                Lot.recalled_at != LotRecall.recalled_at,
            )
        )
        .order_by(Lot.id)
    )


def picked_after_recall(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select moves that promise or hand out pieces of a lot after its recall."""
    return (
        select(StockMove.lot_id, StockMove.seq)
        .join(LotRecall, and_(LotRecall.lot_id == StockMove.lot_id, LotRecall.seq < StockMove.seq))
        .where(StockMove.kind.in_(_PICKED))
        .order_by(StockMove.lot_id, StockMove.seq)
    )


def wrong_purpose_marks(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select lots that are open for everybody from another instant on than their last change of purpose says."""
    later = aliased(PurposeChange)
    last = (
        select(PurposeChange.lot_id, PurposeChange.purpose, PurposeChange.effective_at)
        .where(~exists().where(later.lot_id == PurposeChange.lot_id, later.number > PurposeChange.number))
        .subquery()
    )
    opened_at = case((last.c.purpose.is_(None), last.c.effective_at), else_=None)
    return (
        select(Lot.id)
        .outerjoin(last, last.c.lot_id == Lot.id)
        .where(or_(Lot.ordinary_from.is_(None) != opened_at.is_(None), Lot.ordinary_from != opened_at))
        .order_by(Lot.id)
    )


def picked_against_purpose(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select moves that pick pieces of a lot for anybody while it is for a purpose, or the other way round (rule R32).

    So a restricted piece leaves for its purpose, by a write-off, a count or a transfer, or after a change of purpose, and
    one for everybody never without minutes or a quota.
    """
    for_purpose = func.coalesce(Redemption.pay_with, PayWith.MINUTES.value) == PayWith.PURPOSE
    at_once = and_(StockMove.kind == MoveKind.HAND_OVER, StockMove.resolves.is_(None))
    picked = or_(StockMove.kind == MoveKind.RESERVE, at_once)
    return (
        select(StockMove.lot_id, StockMove.seq)
        .join(Lot, Lot.id == StockMove.lot_id)
        .join(Redemption, Redemption.id == StockMove.redemption_id)
        .where(picked, restricted_at(StockMove.moved_at.expression) != for_purpose)
        .order_by(StockMove.lot_id, StockMove.seq)
    )


def wrong_donations(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select lots of a donation that was not accepted, or that did not come in with its intake at its site."""
    return (
        select(DonationLot.lot_id)
        .join(Donation, Donation.id == DonationLot.donation_id)
        .join(Lot, Lot.id == DonationLot.lot_id)
        .join(Intake, Intake.id == Lot.intake_id)
        .where(
            or_(
                Donation.state != DonationState.ACCEPTED,
                Donation.intake_id != Lot.intake_id,
                Donation.site_id != Intake.site_id,
            )
        )
        .order_by(DonationLot.lot_id)
    )


def donations_over_accepted(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select lines of donations of which more was taken in than was offered, and accepted donations without any lot."""
    taken = (
        select(DonationLot.donation_id, DonationLot.line_no, func.sum(StockMove.quantity).label("pieces"))
        .join(StockMove, and_(StockMove.lot_id == DonationLot.lot_id, StockMove.seq == 1))
        .group_by(DonationLot.donation_id, DonationLot.line_no)
        .subquery()
    )
    of_line = and_(taken.c.donation_id == DonationLine.donation_id, taken.c.line_no == DonationLine.line_no)
    nothing = ~exists().where(DonationLot.donation_id == Donation.id)
    return (
        select(DonationLine.donation_id, DonationLine.line_no)
        .join(Donation, Donation.id == DonationLine.donation_id)
        .outerjoin(taken, of_line)
        .where(
            or_(
                taken.c.pieces > DonationLine.quantity,
                and_(Donation.state == DonationState.ACCEPTED, nothing),
            )
        )
        .order_by(DonationLine.donation_id, DonationLine.line_no)
    )


def food_with_a_price(now: datetime) -> Select[*tuple[Any, ...]]:
    """Select food of the day that costs minutes now, or from some instant on that is still to come."""
    later = exists().where(GoodsPrice.goods_id == Goods.id, GoodsPrice.from_at > now, GoodsPrice.price_minutes > 0)
    return select(Goods.id).where(Goods.lane == Lane.SAME_DAY, or_(price_at(now) > 0, later)).order_by(Goods.id)
