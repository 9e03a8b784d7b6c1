"""Absences: who had signed up, did not withdraw, and did not come. Seen by themselves, lifted by a coordinator, never a bar.

Somebody is absent a day after the end of the shift, because a phone may bring kept scans until then. As long as a late
scan or a supplement waits for a decision nobody is absent, and whoever has a record of the shift never was: all that is
a function of time and of those facts. The sweep only tells people.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, insert, select

from timebank import clock
from timebank.activities.models import Activity, Shift, SignUp
from timebank.activities.rules import MAX_LENGTH, ShiftState, SignUpState
from timebank.attendance.errors import NoShowExplained, NoShowLifted
from timebank.attendance.models import Attendance, LateScan, LateScanDecision
from timebank.attendance.no_show_tables import NoShow, NoShowExplanation, NoShowLift
from timebank.attendance.rules import LATE_WITHIN, LateOutcome, State
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.notifications import service as notifications
from timebank.notifications.rules import Topic
from timebank.notifications.service import News
from timebank.organisations import scope
from timebank.records.conflicts import refuse_interested
from timebank.records.models import Revision
from timebank.records.queries import is_current
from timebank.records.rules import State as RecordState
from timebank.records.service import DECIDERS
from timebank.records.supplement_queries import is_open
from timebank.records.supplement_tables import Supplement

TOLD_WITHIN = timedelta(days=14)
"""Absences that are older are listed and not told: nobody is sent a year of them at once."""

LISTED_WITHIN = timedelta(days=366)
"""So far back a coordinator looks who names no day: a list over all years would be read for every page of it."""

_MARK = insert(NoShow)
_EXPLAIN = insert(NoShowExplanation)
_LIFT = insert(NoShowLift)


def is_absent(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions over SignUp and Shift that its volunteer did not come."""
    came = exists().where(
        Attendance.shift_id == SignUp.shift_id,
        Attendance.volunteer_id == SignUp.volunteer_id,
        Attendance.state != State.ANNULLED,
    )
    served = exists().where(
        Revision.volunteer_id == SignUp.volunteer_id,
        Revision.shift_id == SignUp.shift_id,
        Revision.state != RecordState.REJECTED,
        is_current(),
    )
    dismissed = exists().where(
        LateScanDecision.late_scan_id == LateScan.id, LateScanDecision.outcome == LateOutcome.DISMISSED
    )
    scanned = exists().where(
        LateScan.shift_id == SignUp.shift_id, LateScan.volunteer_id == SignUp.volunteer_id, ~dismissed
    )
    asked = exists().where(
        Supplement.shift_id == SignUp.shift_id, Supplement.volunteer_id == SignUp.volunteer_id, is_open()
    )
    conditions = (came, served, scanned, asked)
    return (
        SignUp.state == SignUpState.LIVE,
        SignUp.walk_in.is_(False),
        Shift.state == ShiftState.OPEN,
        Shift.ends_at <= now - LATE_WITHIN,
        *(~condition.correlate(SignUp) for condition in conditions),
    )


def absences(now: datetime) -> Select[*tuple[Any, ...]]:
    """Select absences with what was said and decided about each; page by ``ends_at`` and ``id``."""
    return (
        select(
            SignUp.id,
            Shift.ends_at,
            Shift.starts_at,
            Shift.id.label("shift_id"),
            Activity.name.label("activity_name"),
            Activity.organisation_id,
            SignUp.volunteer_id,
            Person.volunteer_no,
            Person.display_name,
            NoShowExplanation.reason.label("explanation"),
            NoShowExplanation.explained_at,
            NoShowLift.reason.label("lift_reason"),
            NoShowLift.lifted_at,
        )
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Activity, Activity.id == Shift.activity_id)
        .join(Person, Person.id == SignUp.volunteer_id)
        .outerjoin(NoShowExplanation, NoShowExplanation.sign_up_id == SignUp.id)
        .outerjoin(NoShowLift, NoShowLift.sign_up_id == SignUp.id)
        .where(*is_absent(now))
    )


