"""Checks of ``timebank shop audit`` over free quotas: every balance, and every redemption against what it took."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from timebank.shop.allowance.quota_rules import PayWith, QuotaMoveKind
from timebank.shop.allowance.quota_tables import QuotaLine, QuotaMove
from timebank.shop.models import Redemption, RedemptionLine
from timebank.shop.queries import PIECES_OUT
from timebank.shop.redemption.refund_tables import Refund, RefundLine
from timebank.shop.rules import Channel, RedemptionState


def broken_quota_chains(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select moves whose number or running amounts do not follow from the moves before."""
    chain, order = (QuotaMove.entitlement_id, QuotaMove.period_on), QuotaMove.seq
    running = select(
        QuotaMove.entitlement_id,
        QuotaMove.period_on,
        QuotaMove.seq,
        QuotaMove.balance_after,
        QuotaMove.held_after,
        func.row_number().over(partition_by=chain, order_by=order).label("place"),
        func.sum(QuotaMove.amount).over(partition_by=chain, order_by=order).label("balance"),
        func.sum(QuotaMove.held).over(partition_by=chain, order_by=order).label("held"),
    ).subquery()
    wrong = or_(
        running.c.seq != running.c.place,
        running.c.balance_after != running.c.balance,
        running.c.held_after != running.c.held,
    )
    return (
        select(running.c.entitlement_id, running.c.period_on, running.c.seq)
        .where(wrong)
        .order_by(running.c.entitlement_id, running.c.period_on, running.c.seq)
    )


def mismatched_quota_resolutions(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select moves that resolve something else than a hold of the same redemption, or not exactly as much."""
    hold = aliased(QuotaMove)
    same = and_(
        hold.entitlement_id == QuotaMove.entitlement_id,
        hold.period_on == QuotaMove.period_on,
        hold.seq == QuotaMove.resolves,
    )
    return (
        select(QuotaMove.entitlement_id, QuotaMove.period_on, QuotaMove.seq)
        .join(hold, same)
        .where(
            or_(
                hold.kind != QuotaMoveKind.HOLD,
                hold.redemption_id != QuotaMove.redemption_id,
                hold.held != -QuotaMove.held,
            )
        )
        .order_by(QuotaMove.entitlement_id, QuotaMove.seq)
    )


def wrong_quota_payments(now: datetime) -> Select[*tuple[Any, ...]]:
    """Select redemptions whose moves are not the ones that their state and their lines ask for.

    Held: an open hold; due: one that may be released; handed over: captured for the pieces that left, or spent at once
    at the counter; cancelled: released. Minutes never pay beside a quota.
    """
    moved, cost = _moved(), _cost()
    is_quota = Redemption.pay_with == PayWith.FREE_QUOTA
    as_asked = and_(
        moved.c.takes == 1,
        Redemption.total_minutes == 0,
        moved.c.total == cost.c.total,
        _ended_as_asked(moved, cost, now),
    )
    return (
        select(Redemption.id)
        .outerjoin(moved, moved.c.redemption_id == Redemption.id)
        .outerjoin(cost, cost.c.redemption_id == Redemption.id)
        .where(
            case(
                (is_quota, or_(as_asked.is_(None), ~as_asked)),
                else_=or_(moved.c.redemption_id.is_not(None), cost.c.redemption_id.is_not(None)),
            )
        )
        .order_by(Redemption.id)
    )


def _ended_as_asked(moved: Any, cost: Any, now: datetime) -> ColumnElement[bool]:
    still_open = and_(moved.c.captures == 0, moved.c.releases == 0)
    released = and_(moved.c.captures == 0, moved.c.releases == 1)
    taken = and_(moved.c.charged == cost.c.charged, moved.c.releases == 0)
    return case(
        (Redemption.channel == Channel.COUNTER, and_(moved.c.spends == 1, taken, moved.c.captures == 0)),
        (and_(Redemption.state == RedemptionState.HELD, Redemption.expires_at > now), still_open),
        (Redemption.state == RedemptionState.HANDED_OVER, and_(moved.c.captures == 1, taken)),
        (Redemption.state == RedemptionState.CANCELLED, released),
        else_=or_(still_open, released),
    )


def _count(kind: QuotaMoveKind) -> ColumnElement[int]:
    return func.sum(case((QuotaMove.kind == kind, 1), else_=0))


def _moved() -> Any:
    """Return per redemption how often each move was made, what was set aside and what was taken of it."""
    takes = QuotaMove.kind.in_([QuotaMoveKind.HOLD, QuotaMoveKind.SPEND])
    charged = case(
        (QuotaMove.kind == QuotaMoveKind.CAPTURE, -QuotaMove.held - QuotaMove.amount),
        (QuotaMove.kind == QuotaMoveKind.SPEND, -QuotaMove.amount),
        else_=0,
    )
    return (
        select(
            QuotaMove.redemption_id,
            func.sum(case((takes, 1), else_=0)).label("takes"),
            func.sum(case((takes, -QuotaMove.amount), else_=0)).label("total"),
            func.sum(charged).label("charged"),
            _count(QuotaMoveKind.SPEND).label("spends"),
            _count(QuotaMoveKind.CAPTURE).label("captures"),
            _count(QuotaMoveKind.RELEASE).label("releases"),
        )
        .where(QuotaMove.redemption_id.is_not(None))
        .group_by(QuotaMove.redemption_id)
        .subquery()
    )


def _cost() -> Any:
    """Return per redemption what all its lines cost of a quota, and what the pieces cost that left the shop."""
    return (
        select(
            QuotaLine.redemption_id,
            func.sum(RedemptionLine.quantity * QuotaLine.price).label("total"),
            func.sum(func.coalesce(PIECES_OUT, 0) * QuotaLine.price).label("charged"),
        )
        .select_from(QuotaLine)
        .join(RedemptionLine, _same_line())
        .group_by(QuotaLine.redemption_id)
        .subquery()
    )


def _same_line() -> ColumnElement[bool]:
    return and_(RedemptionLine.redemption_id == QuotaLine.redemption_id, RedemptionLine.line_no == QuotaLine.line_no)


def wrong_quota_refunds(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select refunds that gave back another part of a quota than their pieces had cost."""
    given = (
        select(QuotaMove.refund_id, func.sum(QuotaMove.amount).label("amount"))
        .where(QuotaMove.refund_id.is_not(None))
        .group_by(QuotaMove.refund_id)
        .subquery()
    )
    worth = (
        select(RefundLine.refund_id, func.sum(RefundLine.quantity * QuotaLine.price).label("amount"))
        .join(Refund, Refund.id == RefundLine.refund_id)
        .join(QuotaLine, and_(QuotaLine.redemption_id == Refund.redemption_id, QuotaLine.line_no == RefundLine.line_no))
        .group_by(RefundLine.refund_id)
        .subquery()
    )
    return (
        select(Refund.id)
        .outerjoin(given, given.c.refund_id == Refund.id)
        .outerjoin(worth, worth.c.refund_id == Refund.id)
        .where(func.coalesce(given.c.amount, 0) != func.coalesce(worth.c.amount, 0))
        .order_by(Refund.id)
    )
