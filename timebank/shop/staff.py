"""Who works at which shop. What lies outside a clerk's shops does not exist for them: 404."""

from sqlalchemy import ColumnElement

from timebank.errors import NotFound
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope
from timebank.organisations.models import Site
from timebank.shop.queries import Shop

STAFF = (Role.COUNTER, Role.COORDINATOR, Role.ADMIN)
APPROVERS = (Role.COORDINATOR, Role.ADMIN)
"""Who may be the second signature under a write-off."""
READERS = (*STAFF, Role.AUDITOR)
"""Who may read the books of a shop."""


def works_at(actor: Actor, shop: Shop) -> bool:
    """Whether a grant of the actor reaches this shop."""
    return _reaches(actor, shop, STAFF)


def _reaches(actor: Actor, shop: Shop, roles: tuple[Role, ...]) -> bool:
    return any(
        grant.role in roles
        and scope.grant_covers(grant, organisation_id=shop.organisation_id, area_path=shop.area_path)
        for grant in actor.grants
    )


def own_shop(actor: Actor, shop: Shop | None) -> Shop:
    """Return the shop if the actor works there. Raises NotFound."""
    if shop is None or not works_at(actor, shop):
        raise NotFound
    return shop


def sites_of(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that ``Site`` is one of the actor's."""
    return scope.organisations_of(actor, *STAFF, column=Site.organisation_id)


def answers_for(actor: Actor, shop: Shop) -> bool:
    """Whether the actor may approve what others ask for at this shop: a coordinator's or administrator's grant."""
    return _reaches(actor, shop, APPROVERS)


def reads_at(actor: Actor, shop: Shop) -> bool:
    """Whether the actor may read the books of this shop: its staff, and auditors over it."""
    return _reaches(actor, shop, READERS)


def seen_shop(actor: Actor, shop: Shop | None) -> Shop:
    """Return the shop if the actor may read its books. Raises NotFound."""
    if shop is None or not reads_at(actor, shop):
        raise NotFound
    return shop
