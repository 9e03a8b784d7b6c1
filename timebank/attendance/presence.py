"""Who is at a shift, who has left, and who has signed up and is not there: what its leader looks at."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, cast, exists, func, literal, null, select, union_all

from timebank.activities.models import ShiftRole, SignUp
from timebank.activities.rules import SignUpState
from timebank.attendance.models import Attendance
from timebank.attendance.rules import State
from timebank.database import session
from timebank.identity.models import Person

ABSENT = "absent"
"""Shown of whoever holds a place and has not checked in."""


@dataclass(frozen=True, slots=True)
class Headcount:
    """People at a shift, each counted once, whoever came back included."""

    inside: int
    left: int
    absent: int


def headcount(shift_id: UUID) -> Headcount:
    """Count the people of a shift in one statement."""
    came = (Attendance.shift_id == shift_id, Attendance.state != State.ANNULLED)
    inside = select(func.count(Attendance.volunteer_id.distinct())).where(*came, Attendance.state == State.OPEN)
    present = select(func.count(Attendance.volunteer_id.distinct())).where(*came)
    absent = select(func.count()).where(*_absent(shift_id))
    row = session.execute(select(inside.scalar_subquery(), present.scalar_subquery(), absent.scalar_subquery())).one()
    return Headcount(inside=row[0], left=row[1] - row[0], absent=row[2])


def _absent(shift_id: UUID) -> tuple[Any, ...]:
    came = exists().where(
        Attendance.shift_id == SignUp.shift_id,
        Attendance.volunteer_id == SignUp.volunteer_id,
        Attendance.state != State.ANNULLED,
    )
    return SignUp.shift_id == shift_id, SignUp.state == SignUpState.LIVE, ~came.correlate(SignUp)


def _nothing(column: Any, name: str) -> Any:
    return cast(null(), column.type).label(name)


def listed(shift_id: UUID) -> tuple[Select[Any], tuple[Any, Any]]:
    """Select the stays at a shift and those who have not come, with number, name and role; and what to page them by.

    ``since`` is the check-in, or the sign-up of somebody who has not come: who came last stands first.
    """
    stays = select(
        Attendance.id.label("key"),
        Attendance.id.label("attendance_id"),
        Attendance.volunteer_id,
        Attendance.state.label("attendance_state"),
        Attendance.checked_in_at.label("since"),
        Attendance.checked_in_at,
        Attendance.checked_out_at,
        Attendance.in_provenance,
        Attendance.out_provenance,
        Attendance.flags,
    ).where(Attendance.shift_id == shift_id, Attendance.state != State.ANNULLED)
    absent = select(
        SignUp.id.label("key"),
        _nothing(Attendance.id, "attendance_id"),
        SignUp.volunteer_id,
        literal(ABSENT).label("attendance_state"),
        SignUp.signed_up_at.label("since"),
        _nothing(Attendance.checked_in_at, "checked_in_at"),
        _nothing(Attendance.checked_out_at, "checked_out_at"),
        _nothing(Attendance.in_provenance, "in_provenance"),
        _nothing(Attendance.out_provenance, "out_provenance"),
        literal("").label("flags"),
    ).where(*_absent(shift_id))
    people = union_all(stays, absent).subquery("people")
    held = (
        SignUp.shift_id == shift_id,
        SignUp.volunteer_id == people.c.volunteer_id,
        SignUp.state == SignUpState.LIVE,
    )
    found: Select[Any] = (
        select(people, Person.volunteer_no, Person.display_name, ShiftRole.name.label("role"))
        .join(Person, Person.id == people.c.volunteer_id)
        .outerjoin(SignUp, and_(*held))
        .outerjoin(ShiftRole, ShiftRole.id == SignUp.role_id)
    )
    return found, (people.c.since, people.c.key)
