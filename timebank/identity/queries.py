"""What is asked about people."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import aliased

from timebank.database import session
from timebank.identity import former
from timebank.identity.device_models import ClerkSite
from timebank.identity.models import (
    FailedSignIn,
    GrantedRole,
    Password,
    Person,
    SignedInSession,
    WechatIdentity,
)
from timebank.identity.rules import Actor, Grant, PersonState, Post, Role


class StoredPassword(NamedTuple):
    """What a password is checked against, and what else stands between it and a session."""

    person_id: UUID
    password_hash: str
    must_change: bool
    disabled_at: datetime | None


def person(person_id: UUID) -> Person | None:
    """Return one person."""
    return session.get(Person, person_id)


def people(person_ids: Iterable[UUID | None]) -> dict[UUID, Person]:
    """Return people by id, in one statement."""
    wanted = {person_id for person_id in person_ids if person_id}
    return {person.id: person for person in session.scalars(select(Person).where(Person.id.in_(wanted)))}


def person_by_member_ref(member_ref: str) -> Person | None:
    """Return the person whom a member code names."""
    return session.scalars(select(Person).where(Person.member_ref == member_ref)).one_or_none()


def person_by_number(volunteer_no: str) -> Person | None:
    """Return the person who has a volunteer number; of an account that was merged, whoever goes on."""
    named = aliased(Person, name="named")
    found = select(Person).join(named, Person.id == former.who(named.id)).where(named.volunteer_no == volunteer_no)
    return session.scalars(found).one_or_none()


def numbered(volunteer_nos: Collection[str]) -> dict[str, UUID]:
    """Return whom volunteer numbers name, in one statement; that of a merged account names whoever goes on."""
    found = select(Person.volunteer_no, former.who(Person.id)).where(Person.volunteer_no.in_(volunteer_nos))
    return {number: person_id for number, person_id in session.execute(found)}  # noqa: C416 - rows, not pairs, to a type checker


def former_numbers(person_ids: Collection[UUID]) -> dict[UUID, set[str]]:
    """Return the volunteer numbers of the accounts that were merged into each of some people, in one statement."""
    found = (
        select(former.Former.person_id, Person.volunteer_no)
        .join(Person, Person.id == former.Former.old_id)
        .where(former.Former.person_id.in_(person_ids))
    )
    numbers: dict[UUID, set[str]] = {}
    for person_id, number in session.execute(found):
        numbers.setdefault(person_id, set()).add(number)
    return numbers


def person_by_openid(*, app_id: str, openid: str) -> Person | None:
    """Return the person whom an openid of one mini-program signs in, locked against a change of their state."""
    found = select(Person).join(WechatIdentity).where(WechatIdentity.app_id == app_id, WechatIdentity.openid == openid)
    locked = found.with_for_update(read=True, of=Person).execution_options(populate_existing=True)
    return session.scalars(locked).one_or_none()


def password_of(username: str) -> StoredPassword | None:
    """Return the stored password of a staff member."""
    row = session.execute(
        select(
            Password.person_id,
            Password.password_hash,
            Password.must_change,
            Password.disabled_at,
        ).where(Password.username == username)
    ).one_or_none()
    return StoredPassword(*row) if row else None


def grants_of(person_id: UUID) -> tuple[Grant, ...]:
    """Return every grant that a person holds now; whoever is not active holds none."""
    rows = session.execute(
        select(GrantedRole.role, GrantedRole.organisation_id, GrantedRole.area_path)
        .join(Person)
        .where(
            GrantedRole.person_id == person_id,
            GrantedRole.suspended_at.is_(None),
            Person.state == PersonState.ACTIVE,
        )
        .order_by(GrantedRole.role, GrantedRole.id)
    )
    return tuple(Grant(Role(row.role), row.organisation_id, row.area_path) for row in rows)


def holds_any_role(person_id: UUID) -> bool:
    """Whether somebody is on the staff, active or not."""
    return session.scalar(select(GrantedRole.id).where(GrantedRole.person_id == person_id).limit(1)) is not None


def actor_of(person_id: UUID) -> Actor:
    """Return a person with every grant that they hold now and the shops that they are bound to, in one statement."""
    return _acting(person_id, None)[0]


def actor_in(person_id: UUID, session_id: UUID) -> Actor | None:
    """Return the same for whoever acts in a session, and None if that has been ended; in one statement, too."""
    acting, ended = _acting(person_id, session_id)
    return None if ended else acting


def _acting(person_id: UUID, session_id: UUID | None) -> tuple[Actor, bool]:
    held = and_(
        GrantedRole.person_id == Person.id,
        GrantedRole.suspended_at.is_(None),
        Person.state == PersonState.ACTIVE,
    )
    rows = session.execute(
        select(
            GrantedRole.role,
            GrantedRole.organisation_id,
            GrantedRole.area_path,
            ClerkSite.organisation_id.label("bound_in"),
            ClerkSite.site_id,
            SignedInSession.revoked_at,
        )
        .select_from(Person)
        .outerjoin(GrantedRole, held)
        .outerjoin(ClerkSite, ClerkSite.person_id == Person.id)
        .outerjoin(SignedInSession, SignedInSession.id == session_id)
        .where(Person.id == person_id)
        .order_by(GrantedRole.role, GrantedRole.id, ClerkSite.site_id)
    ).all()
    grants = dict.fromkeys(Grant(Role(row.role), row.organisation_id, row.area_path) for row in rows if row.role)
    posts = dict.fromkeys(Post(row.bound_in, row.site_id) for row in rows if row.site_id is not None)
    return Actor(person_id, tuple(grants), tuple(posts)), any(row.revoked_at is not None for row in rows)


def failures_since(guess: bytes, since: datetime) -> tuple[int, datetime | None]:
    """Return how many wrong passwords were counted for one user name and place, and when the first was."""
    row = session.execute(
        select(func.count(), func.min(FailedSignIn.failed_at)).where(
            FailedSignIn.guess == guess, FailedSignIn.failed_at > since
        )
    ).one()
    return row[0], row[1]


def failures_at(account: bytes, since: datetime) -> int:
    """Return how many wrong passwords were counted for one user name, wherever they came from."""
    counted = select(func.count()).where(FailedSignIn.account == account, FailedSignIn.failed_at > since)
    return session.scalars(counted).one()


def has_signed_in_from(person_id: UUID, place: bytes) -> bool:
    """Whether somebody has signed in from a place before."""
    there = exists().where(SignedInSession.person_id == person_id, SignedInSession.place == place)
    return bool(session.scalar(select(there)))
