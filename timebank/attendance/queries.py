"""What is asked when somebody scans: each question is one select, built once."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Row, Select, String, Uuid, bindparam, exists, func, select, true
from sqlalchemy.orm import aliased

from timebank.activities.models import Activity, Shift, SignUp
from timebank.activities.queries import ShiftContext, context_of, shift_contexts
from timebank.activities.rules import SignUpState
from timebank.attendance.models import Attendance
from timebank.attendance.rules import Open, Standing, State
from timebank.database import session
from timebank.identity.models import Person
from timebank.notifications.queries import wishes
from timebank.notifications.rules import Topic
from timebank.records.overlaps import also_taken_by
from timebank.records.queries import so_far_of, so_far_subquery
from timebank.records.rules import SoFar

_VOLUNTEER = bindparam("volunteer", type_=Uuid())
_MEMBER = bindparam("member", type_=String())
_BY_MEMBER = select(Person.id).where(Person.member_ref == _MEMBER).scalar_subquery()

_Inside = aliased(Attendance, name="inside")
_InsideShift = aliased(Shift, name="inside_shift")
_InsideActivity = aliased(Activity, name="inside_activity")
_Earlier = aliased(Attendance, name="earlier")

_SIGNED_UP = exists().where(
    SignUp.shift_id == Shift.id, SignUp.volunteer_id == Person.id, SignUp.state == SignUpState.LIVE
)


def _ends(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Any:
    """Return an aggregate over the volunteer's attendances that were not annulled."""
    valid = (_Earlier.volunteer_id == Person.id, _Earlier.state != State.ANNULLED)
    return select(column).where(*valid, *conditions).correlate(Person, Shift).scalar_subquery()


def _standings() -> Select[Any]:
    """Select a shift's context with how somebody stands towards it, to filter by shift and person."""
    here = _Earlier.shift_id == Shift.id
    that_day = _Earlier.served_on == bindparam("day", type_=Date())
    return (
        shift_contexts()
        .join(Person, true())
        .outerjoin(_Inside, (_Inside.volunteer_id == Person.id) & (_Inside.state == State.OPEN))
        .outerjoin(_InsideShift, _InsideShift.id == _Inside.shift_id)
        .outerjoin(_InsideActivity, _InsideActivity.id == _InsideShift.activity_id)
        .add_columns(
            Person.id.label("volunteer_id"),
            Person.display_name,
            Person.state.label("person_state"),
            _SIGNED_UP.label("signed_up"),
            _Inside.id.label("inside_id"),
            _Inside.shift_id.label("inside_shift_id"),
            _Inside.checked_in_at.label("inside_since"),
            _InsideActivity.name.label("inside_where"),
            _ends(func.count(), here, that_day).label("pairs"),
            _ends(func.max(_Earlier.checked_out_at), here).label("left_at"),
            _ends(func.max(_Earlier.checked_out_at)).label("busy_until"),
            wishes(Person.id, Topic.ARRIVAL).label("wants_word"),
        )
    )


_AT_POINT = _standings().where(Shift.point_ref == bindparam("point", type_=String()), Person.id == _VOLUNTEER)
_AT_SHIFT = _standings().where(Shift.id == bindparam("shift", type_=Uuid()), Person.member_ref == _MEMBER)


def at_point(*, point: str, volunteer_id: UUID, day: date) -> tuple[ShiftContext, Standing] | None:
    """Return the shift of a check-in point and how a volunteer stands towards it; None without such a point."""
    return _standing(_AT_POINT, {"point": point, "volunteer": volunteer_id, "day": day})


def at_shift(*, shift_id: UUID, member: str, day: date) -> tuple[ShiftContext, Standing] | None:
    """Return a shift and how the member of a code stands towards it; None without such a shift or member."""
    return _standing(_AT_SHIFT, {"shift": shift_id, "member": member, "day": day})


