"""Checks of ``timebank shop audit`` over limits and households: what was taken was within each limit when it was taken.

What came back, lapsed or was cancelled later counts as it stood then, and so do the memberships of a household.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from timebank.identity.models import HouseholdMember
from timebank.policies.limits import Of, Unit
from timebank.shop.allowance.limit_tables import RedemptionLimit
from timebank.shop.models import Redemption, RedemptionLine
from timebank.shop.queries import PIECES_OUT
from timebank.shop.redemption.refund_tables import Refund, RefundLine
from timebank.shop.rules import RedemptionState

_Limited = aliased(Redemption, name="limited")
_Member = aliased(HouseholdMember, name="member")


def exceeded_by_people(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select redemptions with which a person had more than a limit allowed them."""
    return _exceeded(RedemptionLimit.household_id.is_(None), Redemption.person_id == _Limited.person_id)


def exceeded_by_households(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select redemptions with which a household, as it was then, had more than a limit allowed it."""
    at = _Limited.created_at
    in_it_then = or_(_Member.until_at.is_(None), _Member.until_at > at)
    took_while_in_it = and_(_Member.from_at <= Redemption.created_at, Redemption.created_at < _Member.until_at)
    counts = exists().where(
        _Member.household_id == RedemptionLimit.household_id,
        _Member.person_id == Redemption.person_id,
        _Member.from_at <= at,
        or_(in_it_then, took_while_in_it),
    )
    of_members = select(HouseholdMember.person_id).where(HouseholdMember.household_id == RedemptionLimit.household_id)
    theirs = and_(Redemption.person_id.in_(of_members.correlate(RedemptionLimit)), counts)
    return _exceeded(RedemptionLimit.household_id.is_not(None), theirs)


def _exceeded(which: ColumnElement[bool], theirs: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    amount = _pieces_then() * case((RedemptionLimit.unit == Unit.PIECES, 1), else_=RedemptionLine.price_minutes)
    used = (
        select(func.coalesce(func.sum(amount), 0))
        .select_from(Redemption)
        .join(RedemptionLine, RedemptionLine.redemption_id == Redemption.id)
        .where(
            theirs,
            Redemption.created_at <= _Limited.created_at,
            or_(RedemptionLimit.from_at.is_(None), Redemption.created_at >= RedemptionLimit.from_at),
            _in_scope(),
        )
        .correlate(RedemptionLimit, _Limited)
        .scalar_subquery()
    )
    return (
        select(RedemptionLimit.redemption_id, RedemptionLimit.number)
        .join(_Limited, _Limited.id == RedemptionLimit.redemption_id)
        .where(which, used > RedemptionLimit.most)
        .order_by(RedemptionLimit.redemption_id, RedemptionLimit.number)
    )


def _in_scope() -> ColumnElement[bool]:
    return case(
        (RedemptionLimit.scope == Of.ITEM, RedemptionLine.goods_id == RedemptionLimit.goods_id),
        (
            RedemptionLimit.scope == Of.CATEGORY,
            RedemptionLine.category == RedemptionLimit.category,
        ),
        (RedemptionLimit.scope == Of.SHOP, Redemption.site_id == _Limited.site_id),
        else_=RedemptionLimit.scope == Of.ALL,
    )


def _pieces_then() -> ColumnElement[int]:
    """Return how many pieces of a line somebody had or had reserved when the limited redemption was made."""
    at = _Limited.created_at
    back = (
        select(func.coalesce(func.sum(RefundLine.quantity), 0))
        .join(Refund, Refund.id == RefundLine.refund_id)
        .where(
            Refund.redemption_id == RedemptionLine.redemption_id,
            RefundLine.line_no == RedemptionLine.line_no,
            Refund.refunded_at <= at,
        )
        .correlate(RedemptionLine, _Limited)
        .scalar_subquery()
    )
    gone = and_(Redemption.state == RedemptionState.HANDED_OVER, Redemption.closed_at <= at)
    is_open = or_(Redemption.closed_at.is_(None), Redemption.closed_at > at)
    # Whoever extended it later found it not yet due.
    not_due = or_(Redemption.expires_at > at, Redemption.extended_at > at)
    return case((gone, func.coalesce(PIECES_OUT, 0) - back), (and_(is_open, not_due), RedemptionLine.quantity), else_=0)


def limits_without_mark(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select redemptions that say they were counted under a limit and were not, or the other way round."""
    counted = exists().where(RedemptionLimit.redemption_id == Redemption.id)
    return select(Redemption.id).where(func.coalesce(Redemption.limited, False) != counted).order_by(Redemption.id)


def overlapping_memberships(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select memberships of somebody who is in another household at the same time."""
    other = aliased(HouseholdMember)
    return (
        select(HouseholdMember.id, other.id)
        .join(other, and_(other.person_id == HouseholdMember.person_id, other.id > HouseholdMember.id))
        .where(
            or_(other.until_at.is_(None), HouseholdMember.from_at < other.until_at),
            or_(HouseholdMember.until_at.is_(None), other.from_at < HouseholdMember.until_at),
        )
        .order_by(HouseholdMember.id)
    )