def absences_of(volunteer_id: UUID, now: datetime) -> Select[*tuple[Any, ...]]:
    """Select somebody's own absences, those that were lifted as well."""
    return absences(now).where(SignUp.volunteer_id == volunteer_id)


def absences_for(
    actor: Actor, now: datetime, *, organisation_id: UUID | None, explained: bool, since: datetime | None = None
) -> Select[*tuple[Any, ...]]:
    """Select the absences that count, in an actor's scope; with ``explained`` those that wait for an answer.

    ``since``: from shifts that ended after this; without it, of the last year.
    """
    found = _ended_after(absences(now), since or now - LISTED_WITHIN).where(
        scope.organisations_of(actor, *DECIDERS, column=Activity.organisation_id), NoShowLift.sign_up_id.is_(None)
    )
    if organisation_id is not None:
        found = found.where(Activity.organisation_id == organisation_id)
    return found.where(NoShowExplanation.sign_up_id.is_not(None)) if explained else found


def _ended_after(found: Select[*tuple[Any, ...]], since: datetime) -> Select[*tuple[Any, ...]]:
    # The second condition says the same once more, for the index.
    return found.where(Shift.ends_at > since, Shift.starts_at > since - MAX_LENGTH)


def explain(*, volunteer_id: UUID, sign_up_id: UUID, reason: str) -> None:
    """Say what one has to say to an absence of one's own. Raises NotFound, NoShowLifted, NoShowExplained."""
    now = clock.now()
    found = session.execute(absences_of(volunteer_id, now).where(SignUp.id == sign_up_id)).one_or_none()
    if found is None:
        raise NotFound
    if found.lifted_at is not None:
        raise NoShowLifted
    if found.explained_at is not None:
        raise NoShowExplained
    session.connection().execute(_EXPLAIN, {"sign_up_id": sign_up_id, "reason": reason, "explained_at": now})


def lift(*, actor: Actor, sign_up_id: UUID, reason: str) -> None:
    """Lift an absence, with a reason, and tell its person.

    Raises NotFound outside the actor's scope, OwnRecord, RelativesRecord, NoShowLifted.
    """
    now = clock.now()
    found = session.execute(absences(now).where(SignUp.id == sign_up_id)).one_or_none()
    if found is None:
        raise NotFound
    scope.organisation_for(actor, *DECIDERS, organisation_id=found.organisation_id)
    refuse_interested(actor.person_id, subject_id=found.volunteer_id)
    if found.lifted_at is not None:
        raise NoShowLifted
    values = {"sign_up_id": sign_up_id, "reason": reason, "lifted_by": actor.person_id, "lifted_at": now}
    session.connection().execute(_LIFT, values)
    notifications.tell_many([_news(found, Topic.NO_SHOW_LIFTED, now)])


def sweep(*, limit: int) -> int:
    """Mark at most ``limit`` absences that were not told, and tell them; return how many."""
    now = clock.now()
    untold = (
        _ended_after(absences(now), now - TOLD_WITHIN)
        .where(
            ~exists().where(NoShow.sign_up_id == SignUp.id).correlate(SignUp),
            NoShowLift.sign_up_id.is_(None),
        )
        .order_by(Shift.ends_at, SignUp.id)
        .limit(limit)
    )
    found = list(session.execute(untold))
    if found:
        session.connection().execute(_MARK, [{"sign_up_id": row.id, "marked_at": now} for row in found])
        notifications.tell_many(_news(row, Topic.NO_SHOW, now) for row in found)
    return len(found)


def _news(absence: Any, topic: Topic, now: datetime) -> News:
    return News(
        person_id=absence.volunteer_id,
        topic=topic,
        facts={
            "activity": absence.activity_name,
            "served_on": clock.day_of(absence.starts_at).isoformat(),
            "sign_up_id": str(absence.id),
        },
        at=now,
        about=f"{absence.id} {topic}",
    )
