"""When one may check in and out, and what is said then. Pure: everything comes as an argument."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from timebank.activities.errors import NotSignedUp
from timebank.activities.queries import ShiftContext
from timebank.activities.rules import ShiftState
from timebank.attendance.arrivals import (
    NOTHING_BROUGHT,
    NOTHING_KNOWN,
    Background,
    Brought,
    Fenced,
    fenced,
    flags_of_journey,
    refuse_unaware,
    refuse_unprotected,
)
from timebank.attendance.errors import (
    AlreadyCheckedIn,
    AlreadyCheckedOut,
    AlreadyClosed,
    NotCheckedIn,
    NotOpenYet,
    OpenElsewhere,
    Overlap,
    TooManyPairs,
    TooSoon,
    VolunteerSuspended,
)
from timebank.attendance.places import Spot
from timebank.clock import SHANGHAI
from timebank.codes.layouts import utc_text
from timebank.errors import Invalid, Refusal
from timebank.identity.rules import PersonState
from timebank.policies.rules import Policy
from timebank.records.rules import Flag

MAX_PAIRS = 3
"""Pairs of scans a shift and day (rule R10)."""
MAX_TRACES_AN_HOUR = 200
"""Refused scans of one person that are kept in an hour: forged codes must not fill the disk."""
LATE_WITHIN = timedelta(hours=24)
"""A scan that a phone has kept longer waits for a coordinator instead of counting by itself."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a phone's clock may be off before it is flagged; it decides nothing in any case."""
BULK_PEOPLE = 10
"""So many people late on one step of one screen look like a photo that went round: they are flagged BULK (rule R13)."""
MAX_WAITING = 2 * MAX_PAIRS
"""Late scans of one person and shift that wait for a coordinator: more than that are no honest scans."""
CODES_AHEAD = 4
"""Codes that a screen gets in advance: it survives a minute without network."""


COMPUTED = frozenset({Flag.CAPPED, Flag.OVER_DAILY})
"""Flags that follow from the minutes."""
SAID_AT_THE_END = COMPUTED | {Flag.AUTO_CLOSED, Flag.SUSPENDED}
"""Flags that an attendance gets when it ends: they are said anew when it gets another end."""


class State(StrEnum):
    """Where an attendance stands."""

    OPEN = "open"
    CLOSED = "closed"
    AUTO_CLOSED = "auto_closed"
    ANNULLED = "annulled"


class Action(StrEnum):
    """What a scan was for."""

    SCAN = "scan"
    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"


class Amendment(StrEnum):
    """What staff may do to an attendance afterwards: as a new fact, with a reason."""

    ANNUL = "annul"
    ADJUST = "adjust"


class LateReason(StrEnum):
    """Why a genuine scan that comes late does not count by itself."""

    TOO_OLD = "TOO_OLD"
    NO_TIME = "NO_TIME"
    OVERTAKEN = "OVERTAKEN"


