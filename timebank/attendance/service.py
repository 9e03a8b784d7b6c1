"""The verbs: look at a code, check in, check out (``departures``). Each is a list of refusals from top to bottom, then one effect."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, insert, select

from timebank import clock
from timebank.activities import qualifications, shift_changes
from timebank.activities import service as activities
from timebank.activities.errors import AlreadySignedUp, ShiftCancelled, ShiftOver
from timebank.activities.models import Shift, SignUp
from timebank.activities.queries import ShiftContext
from timebank.activities.rules import ShiftState, SignUpState
from timebank.attendance import closing, queries, scanning
from timebank.attendance.arrivals import Brought, Fenced
from timebank.attendance.departures import CheckedOut, check_out
from timebank.attendance.errors import AlreadyClosed, ServedHere, StillInside
from timebank.attendance.models import Attendance
from timebank.attendance.reading import Presented, Reader, Seen
from timebank.attendance.rules import (
    Action,
    Standing,
    State,
    closes_at,
    flags_at_check_in,
    instant,
    refuse_check_in,
    refuse_early_check_out,
)
from timebank.attendance.scans import Trace, traced
from timebank.codes.layouts import utc_text
from timebank.constraints import retry_on
from timebank.database import new_id, session
from timebank.errors import Busy, Refusal
from timebank.identity.errors import PersonNotActive
from timebank.identity.rules import Actor
from timebank.notifications import service as notifications
from timebank.notifications.rules import Topic
from timebank.policies.rules import Policy
from timebank.records.rules import flags_as_text

__all__ = ["CheckedIn", "CheckedOut", "Scanned", "check_in", "check_out", "scan"]

# Two check-ins at once: the second look finds the first one, and says where and since when.
retry_on("uq_attendance_open")

_COLUMNS = tuple(column.name for column in Attendance.__table__.columns)
_AS_IT_WAS_SEEN = (
    select(Shift.id)
    .where(
        Shift.id == bindparam("shift_id", type_=Uuid()),
        Shift.state == ShiftState.OPEN,
        Shift.closed_at.is_(None),
        Shift.version == bindparam("version", type_=Integer()),
    )
    .with_for_update(read=True, key_share=True)
    .scalar_subquery()
)
_CHECK_IN = (
    insert(Attendance)
    .from_select(
        _COLUMNS,
        select(*(bindparam(column.name, type_=column.type) for column in Attendance.__table__.columns))
        .select_from(SignUp)
        .where(
            SignUp.shift_id == _AS_IT_WAS_SEEN,
            SignUp.volunteer_id == bindparam("volunteer_id", type_=Uuid()),
            SignUp.state == SignUpState.LIVE,
        )
        .with_for_update(read=True),
    )
    .execution_options(preserve_rowcount=True)
)
"""Begins an attendance of whoever holds a place on a shift that is still as it was when its rules were asked.

