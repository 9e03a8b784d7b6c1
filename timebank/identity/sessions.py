"""Where somebody is signed in: listed, and ended one by one or all at once."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select, update

from timebank import clock
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.device_models import Device, DeviceSession
from timebank.identity.models import RefreshToken, SignedInSession
from timebank.identity.rules import REFRESH_LIFETIME
from timebank.web import tokens

tokens.ended_where(exists().where(SignedInSession.id == tokens.SESSION, SignedInSession.revoked_at.is_not(None)))


class OpenSession(NamedTuple):
    """A session that goes on: since when, when it was last continued, and on which enrolled device."""

    id: UUID
    opened_at: datetime
    continued_at: datetime
    device_name: str | None


MOST_LISTED = 200


def open_sessions(person_id: UUID) -> list[OpenSession]:
    """Return where somebody is signed in, the newest first."""
    until = func.max(RefreshToken.expires_at)
    rows = session.execute(
        select(SignedInSession.id, SignedInSession.opened_at, until.label("until"), Device.name)
        .join(RefreshToken, RefreshToken.session_id == SignedInSession.id)
        .outerjoin(DeviceSession, DeviceSession.session_id == SignedInSession.id)
        .outerjoin(Device, Device.id == DeviceSession.device_id)
        .where(SignedInSession.person_id == person_id, SignedInSession.revoked_at.is_(None))
        .group_by(SignedInSession.id, SignedInSession.opened_at, Device.name)
        .having(until > clock.wall())
        .order_by(SignedInSession.opened_at.desc(), SignedInSession.id)
        .limit(MOST_LISTED)
    )
    return [OpenSession(row.id, row.opened_at, row.until - REFRESH_LIFETIME, row.name) for row in rows]


def end(*, person_id: UUID, session_id: UUID) -> None:
    """End one session of somebody; a second time changes nothing. Raises NotFound for one that is not theirs."""
    found = session.get(SignedInSession, session_id)
    if found is None or found.person_id != person_id:
        raise NotFound
    _end(SignedInSession.id == session_id)


def end_all(*, person_id: UUID, but: UUID | None = None) -> None:
    """End every session of somebody, perhaps but the one they are in."""
    theirs = SignedInSession.person_id == person_id
    _end(theirs if but is None else theirs & (SignedInSession.id != but))


def _end(which: ColumnElement[bool]) -> None:
    session.execute(
        update(SignedInSession).where(which, SignedInSession.revoked_at.is_(None)).values(revoked_at=clock.wall()),
        execution_options={"synchronize_session": False},
    )
