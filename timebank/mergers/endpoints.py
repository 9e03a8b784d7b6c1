"""Mergers over HTTP: who may be one person, who asks, who decides."""

from typing import Any
from uuid import UUID

from flask import current_app

from timebank.identity import queries as people
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.identity.models import Person
from timebank.identity.rules import masked_name
from timebank.mergers import checks, queries, schemas, service
from timebank.mergers.models import MergeDecision, MergeRequest
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS
from timebank.records.account import account_of
from timebank.settings import Settings
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import page_of

MOST_SUGGESTED = 100

blueprint = Blueprint("mergers", __name__, description="合并账户 · merging accounts")


@blueprint.endpoint(
    "GET",
    "/merges/suggestions",
    guard=requires(*CLERKS),
    query=schemas.SuggestionQuery,
    answer=(200, page_of(schemas.SuggestionOut)),
)
def list_suggestions(query: dict[str, Any]) -> dict[str, Any]:
    """可能是同一人的账户：同一手机号、同名同生日、绑定时发现的；姓名脱敏，最多一百对。只提示，从不自动合并。"""
    found = queries.suggested(limit=MOST_SUGGESTED, concerning=query.get("person"))
    items = [{"people": [_masked(one.one), _masked(one.other)], "signs": one.signs} for one in found]
    return {"items": items, "next": None}


@blueprint.endpoint(
    "POST",
    "/merges",
    guard=requires(*CLERKS),
    body=schemas.MergeBody,
    answer=(201, schemas.MergeOut),
    once=True,
    audited=noted(Verb.REQUEST, "merge", target="id"),
)
def request_merge(body: dict[str, Any]) -> dict[str, Any]:
    """申请合并：关闭 old_id，由 person_id 继续；须写明依据，由另一位工作人员审核。不能办理本人和亲属的。"""
    return _shown(service.request(actor=actor(), **body), None)


@blueprint.endpoint(
    "GET",
    "/merges",
    guard=requires(*CLERKS),
    query=schemas.MergeQuery,
    answer=(200, page_of(schemas.ListedMergeOut)),
)
def list_merges(query: dict[str, Any]) -> dict[str, Any]:
    """管理范围内的合并申请：先申请的在前；默认只列待审核的。"""
    found = queries.requests().where(scope.organisations_of(actor(), *CLERKS, column=MergeRequest.organisation_id))
    if query["open"]:
        found = found.where(MergeDecision.request_id.is_(None))
    by = [MergeRequest.requested_at, MergeRequest.id]
    listed = page(found, by=by, query=query, scalars=False)
    return listed | {"items": [_facts(row[0], row[1]) for row in listed["items"]]}


@blueprint.endpoint("GET", "/merges/<uuid:merge_id>", guard=requires(*CLERKS), answer=(200, schemas.MergeOut))
def show_merge(merge_id: UUID) -> dict[str, Any]:
    """一项合并申请：两个账户现在的情况，以及时间重叠的服务记录。"""
    return _shown(*service.seen(actor=actor(), request_id=merge_id))


@blueprint.endpoint(
    "POST",
    "/merges/<uuid:merge_id>/approve",
    guard=requires(*CLERKS),
    body=schemas.MergeApprovalBody,
    answer=(200, schemas.MergeOut),
    once=True,
    audited=noted(Verb.APPROVE, "merge"),
)
def approve_merge(merge_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """同意合并：时间币、服务记录、报名、卡和微信登录都归继续的账户，原账户关闭，不能撤销。申请人不能审核。"""
    settings: Settings = current_app.extensions["timebank-settings"]
    service.approve(actor=actor(), request_id=merge_id, phone_keys=settings.keys("phone"), **body)
    return _shown(*service.seen(actor=actor(), request_id=merge_id))


@blueprint.endpoint(
    "POST",
    "/merges/<uuid:merge_id>/reject",
    guard=requires(*CLERKS),
    body=schemas.MergeRejectionBody,
    answer=(200, schemas.MergeOut),
    once=True,
    audited=noted(Verb.REJECT, "merge"),
)
def reject_merge(merge_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """不同意合并：两个账户不变，这一对不再提示。须说明理由。"""
    service.reject(actor=actor(), request_id=merge_id, **body)
    return _shown(*service.seen(actor=actor(), request_id=merge_id))


def _facts(asked: MergeRequest, decision: MergeDecision | None) -> dict[str, Any]:
    state = "open" if decision is None else "approved" if decision.approved else "rejected"
    names = ("id", "old_id", "person_id", "organisation_id", "reason", "requested_by", "requested_at")
    return {"state": state, **{name: getattr(asked, name) for name in names}}


def _shown(asked: MergeRequest, decision: MergeDecision | None) -> dict[str, Any]:
    found = people.people([asked.old_id, asked.person_id])
    return _facts(asked, decision) | {
        "decided_by": decision.decided_by if decision else None,
        "decided_at": decision.decided_at if decision else None,
        "decision_reason": decision.reason if decision else None,
        "old": _account(found[asked.old_id]),
        "person": _account(found[asked.person_id]),
        "overlaps": [
            {"old_record_id": one, "record_id": other, "minutes": minutes}
            for one, other, minutes in checks.overlaps(asked.old_id, asked.person_id)
        ],
    }


def _account(person: Person) -> dict[str, Any]:
    return account_of(person.id) | _masked(person) | {"state": person.state}


def _masked(person: Person) -> dict[str, Any]:
    return {
        "person_id": person.id,
        "volunteer_no": person.volunteer_no,
        "display_name": masked_name(person.display_name),
    }
