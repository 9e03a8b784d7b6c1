"""Who works at which shop. What lies outside a clerk's shops does not exist for them: 404.

A counter grant reaches every shop of its organisation, unless the clerk is bound to some of them; whoever acts on an
enrolled device works at its shop and at no other.
"""

from sqlalchemy import ColumnElement, and_, or_

from timebank.errors import NotFound
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope
from timebank.organisations.models import Site
from timebank.shop.queries import Shop

STAFF = (Role.COUNTER, Role.COORDINATOR, Role.ADMIN)
MANAGERS = (Role.COORDINATOR, Role.ADMIN)
READERS = (*STAFF, Role.AUDITOR)


def works_at(actor: Actor, shop: Shop) -> bool:
    """Whether a grant of the actor reaches this shop, and they are not bound elsewhere."""
    return _reaches(actor, shop, STAFF)


def own_shop(actor: Actor, shop: Shop | None) -> Shop:
    """Return the shop if the actor works there. Raises NotFound."""
    if shop is None or not works_at(actor, shop):
        raise NotFound
    return shop


def reads_at(actor: Actor, shop: Shop) -> bool:
    """Whether the actor works at this shop or audits it."""
    return _reaches(actor, shop, READERS)


def readable_shop(actor: Actor, shop: Shop | None) -> Shop:
    """Return the shop if the actor works there or audits it. Raises NotFound."""
    if shop is None or not reads_at(actor, shop):
        raise NotFound
    return shop


def manages(actor: Actor, shop: Shop) -> bool:
    """Whether the actor answers for this shop: as coordinator or administrator."""
    return _reaches(actor, shop, MANAGERS)


def managed_shop(actor: Actor, shop: Shop | None) -> Shop:
    """Return the shop if the actor answers for it: as coordinator or administrator. Raises NotFound."""
    if shop is None or not manages(actor, shop):
        raise NotFound
    return shop


def _reaches(actor: Actor, shop: Shop, roles: tuple[Role, ...]) -> bool:
    if actor.device is not None and actor.device.site_id != shop.id:
        return False
    posts = [post.site_id for post in actor.posts if post.organisation_id == shop.organisation_id]
    bound_elsewhere = bool(posts) and shop.id not in posts
    grants = [grant for grant in actor.grants if not (grant.role is Role.COUNTER and bound_elsewhere)]
    return scope.reaches(actor, grants, *roles, organisation_id=shop.organisation_id, area_path=shop.area_path)


def sites_of(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that ``Site`` is one of the actor's."""
    if actor.device is not None:
        return and_(Site.id == actor.device.site_id, _sites_by_grants(actor))
    return _sites_by_grants(actor)


def _sites_by_grants(actor: Actor) -> ColumnElement[bool]:
    if not actor.posts:
        return scope.organisations_of(actor, *STAFF, column=Site.organisation_id)
    at_counters = and_(
        scope.organisations_of(actor, Role.COUNTER, column=Site.organisation_id),
        or_(
            Site.id.in_([post.site_id for post in actor.posts]),
            Site.organisation_id.not_in([post.organisation_id for post in actor.posts]),
        ),
    )
    return or_(scope.organisations_of(actor, *MANAGERS, column=Site.organisation_id), at_counters)
