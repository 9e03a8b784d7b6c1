"""What a grant covers. Whatever lies outside the caller's scope does not exist for them: 404, not 403."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select

from timebank.database import session
from timebank.errors import NotFound
from timebank.identity import queries as identity
from timebank.identity.models import GrantedRole, Person
from timebank.identity.rules import Actor, Grant, PersonState, Reach, Role
from timebank.organisations import queries
from timebank.organisations.models import Area, Organisation
from timebank.organisations.rules import covers


def grant_covers(grant: Grant, *, organisation_id: UUID, area_path: str) -> bool:
    """Whether a grant reaches an organisation, by itself or through the area that it is registered in."""
    if grant.organisation_id is not None:
        return grant.organisation_id == organisation_id
    return covers(grant.area_path or "", area_path)


def organisation_for(actor: Actor, *roles: Role, organisation_id: UUID) -> Organisation:
    """Return the organisation if the actor holds one of ``roles`` over it. Raises NotFound otherwise."""
    found = queries.organisation_with_path(organisation_id)
    if found is None:
        raise NotFound
    organisation, path = found
    if not reaches(actor, actor.grants, *roles, organisation_id=organisation_id, area_path=path):
        raise NotFound
    return organisation


def reaches(actor: Actor, grants: Iterable[Grant], *roles: Role, organisation_id: UUID, area_path: str) -> bool:
    """Whether one of ``grants`` gives the actor one of ``roles`` over an organisation; which does, the actor remembers."""
    for grant in grants:
        if grant.role in roles and grant_covers(grant, organisation_id=organisation_id, area_path=area_path):
            actor.acted.append(Reach(grant.role, organisation_id))
            return True
    return False


def area_for(actor: Actor, *roles: Role, area_id: UUID) -> Area:
    """Return the area if a grant of one of ``roles`` covers it. Raises NotFound otherwise."""
    area = queries.area(area_id)
    if area is None or not covers_path(actor, *roles, path=area.path):
        raise NotFound
    return area


def covers_path(actor: Actor, *roles: Role, path: str) -> bool:
    """Whether an area grant of one of ``roles`` covers ``path``; the empty path asks for the whole bank."""
    return any(
        grant.role in roles and grant.area_path is not None and covers(grant.area_path, path) for grant in actor.grants
    )


def still_answers(person_id: UUID, *roles: Role, organisation_id: UUID) -> bool:
    """Whether whoever made something for an organisation, a code say, holds one of ``roles`` over it now."""
    try:
        organisation_for(identity.actor_of(person_id), *roles, organisation_id=organisation_id)
    except NotFound:
        return False
    return True


def staff_over(organisation_ids: Collection[UUID], *roles: Role) -> frozenset[UUID]:
    """Return who holds one of ``roles`` over one of some organisations now, there or over an area that it lies in."""
    paths = session.scalars(select(Area.path).join(Organisation).where(Organisation.id.in_(organisation_ids)))
    above = {"", *(".".join(path.split(".")[:depth]) for path in paths for depth in range(1, path.count(".") + 2))}
    holders = (
        select(GrantedRole.person_id)
        .join(Person, Person.id == GrantedRole.person_id)
        .where(
            GrantedRole.role.in_(roles),
            or_(GrantedRole.organisation_id.in_(organisation_ids), GrantedRole.area_path.in_(above)),
            GrantedRole.suspended_at.is_(None),
            Person.state == PersonState.ACTIVE,
        )
    )
    return frozenset(session.scalars(holders))


def organisations_of(actor: Actor, *roles: Role, column: ColumnElement[UUID] | Any) -> ColumnElement[bool]:
    """Return the condition that an organisation id ``column`` lies in the actor's scope for one of ``roles``."""
    grants = [grant for grant in actor.grants if grant.role in roles]
    conditions: list[ColumnElement[bool]] = [
        column == grant.organisation_id for grant in grants if grant.organisation_id is not None
    ]
    for grant in grants:
        if grant.area_path is not None:
            covered = select(Organisation.id).join(Area).where(queries.within(grant.area_path))
            conditions.append(column.in_(covered))
    return or_(false(), *conditions)
