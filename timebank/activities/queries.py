"""What is asked about activities, shifts and sign-ups."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, Row, Select, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from timebank.activities.models import Activity, RiskAcceptance, Shift, SignUp
from timebank.activities.rules import ShiftState, SignUpState
from timebank.database import session
from timebank.identity.models import Person
from timebank.organisations.models import Area, Organisation, Site
from timebank.organisations.queries import within
from timebank.policies.queries import latest_number_subquery


@dataclass(frozen=True, slots=True)
class ShiftContext:
    """A shift with all that a scan, a record or a screen wants to know about it.

    ``area_path`` is where the activity takes place and decides the policy; ``organisation_path`` is where the
    organisation is registered and decides who may manage it. ``policy_number`` goes into ``policies.service.resolve``.
    ``latitude`` and ``longitude`` are the site's, in millionths of a degree.
    """

    shift_id: UUID
    activity_id: UUID
    activity_name: str
    category: str
    content: str
    organisation_id: UUID
    organisation_name: str
    organisation_path: str
    area_id: UUID
    area_path: str
    site_id: UUID | None
    place: str
    leader_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    capacity: int
    taken: int
    state: str
    point_ref: str
    policy_number: int
    closed_at: datetime | None = None
    risky: bool = False
    risk_notice: str | None = None
    insurance_ref: str | None = None
    activity_version: int = 1
    latitude: int | None = None
    longitude: int | None = None
    required: str | None = None
    has_roles: bool = False
    version: int = 1

    @property
    def free_places(self) -> int:
        """Return how many places are left."""
        return self.capacity - self.taken


CONTEXT_FIELDS = tuple(field.name for field in fields(ShiftContext))
_Registered = aliased(Area, name="registered")
_Group = aliased(Organisation, name="served_group")


def shift_contexts() -> Select[*tuple[Any, ...]]:
    """Select shift contexts, to filter, join (``Shift.id``) and add columns to; ``context_of`` reads a row."""
    return (
        select(
            Shift.id.label("shift_id"),
            Activity.id.label("activity_id"),
            Activity.name.label("activity_name"),
            Activity.category,
            Activity.content,
            Organisation.id.label("organisation_id"),
            Organisation.name.label("organisation_name"),
            _Registered.path.label("organisation_path"),
            Activity.area_id,
            Area.path.label("area_path"),
            Shift.site_id,
            func.coalesce(Site.name, Area.name).label("place"),
            Activity.leader_id,
            Shift.starts_at,
            Shift.ends_at,
            Shift.capacity,
            Shift.taken,
            Shift.state,
            Shift.point_ref,
            latest_number_subquery().label("policy_number"),
            Shift.closed_at,
            Activity.risky,
            Activity.risk_notice,
            Activity.insurance_ref,
            Activity.version.label("activity_version"),
            Site.latitude,
            Site.longitude,
            Activity.required,
            Shift.has_roles,
            Shift.version,
        )
        .select_from(Shift)
        .join(Activity, Activity.id == Shift.activity_id)
        .join(Organisation, Organisation.id == Activity.organisation_id)
        .join(_Registered, _Registered.id == Organisation.area_id)
        .join(Area, Area.id == Activity.area_id)
        .outerjoin(Site, Site.id == Shift.site_id)
    )


def context_of(row: Row[Any]) -> ShiftContext:
    """Return the context in a row of ``shift_contexts``, whatever columns were added to it."""
    return ShiftContext(*row[: len(CONTEXT_FIELDS)])


def shift_context(shift_id: UUID) -> ShiftContext | None:
    """Return the context of one shift."""
    row = session.execute(shift_contexts().where(Shift.id == shift_id)).one_or_none()
    return context_of(row) if row else None


def shift_by_point(point_ref: str) -> ShiftContext | None:
    """Return the context of the shift whose check-in point this is."""
    row = session.execute(shift_contexts().where(Shift.point_ref == point_ref)).one_or_none()
    return context_of(row) if row else None


def takes_place(*, since: datetime | None = None, until: datetime | None = None) -> list[ColumnElement[bool]]:
    """Return the conditions that a shift ends after ``since`` and starts before ``until``."""
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(Shift.ends_at > since)
    if until is not None:
        conditions.append(Shift.starts_at < until)
    return conditions


def is_open(now: datetime, *, open_before: timedelta, close_after: timedelta) -> list[ColumnElement[bool]]:
    """Return the conditions that one may scan at a shift now."""
    return [
        Shift.state == ShiftState.OPEN,
        Shift.closed_at.is_(None),
        Shift.starts_at <= now + open_before,
        Shift.ends_at >= now - close_after,
    ]


def signed_up(shift_id: UUID, volunteer_id: UUID) -> bool:
    """Whether a volunteer holds a place on a shift."""
    return bool(session.scalar(select(exists().where(*live(shift_id, volunteer_id)))))


def live(shift_id: UUID, volunteer_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a volunteer's live sign-up on a shift."""
    return (
        SignUp.shift_id == shift_id,
        SignUp.volunteer_id == volunteer_id,
        SignUp.state == SignUpState.LIVE,
    )


def sign_ups_of(volunteer_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select a volunteer's live sign-ups, each with its shift's context before it."""
    return (
        shift_contexts()
        .join(SignUp, SignUp.shift_id == Shift.id)
        .outerjoin(_Group, _Group.id == SignUp.group_id)
        .add_columns(
            SignUp.id,
            SignUp.signed_up_at,
            SignUp.walk_in,
            SignUp.role_id,
            SignUp.group_id,
            _Group.name.label("group_name"),
        )
        .where(SignUp.volunteer_id == volunteer_id, SignUp.state == SignUpState.LIVE)
    )


def withdrawals(*, shift_id: UUID | None = None, volunteer_id: UUID | None = None) -> Select[*tuple[Any, ...]]:
    """Select the sign-ups that were given up, of a shift or a volunteer, with who and what; page by when."""
    found = (
        select(
            SignUp.id,
            SignUp.withdrawn_at,
            SignUp.shift_id,
            SignUp.withdrawn_late,
            Activity.name.label("activity_name"),
            Shift.starts_at,
            Person.volunteer_no,
            Person.display_name,
        )
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Activity, Activity.id == Shift.activity_id)
        .join(Person, Person.id == SignUp.volunteer_id)
        .where(SignUp.state == SignUpState.WITHDRAWN)
    )
    if shift_id is not None:
        found = found.where(SignUp.shift_id == shift_id)
    return found.where(SignUp.volunteer_id == volunteer_id) if volunteer_id else found


def activities(
    *, organisation_id: UUID | None = None, area_path: str | None = None, category: str | None = None
) -> Select[Activity]:
    """Select activities, of one organisation, area subtree or category."""
    statement = select(Activity)
    if organisation_id is not None:
        statement = statement.where(Activity.organisation_id == organisation_id)
    if area_path is not None:
        statement = statement.join(Area, Area.id == Activity.area_id).where(within(area_path))
    return statement.where(Activity.category == category) if category else statement


def activity(activity_id: UUID) -> Activity | None:
    """Return one activity."""
    return session.get(Activity, activity_id)


def risk_accepted(*, shift_id: InstrumentedAttribute[UUID], volunteer_id: InstrumentedAttribute[UUID]) -> Exists:
    """Return the condition that somebody has accepted the risks of a shift in the words that its activity has now."""
    return exists().where(
        SignUp.shift_id == shift_id,
        SignUp.volunteer_id == volunteer_id,
        SignUp.state == SignUpState.LIVE,
        RiskAcceptance.sign_up_id == SignUp.id,
        RiskAcceptance.notice == Activity.risk_notice,
    )
