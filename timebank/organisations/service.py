"""The verbs: add an area, an organisation, a site."""

from uuid import UUID

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor, Role
from timebank.organisations import queries, scope
from timebank.organisations.errors import AreaTooDeep
from timebank.organisations.models import Area, Organisation, Site
from timebank.organisations.rules import MAX_LEVEL, Place, path_below


def add_area(*, actor: Actor, name: str, code: str, parent_id: UUID | None = None, area_id: UUID | None = None) -> Area:
    """Add an area below ``parent_id``, or a district. Raises NotFound, AreaTooDeep, AreaExists."""
    parent = scope.area_for(actor, Role.ADMIN, area_id=parent_id) if parent_id else None
    if parent is None and not scope.covers_path(actor, Role.ADMIN, path=""):
        raise NotFound
    if parent is not None and parent.level == MAX_LEVEL:
        raise AreaTooDeep
    area = Area(
        id=area_id or new_id(),
        parent_id=parent_id,
        name=name,
        path=path_below(parent.path if parent else None, code),
        level=parent.level + 1 if parent else 1,
    )
    session.add(area)
    session.flush()
    return area


def add_organisation(
    *,
    actor: Actor,
    name: str,
    kind: str,
    area_id: UUID,
    hub_id: UUID | None = None,
    organisation_id: UUID | None = None,
) -> Organisation:
    """Add an organisation to an area that the actor administers. Raises NotFound, OrganisationExists."""
    scope.area_for(actor, Role.ADMIN, area_id=area_id)
    if hub_id is not None and queries.organisation_with_path(hub_id) is None:
        raise Invalid(errors=[{"pointer": "/hub_id", "detail": "没有这个枢纽组织。 No such hub."}])
    organisation = Organisation(
        id=organisation_id or new_id(),
        name=name,
        kind=kind,
        area_id=area_id,
        hub_id=hub_id,
        created_at=clock.now(),
    )
    session.add(organisation)
    session.flush()
    return organisation


def add_site(
    *,
    actor: Actor,
    organisation_id: UUID,
    kind: str,
    name: str,
    area_id: UUID | None = None,
    address: str | None = None,
    place: Place | None = None,
    site_id: UUID | None = None,
) -> Site:
    """Add a site to an organisation in the actor's scope; without an area it lies in the organisation's own.

    Raises NotFound, SiteExists.
    """
    organisation = scope.organisation_for(actor, Role.ADMIN, Role.COORDINATOR, organisation_id=organisation_id)
    if area_id is not None and queries.area(area_id) is None:
        raise Invalid(errors=[{"pointer": "/area_id", "detail": "没有这个区域。 No such area."}])
    site = Site(
        id=site_id or new_id(),
        organisation_id=organisation_id,
        area_id=area_id or organisation.area_id,
        kind=kind,
        name=name,
        address=address,
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
    )
    session.add(site)
    session.flush()
    return site


def locate_site(*, actor: Actor, site_id: UUID, place: Place | None) -> Site:
    """Say where a site in the actor's scope is, or that it is unknown. Raises NotFound."""
    site = queries.site(site_id)
    if site is None:
        raise NotFound
    scope.organisation_for(actor, Role.ADMIN, Role.COORDINATOR, organisation_id=site.organisation_id)
    site.latitude = place.latitude if place else None
    site.longitude = place.longitude if place else None
    session.flush()
    return site
