"""Who belongs to an organisation as one of its volunteers: they ask, its staff admit, either ends it (rule R04: consent)."""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, exists, select

from timebank import clock
from timebank.database import new_id, session
from timebank.direct import Rows
from timebank.errors import NotFound
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState, Role
from timebank.organisations import queries, scope
from timebank.organisations.errors import MemberEnded
from timebank.organisations.models import Member, Organisation

STEWARDS = (Role.COORDINATOR, Role.ADMIN)

_MEMBERS = Rows(cast("Table", Member.__table__))


def ask(*, person_id: UUID, organisation_id: UUID) -> Member:
    """Ask to belong to an organisation. Raises NotFound, MemberAlready (by its constraint)."""
    if queries.organisation_with_path(organisation_id) is None:
        raise NotFound
    member = Member(id=new_id(), organisation_id=organisation_id, person_id=person_id, asked_at=clock.now())
    session.add(member)
    session.flush()
    return member


def admit(*, actor: Actor, member_id: UUID) -> Member:
    """Admit whoever has asked; again changes nothing. Raises NotFound outside the actor's scope, MemberEnded."""
    member = _in_scope(actor, member_id)
    if member.ended_at is not None:
        raise MemberEnded
    if member.admitted_at is None:
        member.admitted_at, member.admitted_by = clock.now(), actor.person_id
        session.flush()
    return member


def dismiss(*, actor: Actor, member_id: UUID) -> Member:
    """End a membership, or refuse a request; again changes nothing. Raises NotFound outside the actor's scope."""
    return _ended(_in_scope(actor, member_id), actor.person_id)


def leave(*, person_id: UUID, member_id: UUID) -> Member:
    """End one's own membership, or take a request back; again changes nothing. Raises NotFound for another's."""
    member = _locked(member_id)
    if member is None or member.person_id != person_id:
        raise NotFound
    return _ended(member, person_id)


def belongs(*, person_id: Any, organisation_id: Any) -> ColumnElement[bool]:
    """Return the condition that somebody belongs to an organisation now; ids, or columns of them."""
    return exists().where(
        Member.person_id == person_id,
        Member.organisation_id == organisation_id,
        Member.admitted_at.is_not(None),
        Member.ended_at.is_(None),
    )


def of_person(person_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select somebody's memberships with the organisation's name."""
    return select(Member, Organisation.name).join(Organisation).where(Member.person_id == person_id)


def name_of(member: Member) -> str:
    """Return the name of the organisation of a membership."""
    return session.scalars(select(Organisation.name).where(Organisation.id == member.organisation_id)).one()


def of_organisation(*, actor: Actor, organisation_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select the memberships of an organisation with name and number. Raises NotFound outside the actor's scope."""
    scope.organisation_for(actor, *STEWARDS, organisation_id=organisation_id)
    return (
        select(Member, Person.display_name, Person.volunteer_no)
        .join(Person, Person.id == Member.person_id)
        .where(Member.organisation_id == organisation_id, Person.state == PersonState.ACTIVE)
    )


def _in_scope(actor: Actor, member_id: UUID) -> Member:
    member = _locked(member_id)
    if member is None:
        raise NotFound
    scope.organisation_for(actor, *STEWARDS, organisation_id=member.organisation_id)
    return member


def _locked(member_id: UUID) -> Member | None:
    return session.get(Member, member_id, with_for_update=True, populate_existing=True)


def _ended(member: Member, by: UUID) -> Member:
    if member.ended_at is None:
        member.ended_at, member.ended_by = clock.now(), by
        session.flush()
    return member


def admit_many(*, pairs: Iterable[tuple[UUID, UUID]], by: UUID) -> None:
    """Enter people (first) as members of organisations (second) where they have no open membership; one statement.

    Raises MemberAlready (by its constraint).
    """
    now = clock.now()
    rows = [
        {
            "id": new_id(),
            "organisation_id": organisation_id,
            "person_id": person_id,
            "asked_at": now,
            "admitted_at": now,
            "admitted_by": by,
            "ended_at": None,
            "ended_by": None,
        }
        for person_id, organisation_id in pairs
    ]
    _MEMBERS.insert_mappings(session.connection(), rows)
