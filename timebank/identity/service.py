"""The verbs of identity: enrol a person, sign in, rotate, sign out."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from uuid import UUID

from sqlalchemy import update

from timebank import clock
from timebank.codes.alphabet import random_reference
from timebank.constraints import retry_on
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity import queries
from timebank.identity.ages import refuse_impossible_birth
from timebank.identity.errors import (
    BirthDateKnown,
    PersonNotActive,
    RefreshTokenInvalid,
)
from timebank.identity.family import refuse_own_family
from timebank.identity.models import (
    GrantedRole,
    Password,
    Person,
    RefreshToken,
    SignedInSession,
    WechatIdentity,
)
from timebank.identity.rules import (
    REFRESH_LIFETIME,
    Grant,
    PersonState,
    name_until_given,
    new_refresh_token,
    new_volunteer_no,
    token_hash,
)
from timebank.identity.wechat import OpenId

retry_on("uq_identity_person_volunteer_no", "uq_identity_person_member_ref", "pk_identity_wechat")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with a session and the refresh token that continues it."""

    person: Person
    session_id: UUID
    refresh_token: str


def enrol(*, display_name: str | None = None, person_id: UUID | None = None) -> Person:
    """Add a person; without a name they are called by their number until they give one."""
    number = new_volunteer_no()
    person = Person(
        id=person_id or new_id(),
        volunteer_no=number,
        member_ref=random_reference(8),
        display_name=display_name or name_until_given(number),
        state=PersonState.ACTIVE,
        created_at=clock.now(),
    )
    session.add(person)
    session.flush()
    return person


def bind_openid(*, person_id: UUID, who: OpenId) -> None:
    """Let an openid sign this person in."""
    session.add(WechatIdentity(app_id=who.app_id, openid=who.openid, person_id=person_id, bound_at=clock.now()))
    session.flush()


def sign_in_from_wechat(*, who: OpenId) -> SignedIn:
    """Sign in whoever WeChat says it is; an unknown openid becomes a new volunteer. Raises PersonNotActive."""
    person = queries.person_by_openid(app_id=who.app_id, openid=who.openid)
    if person is None:
        person = enrol()
        bind_openid(person_id=person.id, who=who)
    return _open_session(person)


def sign_in(*, person_id: UUID, place: bytes | None = None) -> SignedIn:
    """Open a session for a person whose password was checked, at a place. Raises NotFound, PersonNotActive."""
    person = session.get(Person, person_id, with_for_update={"read": True}, populate_existing=True)
    if person is None:
        raise NotFound
    return _open_session(person, place)


def _open_session(person: Person, place: bytes | None = None) -> SignedIn:
    """Open a session for somebody under lock: whoever freezes them at this moment ends it, or was there before."""
    if person.state != PersonState.ACTIVE:
        raise PersonNotActive
    opened = SignedInSession(id=new_id(), person_id=person.id, opened_at=clock.wall(), place=place)
    session.add(opened)
    session.flush()
    return SignedIn(person, opened.id, _new_refresh_token(opened.id))


def _new_refresh_token(session_id: UUID) -> str:
    token = new_refresh_token()
    expires_at = clock.wall() + REFRESH_LIFETIME
    session.add(RefreshToken(token_hash=token_hash(token), session_id=session_id, expires_at=expires_at, used_at=None))
    session.flush()
    return token


def refresh(*, refresh_token: str, asked_at: datetime | None = None) -> SignedIn:
    """Rotate a refresh token: the old one is spent, a new one continues the session.

    Raises RefreshTokenInvalid. Two uses of one token mean that one of them is a thief's: the session ends for both. But
    what was ``asked_at`` a time when the token was still good is its holder's own second request, sent beside the first
    one: it goes on with a token of its own.
    """
    now = clock.wall()
    known = session.get(RefreshToken, token_hash(refresh_token))
    if known is None:
        raise RefreshTokenInvalid
    spent = session.execute(
        update(RefreshToken)
        .where(RefreshToken.token_hash == known.token_hash, RefreshToken.used_at.is_(None))
        .values(used_at=now)
        .returning(RefreshToken.session_id)
    ).one_or_none()
    if spent is None and not _was_good(known, asked_at):
        refusal = RefreshTokenInvalid()
        refusal.leaves_trace(partial(sign_out, session_id=known.session_id))
        raise refusal
    opened = session.get_one(SignedInSession, known.session_id)
    if opened.revoked_at is not None or known.expires_at <= now:
        raise RefreshTokenInvalid
    person = _existing(opened.person_id)
    if person.state != PersonState.ACTIVE:
        raise PersonNotActive
    return SignedIn(person, opened.id, _new_refresh_token(opened.id))


def _was_good(token: RefreshToken, asked_at: datetime | None) -> bool:
    session.refresh(token)
    return asked_at is not None and token.used_at is not None and asked_at < token.used_at


def sign_out(*, session_id: UUID) -> None:
    """End a session: none of its refresh tokens is good any more. A second call changes nothing."""
    session.execute(
        update(SignedInSession)
        .where(SignedInSession.id == session_id, SignedInSession.revoked_at.is_(None))
        .values(revoked_at=clock.wall())
    )


def change_profile(*, person_id: UUID, display_name: str, birth_on: date | None = None) -> Person:
    """Change the name that a person shows, and say once when they were born.

    Raises Invalid for a birth date that cannot be, BirthDateKnown for another one than was given before.
    """
    person = _existing(person_id)
    person.display_name = display_name
    if birth_on is not None and birth_on != person.birth_on:
        if person.birth_on is not None:
            raise BirthDateKnown
        _give_birth_date(person, birth_on, by=person_id)
    session.flush()
    return person


def enter_birth_date(*, by: UUID, person_id: UUID, birth_on: date) -> Person:
    """Enter or correct a birth date from a document; the caller knows the scope. Raises NotFound, Invalid, OwnFamily."""
    person = _existing(person_id)
    refuse_own_family(by, person_id)
    _give_birth_date(person, birth_on, by=by)
    session.flush()
    return person


def _give_birth_date(person: Person, birth_on: date, *, by: UUID) -> None:
    refuse_impossible_birth(birth_on, clock.day_of(clock.now()))
    person.birth_on, person.birth_entered_by = birth_on, by


def set_password(*, person_id: UUID, username: str, password_hash: str) -> None:
    """Give a person a user name and password. Raises UsernameTaken."""
    session.add(Password(person_id=person_id, username=username, password_hash=password_hash, changed_at=clock.wall()))
    session.flush()


def grant(*, person_id: UUID, granted: Grant) -> None:
    """Give a person a role in a scope."""
    session.add(
        GrantedRole(
            id=new_id(),
            person_id=person_id,
            role=granted.role,
            organisation_id=granted.organisation_id,
            area_path=granted.area_path,
            granted_at=clock.wall(),
        )
    )
    session.flush()


def _existing(person_id: UUID) -> Person:
    person = queries.person(person_id)
    if person is None:
        raise NotFound
    return person
