"""Which clerks work at which shop of an organisation, where it has several."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from timebank.errors import NotFound
from timebank.identity import posts
from timebank.identity import queries as identity
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope
from timebank.shop import queries
from timebank.shop.staff import managed_shop


def bind(*, actor: Actor, site_id: UUID, person_id: UUID) -> None:
    """Bind a clerk of the organisation to one of its shops. Raises NotFound."""
    shop = managed_shop(actor, queries.shop(site_id))
    clerk = identity.actor_of(person_id)
    if not any(
        grant.role is Role.COUNTER
        and scope.grant_covers(grant, organisation_id=shop.organisation_id, area_path=shop.area_path)
        for grant in clerk.grants
    ):
        raise NotFound
    posts.bind(person_id=person_id, site_id=site_id, organisation_id=shop.organisation_id, by=actor.person_id)


def release(*, actor: Actor, site_id: UUID, person_id: UUID) -> None:
    """Take a clerk's post at a shop away. Raises NotFound."""
    managed_shop(actor, queries.shop(site_id))
    posts.release(person_id=person_id, site_id=site_id)


def at_shop(*, actor: Actor, site_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select who is bound to a shop. Raises NotFound."""
    managed_shop(actor, queries.shop(site_id))
    return posts.bound_to(site_id)
