"""Corrections over HTTP: one person asks, another decides."""

from typing import Any
from uuid import UUID

from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.identity.rules import Role
from timebank.organisations import scope
from timebank.records import correction_queries, correction_schemas, corrections, schemas
from timebank.records.correction_tables import Correction
from timebank.records.service import DECIDERS
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import page_of

blueprint = Blueprint("corrections", __name__, description="服务记录的更正：一人提出，另一人批准 · corrections")

_READERS = (*DECIDERS, Role.AUDITOR)


def _shown(correction_id: UUID) -> dict[str, Any]:
    correction, state, decision, before, *_ = correction_queries.correction_with_state(correction_id)
    return correction_schemas.correction_out(correction, state, decision, before)


@blueprint.endpoint(
    "POST",
    "/records/<uuid:record_id>/corrections",
    guard=requires(*DECIDERS),
    body=correction_schemas.CorrectionBody,
    answer=(201, correction_schemas.CorrectionOut),
    once=True,
    audited=noted(Verb.REQUEST, "correction", target="id"),
)
def request_correction(body: dict[str, Any], record_id: UUID) -> dict[str, Any]:
    """提出更正：只填更正后的分钟（0 为作废），或只填起止时间；须说明理由，由另一人批准后生效。"""
    return _shown(corrections.request(actor=actor(), record_id=record_id, **body).id)


@blueprint.endpoint(
    "GET",
    "/corrections",
    guard=requires(*_READERS),
    query=correction_schemas.CorrectionQuery,
    answer=(200, page_of(correction_schemas.StaffCorrectionOut)),
)
def list_corrections(query: dict[str, Any]) -> dict[str, Any]:
    """更正：管理范围内，最早提出的在前；可按状态筛选。"""
    found = correction_queries.corrections(state=query.get("state"))
    found = found.where(scope.organisations_of(actor(), *_READERS, column=Correction.organisation_id))
    listed = page(found, by=[Correction.requested_at, Correction.id], query=query, scalars=False)
    return listed | {"items": [correction_schemas.for_staff(row) for row in listed["items"]]}


@blueprint.endpoint(
    "POST",
    "/corrections/<uuid:correction_id>/approve",
    guard=requires(*DECIDERS),
    body=correction_schemas.CorrectionApprovalBody,
    answer=(200, correction_schemas.CorrectionOut),
    audited=noted(Verb.APPROVE, "correction"),
)
def approve_correction(body: dict[str, Any], correction_id: UUID) -> dict[str, Any]:
    """批准更正：冲回原来的时间币，按更正后的分钟重新计入；已经用掉的记为欠还。不能批准自己提出的。"""
    corrections.approve(actor=actor(), correction_id=correction_id, **body)
    return _shown(correction_id)


@blueprint.endpoint(
    "POST",
    "/corrections/<uuid:correction_id>/reject",
    guard=requires(*DECIDERS),
    body=schemas.DecisionBody,
    answer=(200, correction_schemas.CorrectionOut),
    audited=noted(Verb.REJECT, "correction"),
)
def reject_correction(body: dict[str, Any], correction_id: UUID) -> dict[str, Any]:
    """不批准更正：记录不变；须说明理由。"""
    corrections.reject(actor=actor(), correction_id=correction_id, **body)
    return _shown(correction_id)
