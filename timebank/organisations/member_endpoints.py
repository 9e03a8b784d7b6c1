"""Members of organisations over HTTP: volunteers ask and leave, staff admit and dismiss."""

from typing import Any
from uuid import UUID

from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.rules import masked_name
from timebank.organisations import member_schemas as schemas
from timebank.organisations import members
from timebank.organisations.models import Member
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("members", __name__, description="团体成员 · members of organisations")

_BY = [Member.asked_at, Member.id]


@blueprint.endpoint("GET", "/me/groups", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.MyGroupOut)))
def list_my_groups(query: dict[str, Any]) -> dict[str, Any]:
    """我的团体：申请中的、已加入的和已结束的，新的在前。"""
    found = page(members.of_person(person_id()), by=_BY, query=query, descending=True, scalars=False)
    return found | {"items": [_shown(member) | {"organisation_name": name} for member, name in found["items"]]}


@blueprint.endpoint("POST", "/me/groups", guard=signed_in, body=schemas.AskBody, answer=(201, schemas.MyGroupOut))
def ask_to_join(body: dict[str, Any]) -> dict[str, Any]:
    """申请加入团体（组织）：由其工作人员确认后成为成员。"""
    return _mine(members.ask(person_id=person_id(), **body))


@blueprint.endpoint("POST", "/me/groups/<uuid:member_id>/leave", guard=signed_in, answer=(200, schemas.MyGroupOut))
def leave_group(member_id: UUID) -> dict[str, Any]:
    """退出团体，或撤回申请；之前的记录不变。"""
    return _mine(members.leave(person_id=person_id(), member_id=member_id))


@blueprint.endpoint(
    "GET",
    "/organisations/<uuid:organisation_id>/members",
    guard=requires(*members.STEWARDS),
    query=PageQuery,
    answer=(200, page_of(schemas.GroupMemberOut)),
)
def list_members(organisation_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """团体成员和加入申请，姓名脱敏，先申请的在前。"""
    found = page(
        members.of_organisation(actor=actor(), organisation_id=organisation_id), by=_BY, query=query, scalars=False
    )
    return found | {
        "items": [
            _shown(member) | {"person_name": masked_name(name), "volunteer_no": volunteer_no}
            for member, name, volunteer_no in found["items"]
        ]
    }


@blueprint.endpoint(
    "POST",
    "/members/<uuid:member_id>/admit",
    guard=requires(*members.STEWARDS),
    answer=(200, schemas.MembershipOut),
    audited=noted(Verb.APPROVE, "member"),
)
def admit_member(member_id: UUID) -> Member:
    """确认加入申请。"""
    return members.admit(actor=actor(), member_id=member_id)


@blueprint.endpoint(
    "POST",
    "/members/<uuid:member_id>/dismiss",
    guard=requires(*members.STEWARDS),
    answer=(200, schemas.MembershipOut),
    audited=noted(Verb.END, "member"),
)
def dismiss_member(member_id: UUID) -> Member:
    """不同意加入，或结束成员关系；之前的记录不变。"""
    return members.dismiss(actor=actor(), member_id=member_id)


def _shown(member: Member) -> dict[str, Any]:
    names = ("id", "organisation_id", "state", "asked_at", "admitted_at", "ended_at")
    return {name: getattr(member, name) for name in names}


def _mine(member: Member) -> dict[str, Any]:
    return _shown(member) | {"organisation_name": members.name_of(member)}
