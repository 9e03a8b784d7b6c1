"""Areas, organisations and sites."""

import itertools
from uuid import UUID

from tests.factories import kept
from timebank.database import NIL
from timebank.identity.rules import Actor, Grant, Role
from timebank.organisations import service
from timebank.organisations.models import Area, Organisation, Site
from timebank.organisations.rules import OrganisationKind, Place, SiteKind

THE_BANK = Actor(NIL, (Grant(Role.ADMIN, area_path=""),))
"""Who sets things up before anybody is there."""

_count = itertools.count(1)


def an_area(name: str = "硖石街道", *, parent_id: UUID | None = None, code: str | None = None) -> Area:
    """Add an area below another, or a district; codes that are not given are all different."""
    return kept(
        lambda: service.add_area(actor=THE_BANK, name=name, code=code or f"{next(_count):04}", parent_id=parent_id)
    )


def an_organisation(name: str | None = None, *, area_id: UUID | None = None) -> Organisation:
    """Add a registered organisation, in an area of its own if none is given; names not given are all different."""
    place = area_id or an_area().id
    return kept(
        lambda: service.add_organisation(
            actor=THE_BANK,
            name=name or f"三色堇志愿服务队{next(_count)}",
            kind=OrganisationKind.REGISTERED,
            area_id=place,
        )
    )


def a_site(
    name: str | None = None,
    *,
    organisation_id: UUID | None = None,
    kind: SiteKind = SiteKind.VENUE,
    place: Place | None = None,
) -> Site:
    """Add a site to an organisation, to a new one if none is given."""
    owner = organisation_id or an_organisation().id
    return kept(
        lambda: service.add_site(
            actor=THE_BANK, organisation_id=owner, kind=kind, name=name or f"邻里中心{next(_count)}", place=place
        )
    )


def a_shop(name: str | None = None, *, organisation_id: UUID | None = None) -> Site:
    """Add a charity shop to an organisation, to a new one if none is given."""
    return a_site(name, organisation_id=organisation_id, kind=SiteKind.SHOP)
