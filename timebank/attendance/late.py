"""Late scans that do not count by themselves: kept, shown to coordinators, and decided on by one of them with a reason.

Nothing genuine that was scanned is silently dropped, and nothing of it moves a minute: what is taken up is entered by
the ways that exist for it (an attendance adjusted, a supplement), with their own reviewers.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, insert, or_, select

from timebank import clock
from timebank.activities import queries as activities
from timebank.activities.models import Activity, Shift
from timebank.activities.shift_tables import ShiftChange
from timebank.attendance import scanning
from timebank.attendance.errors import TooManyPairs
from timebank.attendance.models import Attendance, LateScan, LateScanDecision
from timebank.attendance.rules import (
    MAX_PAIRS,
    MAX_WAITING,
    Action,
    LateOutcome,
    LateReason,
    State,
    closes_at,
    opens_at,
)
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.organisations import scope
from timebank.records.conflicts import refuse_interested
from timebank.records.service import DECIDERS

_KEEP = insert(LateScan)
_DECIDE = insert(LateScanDecision)


def keep(
    *,
    volunteer_id: UUID,
    shift_id: UUID,
    action: Action,
    reason: LateReason,
    at: datetime | None,
    claimed_at: datetime,
) -> UUID:
    """Keep a scan for a coordinator and return its id; the same scan once more is the same. Raises TooManyPairs."""
    same = select(LateScan.id).where(
        *_waiting_of(volunteer_id, shift_id),
        LateScan.action == action,
        LateScan.at == at if at is not None else LateScan.at.is_(None) & (LateScan.claimed_at == claimed_at),
    )
    kept = session.scalars(same.limit(1)).first()
    if kept is not None:
        return kept
    waiting = select(func.count()).select_from(LateScan).where(*_waiting_of(volunteer_id, shift_id))
    if session.scalars(waiting).one() >= MAX_WAITING:
        raise TooManyPairs(limit=MAX_PAIRS)
    scan_id = new_id()
    session.connection().execute(
        _KEEP,
        {
            "id": scan_id,
            "volunteer_id": volunteer_id,
            "shift_id": shift_id,
            "action": action,
            "reason": reason,
            "at": at,
            "claimed_at": claimed_at,
            "received_at": clock.now(),
        },
    )
    return scan_id


def overtaken(*, volunteer_id: UUID, shift_id: UUID, action: Action, at: datetime) -> bool:
    """Whether it is only what came after ``at`` that stands in the way of a scan at ``at``.

    An arrival is overtaken by a later one, unless the volunteer was inside at that instant already. A departure is
    overtaken when the attendance was closed for the volunteer later than they left, or when its arrival waits, too.
    """
    began = (
        Attendance.volunteer_id == volunteer_id,
        Attendance.state != State.ANNULLED,
        Attendance.checked_in_at <= at,
    )
    if action is Action.CHECK_IN:
        inside = exists().where(*began, or_(Attendance.checked_out_at.is_(None), Attendance.checked_out_at > at))
        later = exists().where(
            Attendance.volunteer_id == volunteer_id, Attendance.state != State.ANNULLED, Attendance.checked_in_at > at
        )
        return bool(session.scalar(select(later & ~inside)))
    closed = exists().where(*began, Attendance.shift_id == shift_id, Attendance.checked_out_at > at)
    arrived = exists().where(*_waiting_of(volunteer_id, shift_id), LateScan.action == Action.CHECK_IN)
    return bool(session.scalar(select(or_(closed, arrived))))


def shut_later(shift_id: UUID, at: datetime) -> bool:
    """Whether one could come in to a shift ``at`` an instant, and it was closed, cancelled or put off only after it."""
    context = activities.shift_context(shift_id)
    if context is None or (context.closed_at is not None and context.closed_at <= at):
        return False
    changes = select(ShiftChange).where(ShiftChange.shift_id == shift_id, ShiftChange.changed_at > at)
    changed = session.scalars(changes.order_by(ShiftChange.version).limit(1)).first()
    if changed is not None:  # before that, it was on, at these hours
        context = replace(context, starts_at=changed.starts_before, ends_at=changed.ends_before)
    elif context.closed_at is None:
        return False
    policy = scanning.policy_of(context, at)
    return opens_at(context, policy) <= at < closes_at(context, policy)


def _waiting_of(volunteer_id: UUID, shift_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return LateScan.volunteer_id == volunteer_id, LateScan.shift_id == shift_id, ~_decided()


def _decided() -> ColumnElement[bool]:
    return exists().where(LateScanDecision.late_scan_id == LateScan.id).correlate(LateScan)


def late_scans(*, actor: Actor, shift_id: UUID | None, waiting: bool | None) -> Select[Any]:
    """Select late scans with name and decision: of a shift, or of every organisation that the actor decides for."""
    found = (
        select(LateScan)
        .join(Person, Person.id == LateScan.volunteer_id)
        .join(Shift, Shift.id == LateScan.shift_id)
        .join(Activity, Activity.id == Shift.activity_id)
        .outerjoin(LateScanDecision, LateScanDecision.late_scan_id == LateScan.id)
        .add_columns(
            LateScan.received_at,
            LateScan.id,
            Person.display_name,
            Activity.name.label("activity_name"),
            LateScanDecision.outcome,
            LateScanDecision.reason.label("decision_reason"),
            LateScanDecision.decided_at,
        )
    )
    if waiting is not None:
        found = found.where(~_decided() if waiting else _decided())
    if shift_id is not None:
        return found.where(LateScan.shift_id == shift_id)
    return found.where(scope.organisations_of(actor, *DECIDERS, column=Activity.organisation_id))


def decide(*, actor: Actor, late_scan_id: UUID, outcome: LateOutcome, reason: str) -> LateScanDecision:
    """Say what becomes of a late scan: a coordinator's word, never on their own scan or a relative's (R08, R13).

    Raises NotFound outside the actor's scope, OwnRecord, RelativesRecord, LateScanDecided (by its constraint) when
    somebody was faster.
    """
    scan = session.get(LateScan, late_scan_id)
    context = activities.shift_context(scan.shift_id) if scan else None
    if scan is None or context is None:
        raise NotFound
    scope.organisation_for(actor, *DECIDERS, organisation_id=context.organisation_id)
    refuse_interested(actor.person_id, subject_id=scan.volunteer_id)
    values = {
        "late_scan_id": scan.id,
        "outcome": outcome,
        "reason": reason,
        "decided_by": actor.person_id,
        "decided_at": clock.now(),
    }
    session.connection().execute(_DECIDE, values)
    return LateScanDecision(**values)
