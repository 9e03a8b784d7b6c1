"""Households over HTTP: staff enter who lives together; everybody sees that they are in one."""

from typing import Any
from uuid import UUID

from timebank.identity import households as people
from timebank.identity import queries as identity
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.models import Household
from timebank.identity.rules import masked_name
from timebank.organisations import household_schemas, households
from timebank.organisations.papers import CLERKS
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("households", __name__, description="家庭户 · households")


@blueprint.endpoint(
    "POST",
    "/households",
    guard=requires(*CLERKS),
    body=household_schemas.HouseholdBody,
    answer=(201, household_schemas.HouseholdOut),
    once=True,
    audited=noted(Verb.ENTER, "household"),
)
def add_household(body: dict[str, Any]) -> dict[str, Any]:
    """登记一户：按志愿者编号列出同住的人，写明看了什么证件；一人同时只在一户。不能登记本人或亲属。"""
    return _household(households.found(actor=actor(), **body))


@blueprint.endpoint(
    "GET",
    "/households",
    guard=requires(*CLERKS),
    query=PageQuery,
    answer=(200, page_of(household_schemas.HouseholdOut)),
)
def list_households(query: dict[str, Any]) -> dict[str, Any]:
    """管理范围内的家庭户，新的在前，姓名脱敏。"""
    found = page(households.in_scope(actor()), by=[Household.entered_at, Household.id], query=query, descending=True)
    return found | {"items": [_household(one) for one in found["items"]]}


@blueprint.endpoint(
    "GET", "/households/<uuid:household_id>", guard=requires(*CLERKS), answer=(200, household_schemas.HouseholdOut)
)
def show_household(household_id: UUID) -> dict[str, Any]:
    """一户：现在和从前的成员。"""
    return _household(households.seen(actor(), household_id))


@blueprint.endpoint(
    "POST",
    "/households/<uuid:household_id>/members",
    guard=requires(*CLERKS),
    body=household_schemas.HouseholdMemberBody,
    answer=(201, household_schemas.HouseholdOut),
    audited=noted(Verb.ENTER, "household"),
)
def add_household_member(household_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """迁入：此人须不在别的户。重复登记不变。"""
    households.add(actor=actor(), household_id=household_id, **body)
    return _household(households.seen(actor(), household_id))


@blueprint.endpoint(
    "POST",
    "/households/<uuid:household_id>/members/<uuid:member_id>/end",
    guard=requires(*CLERKS),
    answer=(200, household_schemas.HouseholdOut),
    audited=noted(Verb.END, "household", person="member_id"),
)
def end_household_member(household_id: UUID, member_id: UUID) -> dict[str, Any]:
    """迁出：从现在起不再计入这一户；已领取的仍算在这一户。"""
    households.end(actor=actor(), household_id=household_id, person_id=member_id)
    return _household(households.seen(actor(), household_id))


@blueprint.endpoint("GET", "/me/household", guard=signed_in, answer=(200, household_schemas.MyHouseholdOut))
def show_my_household() -> dict[str, Any]:
    """我所在的户：从何时起、共几人。有误请找所属组织更正。"""
    member = people.household_of(person_id())
    if member is None:
        return {"household_id": None, "since": None, "members": 0}
    return {
        "household_id": member.household_id,
        "since": member.from_at,
        "members": people.size_of(member.household_id),
    }


def _household(household: Household) -> dict[str, Any]:
    members = people.members_of(household.id)
    names = identity.people(member.person_id for member in members)
    return {
        "id": household.id,
        "organisation_id": household.organisation_id,
        "reason": household.reason,
        "entered_at": household.entered_at,
        "members": [
            {
                "person_id": member.person_id,
                "display_name": masked_name(names[member.person_id].display_name),
                "from_at": member.from_at,
                "until_at": member.until_at,
            }
            for member in members
        ],
    }