def _standing(statement: Select[Any], values: dict[str, Any]) -> tuple[ShiftContext, Standing] | None:
    row = session.connection().execute(statement, values).one_or_none()
    if row is None:
        return None
    inside = None
    if row.inside_id is not None:
        inside = Open(
            attendance_id=row.inside_id,
            shift_id=row.inside_shift_id,
            checked_in_at=row.inside_since,
            where=row.inside_where,
        )
    return context_of(row), Standing(
        volunteer_id=row.volunteer_id,
        display_name=row.display_name,
        person_state=row.person_state,
        signed_up=row.signed_up,
        open=inside,
        pairs=row.pairs,
        left_at=row.left_at,
        busy_until=row.busy_until,
        wants_word=bool(row.wants_word),
    )


@dataclass(frozen=True, slots=True)
class Locked:
    """The open attendance of somebody, locked, with all that its end needs to know."""

    attendance: Row[Any]
    context: ShiftContext
    so_far: SoFar


def _open_of(who: ColumnElement[UUID]) -> Select[Any]:
    """Lock the open attendance of ``who`` and read everything about it in the same statement.

    A second check-out waits here for the first, looks at the row again, finds it no longer open, and gets nothing.
    """
    day = select(Attendance.served_on).where(Attendance.volunteer_id == who, Attendance.state == State.OPEN)
    so_far = so_far_subquery(volunteer_id=who, day=day.scalar_subquery())
    return (
        shift_contexts()
        .join(Attendance, Attendance.shift_id == Shift.id)
        .join(Person, Person.id == Attendance.volunteer_id)
        .join(so_far, true())
        .add_columns(
            Attendance.id.label("attendance_id"),
            Attendance.volunteer_id,
            Attendance.checked_in_at,
            Attendance.in_provenance,
            Attendance.flags,
            Person.state.label("person_state"),
            Person.display_name,
            *so_far.c,
        )
        .where(Attendance.volunteer_id == who, Attendance.state == State.OPEN)
        .with_for_update(key_share=True, of=Attendance)
    )


_OPEN_OF_VOLUNTEER = _open_of(_VOLUNTEER)
_OPEN_OF_MEMBER = _open_of(_BY_MEMBER)


def lock_open(*, volunteer_id: UUID | None = None, member: str | None = None) -> Locked | None:
    """Lock and return the open attendance of a volunteer, or of the member that a code names."""
    found = (
        session.connection().execute(_OPEN_OF_MEMBER, {"member": member})
        if member is not None
        else session.connection().execute(_OPEN_OF_VOLUNTEER, {"volunteer": volunteer_id})
    )
    row = found.one_or_none()
    return Locked(row, context_of(row), so_far_of(row)) if row else None


@also_taken_by
def is_inside(volunteer_id: UUID, _started_at: datetime, ended_at: datetime) -> bool:
    """Whether somebody has been inside a shift, and still is, since before ``ended_at``: no record says so yet."""
    inside = exists().where(
        Attendance.volunteer_id == volunteer_id, Attendance.state == State.OPEN, Attendance.checked_in_at < ended_at
    )
    return bool(session.scalar(select(inside)))


def attendances_of(volunteer_id: UUID) -> Select[Any]:
    """Select a volunteer's attendances, each with its shift's context before it; page by when they began."""
    return (
        shift_contexts()
        .join(Attendance, Attendance.shift_id == Shift.id)
        .add_columns(
            Attendance.id,
            Attendance.state.label("attendance_state"),
            Attendance.checked_in_at,
            Attendance.checked_out_at,
            Attendance.flags,
            Attendance.record_id,
        )
        .where(Attendance.volunteer_id == volunteer_id)
    )


def present(shift_id: UUID) -> list[Row[Any]]:
    """Return who was or is at a shift, latest first: state, instants, flags and name."""
    found = (
        select(
            Attendance.id,
            Attendance.state,
            Attendance.checked_in_at,
            Attendance.checked_out_at,
            Attendance.flags,
            Attendance.volunteer_id,
            Person.display_name,
        )
        .join(Person, Person.id == Attendance.volunteer_id)
        .where(Attendance.shift_id == shift_id, Attendance.state != State.ANNULLED)
        .order_by(Attendance.checked_in_at.desc(), Attendance.id.desc())
    )
    return list(session.execute(found))
