"""What is late: services that are not on the record within 10 working days after them (民政部令第67号 art 11, rule R06).

Records and supplements that still wait for somebody, and attendances that nobody has ended. Whether something is late is a function of
time; nothing has to run for it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Subquery, case, literal, select, union_all

from timebank.activities.models import Activity, Shift
from timebank.attendance.models import Attendance
from timebank.attendance.rules import State
from timebank.clock import day_of
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role, masked_name
from timebank.organisations import scope
from timebank.organisations.models import Organisation
from timebank.records import deadlines
from timebank.records.models import Revision
from timebank.records.queries import is_current, is_frozen, is_pending
from timebank.records.rules import State as RecordState
from timebank.records.supplement_queries import is_open
from timebank.records.supplement_tables import Supplement

READERS = (Role.COORDINATOR, Role.AUDITOR, Role.ADMIN)
KINDS = ("record", "attendance", "supplement")
WAITS_FOR = ("review", "notice", "objection", "check_out", "reviewers")


def overdue(actor: Actor, *, now: datetime, organisation_id: UUID | None) -> Subquery:
    """Return what is late in an actor's scope; page by ``ended_at`` and ``id``, the longest overdue first."""
    before = deadlines.late_before(now)
    records = _records().where(
        Revision.ended_at < before,
        scope.organisations_of(actor, *READERS, column=Revision.organisation_id),
    )
    attendances = _attendances().where(
        Shift.ends_at < before,
        scope.organisations_of(actor, *READERS, column=Activity.organisation_id),
    )
    supplements = _supplements().where(
        Supplement.ended_at < before,
        scope.organisations_of(actor, *READERS, column=Supplement.organisation_id),
    )
    if organisation_id is not None:
        records = records.where(Revision.organisation_id == organisation_id)
        attendances = attendances.where(Activity.organisation_id == organisation_id)
        supplements = supplements.where(Supplement.organisation_id == organisation_id)
    return union_all(records, attendances, supplements).subquery("overdue")


def _records() -> Select[*tuple[Any, ...]]:
    waits_for = case(
        (is_frozen(Revision.record_id), "objection"),
        (Revision.state == RecordState.PENDING_NOTICE, "notice"),
        else_="review",
    )
    return (
        select(
            literal("record").label("kind"),
            Revision.record_id.label("id"),
            waits_for.label("waits_for"),
            Revision.organisation_id.label("organisation_id"),
            Revision.organisation_name.label("organisation_name"),
            Revision.activity_id.label("activity_id"),
            Revision.activity_name.label("activity_name"),
            Revision.shift_id.label("shift_id"),
            Revision.ended_at.label("ended_at"),
            Person.volunteer_no.label("volunteer_no"),
            Person.display_name.label("display_name"),
        )
        .join(Person, Person.id == Revision.volunteer_id)
        .where(is_pending(), is_current())
    )


def _attendances() -> Select[*tuple[Any, ...]]:
    return (
        select(
            literal("attendance"),
            Attendance.id,
            literal("check_out"),
            Activity.organisation_id,
            Organisation.name,
            Activity.id,
            Activity.name,
            Shift.id,
            Shift.ends_at,
            Person.volunteer_no,
            Person.display_name,
        )
        .join(Shift, Shift.id == Attendance.shift_id)
        .join(Activity, Activity.id == Shift.activity_id)
        .join(Organisation, Organisation.id == Activity.organisation_id)
        .join(Person, Person.id == Attendance.volunteer_id)
        .where(Attendance.state == State.OPEN)
    )


def _supplements() -> Select[*tuple[Any, ...]]:
    return (
        select(
            literal("supplement"),
            Supplement.id,
            literal("reviewers"),
            Supplement.organisation_id,
            Organisation.name,
            Activity.id,
            Activity.name,
            Shift.id,
            Supplement.ended_at,
            Person.volunteer_no,
            Person.display_name,
        )
        .join(Shift, Shift.id == Supplement.shift_id)
        .join(Activity, Activity.id == Shift.activity_id)
        .join(Organisation, Organisation.id == Supplement.organisation_id)
        .join(Person, Person.id == Supplement.volunteer_id)
        .where(is_open())
    )


def overdue_out(row: Row[Any], now: datetime) -> dict[str, Any]:
    """Return what ``OverdueOut`` shows of a row."""
    due = deadlines.due(row.ended_at)
    shown = {name: value for name, value in row._asdict().items() if name not in {"ended_at", "display_name"}}
    return shown | {
        "ended_on": day_of(row.ended_at),
        "due_on": due.on,
        "provisional": due.provisional,
        "days_late": deadlines.days_late(due, now),
        "volunteer_name": masked_name(row.display_name),
    }
