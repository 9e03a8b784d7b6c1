"""People: volunteers and staff, and what they send to prove who they are."""

from uuid import UUID

from sqlalchemy import delete

from tests.factories import kept
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity import service
from timebank.identity.models import GrantedRole, Person
from timebank.identity.rules import Actor, Grant, Role
from timebank.web import tokens


def a_person(display_name: str = "王秀英") -> Person:
    """Enrol a person without any role: a volunteer."""
    return kept(lambda: service.enrol(display_name=display_name))


def a_staff_member(role: Role, *, organisation_id: UUID | None = None, area_path: str | None = None) -> Actor:
    """Enrol a person and grant one role, in one organisation or one area subtree (``""``: the whole bank)."""
    person = a_person("工作人员")
    granted = Grant(role, organisation_id=organisation_id, area_path=area_path)
    in_unit_of_work(lambda: service.grant(person_id=person.id, granted=granted))
    return Actor(person.id, (granted,))


def an_admin(area_path: str = "") -> Actor:
    """Enrol an administrator of an area subtree; of the whole bank without one."""
    return a_staff_member(Role.ADMIN, area_path=area_path)


def a_coordinator(organisation_id: UUID) -> Actor:
    """Enrol a coordinator of one organisation."""
    return a_staff_member(Role.COORDINATOR, organisation_id=organisation_id)


def grant(who: Actor, role: Role, *, organisation_id: UUID | None = None, area_path: str | None = None) -> None:
    """Grant one role more."""
    granted = Grant(role, organisation_id=organisation_id, area_path=area_path)
    in_unit_of_work(lambda: service.grant(person_id=who.person_id, granted=granted))


def revoke(who: Actor) -> None:
    """Take away every role that somebody has."""
    gone = delete(GrantedRole).where(GrantedRole.person_id == who.person_id)
    in_unit_of_work(lambda: session.execute(gone))


def a_volunteer_actor() -> Actor:
    """Enrol a volunteer and return them as one who acts, without any grant."""
    return Actor(a_person().id)


def signed_in(who: Person | Actor | UUID) -> dict[str, str]:
    """Return the request headers of somebody who is signed in."""
    person_id = who if isinstance(who, UUID) else who.person_id if isinstance(who, Actor) else who.id
    return {"Authorization": f"Bearer {tokens.issue(person_id=person_id, session_id=new_id())}"}
