"""Checks of ``timebank shop audit`` against the ledger, and of everything that is numbered without gaps."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from timebank.ledger.models import Transfer
from timebank.ledger.rules import Kind, Phase, SourceType
from timebank.shop.models import Counter, Goods, GoodsPrice, Intake, Receipt, Redemption
from timebank.shop.rules import Channel, RedemptionState, Series

_Paid = aliased(Transfer, name="paid")
_Resolution = aliased(Transfer, name="resolution")


def unpaid_redemptions(now: datetime) -> Select[*tuple[Any, ...]]:
    """Select redemptions whose transfers in the ledger are not the ones that their state asks for.

    Held: an open hold, due: one that may be released; handed over: captured for what was charged, or paid at once at
    the counter; cancelled: released. What costs nothing has no transfer.
    """
    at_counter = Redemption.channel == Channel.COUNTER
    paid = and_(
        _Paid.source_type
        == case(
            (Redemption.extended_at.is_(None), int(SourceType.REDEMPTION)), else_=int(SourceType.REDEMPTION_EXTENSION)
        ),
        _Paid.source_id == Redemption.id,
        _Paid.minutes == Redemption.total_minutes,
        _Paid.phase == case((at_counter, int(Phase.SINGLE)), else_=int(Phase.HOLD)),
    )
    as_asked = case(
        (Redemption.total_minutes == 0, Redemption.transfer_id.is_(None)),
        else_=and_(paid, _resolved_as_asked(now)),
    )
    return (
        select(Redemption.id)
        .outerjoin(_Paid, _Paid.id == Redemption.transfer_id)
        .outerjoin(_Resolution, _Resolution.resolves == Redemption.transfer_id)
        .where(or_(as_asked.is_(None), ~as_asked))
        .order_by(Redemption.id)
    )


def _resolved_as_asked(now: datetime) -> ColumnElement[bool]:
    is_open = _Resolution.id.is_(None)
    released = and_(_Resolution.id.is_not(None), _Resolution.phase == int(Phase.RELEASE))
    captured = and_(
        _Resolution.id.is_not(None),
        _Resolution.phase == int(Phase.CAPTURE),
        _Resolution.minutes == Redemption.charged_minutes,
    )
    handed_over = Redemption.state == RedemptionState.HANDED_OVER
    return case(
        (Redemption.channel == Channel.COUNTER, is_open),
        (and_(Redemption.state == RedemptionState.HELD, Redemption.expires_at > now), is_open),
        (and_(handed_over, Redemption.charged_minutes > 0), captured),
        (or_(handed_over, Redemption.state == RedemptionState.CANCELLED), released),
        else_=or_(is_open, released),
    )


def payments_for_nothing(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select transfers that a redemption is said to have caused, and that no redemption names.

    Of an extended one the first hold is named no more: its release says that a longer one took its place.
    """
    extended = exists().where(Redemption.id == Transfer.source_id, Redemption.extended_at.is_not(None))
    first = and_(Transfer.source_type == SourceType.REDEMPTION, extended)
    return (
        select(Transfer.id)
        .where(
            Transfer.kind == int(Kind.REDEEM),
            Transfer.source_type.in_([int(SourceType.REDEMPTION), int(SourceType.REDEMPTION_EXTENSION)]),
            Transfer.resolves.is_(None),
            ~exists().where(Redemption.transfer_id == Transfer.id),
            ~first,
        )
        .order_by(Transfer.id)
    )


def wrong_receipts(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select redemptions that were handed over without a receipt, or whose receipt says something else."""
    handed_over = Redemption.state == RedemptionState.HANDED_OVER
    return (
        select(Redemption.id)
        .outerjoin(Receipt, Receipt.redemption_id == Redemption.id)
        .where(
            or_(
                handed_over != Receipt.id.is_not(None),
                Receipt.site_id != Redemption.site_id,
                Receipt.charged_minutes != Redemption.charged_minutes,
                Receipt.minutes_before - Receipt.minutes_after != Receipt.charged_minutes,
            )
        )
        .order_by(Redemption.id)
    )


def gaps_in_receipts(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select sites and days on which receipts are not numbered from 1 to the counter's last."""
    return _gaps(Series.RECEIPT, Receipt.site_id, Receipt.issued_on, Receipt.number)


def gaps_in_intakes(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select sites and days on which intakes are not numbered from 1 to the counter's last."""
    return _gaps(Series.INTAKE, Intake.site_id, Intake.received_on, Intake.number)


def _gaps(series: Series, site_id: Any, day: Any, number: Any) -> Select[*tuple[Any, ...]]:
    given = (
        select(
            site_id.label("site_id"),
            day.label("day"),
            func.count().label("count"),
            func.min(number).label("first"),
            func.max(number).label("last"),
        )
        .group_by(site_id, day)
        .subquery()
    )
    counted = select(Counter.site_id, Counter.day, Counter.last).where(Counter.series == series).subquery()
    both = given.join(counted, and_(counted.c.site_id == given.c.site_id, counted.c.day == given.c.day), full=True)
    without_gap = and_(given.c.first == 1, given.c.last == given.c.count, given.c.last == counted.c.last)
    return (
        select(func.coalesce(given.c.site_id, counted.c.site_id), func.coalesce(given.c.day, counted.c.day))
        .select_from(both)
        .where(or_(without_gap.is_(None), ~without_gap))
    )


def goods_without_price(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select goods that nobody could ever redeem, for they have no price."""
    return select(Goods.id).where(~exists().where(GoodsPrice.goods_id == Goods.id)).order_by(Goods.id)
