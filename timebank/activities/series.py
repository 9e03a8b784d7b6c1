"""The verbs of shifts that recur: publish by a rule, end it, change what is to come.

The shifts of the next weeks are published ahead, each day of a series once, whoever does it and however often; a day that
was cancelled stays cancelled. What has begun, or where somebody has checked in, is never touched, and no day that has
begun is published afterwards (rule R10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from timebank import clock
from timebank.activities import places, queries, risks, roles, service, shift_changes
from timebank.activities.errors import NoDaysLeft, RolesStay
from timebank.activities.models import Activity, Shift
from timebank.activities.roles import Wanted
from timebank.activities.rules import POINT_LENGTH, ShiftState
from timebank.activities.series_rules import AHEAD, Rule
from timebank.activities.shift_tables import ShiftOccurrence, ShiftSeries
from timebank.codes.alphabet import random_reference
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor

DAY = timedelta(days=1)
MOST_AHEAD = timedelta(days=731)
"""Nobody changes what follows a day that is farther away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How many coming shifts were touched, and which were left alone: begun, attended, or cancelled before."""

    series: ShiftSeries
    touched: int
    left_alone: list[UUID]


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


def end(*, actor: Actor, series_id: UUID, from_on: date, reason: str) -> Ended:
    """End a series before a day: that one and all following are cancelled, and everybody concerned is told.

    Raises NotFound.
    """
    series, activity = _led(actor, series_id)
    now = clock.now()
    following = _following(series, from_on)
    series.until_on = min(series.until_on or from_on - DAY, from_on - DAY)
    session.flush()
    touchable, left_alone = _touchable(following, now)
    for shift_id in touchable:
        shift = places.locked(shift_id, exclusively=True).shift
        if shift_changes.attended_among([shift_id]):
            left_alone.append(shift_id)  # somebody has checked in a moment ago
        else:
            shift_changes.call_off(shift, activity, actor, now, reason=reason)
    return Ended(series=series, touched=len(following) - len(left_alone), left_alone=left_alone)


def change_following(
    *,
    actor: Actor,
    series_id: UUID,
    from_on: date,
    start_minute: int,
    length_minutes: int,
    capacity: int | None = None,
    site_id: UUID | None = None,
    reason: str | None = None,
) -> Ended:
    """Give a day of a series and all following other hours, another site or another number; earlier days stay.

    The series ends before that day, and a new one goes on. A shift with more people than ``capacity`` keeps their places.

    Raises NotFound, Invalid (no day of the series, or a site of somebody else), RolesStay.
    """
    series, activity = _led(actor, series_id)
    now = clock.now()
    service.refuse_foreign_site(activity, site_id)
    if series.roles and capacity not in {None, series.capacity}:
        raise RolesStay
    rule = rule_of(series)
    today = clock.day_of(now)
    days = list(rule.days(from_on)) if today <= from_on <= today + MOST_AHEAD else []
    if from_on not in days:
        raise Invalid(errors=[{"pointer": "/from_on", "detail": "须是今后该系列的某一天。 Not a coming day of it."}])
    following = _following(series, from_on)
    later = _split(series, rule, from_on, held=len(days) - 1, actor=actor, now=now)
    later.start_minute, later.length_minutes, later.site_id = start_minute, length_minutes, site_id
    later.capacity = capacity or series.capacity
    session.add(later)
    session.flush()
    for occurrence in following:
        occurrence.series_id = later.id
    session.flush()
    days_of = {occurrence.shift_id: occurrence.on_day for occurrence in following}
    touchable, left_alone = _touchable(following, now)
    changed = [shift_id for shift_id in touchable if span_of(later, days_of[shift_id])[0] > now]
    for shift_id in changed:
        starts_at, ends_at = span_of(later, days_of[shift_id])
        shift_changes.change(
            actor=actor,
            shift_id=shift_id,
            starts_at=starts_at,
            ends_at=ends_at,
            capacity=None if series.roles else shift_changes.at_least_taken(shift_id, later.capacity, now),
            site_id=site_id,
            reason=reason,
        )
    publish_ahead(later, now)
    left_alone += [shift_id for shift_id in touchable if shift_id not in changed]
    return Ended(series=later, touched=len(changed), left_alone=left_alone)


def _split(series: ShiftSeries, rule: Rule, from_on: date, *, held: int, actor: Actor, now: datetime) -> ShiftSeries:
    """End a series before a day and return one that goes on from there, not added yet."""
    later = ShiftSeries(
        id=new_id(),
        activity_id=series.activity_id,
        frequency=series.frequency,
        every=series.every,
        weekdays=series.weekdays,
        monthly_by=series.monthly_by,
        first_on=from_on,
        until_on=series.until_on,
        count=rule.count - held if rule.count is not None else None,
        skips_holidays=series.skips_holidays,
        roles=series.roles,
        created_by=actor.person_id,
        created_at=now,
    )
    series.until_on = from_on - DAY
    return later


def _led(actor: Actor, series_id: UUID) -> tuple[ShiftSeries, Activity]:
    """Lock a series that the actor manages or leads, and return it with its activity."""
    series = session.get(ShiftSeries, series_id, with_for_update=True, populate_existing=True)
    if series is None:
        raise NotFound
    return series, service.activity_led_by(actor, series.activity_id)


def _following(series: ShiftSeries, from_on: date) -> list[ShiftOccurrence]:
    found = select(ShiftOccurrence).where(ShiftOccurrence.series_id == series.id, ShiftOccurrence.on_day >= from_on)
    return list(session.scalars(found.order_by(ShiftOccurrence.shift_id)))


def _touchable(occurrences: list[ShiftOccurrence], now: datetime) -> tuple[list[UUID], list[UUID]]:
    """Return the shifts that may still be touched, and the others; in the order in which they are locked."""
    shift_ids = [occurrence.shift_id for occurrence in occurrences]
    attended = shift_changes.attended_among(shift_ids)
    coming = set(
        session.scalars(
            select(Shift.id).where(
                Shift.id.in_(shift_ids),
                Shift.state == ShiftState.OPEN,
                Shift.closed_at.is_(None),
                Shift.starts_at > now,
            )
        )
    )
    touchable = [shift_id for shift_id in shift_ids if shift_id in coming - attended]
    return touchable, [shift_id for shift_id in shift_ids if shift_id not in touchable]


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