It holds on to both: a withdrawal, a cancellation and a change at the same moment come before or after. The shift only as
a foreign key would, so that those who arrive together do not wait for one another.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a scanned point is, what the scanner would do there now, and what speaks against it."""

    seen: Seen
    context: ShiftContext
    suggested_action: Action
    warning: Refusal | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedIn:
    """A new attendance, and the rules that its end will meet."""

    attendance: Attendance
    context: ShiftContext
    policy: Policy
    display_name: str


def scan(*, actor_id: UUID, reader: Reader, presented: Presented) -> Scanned:
    """Say what a code is good for; nothing changes. Raises TOKEN_*, PointNotFound."""
    now = clock.now()
    with traced(
        Trace(action=Action.SCAN, actor_id=actor_id, presented=presented, at=now, volunteer_id=actor_id)
    ) as trace:
        seen = scanning.read(reader, trace, scanning.POINTS)
        context, standing = scanning.at_point(seen, actor_id, presented)
        if scanning.counts_as_forgotten(standing, context, seen.at):
            standing = standing.without_forgotten()
        policy = scanning.policy_of(context, seen.at)
        action = _suggested(context, standing, policy, seen.at)
        warning = _warning(context, standing, action, policy=policy, at=seen.at, brought=presented.brought)
    return Scanned(seen=seen, context=context, suggested_action=action, warning=warning, now=now)


def _suggested(context: ShiftContext, standing: Standing, policy: Policy, at: datetime) -> Action:
    """Return what somebody at this screen wants: out if they are in, or if they forgot and may still say when they left."""
    inside = standing.open is not None and standing.open.shift_id == context.shift_id
    late = standing.may_leave_late and at > closes_at(context, policy)
    return Action.CHECK_OUT if inside or late else Action.CHECK_IN


def _warning(
    context: ShiftContext, standing: Standing, action: Action, *, policy: Policy, at: datetime, brought: Brought
) -> Refusal | None:
    try:
        if action is Action.CHECK_OUT:
            if standing.open is not None:
                refuse_early_check_out(checked_in_at=standing.open.checked_in_at, policy=policy, at=at)
        else:
            refuse_check_in(standing=standing, context=context, policy=policy, at=at, by_staff=False, brought=brought)
    except Refusal as refusal:
        return refusal
    return None


def check_in(*, actor: Actor, reader: Reader, presented: Presented) -> CheckedIn:
    """Begin an attendance: by one's own scan of a screen, or by staff with a member's code and ``shift_id``.

    Whoever forgot to check out elsewhere is not kept out: that stay has ended with its shift, and is closed here.

    Raises TOKEN_* and TICKET_*, PointNotFound, NotFound (staff outside their shifts), VolunteerSuspended,
    AlreadyCheckedIn, OpenElsewhere, NotOpenYet, AlreadyClosed, TooManyPairs, Overlap, ConsentRequired, NotForMinors,
    GuardianRequired, NotSignedUp, RiskNotAccepted, LocationRequired, OutOfRange, CapacityFull, QualificationMissing.
    """
    trace = Trace(action=Action.CHECK_IN, actor_id=actor.person_id, presented=presented, at=clock.now())
    with traced(trace):
        seen = scanning.read(reader, trace, scanning.POINTS_AND_MEMBERS)
        made = _arrived(seen, actor, presented, trace)
        if made is None:  # withdrawn, cancelled or changed a moment ago: a second look tells what holds now
            made = _arrived(seen, actor, presented, trace)
        if made is None:
            raise Busy
        trace.accepted()
    return made


def _arrived(seen: Seen, actor: Actor, presented: Presented, trace: Trace) -> CheckedIn | None:
    """Begin an attendance; None if the sign-up or the shift has changed since they were looked at."""
    context, standing = (
        scanning.at_member(seen, actor, presented)
        if seen.of_member
        else scanning.at_point(seen, actor.person_id, presented)
    )
    scanning.refuse_other_shift(context, presented)
    trace.volunteer_id, trace.shift_id = standing.volunteer_id, context.shift_id
    policy = scanning.policy_of(context, seen.at)
    forgotten = scanning.counts_as_forgotten(standing, context, seen.at)
    if forgotten:
        standing = standing.without_forgotten()
    fenced = refuse_check_in(
        standing=standing,
        context=context,
        policy=policy,
        at=seen.at,
        by_staff=seen.of_member,
        brought=presented.brought,
    )
    if forgotten:
        closing.end_forgotten(standing.volunteer_id)
    if not standing.signed_up:
        _walk_in(context, standing, seen.at)
    qualifications.refuse_at_the_door(context, standing.volunteer_id)
    attendance = _begun(
        seen=seen, actor=actor, context=context, standing=standing, fenced=fenced, brought=presented.brought
    )
    if not _kept(attendance, context):
        return None
    if standing.wants_word:
        _send_word(attendance, context)
    return CheckedIn(attendance=attendance, context=context, policy=policy, display_name=standing.display_name)


def _begun(
    *, seen: Seen, actor: Actor, context: ShiftContext, standing: Standing, fenced: Fenced, brought: Brought
) -> Attendance:
    """Return the attendance that a scan begins, with every doubt about it."""
    flags = {
        *scanning.flags_of_scan(seen, actor, context, standing.volunteer_id),
        *flags_at_check_in(standing=standing, context=context, at=seen.at),
        *fenced.flags,
    }
    kept = fenced.whereabouts
    return Attendance(
        id=new_id(),
        volunteer_id=standing.volunteer_id,
        shift_id=context.shift_id,
        state=State.OPEN,
        served_on=clock.day_of(seen.at),
        checked_in_at=seen.at,
        checked_out_at=None,
        in_provenance=scanning.provenance_of(seen),
        out_provenance=None,
        flags=flags_as_text(flags),
        record_id=None,
        was_inside=kept.inside if kept else None,
        distance_m=kept.distance_m if kept else None,
        guardian_present=brought.guardian_present or None,
    )


def _send_word(attendance: Attendance, context: ShiftContext) -> None:
    """Tell somebody how and when to check out; the answer says it too, so only whoever has asked for it is told."""
    notifications.tell(
        person_id=attendance.volunteer_id,
        topic=Topic.ARRIVAL,
        facts={
            "activity": context.activity_name,
            "checked_in_at": utc_text(attendance.checked_in_at),
            "ends_at": utc_text(context.ends_at),
            "shift_id": str(context.shift_id),
        },
        at=attendance.checked_in_at,
        about=str(attendance.id),
    )


def _kept(attendance: Attendance, context: ShiftContext) -> bool:
    """Write an attendance; return whether its volunteer holds a place on a shift that is still as in ``context``."""
    values = {name: getattr(attendance, name) for name in _COLUMNS} | {"version": context.version}
    return bool(session.connection().execute(_CHECK_IN, values).rowcount)


def _walk_in(context: ShiftContext, standing: Standing, at: datetime) -> None:
    try:
        activities.take_place(shift_id=context.shift_id, volunteer_id=standing.volunteer_id, now=at)
    except AlreadySignedUp:
        return  # signed up a moment ago, on another phone: they hold a place, which is all that was wanted
    except PersonNotActive:
        return  # frozen or merged a moment ago: nothing is begun without a place, and the second look tells why
    except (ShiftCancelled, ShiftOver) as refusal:  # a moment ago
        raise AlreadyClosed(**instant("closed_at", at)) from refusal


@activities.before_withdrawal
def refuse_whoever_was_there(shift_id: UUID, volunteer_id: UUID) -> None:
    """Raise StillInside or ServedHere: the place of somebody who is or was there is not given to another."""
    states = queries.states_of(shift_id, volunteer_id)
    if State.OPEN in states:
        raise StillInside
    if states:
        raise ServedHere


@shift_changes.attended
def attended(shift_ids: Collection[UUID]) -> set[UUID]:
    """Return at which of some shifts somebody has checked in."""
    return queries.attended(shift_ids)
