"""The verbs of whoever answers for shifts that recur: end them, and change what is to come.

What has begun, or where somebody has checked in, is never touched; that is asked again of each shift once it is locked.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import EllipsisType
from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.activities import places, risks, service, shift_changes
from timebank.activities.errors import RolesStay, ShiftAttended, ShiftCancelled, ShiftOver, ShiftStarted
from timebank.activities.models import Activity, Shift
from timebank.activities.rules import ShiftState
from timebank.activities.series import publish_ahead, rule_of, span_of
from timebank.activities.series_rules import Rule
from timebank.activities.shift_tables import ShiftOccurrence, ShiftSeries
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
        shift = _still_touchable(shift_id, now)
        if shift is None:
            left_alone.append(shift_id)
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
    site_id: UUID | EllipsisType | None = ...,
    reason: str | None = None,
) -> Ended:
    """Give a day of a series and all following other hours, another site or another number; earlier days stay.

    The series ends before that day, and a new one goes on. What is not given stays: also the number and the site that one
    of the shifts was given by itself. A shift with more people than ``capacity`` keeps their places. While a risky activity
    is not insured nothing new is published (rule R14); what is published already may be moved.

    Raises NotFound, Invalid (no day of the series, or a site of somebody else), RolesStay.
    """
    series, activity = _led(actor, series_id)
    now = clock.now()
    if site_id is not ...:
        service.refuse_foreign_site(activity, site_id)
    if series.roles and capacity not in {None, series.capacity}:
        raise RolesStay
    rule, held = _rule_before(series, from_on, now)
    following = _following(series, from_on)
    later = _split(series, rule, from_on, held=held, actor=actor, now=now)
    later.start_minute, later.length_minutes = start_minute, length_minutes
    later.site_id = series.site_id if site_id is ... else site_id
    later.capacity = capacity or series.capacity
    session.add(later)
    session.flush()
    for occurrence in following:
        occurrence.series_id = later.id
    session.flush()
    days_of = {occurrence.shift_id: occurrence.on_day for occurrence in following}
    touchable, left_alone = _touchable(following, now)
    for shift_id in touchable:
        span, shift = span_of(later, days_of[shift_id]), _still_touchable(shift_id, now)
        if shift is None or span[0] <= now:
            left_alone.append(shift_id)
            continue
        shift_changes.change(
            actor=actor,
            shift_id=shift_id,
            starts_at=span[0],
            ends_at=span[1],
            capacity=None
            if capacity is None or series.roles
            else shift_changes.at_least_taken(shift_id, capacity, now),
            site_id=site_id,
            reason=reason,
        )
    if risks.is_insured(activity):
        publish_ahead(later, now)
    return Ended(series=later, touched=len(following) - len(left_alone), left_alone=left_alone)


def _rule_before(series: ShiftSeries, from_on: date, now: datetime) -> tuple[Rule, int]:
    """Return the rule of a series and how many of its days come before one of them. Raises Invalid if that is none."""
    rule, today = rule_of(series), clock.day_of(now)
    days = list(rule.days(from_on)) if today <= from_on <= today + MOST_AHEAD else []
    if from_on not in days:
        raise Invalid(errors=[{"pointer": "/from_on", "detail": "须是今后该系列的某一天。 Not a coming day of it."}])
    return rule, len(days) - 1


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


def _still_touchable(shift_id: UUID, now: datetime) -> Shift | None:
    """Lock a shift and return it; None if it was cancelled, closed or attended a moment ago."""
    shift = places.locked(shift_id, exclusively=True).shift
    try:
        shift_changes.refuse_untouchable(shift, now)
    except (ShiftCancelled, ShiftOver, ShiftAttended, ShiftStarted):
        return None
    return shift
