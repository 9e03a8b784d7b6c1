"""The verbs of shifts that recur: begin a rule, and publish by it. Ending it and changing it: ``series_changes``.

The shifts of the next weeks are published ahead, each day of a series once, whoever does it and however often; a day that
was cancelled stays cancelled, and no day that has begun is published afterwards (rule R10).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from timebank import clock
from timebank.activities import queries, risks, roles, service
from timebank.activities.errors import NoDaysLeft
from timebank.activities.models import Activity, Shift
from timebank.activities.roles import Wanted
from timebank.activities.rules import POINT_LENGTH, ShiftState
from timebank.activities.series_rules import AHEAD, Rule
from timebank.activities.shift_tables import ShiftOccurrence, ShiftSeries
from timebank.codes.alphabet import random_reference
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor


def rule_of(series: ShiftSeries) -> Rule:
    """Return the rule of a series."""
    return Rule(
        frequency=series.frequency,
        first_on=series.first_on,
        every=series.every,
        weekdays=tuple(int(day) for day in (series.weekdays or "").split(",") if day),
        monthly_by=series.monthly_by,
        until_on=series.until_on,
        count=series.count,
        skips_holidays=series.skips_holidays,
    )


def begin(
    *,
    actor: Actor,
    activity_id: UUID,
    rule: Rule,
    start_minute: int,
    length_minutes: int,
    capacity: int | None = None,
    wanted: Sequence[Wanted] = (),
    site_id: UUID | None = None,
) -> ShiftSeries:
    """Begin a series of an activity that the actor manages or leads, and publish its first weeks.

    Raises NotFound, Forbidden, Invalid, NoDaysLeft, InsuranceRequired (rule R14).
    """
    activity = service.activity_led_by(actor, activity_id)
    now = clock.now()
    risks.refuse_uninsured(risky=activity.risky, insurance_ref=activity.insurance_ref, risk_notice=activity.risk_notice)
    service.refuse_foreign_site(activity, site_id)
    if rule.first_on < clock.day_of(now):
        raise Invalid(errors=[{"pointer": "/first_on", "detail": "不能早于今天。 Must not lie in the past."}])
    if rule.until_on is not None and rule.until_on < rule.first_on:
        raise Invalid(errors=[{"pointer": "/until_on", "detail": "不能早于起始日。 Must not lie before first_on."}])
    series = ShiftSeries(
        id=new_id(),
        activity_id=activity_id,
        site_id=site_id,
        frequency=rule.frequency,
        every=rule.every,
        weekdays=",".join(str(day) for day in sorted(set(rule.weekdays))) or None,
        monthly_by=rule.monthly_by,
        first_on=rule.first_on,
        until_on=rule.until_on,
        count=rule.count,
        skips_holidays=rule.skips_holidays,
        start_minute=start_minute,
        length_minutes=length_minutes,
        capacity=roles.total(wanted, capacity),
        roles=[{"name": role.name, "capacity": role.capacity, "required": list(role.required)} for role in wanted],
        created_by=actor.person_id,
        created_at=now,
    )
    if next(rule.days(rule.first_on + timedelta(days=366)), None) is None:
        raise NoDaysLeft
    session.add(series)
    session.flush()
    publish_ahead(series, now)
    return series


def publish_ahead(series: ShiftSeries, now: datetime) -> int:
    """Publish what is missing of the next weeks of a series that is under lock; return how many."""
    today = clock.day_of(now)
    there = set(session.scalars(select(ShiftOccurrence.on_day).where(ShiftOccurrence.series_id == series.id)))
    published = 0
    for day in rule_of(series).days(today + AHEAD):
        if day not in there and (span := span_of(series, day))[0] > now:
            _publish(series, day, span, now)
            published += 1
    return published


def span_of(series: ShiftSeries, day: date) -> tuple[datetime, datetime]:
    """Return when the shift of a day begins and ends."""
    starts_at = clock.start_of(day) + timedelta(minutes=series.start_minute)
    return starts_at, starts_at + timedelta(minutes=series.length_minutes)


def _publish(series: ShiftSeries, day: date, span: tuple[datetime, datetime], now: datetime) -> None:
    shift = Shift(
        id=new_id(),
        activity_id=series.activity_id,
        site_id=series.site_id,
        starts_at=span[0],
        ends_at=span[1],
        capacity=series.capacity,
        taken=0,
        point_ref=random_reference(POINT_LENGTH),
        state=ShiftState.OPEN,
        created_by=series.created_by,
        created_at=now,
        has_roles=bool(series.roles),
        version=1,
    )
    session.add(shift)
    session.flush()
    roles.add(shift, [Wanted(**role | {"required": tuple(role["required"])}) for role in series.roles])
    session.add(ShiftOccurrence(shift_id=shift.id, series_id=series.id, on_day=day))
    session.flush()


def sweep(*, limit: int, after: UUID | None = None) -> tuple[int, UUID | None]:
    """Publish what is missing of at most ``limit`` series; return how many shifts, and where to go on.

    A series whose activity is risky and not insured waits until it is (rule R14). Two at once: each series is locked.
    """
    now = clock.now()
    found = (
        select(ShiftSeries)
        .join(Activity, Activity.id == ShiftSeries.activity_id)
        .where(
            or_(ShiftSeries.until_on.is_(None), ShiftSeries.until_on >= clock.day_of(now)),
            or_(
                Activity.risky.is_(False),
                Activity.insurance_ref.is_not(None) & Activity.risk_notice.is_not(None),
            ),
        )
        .order_by(ShiftSeries.id)
        .limit(limit)
        .with_for_update(of=ShiftSeries)
        .execution_options(populate_existing=True)
    )
    if after is not None:
        found = found.where(ShiftSeries.id > after)
    batch = list(session.scalars(found))
    published = sum(publish_ahead(series, now) for series in batch)
    return published, batch[-1].id if len(batch) == limit else None


def series_of(activity_id: UUID) -> Select[Any]:
    """Select the series of an activity. Raises NotFound."""
    if queries.activity(activity_id) is None:
        raise NotFound
    return select(ShiftSeries).where(ShiftSeries.activity_id == activity_id)
