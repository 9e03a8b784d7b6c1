"""Calendars that phones subscribe to by a secret link: one's own shifts, or those of an organisation. No person is named."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, case, func, select, update

from timebank import clock
from timebank.activities.calendar_tables import CalendarFeed
from timebank.activities.models import Activity, Shift, SignUp
from timebank.activities.rules import ShiftState, SignUpState
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState, Role, token_hash
from timebank.organisations import scope
from timebank.organisations.models import Area, Organisation, Site

PUBLISHERS = (Role.COORDINATOR, Role.ADMIN)
KEPT_FOR = timedelta(days=90)
"""So long a shift that is over stays in a calendar."""
MOST = 500

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A shift in a calendar. ``sequence`` grows with every change, so that a phone takes the newest."""

    shift_id: UUID
    name: str
    place: str
    starts_at: datetime
    ends_at: datetime
    cancelled: bool
    sequence: int
    changed_at: datetime


def issue(*, person_id: UUID, organisation_id: UUID | None = None) -> str:
    """Make a new link to somebody's own shifts, or to those of an organisation, and return its token, this once.

    The link before it is good no more. Whether ``person_id`` may ask for the organisation's is the caller's question.
    """
    now = clock.now()
    revoke(person_id=person_id, organisation_id=organisation_id)
    token = secrets.token_urlsafe(32)
    session.add(
        CalendarFeed(
            id=new_id(),
            token_hash=token_hash(token),
            person_id=None if organisation_id else person_id,
            organisation_id=organisation_id,
            issued_by=person_id,
            issued_at=now,
        )
    )
    session.flush()
    return token


def revoke(*, person_id: UUID, organisation_id: UUID | None = None) -> None:
    """Let the link be good no more; without one nothing happens."""
    session.execute(
        update(CalendarFeed)
        .where(_of(person_id, organisation_id), CalendarFeed.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def issued_at(*, person_id: UUID, organisation_id: UUID | None = None) -> datetime | None:
    """Return when the link that is good was made; None without one."""
    found = select(CalendarFeed.issued_at).where(_of(person_id, organisation_id), CalendarFeed.revoked_at.is_(None))
    return session.scalars(found).one_or_none()


def refuse_foreign(actor: Actor, organisation_id: UUID) -> None:
    """Raise NotFound unless the actor publishes for the organisation."""
    scope.organisation_for(actor, *PUBLISHERS, organisation_id=organisation_id)


def _of(person_id: UUID, organisation_id: UUID | None) -> ColumnElement[bool]:
    if organisation_id is not None:
        return CalendarFeed.organisation_id == organisation_id
    return CalendarFeed.person_id == person_id


def read(token: str) -> tuple[str, list[Entry]]:
    """Return a calendar's name and its shifts in their order. Raises NotFound for a link that is unknown or revoked."""
    feed = None
    if _TOKEN.fullmatch(token):
        found = select(CalendarFeed).where(
            CalendarFeed.token_hash == token_hash(token), CalendarFeed.revoked_at.is_(None)
        )
        feed = session.scalars(found).one_or_none()
    if feed is None:
        raise NotFound
    since = clock.now() - KEPT_FOR
    if feed.organisation_id is not None:
        organisation = session.get_one(Organisation, feed.organisation_id)
        return organisation.name, _of_organisation(feed.organisation_id, since)
    person = session.get_one(Person, feed.person_id)
    if person.state != PersonState.ACTIVE:
        raise NotFound
    return "志愿服务", _of_person(person.id, since)


def _of_organisation(organisation_id: UUID, since: datetime) -> list[Entry]:
    found = _shifts().where(Activity.organisation_id == organisation_id, Shift.ends_at > since)
    return [_entry(row, cancelled=row.state == ShiftState.CANCELLED, moves=0, moved_at=None) for row in _latest(found)]


def _latest(found: Any) -> list[Any]:
    """Return as many shifts as a calendar holds, in their order: of too many, those to come rather than those gone by."""
    return list(session.execute(found.order_by(Shift.starts_at.desc(), Shift.id.desc()).limit(MOST)))[::-1]


def _of_person(person_id: UUID, since: datetime) -> list[Entry]:
    """Return the shifts that somebody has, or had, signed up for: those given up are shown as cancelled."""
    held = (
        select(
            SignUp.shift_id,
            func.max(case((SignUp.state == SignUpState.LIVE, 1), else_=0)).label("live"),
            func.sum(case((SignUp.state == SignUpState.WITHDRAWN, 1), else_=0)).label("withdrawn"),
            func.max(func.coalesce(SignUp.withdrawn_at, SignUp.signed_up_at), type_=SignUp.signed_up_at.type).label(
                "moved_at"
            ),
        )
        .where(SignUp.volunteer_id == person_id)
        .group_by(SignUp.shift_id)
        .subquery()
    )
    found = (
        _shifts()
        .join(held, held.c.shift_id == Shift.id)
        .add_columns(held.c.live, held.c.withdrawn, held.c.moved_at)
        .where(Shift.ends_at > since)
    )
    return [
        _entry(
            row,
            cancelled=not row.live or row.state == ShiftState.CANCELLED,
            moves=2 * int(row.withdrawn) - (0 if row.live else 1),
            moved_at=row.moved_at,
        )
        for row in _latest(found)
    ]


def _shifts() -> Any:
    return (
        select(
            Shift.id,
            Activity.name,
            func.coalesce(Site.name, Area.name).label("place"),
            Shift.starts_at,
            Shift.ends_at,
            Shift.state,
            Shift.version,
            func.coalesce(Shift.changed_at, Shift.created_at).label("changed_at"),
        )
        .join(Activity, Activity.id == Shift.activity_id)
        .join(Area, Area.id == Activity.area_id)
        .outerjoin(Site, Site.id == Shift.site_id)
    )


def _entry(row: Row[Any], *, cancelled: bool, moves: int, moved_at: datetime | None) -> Entry:
    return Entry(
        shift_id=row.id,
        name=row.name,
        place=row.place,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        cancelled=cancelled,
        sequence=row.version - 1 + moves,
        changed_at=max(row.changed_at, moved_at or row.changed_at),
    )
