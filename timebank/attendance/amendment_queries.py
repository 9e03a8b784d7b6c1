"""What is asked when an attendance is annulled or gets other times."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, select, update

from timebank.activities.models import Shift
from timebank.activities.queries import ShiftContext, context_of, shift_contexts
from timebank.attendance.models import Attendance, AttendanceAmendment
from timebank.attendance.queries import STAY
from timebank.attendance.rules import State
from timebank.database import session
from timebank.identity.models import Person


def volunteer_of(attendance_id: UUID) -> UUID | None:
    """Return whose attendance it is."""
    return session.scalar(select(Attendance.volunteer_id).where(Attendance.id == attendance_id))


def lock(attendance_id: UUID) -> tuple[Row[Any], ShiftContext] | None:
    """Lock and return an attendance (``queries.STAY``, and the volunteer's name) and its shift."""
    found = (
        shift_contexts()
        .join(Attendance, Attendance.shift_id == Shift.id)
        .join(Person, Person.id == Attendance.volunteer_id)
        .add_columns(*STAY, Person.display_name)
        .where(Attendance.id == attendance_id)
        .with_for_update(key_share=True, of=Attendance)
    )
    row = session.execute(found).one_or_none()
    return (row, context_of(row)) if row else None


def inside(volunteer_id: UUID) -> tuple[Row[Any], ShiftContext] | None:
    """Return the open attendance of somebody (``queries.STAY``) and its shift."""
    found = (
        shift_contexts()
        .join(Attendance, Attendance.shift_id == Shift.id)
        .add_columns(*STAY)
        .where(Attendance.volunteer_id == volunteer_id, Attendance.state == State.OPEN)
    )
    row = session.execute(found).one_or_none()
    return (row, context_of(row)) if row else None


def amended_by(record_id: UUID, actor_id: UUID) -> bool:
    """Whether somebody has given the attendance of a record other times."""
    found = exists().where(
        Attendance.record_id == record_id,
        AttendanceAmendment.attendance_id == Attendance.id,
        AttendanceAmendment.actor_id == actor_id,
        AttendanceAmendment.correction_id.is_(None),
    )
    return bool(session.scalar(select(found)))


def annul_attendance_of(record_id: UUID) -> None:
    """Mark the attendance that a record was made from, if it was one, as annulled."""
    session.execute(
        update(Attendance)
        .where(Attendance.record_id == record_id)
        .values(state=State.ANNULLED)
        .execution_options(synchronize_session=False)
    )
