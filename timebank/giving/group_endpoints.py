"""Group accounts over HTTP: what a group has earned, and giving it to the pool."""

from typing import Any
from uuid import UUID

from timebank.giving import group_schemas as schemas
from timebank.giving import groups, pool_schemas
from timebank.giving.models import Donation
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("groups", __name__, description="团体账户 · group accounts")


@blueprint.endpoint(
    "GET",
    "/organisations/<uuid:organisation_id>/account",
    guard=requires(*groups.READERS),
    answer=(200, schemas.GroupAccountOut),
)
def show_group_account(organisation_id: UUID) -> dict[str, Any]:
    """团体账户：成员为团体服务所得的时间币；只能捐入公共池。"""
    return schemas.shown(groups.account(actor=actor(), organisation_id=organisation_id))


@blueprint.endpoint(
    "GET",
    "/organisations/<uuid:organisation_id>/donations",
    guard=requires(*groups.READERS),
    query=PageQuery,
    answer=(200, page_of(schemas.GivenOut)),
)
def list_group_donations(organisation_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """团体捐入公共池的记录，新的在前。"""
    found = groups.donations(actor=actor(), organisation_id=organisation_id)
    return page(found, by=[Donation.donated_at, Donation.id], query=query, descending=True)


@blueprint.endpoint(
    "POST",
    "/organisations/<uuid:organisation_id>/donations",
    guard=requires(*groups.STEWARDS),
    body=pool_schemas.DonationBody,
    answer=(201, schemas.GroupDonationOut),
    once=True,
    audited=noted(Verb.POST, "pool_donation"),
)
def donate_for_group(organisation_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """把团体的时间币捐入公共池；成员的服务时长不变。"""
    donation, account = groups.donate(actor=actor(), organisation_id=organisation_id, **body)
    return {
        "id": donation.id,
        "area_id": donation.area_id,
        "minutes": donation.minutes,
        "donated_at": donation.donated_at,
        "account": schemas.shown(account),
    }
