"""Areas, organisations and sites over HTTP. Everyone signed in may read the register; administrators write it."""

from typing import Any
from uuid import UUID

from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires, signed_in
from timebank.identity.rules import Role
from timebank.organisations import queries, schemas, service
from timebank.organisations.models import Area, Organisation, Site
from timebank.organisations.rules import Place
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import page_of

blueprint = Blueprint("organisations", __name__, description="区域、组织、站点 · areas, organisations, sites")


@blueprint.endpoint("GET", "/areas", guard=signed_in, query=schemas.AreaQuery, answer=(200, page_of(schemas.AreaOut)))
def list_areas(query: dict[str, Any]) -> dict[str, Any]:
    """区域：区、街道、社区、网格四级，按编码排列。"""
    found = queries.areas(level=query.get("level"), parent_id=query.get("parent"))
    return page(found, by=[Area.path], query=query)


@blueprint.endpoint(
    "POST",
    "/areas",
    guard=requires(Role.ADMIN),
    body=schemas.AreaBody,
    answer=(201, schemas.AreaOut),
    audited=noted(Verb.ENTER, "area"),
)
def add_area(body: dict[str, Any]) -> Area:
    """新增区域。"""
    return service.add_area(actor=actor(), **body)


@blueprint.endpoint(
    "GET",
    "/organisations",
    guard=signed_in,
    query=schemas.OrganisationQuery,
    answer=(200, page_of(schemas.OrganisationOut)),
)
def list_organisations(query: dict[str, Any]) -> dict[str, Any]:
    """组织名录：可按区域（含下级）和性质筛选。"""
    path = None
    if "area" in query:
        area = queries.area(query["area"])
        if area is None:
            raise NotFound
        path = area.path
    return page(queries.organisations(area_path=path, kind=query.get("kind")), by=[Organisation.id], query=query)


@blueprint.endpoint(
    "POST",
    "/organisations",
    guard=requires(Role.ADMIN),
    body=schemas.OrganisationBody,
    answer=(201, schemas.OrganisationOut),
    audited=noted(Verb.ENTER, "organisation"),
)
def add_organisation(body: dict[str, Any]) -> Organisation:
    """新增组织。"""
    return service.add_organisation(actor=actor(), **body)


@blueprint.endpoint("GET", "/sites", guard=signed_in, query=schemas.SiteQuery, answer=(200, page_of(schemas.SiteOut)))
def list_sites(query: dict[str, Any]) -> dict[str, Any]:
    """站点：活动场地、公益仓、捐赠点。"""
    found = queries.sites(organisation_id=query.get("organisation"), kind=query.get("kind"))
    return page(found, by=[Site.id], query=query)


@blueprint.endpoint(
    "POST",
    "/sites",
    guard=requires(Role.ADMIN, Role.COORDINATOR),
    body=schemas.SiteBody,
    answer=(201, schemas.SiteOut),
    audited=noted(Verb.ENTER, "site", target="id"),
)
def add_site(body: dict[str, Any]) -> Site:
    """新增站点；place 供签到核对位置，可以不填。"""
    place = body.pop("place", None)
    return service.add_site(actor=actor(), place=Place.of_degrees(**place) if place else None, **body)


@blueprint.endpoint(
    "PUT",
    "/sites/<uuid:site_id>/place",
    guard=requires(Role.ADMIN, Role.COORDINATOR),
    body=schemas.LocateBody,
    answer=(200, schemas.SiteOut),
    audited=noted(Verb.CHANGE, "site"),
)
def locate_site(site_id: UUID, body: dict[str, Any]) -> Site:
    """登记站点的位置；null 为未知，未知的站点不核对位置。"""
    place = body["place"]
    return service.locate_site(actor=actor(), site_id=site_id, place=Place.of_degrees(**place) if place else None)
