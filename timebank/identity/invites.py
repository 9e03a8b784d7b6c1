"""Invites: a code on paper by which somebody without a phone comes to their own account later, once."""

import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select

from timebank import clock
from timebank.codes.alphabet import random_reference
from timebank.codes.normalise import typed_reference
from timebank.constraints import retry_on
from timebank.database import session
from timebank.identity.binding_errors import InviteInvalid
from timebank.identity.binding_tables import Invite
from timebank.identity.models import Person
from timebank.identity.phones import Keys

CODE_LENGTH = 10
"""Fifty random bits, and few guesses an hour."""
LIFE = timedelta(days=7)

# Two colleagues at once: the second look replaces the first one's code.
retry_on("pk_identity_invite")


def code_hash(code: str, key: bytes) -> bytes:
    """Return what is kept of a code."""
    return hmac.digest(key, b"invite\n" + code.encode(), hashlib.sha256)


def make(*, person: Person, organisation_id: UUID, by: UUID, key: bytes) -> tuple[str, datetime]:
    """Return a new code for somebody, and until when it is good; the one before is good no more."""
    code, now = random_reference(CODE_LENGTH), clock.wall()
    invite = session.get(Invite, person.id, populate_existing=True) or Invite(person_id=person.id)
    invite.code_hash, invite.organisation_id, invite.made_by = code_hash(code, key), organisation_id, by
    invite.made_at, invite.expires_at, invite.used_at, invite.used_for = now, now + LIFE, None, None
    session.add(invite)
    session.flush()
    return code, invite.expires_at


def named(code: str, *, keys: Keys) -> UUID:
    """Return whom a code names. Raises InviteInvalid for a code that is none."""
    person_id = session.scalar(select(Invite.person_id).where(_is(code, keys)))
    if person_id is None:
        raise InviteInvalid
    return person_id


def locked(code: str, *, keys: Keys) -> Invite:
    """Return the invite that a code names, whether or not it can still be used, locked until the transaction ends.

    Of two who type one code at once the second sees that it was used. Whoever locks its person, too, does that first.
    Raises InviteInvalid for a code that is none (any more).
    """
    found = select(Invite).where(_is(code, keys)).with_for_update()
    invite = session.scalars(found.execution_options(populate_existing=True)).one_or_none()
    if invite is None:
        raise InviteInvalid
    return invite


def _is(code: str, keys: Keys) -> ColumnElement[bool]:
    plain = typed_reference(code)
    return Invite.code_hash.in_([code_hash(plain, key) for key in keys])


def refuse_spent(invite: Invite) -> None:
    """Raise InviteInvalid for an invite that was used, or is too old."""
    if invite.used_at is not None or invite.expires_at <= clock.wall():
        raise InviteInvalid