class LateOutcome(StrEnum):
    """What a coordinator made of it: entered by hand (adjusted, or a supplement), or not to be counted."""

    TAKEN_UP = "taken_up"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """The attendance that a volunteer is in, and what says when it counts as forgotten."""

    attendance_id: UUID
    shift_id: UUID
    checked_in_at: datetime
    where: str
    ends_at: datetime
    organisation_id: UUID
    area_path: str
    spot: Spot | None = None
    """Where its site is, if that is known."""

    @property
    def ended_at(self) -> datetime:
        """When it has ended if its check-out was forgotten."""
        return forgotten_end(checked_in_at=self.checked_in_at, ends_at=self.ends_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a volunteer stands towards a shift at the moment of a scan."""

    volunteer_id: UUID
    shift_id: UUID
    display_name: str
    person_state: str
    signed_up: bool
    open: Open | None
    pairs: int
    """Pairs at this shift that began on the day of the scan."""
    left_at: datetime | None
    """When they last checked out of this shift."""
    busy_until: datetime | None
    """When their last attendance anywhere ended."""
    wants_word: bool = False
    """Whether they have accepted a message about their arrival."""
    forgot: bool
    """Whether a stay at this shift was closed for them."""
    background: Background = NOTHING_KNOWN

    @property
    def may_leave_late(self) -> bool:
        """Whether a late check-out can still say when they really left: nothing came after the stay closed for them."""
        return self.forgot and self.open is None and self.left_at == self.busy_until

    def without_forgotten(self) -> "Standing":
        """Return how they stand when the stay that they are in counts as ended with its shift."""
        if self.open is None:
            return self
        ended_at, here = self.open.ended_at, self.left_at
        was_here = self.open.shift_id == self.shift_id
        return replace(
            self,
            open=None,
            forgot=was_here or self.forgot,
            left_at=max(here or ended_at, ended_at) if was_here else here,
            busy_until=max(self.busy_until or ended_at, ended_at),
            background=replace(
                self.background, left_organisation_id=self.open.organisation_id, left_from=self.open.spot
            ),
        )


def opens_at(context: ShiftContext, policy: Policy) -> datetime:
    """Return the first instant of check-in."""
    return context.starts_at - timedelta(minutes=policy.open_before_minutes)


def closes_at(context: ShiftContext, policy: Policy) -> datetime:
    """Return the instant from which nobody checks in any more, and a check-out is late."""
    return closing_time(context.ends_at, policy)


def closing_time(ends_at: datetime, policy: Policy) -> datetime:
    """Return the last instant of a check-out in time; whoever is inside later has forgotten it."""
    return ends_at + timedelta(minutes=policy.close_after_minutes)


def forgotten_end(*, checked_in_at: datetime, ends_at: datetime) -> datetime:
    """Return when a stay has ended whose check-out was forgotten: with its shift, never "now"."""
    return max(checked_in_at, ends_at)


def refuse_check_in(
    *,
    standing: Standing,
    context: ShiftContext,
    policy: Policy,
    at: datetime,
    by_staff: bool,
    brought: Brought = NOTHING_BROUGHT,
) -> Fenced:
    """Raise the first reason why this volunteer may not check in at ``at``; else return what the fence has seen."""
    background = standing.background
    if standing.person_state != PersonState.ACTIVE:
        raise VolunteerSuspended
    if standing.open is not None and standing.open.shift_id == context.shift_id:
        raise AlreadyCheckedIn(**instant("since", standing.open.checked_in_at))
    if standing.open is not None:
        raise elsewhere(standing.open, by_staff=by_staff)
    if shut := _shut_since(context, at):
        raise AlreadyClosed(**instant("closed_at", shut))
    opening = opens_at(context, policy)
    if at < opening:
        raise NotOpenYet(**instant("opens_at", opening), seconds_left=_seconds(opening - at))
    closing = closes_at(context, policy)
    if at >= closing:
        raise AlreadyClosed(**instant("closed_at", closing))
    if standing.pairs >= MAX_PAIRS:
        raise TooManyPairs(limit=MAX_PAIRS)
    if standing.busy_until is not None and at < standing.busy_until:
        raise Overlap(**instant("until", standing.busy_until))
    refuse_unprotected(background=background, context=context, policy=policy, at=at, brought=brought)
    if not standing.signed_up and not policy.walk_in:
        raise NotSignedUp
    refuse_unaware(background=background, context=context)
    return fenced(background=background, context=context, policy=policy, brought=brought, by_staff=by_staff)


def _shut_since(context: ShiftContext, at: datetime) -> datetime | None:
    """Return since when a shift takes nobody any more: cancelled, or closed by its leader."""
    return min(at, context.starts_at) if context.state != ShiftState.OPEN else context.closed_at


def refuse_early_check_out(*, checked_in_at: datetime, policy: Policy, at: datetime) -> None:
    """Raise TooSoon before the minimum stay is over."""
    earliest = checked_in_at + timedelta(minutes=policy.min_stay_minutes)
    if at < earliest:
        seconds = _seconds(earliest - at)
        raise TooSoon(minutes=policy.min_stay_minutes, seconds_left=seconds, minutes_left=math.ceil(seconds / 60))


def refuse_times(
    *,
    context: ShiftContext,
    policy: Policy,
    now: datetime,
    stated: tuple[datetime | None, datetime | None],
    kept: tuple[datetime, datetime | None],
) -> None:
    """Raise Invalid unless the instants that staff have ``stated`` lie in the shift's hours, in order, and not ahead."""
    first, last = opens_at(context, policy), min(closes_at(context, policy), now)
    for pointer, at in zip(("/checked_in_at", "/checked_out_at"), stated, strict=True):
        if at is not None and not first <= at <= last:
            span = f"{local(first)} – {local(last)}"
            raise Invalid(
                errors=[{"pointer": pointer, "detail": f"须在 {span} 之间。 Must lie within {span} (Beijing)."}]
            )
    began, ended = stated[0] or kept[0], stated[1] or kept[1]
    if ended is not None and ended <= began:
        raise Invalid(
            errors=[{"pointer": "/checked_out_at", "detail": "签退须晚于签到。 Must lie after the check-in."}]
        )


def nothing_to_check_out(*, standing: Standing, context: ShiftContext, by_staff: bool) -> Refusal:
    """Return why somebody who is not inside this shift cannot leave it."""
    if standing.open is not None and standing.open.shift_id != context.shift_id:
        return elsewhere(standing.open, by_staff=by_staff)
    if standing.left_at is not None:
        return AlreadyCheckedOut(**instant("at", standing.left_at))
    return NotCheckedIn()


def elsewhere(inside: Open, *, by_staff: bool) -> OpenElsewhere:
    """Return the refusal of somebody who is inside another shift; staff do not learn where that is."""
    where = "—" if by_staff else inside.where
    return OpenElsewhere(where=where, **instant("since", inside.checked_in_at))


def flags_at_check_in(*, standing: Standing, context: ShiftContext, at: datetime) -> set[Flag]:
    """Return what is doubtful about arriving at ``at``: a stay that begins after the shift is none of it."""
    journey = flags_of_journey(background=standing.background, context=context, left_at=standing.busy_until, at=at)
    return {Flag.LATE, *journey} if at >= context.ends_at else journey


def flags_at_check_out(*, context: ShiftContext, policy: Policy, person_state: str, at: datetime) -> set[Flag]:
    """Return what is doubtful about leaving at ``at``; it never refuses, it holds the credit."""
    flags = set()
    if at > closes_at(context, policy):
        flags.add(Flag.LATE)
    if person_state != PersonState.ACTIVE:
        flags.add(Flag.SUSPENDED)
    return flags


def flags_of_late_scan(
    *, at: datetime, sent_at: datetime, now: datetime, is_late: bool, people: int
) -> frozenset[Flag]:
    """Return what is doubtful about a scan that a phone has kept.

    ``people`` were late on the same step, this one included. ``sent_at`` is the phone's clock when it scanned or when it
    sent: a right one shows something between the step and now.
    """
    flags = {Flag.LATE} if is_late else set()
    if is_late and people >= BULK_PEOPLE:
        flags.add(Flag.BULK)
    if not at - CLOCK_TOLERANCE <= sent_at <= now + CLOCK_TOLERANCE:
        flags.add(Flag.CLOCK_SKEW)
    return frozenset(flags)


def instant(name: str, value: datetime) -> dict[str, Any]:
    """Return an instant for a refusal's context: RFC 3339, and as the clock on the wall for its sentence."""
    return {name: utc_text(value.replace(microsecond=0)), f"{name}_local": local(value)}


def local(value: datetime) -> str:
    """Return month, day, hour and minute in Shanghai."""
    return value.astimezone(SHANGHAI).strftime("%m-%d %H:%M")


def _seconds(left: timedelta) -> int:
    return math.ceil(left.total_seconds())
