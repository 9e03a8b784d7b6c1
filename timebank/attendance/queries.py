"""What is asked when somebody scans: each question is one select, built once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Integer, Row, Select, String, Uuid, bindparam, exists, func, select, true
from sqlalchemy.orm import aliased

from timebank.activities.groups import group_of
from timebank.activities.models import Activity, Shift, SignUp
from timebank.activities.queries import ShiftContext, context_of, shift_contexts
from timebank.activities.rules import MAX_CAPACITY, SignUpState
from timebank.attendance.backgrounds import NO_PHONE, Moment, background_of, shared_device, with_background
from timebank.attendance.models import Attendance
from timebank.attendance.places import spot_of
from timebank.attendance.rules import Open, Standing, State
from timebank.database import session
from timebank.identity.models import Person
from timebank.notifications.queries import wishes
from timebank.notifications.rules import Topic
from timebank.organisations.models import Area, Site
from timebank.records.models import Revision
from timebank.records.queries import is_current, is_pending, so_far_of, so_far_subquery
from timebank.records.rules import SoFar

_VOLUNTEER = bindparam("volunteer", type_=Uuid())
_MEMBER = bindparam("member", type_=String())
_BY_MEMBER = select(Person.id).where(Person.member_ref == _MEMBER).scalar_subquery()

_Inside = aliased(Attendance, name="inside")
_InsideShift = aliased(Shift, name="inside_shift")
_InsideActivity = aliased(Activity, name="inside_activity")
_InsideArea = aliased(Area, name="inside_area")
_InsideSite = aliased(Site, name="inside_site")
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
    found = (
        shift_contexts()
        .join(Person, true())
        .outerjoin(_Inside, (_Inside.volunteer_id == Person.id) & (_Inside.state == State.OPEN))
        .outerjoin(_InsideShift, _InsideShift.id == _Inside.shift_id)
        .outerjoin(_InsideActivity, _InsideActivity.id == _InsideShift.activity_id)
        .outerjoin(_InsideArea, _InsideArea.id == _InsideActivity.area_id)
        .outerjoin(_InsideSite, _InsideSite.id == _InsideShift.site_id)
        .add_columns(
            Person.id.label("volunteer_id"),
            Person.display_name,
            Person.state.label("person_state"),
            _SIGNED_UP.label("signed_up"),
            _Inside.id.label("inside_id"),
            _Inside.shift_id.label("inside_shift_id"),
            _Inside.checked_in_at.label("inside_since"),
            _InsideActivity.name.label("inside_where"),
            _InsideShift.ends_at.label("inside_ends_at"),
            _InsideActivity.organisation_id.label("inside_organisation_id"),
            _InsideArea.path.label("inside_area_path"),
            _InsideSite.latitude.label("inside_latitude"),
            _InsideSite.longitude.label("inside_longitude"),
            _ends(func.count(), here, that_day).label("pairs"),
            _ends(func.max(_Earlier.checked_out_at), here).label("left_at"),
            wishes(Person.id, Topic.ARRIVAL).label("wants_word"),
            _ends(func.count(), here, _Earlier.state == State.AUTO_CLOSED).label("forgot"),
        )
    )
    return with_background(found)


_AT_POINT = _standings().where(Shift.point_ref == bindparam("point", type_=String()), Person.id == _VOLUNTEER)
_AT_SHIFT = _standings().where(Shift.id == bindparam("shift", type_=Uuid()), Person.member_ref == _MEMBER)


def at_point(*, point: str, volunteer_id: UUID, moment: Moment) -> tuple[ShiftContext, Standing] | None:
    """Return the shift of a check-in point and how a volunteer stands towards it; None without such a point."""
    return _standing(_AT_POINT, {"point": point, "volunteer": volunteer_id, **moment.values()})


def at_shift(*, shift_id: UUID, member: str, moment: Moment) -> tuple[ShiftContext, Standing] | None:
    """Return a shift and how the member of a code stands towards it; None without such a shift or member."""
    return _standing(_AT_SHIFT, {"shift": shift_id, "member": member, **moment.values()})


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
            ends_at=row.inside_ends_at,
            organisation_id=row.inside_organisation_id,
            area_path=row.inside_area_path,
            spot=spot_of(row.inside_latitude, row.inside_longitude),
        )
    return context_of(row), Standing(
        volunteer_id=row.volunteer_id,
        shift_id=row.shift_id,
        display_name=row.display_name,
        person_state=row.person_state,
        signed_up=row.signed_up,
        open=inside,
        pairs=row.pairs,
        left_at=row.left_at,
        busy_until=row.busy_until,
        wants_word=bool(row.wants_word),
        forgot=row.forgot > 0,
        background=background_of(row),
    )


@dataclass(frozen=True, slots=True)
class Locked:
    """The open attendance of somebody, locked, with all that its end needs to know."""

    attendance: Row[Any]
    context: ShiftContext
    so_far: SoFar


def _to_end(who: ColumnElement[UUID], *conditions: ColumnElement[bool]) -> Select[Any]:
    """Lock an attendance of ``who`` and read everything about it in the same statement.

    A second check-out waits here for the first, looks at the row again, finds it changed, and gets nothing.
    """
    day = select(Attendance.served_on).where(Attendance.volunteer_id == who, *conditions)
    so_far = so_far_subquery(volunteer_id=who, day=day.scalar_subquery())
    return (
        shift_contexts()
        .join(Attendance, Attendance.shift_id == Shift.id)
        .join(Person, Person.id == Attendance.volunteer_id)
        .join(so_far, true())
        .add_columns(
            *STAY,
            Person.state.label("person_state"),
            Person.display_name,
            shared_device().label("shared_device"),
            *so_far.c,
        )
        .where(Attendance.volunteer_id == who, *conditions)
        .with_for_update(key_share=True, of=Attendance)
    )


STAY = (
    Attendance.id.label("attendance_id"),
    Attendance.volunteer_id,
    Attendance.state.label("attendance_state"),
    Attendance.served_on,
    Attendance.checked_in_at,
    Attendance.checked_out_at,
    Attendance.in_provenance,
    Attendance.out_provenance,
    Attendance.flags,
    Attendance.record_id,
    group_of(Attendance.shift_id, Attendance.volunteer_id).label("group_id"),
)
"""What its end, or another end, must know of an attendance."""
_OPEN = Attendance.state == State.OPEN
_LAST_AND_FORGOTTEN = (
    Attendance.state == State.AUTO_CLOSED,
    ~exists()
    .where(
        _Earlier.volunteer_id == Attendance.volunteer_id,
        _Earlier.checked_in_at > Attendance.checked_in_at,
        _Earlier.state != State.ANNULLED,
    )
    .correlate(Attendance),
    exists().where(Revision.record_id == Attendance.record_id, is_pending(), is_current()).correlate(Attendance),
)
_OPEN_OF_VOLUNTEER = _to_end(_VOLUNTEER, _OPEN)
_OPEN_OF_MEMBER = _to_end(_BY_MEMBER, _OPEN)
_FORGOTTEN_BY_VOLUNTEER = _to_end(_VOLUNTEER, *_LAST_AND_FORGOTTEN)
_FORGOTTEN_BY_MEMBER = _to_end(_BY_MEMBER, *_LAST_AND_FORGOTTEN)


def lock_open(
    *, moment: Moment = NO_PHONE, volunteer_id: UUID | None = None, member: str | None = None
) -> Locked | None:
    """Lock and return the open attendance of a volunteer, or of the member that a code names."""
    if member is not None:
        return _locked(_OPEN_OF_MEMBER, {"member": member, **moment.device()})
    return _locked(_OPEN_OF_VOLUNTEER, {"volunteer": volunteer_id, **moment.device()})


def lock_forgotten(
    *, moment: Moment = NO_PHONE, volunteer_id: UUID | None = None, member: str | None = None
) -> Locked | None:
    """Lock and return the last attendance of somebody if it was closed for them and nobody has decided on it yet."""
    if member is not None:
        return _locked(_FORGOTTEN_BY_MEMBER, {"member": member, **moment.device()})
    return _locked(_FORGOTTEN_BY_VOLUNTEER, {"volunteer": volunteer_id, **moment.device()})


def _locked(statement: Select[Any], values: dict[str, Any]) -> Locked | None:
    row = session.connection().execute(statement, values).one_or_none()
    return Locked(row, context_of(row), so_far_of(row)) if row else None


def _inside(*, skip_locked: bool) -> Select[*tuple[Any, ...]]:
    return (
        select(*STAY, Person.state.label("person_state"), Person.display_name, Person.volunteer_no)
        .join(Person, Person.id == Attendance.volunteer_id)
        .where(Attendance.shift_id == bindparam("shift", type_=Uuid()), _OPEN)
        .order_by(Attendance.id)
        .limit(bindparam("limit", type_=Integer()))
        .with_for_update(key_share=True, of=Attendance, skip_locked=skip_locked)
    )


_INSIDE = _inside(skip_locked=False)
_INSIDE_AND_FREE = _inside(skip_locked=True)


def lock_inside(shift_id: UUID, *, limit: int = MAX_CAPACITY, wait: bool = True) -> list[Row[Any]]:
    """Lock and return who is inside a shift, in one order; without ``wait`` only those whom nobody is about to end."""
    statement = _INSIDE if wait else _INSIDE_AND_FREE
    return list(session.connection().execute(statement, {"shift": shift_id, "limit": limit}))


def left_open(*, ended_before: datetime, limit: int) -> list[ShiftContext]:
    """Return shifts that have ended and still have somebody inside, the longest over first."""
    inside = exists().where(Attendance.shift_id == Shift.id, _OPEN)
    found = shift_contexts().where(Shift.ends_at < ended_before, inside).order_by(Shift.ends_at, Shift.id).limit(limit)
    return [context_of(row) for row in session.execute(found)]


def is_inside(shift_id: UUID, volunteer_id: UUID) -> bool:
    """Whether somebody has an open attendance at a shift."""
    here = (Attendance.shift_id == shift_id, Attendance.volunteer_id == volunteer_id, _OPEN)
    return bool(session.scalar(select(exists().where(*here))))


def states_of(shift_id: UUID, volunteer_id: UUID) -> set[str]:
    """Return the states of somebody's attendances at a shift, without the annulled ones."""
    here = (Attendance.shift_id == shift_id, Attendance.volunteer_id == volunteer_id)
    return set(session.scalars(select(Attendance.state).where(*here, Attendance.state != State.ANNULLED)))


def attended(shift_ids: Collection[UUID]) -> set[UUID]:
    """Return the shifts among some at which somebody has checked in."""
    here = (Attendance.shift_id.in_(list(shift_ids)), Attendance.state != State.ANNULLED)
    return set(session.scalars(select(Attendance.shift_id).where(*here).distinct()))


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
