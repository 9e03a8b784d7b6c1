"""Staff in an administrator's scope: nobody grants more than they have, reaches further than they do, or helps themself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, true

from timebank.database import session
from timebank.errors import Invalid, NotFound
from timebank.identity import queries as identity
from timebank.identity import second_factor, sessions, signing_in, staff
from timebank.identity.models import GrantedRole, Password, Person
from timebank.identity.rules import Actor, Grant, Role
from timebank.identity.staff_errors import BeyondScope, OwnStaffAccount
from timebank.organisations import queries, scope
from timebank.organisations.models import Area

KEEPERS = (Role.ADMIN,)
READERS = (Role.ADMIN, Role.AUDITOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStaff:
    """Who is to be staff: a new person by name, or a volunteer by number; their user name, and what they may do."""

    username: str
    password_hash: str
    grants: Sequence[Grant]
    display_name: str | None = None
    volunteer_no: str | None = None


def create(*, actor: Actor, new: NewStaff) -> Person:
    """Open a staff account with its first grants.

    Raises Invalid, BeyondScope, OwnStaffAccount, StaffAlready, UsernameTaken (by its constraint).
    """
    for one in new.grants:
        _refuse_beyond(actor, one)
    person_id = _volunteer(new.volunteer_no) if new.volunteer_no else None
    if person_id == actor.person_id:
        raise OwnStaffAccount
    person = staff.open_account(
        username=new.username, password_hash=new.password_hash, display_name=new.display_name, person_id=person_id
    )
    for one in new.grants:
        staff.grant(person_id=person.id, granted=one, by=actor.person_id)
    return person


def _volunteer(volunteer_no: str) -> UUID:
    person = identity.person_by_number(volunteer_no)
    if person is None:
        detail = "没有这个志愿者编号。 No such volunteer number."
        raise Invalid(errors=[{"pointer": "/volunteer_no", "detail": detail}])
    return person.id


def grant(*, actor: Actor, person_id: UUID, granted: Grant) -> GrantedRole:
    """Give staff another role. Raises NotFound, Invalid, BeyondScope, OwnStaffAccount, StaffDisabled, GrantHeld."""
    kept_by(actor, person_id)
    _refuse_beyond(actor, granted)
    return staff.grant(person_id=person_id, granted=granted, by=actor.person_id)


def end_grant(*, actor: Actor, person_id: UUID, grant_id: UUID) -> None:
    """Take one role away; what lies outside the actor's scope stays with them. Raises as ``grant``, and LastAdmin."""
    _seen_by_other(actor, person_id)
    held = next((one for one in staff.grants_of(person_id) if one.id == grant_id), None)
    if held is None or not _covers(actor, Grant(Role(held.role), held.organisation_id, held.area_path)):
        raise NotFound
    staff.end_grant(person_id=person_id, grant_id=grant_id)


def disable(*, actor: Actor, person_id: UUID) -> None:
    """Disable an account. Raises NotFound, BeyondScope, OwnStaffAccount, LastAdmin."""
    kept_by(actor, person_id)
    staff.disable(person_id=person_id, by=actor.person_id)


def enable(*, actor: Actor, person_id: UUID) -> None:
    """Enable it again. Raises NotFound, BeyondScope, OwnStaffAccount."""
    kept_by(actor, person_id)
    staff.enable(person_id=person_id)


def reset(*, actor: Actor, person_id: UUID, password_hash: str, account_hash: bytes | None = None) -> None:
    """Give a temporary password; guesses that were counted are forgotten. Raises as ``enable``, and StaffDisabled."""
    kept_by(actor, person_id)
    staff.reset(person_id=person_id, password_hash=password_hash)
    if account_hash is not None:
        signing_in.forget_failures(account=account_hash)


def account_for(actor: Actor, person_id: UUID) -> tuple[Password, Person]:
    """Return one account in the actor's scope. Raises NotFound."""
    row = session.execute(accounts_of(actor).where(Password.person_id == person_id)).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def end_second_factor(*, actor: Actor, person_id: UUID) -> None:
    """Switch a second factor off whose phone is lost. Raises as ``enable``, and SecondFactorStands."""
    kept_by(actor, person_id)
    second_factor.end(person_id=person_id)


def sign_out(*, actor: Actor, person_id: UUID) -> None:
    """End every session of staff. Raises NotFound, BeyondScope, OwnStaffAccount."""
    kept_by(actor, person_id)
    sessions.end_all(person_id=person_id)


def kept_by(actor: Actor, person_id: UUID) -> None:
    """Let an administrator go on who reaches all that this account reaches. Raises NotFound, BeyondScope, OwnStaffAccount."""
    held = _seen_by_other(actor, person_id)
    if not all(_covers(actor, one) for one in held):
        raise BeyondScope


def _seen_by_other(actor: Actor, person_id: UUID) -> tuple[Grant, ...]:
    if actor.person_id == person_id:
        raise OwnStaffAccount
    if session.get(Password, person_id) is None:
        raise NotFound
    held = staff.grants_as_held(person_id)
    whole_bank = scope.covers_path(actor, *KEEPERS, path="")
    if not whole_bank and not any(_covers(actor, one) for one in held):
        raise NotFound
    return held


def _covers(actor: Actor, granted: Grant) -> bool:
    if granted.organisation_id is None:
        return scope.covers_path(actor, *KEEPERS, path=granted.area_path or "")
    found = queries.organisation_with_path(granted.organisation_id)
    return found is not None and scope.reaches(
        actor, actor.grants, *KEEPERS, organisation_id=granted.organisation_id, area_path=found[1]
    )


def _refuse_beyond(actor: Actor, granted: Grant) -> None:
    """Raise Invalid for a scope that is nowhere (whoever is given it could do nothing), BeyondScope for one too wide."""
    if granted.organisation_id is not None:
        there = queries.organisation_with_path(granted.organisation_id) is not None
    else:
        there = not granted.area_path or bool(session.scalar(select(exists().where(Area.path == granted.area_path))))
    if not there:
        raise Invalid(errors=[{"pointer": "/grants", "detail": "没有这个组织或区域。 No such organisation or area."}])
    if not _covers(actor, granted):
        raise BeyondScope


def accounts_of(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Select the accounts that hold a role in the actor's scope; the whole bank's, all of them."""
    found = staff.accounts()
    if scope.covers_path(actor, *READERS, path=""):
        return found
    return found.where(exists().where(GrantedRole.person_id == Password.person_id, _in_scope(actor)))


def _in_scope(actor: Actor) -> ColumnElement[bool]:
    areas = [one.area_path for one in actor.grants if one.role in READERS and one.area_path is not None]
    organisations = scope.organisations_of(actor, *READERS, column=GrantedRole.organisation_id)
    return or_(organisations, *(_below(path) for path in areas))


def _below(path: str) -> ColumnElement[bool]:
    """Return the condition that a grant's area lies in the subtree of ``path`` (not LIKE: see ``queries.within``)."""
    held = GrantedRole.area_path
    return or_(held == path, func.substr(held, 1, len(path) + 1) == path + ".") if path else true()
