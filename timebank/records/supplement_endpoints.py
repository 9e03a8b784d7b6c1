"""Supplements over HTTP, and findings of fraud: what ends the right to them for a year."""

from typing import Any
from uuid import UUID

from timebank.errors import NotFound
from timebank.files import queries as files
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.former import belongs
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.organisations import scope
from timebank.records import findings, schemas, supplement_queries, supplement_schemas, supplements
from timebank.records.service import DECIDERS
from timebank.records.supplement_rules import Verdict
from timebank.records.supplement_tables import FraudFinding, Supplement
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import page_of

blueprint = Blueprint(
    "supplements", __name__, description="补录：有凭证、两人审核；查实虚假后停一年 · supplements and findings of fraud"
)


def _shown(supplement_id: UUID) -> dict[str, Any]:
    (shown,) = _with_files([supplement_schemas.supplement_out(supplement_queries.supplement_with_state(supplement_id))])
    reviews = supplement_queries.reviews_of(supplement_id)
    return shown | {"reviews": [supplement_schemas.review_out(review) for review in reviews]}


def _with_files(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return supplements as they are shown, each with the files that are its evidence."""
    attached = files.attached(supplements.EVIDENCED, [item["id"] for item in items])
    return [item | {"evidence_files": attached[item["id"]]} for item in items]


@blueprint.endpoint(
    "POST",
    "/supplements",
    guard=signed_in,
    body=supplement_schemas.SupplementBody,
    answer=(201, supplement_schemas.ReviewedSupplementOut),
    once=True,
)
def request_supplement(body: dict[str, Any]) -> dict[str, Any]:
    """申请补录：本人，或负责人、协调员代为提出；须有理由和凭证，时间在场次之内。"""
    return _shown(supplements.request(actor=actor(), **body).id)


@blueprint.endpoint(
    "GET",
    "/me/supplements",
    guard=signed_in,
    query=supplement_schemas.SupplementQuery,
    answer=(200, page_of(supplement_schemas.SupplementOut)),
)
def list_my_supplements(query: dict[str, Any]) -> dict[str, Any]:
    """我的补录：最新的在前。"""
    found = supplement_queries.supplements(state=query.get("state"))
    found = found.where(belongs(Supplement.volunteer_id, person_id()))
    listed = page(found, by=[Supplement.requested_at, Supplement.id], query=query, descending=True, scalars=False)
    return listed | {"items": _with_files([supplement_schemas.supplement_out(row) for row in listed["items"]])}


@blueprint.endpoint(
    "GET",
    "/supplements",
    guard=requires(*supplements.READERS),
    query=supplement_schemas.SupplementQuery,
    answer=(200, page_of(supplement_schemas.StaffSupplementOut)),
)
def list_supplements(query: dict[str, Any]) -> dict[str, Any]:
    """补录：管理范围内，最早提出的在前；可按状态筛选。"""
    found = supplement_queries.supplements(state=query.get("state"))
    found = found.where(scope.organisations_of(actor(), *supplements.READERS, column=Supplement.organisation_id))
    listed = page(found, by=[Supplement.requested_at, Supplement.id], query=query, scalars=False)
    return listed | {"items": _with_files([supplement_schemas.for_staff(row) for row in listed["items"]])}


@blueprint.endpoint(
    "GET",
    "/supplements/<uuid:supplement_id>",
    guard=signed_in,
    answer=(200, supplement_schemas.ReviewedSupplementOut),
)
def show_supplement(supplement_id: UUID) -> dict[str, Any]:
    """一项补录和审核意见：本人、提出人，或管理范围内的工作人员。"""
    if not supplements.may_see(actor(), supplement_id):
        raise NotFound
    return _shown(supplement_id)


@blueprint.endpoint(
    "POST",
    "/supplements/<uuid:supplement_id>/reviews",
    guard=requires(*DECIDERS),
    body=supplement_schemas.ReviewBody,
    answer=(201, supplement_schemas.ReviewedSupplementOut),
    audited=noted(Verb.DECIDE, "supplement", outcome="decision"),
)
def review_supplement(body: dict[str, Any], supplement_id: UUID) -> dict[str, Any]:
    """审核补录：两位与申请无关的审核人都通过才生成服务记录；一位不通过即结束。"""
    verdict = Verdict(body["decision"])
    supplements.review(actor=actor(), supplement_id=supplement_id, verdict=verdict, reason=body["reason"])
    return _shown(supplement_id)


@blueprint.endpoint(
    "POST",
    "/people/<uuid:person_id>/fraud-findings",
    guard=requires(*DECIDERS),
    body=supplement_schemas.FraudFindingBody,
    answer=(201, supplement_schemas.FraudFindingOut),
    once=True,
    audited=noted(Verb.DECIDE, "finding"),
)
def find_fraud(body: dict[str, Any], person_id: UUID) -> dict[str, Any]:
    """认定虚假记录：由人认定并说明理由，365 天内不能补录；时间币另由更正处理。"""
    return supplement_schemas.finding_out(findings.find(actor=actor(), person_id=person_id, **body), None)


@blueprint.endpoint(
    "GET",
    "/fraud-findings",
    guard=requires(*supplements.READERS),
    query=supplement_schemas.FraudFindingQuery,
    answer=(200, page_of(supplement_schemas.FraudFindingOut)),
)
def list_findings(query: dict[str, Any]) -> dict[str, Any]:
    """虚假记录的认定：管理范围内，最新的在前；可按人筛选。"""
    found = supplement_queries.findings()
    found = found.where(scope.organisations_of(actor(), *supplements.READERS, column=FraudFinding.organisation_id))
    if "person" in query:
        found = found.where(belongs(FraudFinding.person_id, query["person"]))
    listed = page(found, by=[FraudFinding.found_at, FraudFinding.id], query=query, descending=True, scalars=False)
    return listed | {"items": [supplement_schemas.finding_out(*row[:2]) for row in listed["items"]]}


@blueprint.endpoint(
    "POST",
    "/fraud-findings/<uuid:finding_id>/lift",
    guard=requires(*DECIDERS),
    body=schemas.DecisionBody,
    answer=(200, supplement_schemas.FraudFindingOut),
    audited=noted(Verb.LIFT, "finding"),
)
def lift_finding(body: dict[str, Any], finding_id: UUID) -> dict[str, Any]:
    """撤销认定：由另一位工作人员复核后撤销，须说明理由；两份意见都保留。"""
    findings.lift(actor=actor(), finding_id=finding_id, **body)
    finding, lift, *_ = supplement_queries.finding_with_lift(finding_id)
    return supplement_schemas.finding_out(finding, lift)
