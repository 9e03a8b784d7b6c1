"""Seeing somebody's data in full over HTTP: asked with a reason, approved for minors, looked at with a trace."""

from typing import Any
from uuid import UUID

from timebank.identity import document_endpoints
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.identity.rules import Role
from timebank.organisations.papers import CLERKS
from timebank.people import disclosure_schemas as schemas
from timebank.people import disclosures
from timebank.people.models import Disclosure
from timebank.people.rules import Field
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import page_of

blueprint = Blueprint("disclosures", __name__, description="查看个人信息 · seeing people's data in full")


@blueprint.endpoint(
    "POST",
    "/people/<uuid:person_id>/disclosures",
    guard=requires(*CLERKS),
    body=schemas.DisclosureBody,
    answer=(201, schemas.DisclosureOut),
    once=True,
    audited=noted(Verb.REQUEST, "disclosure"),
)
def ask_disclosure(person_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """申请查看某人未脱敏的信息，写明理由；成年人的随即可看，未成年人的须由另一位管理员审批。"""
    wanted = [Field(name) for name in body.pop("fields_")]
    return _shown(disclosures.ask(actor=actor(), person_id=person_id, fields=wanted, **body))


@blueprint.endpoint(
    "POST",
    "/disclosures/<uuid:disclosure_id>/decide",
    guard=requires(Role.ADMIN),
    body=schemas.DisclosureDecisionBody,
    answer=(200, schemas.DisclosureOut),
    audited=noted(Verb.DECIDE, "disclosure", outcome="approved"),
)
def decide_disclosure(disclosure_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """审批查看未成年人信息的申请（未成年人网络保护条例第三十六条）；不能审批自己提出的。"""
    return _shown(disclosures.decide(actor=actor(), disclosure_id=disclosure_id, **body))


@blueprint.endpoint(
    "POST",
    "/disclosures/<uuid:disclosure_id>/open",
    guard=requires(*CLERKS),
    answer=(200, schemas.DataOut),
    audited=noted(Verb.UNMASK, "disclosure"),
)
def open_disclosure(disclosure_id: UUID) -> dict[str, Any]:
    """查看已获准的信息：24 小时内有效，每次查看都留下记录。证件号码只有启用密文库时才有全号。"""
    return disclosures.look(actor=actor(), disclosure_id=disclosure_id, keys=document_endpoints.keys())


@blueprint.endpoint(
    "GET",
    "/disclosures",
    guard=requires(*disclosures.READERS),
    query=schemas.RegisterQuery,
    answer=(200, page_of(schemas.DisclosureOut)),
)
def list_disclosures(query: dict[str, Any]) -> dict[str, Any]:
    """查看登记：谁、看了谁的哪些信息、为什么、谁审批、看了几次；新的在前。审计员和管理员可查，可按人筛选。"""
    found = disclosures.register_of(actor(), person_id=query.pop("person_id", None))
    listed = page(found, by=[Disclosure.asked_at, Disclosure.id], query=query, descending=True, scalars=False)
    return listed | {"items": [_shown(disclosures.as_case(row)) for row in listed["items"]]}


def _shown(case: disclosures.Case) -> dict[str, Any]:
    disclosure, decision = case.disclosure, case.decision
    names = ("id", "person_id", "organisation_id", "reason", "minor", "asked_by", "asked_at")
    return {name: getattr(disclosure, name) for name in names} | {
        "fields_": disclosure.fields.split(","),
        "state": case.state,
        "decided_by": decision.decided_by if decision else None,
        "decided_at": decision.decided_at if decision else None,
        "decision_reason": decision.reason if decision else None,
        "openings": case.openings,
    }
