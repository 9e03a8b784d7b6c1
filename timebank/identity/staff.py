"""The verbs of staff accounts: open, grant, end a grant, disable, enable, reset. Scope is the caller's question."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select, update

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity import administrators, queries, service, sessions
from timebank.identity.models import GrantedRole, Password, Person, WechatIdentity
from timebank.identity.rules import Grant, PersonState, Role
from timebank.identity.staff_errors import GrantHeld, StaffAlready, StaffDisabled

UNSET = ""
"""A password hash that nothing fits."""


def open_account(
    *, username: str, password_hash: str, display_name: str | None = None, person_id: UUID | None = None
) -> Person:
    """Give a new person, or one who is known, a user name and a password to begin with: see ``told``.

    Raises NotFound, StaffAlready, UsernameTaken (by its constraint).
    """
    person = service.enrol(display_name=display_name) if person_id is None else queries.person(person_id)
    if person is None or person.state != PersonState.ACTIVE:
        raise NotFound
    if session.get(Password, person.id) is not None:
        raise StaffAlready
    first = password_hash if told(person.id) else UNSET
    service.set_password(person_id=person.id, username=username, password_hash=first)
    account_of(person.id).must_change = True
    session.flush()
    return person


def told(person_id: UUID) -> bool:
    """Whether an administrator is told a temporary password for somebody.

    Not where WeChat signs them in: whoever opened or reset their account could sign in as them, and spend their minutes.
    They choose a password themselves, signed in on their phone.
    """
    return not session.scalar(select(exists().where(WechatIdentity.person_id == person_id)))


def account_of(person_id: UUID) -> Password:
    """Return a staff account, held until the transaction ends. Raises NotFound."""
    account = session.get(Password, person_id, with_for_update=True, populate_existing=True)
    if account is None:
        raise NotFound
    return account


def grant(*, person_id: UUID, granted: Grant, by: UUID) -> GrantedRole:
    """Give staff a role in a scope. Raises NotFound, StaffDisabled, GrantHeld."""
    if account_of(person_id).disabled_at is not None:
        raise StaffDisabled
    if granted in (_grant(one) for one in grants_of(person_id)):
        raise GrantHeld
    held = GrantedRole(
        id=new_id(),
        person_id=person_id,
        role=granted.role,
        organisation_id=granted.organisation_id,
        area_path=granted.area_path,
        granted_at=clock.wall(),
        granted_by=by,
    )
    session.add(held)
    session.flush()
    return held


def end_grant(*, person_id: UUID, grant_id: UUID) -> Grant:
    """Take a role in a scope away, from this moment on. Raises NotFound, LastAdmin."""
    account_of(person_id)
    held = session.get(GrantedRole, grant_id)
    if held is None or held.person_id != person_id:
        raise NotFound
    if held.role == Role.ADMIN and held.area_path == "":
        administrators.refuse_last(person_id=person_id, grant_id=grant_id)
    ended = _grant(held)
    session.delete(held)
    session.flush()
    return ended


def disable(*, person_id: UUID, by: UUID) -> None:
    """End every power and every session of staff at once; they stay a volunteer. A second time changes nothing.

    Raises NotFound, LastAdmin.
    """
    account = account_of(person_id)
    if account.disabled_at is not None:
        return
    administrators.refuse_last(person_id=person_id)
    now = clock.wall()
    account.disabled_at, account.disabled_by = now, by
    _suspend(person_id, now)
    session.flush()
    sessions.end_all(person_id=person_id)


def enable(*, person_id: UUID) -> None:
    """Let disabled staff in again, with the grants that they had. A second time changes nothing. Raises NotFound."""
    account = account_of(person_id)
    account.disabled_at = account.disabled_by = None
    _suspend(person_id, None)
    session.flush()


def reset(*, person_id: UUID, password_hash: str) -> None:
    """Give staff a password to begin anew with (see ``told``) and sign them out. Raises NotFound, StaffDisabled."""
    account = account_of(person_id)
    if account.disabled_at is not None:
        raise StaffDisabled
    account.password_hash = password_hash if told(person_id) else UNSET
    account.must_change, account.changed_at = True, clock.wall()
    session.flush()
    sessions.end_all(person_id=person_id)


def grants_of(person_id: UUID) -> list[GrantedRole]:
    """Return the grants of staff, suspended ones too."""
    found = (
        select(GrantedRole).where(GrantedRole.person_id == person_id).order_by(GrantedRole.granted_at, GrantedRole.id)
    )
    return list(session.scalars(found))


def grants_as_held(person_id: UUID) -> tuple[Grant, ...]:
    """Return the same as what they reach."""
    return tuple(_grant(one) for one in grants_of(person_id))


def accounts() -> Select[*tuple[Any, ...]]:
    """Select all staff accounts with their people."""
    return select(Password, Person).join(Person, Person.id == Password.person_id)


def _grant(held: GrantedRole) -> Grant:
    return Grant(Role(held.role), held.organisation_id, held.area_path)


def _suspend(person_id: UUID, at: Any) -> None:
    session.execute(
        update(GrantedRole).where(GrantedRole.person_id == person_id).values(suspended_at=at),
        execution_options={"synchronize_session": False},
    )
