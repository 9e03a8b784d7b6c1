"""What somebody reached when figures were taken away or shared, kept with them; and whether they still reach it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from timebank.database import NIL
from timebank.identity.rules import Actor, Grant, Role
from timebank.organisations import queries as organisations
from timebank.organisations import scope
from timebank.statistics.queries import Asker

Kept = list[dict[str, Any]]
"""Grants as JSON."""


def kept(asker: Asker) -> Kept:
    """Return what an asker reaches, as it is kept."""
    return [
        {
            "role": str(grant.role),
            "organisation": grant.organisation_id and str(grant.organisation_id),
            "area": grant.area_path,
        }
        for grant in asker.actor.grants
        if grant.role in asker.roles
    ]


def asker_then(grants: Sequence[dict[str, Any]]) -> Asker:
    """Return somebody who reaches what was kept, whatever has become of whoever it was."""
    return Asker(actor=Actor(NIL, tuple(map(_grant, grants))), roles=tuple(Role))


def still_reaches(actor: Actor, *roles: Role, grants: Sequence[dict[str, Any]]) -> bool:
    """Whether the actor's grants of ``roles`` cover all that was kept."""
    return all(_is_covered(_grant(one), actor, roles) for one in grants)


def _grant(one: dict[str, Any]) -> Grant:
    return Grant(Role(one["role"]), UUID(one["organisation"]) if one["organisation"] else None, one["area"])


def _is_covered(grant: Grant, actor: Actor, roles: Sequence[Role]) -> bool:
    if grant.organisation_id is None:
        return scope.covers_path(actor, *roles, path=grant.area_path or "")
    found = organisations.organisation_with_path(grant.organisation_id)
    return found is not None and any(
        own.role in roles and scope.grant_covers(own, organisation_id=grant.organisation_id, area_path=found[1])
        for own in actor.grants
    )
