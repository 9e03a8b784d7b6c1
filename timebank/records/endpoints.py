"""Service records over HTTP: one's own, those in a coordinator's scope, and the decision on them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.rules import Role, masked_name
from timebank.organisations import scope
from timebank.records import explanation, queries, schemas, service, showing
from timebank.records.models import Revision
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("records", __name__, description="服务记录与审核 · service records and their review")

READERS = (Role.COORDINATOR, Role.AUDITOR, Role.ADMIN)


@blueprint.endpoint(
    "GET",
    "/records",
    guard=requires(*READERS),
    query=schemas.RecordQuery,
    answer=(200, page_of(schemas.StaffRecordOut)),
)
def list_records(query: dict[str, Any]) -> dict[str, Any]:
    """服务记录：管理范围内，最新的在前；可按状态和组织筛选，审核时可让最早的在前。"""
    found = queries.records_with_names(state=query.get("state"), organisation_id=query.get("organisation"))
    found = found.where(scope.organisations_of(actor(), *READERS, column=Revision.organisation_id))
    listed = page(
        found,
        by=[Revision.started_at, Revision.record_id],
        query=query,
        descending=query["order"] == "newest",
        scalars=False,
    )
    records = showing.all_shown([row[0] for row in listed["items"]])
    return listed | {"items": [record | _for_staff(row) for record, row in zip(records, listed["items"], strict=True)]}


def _for_staff(row: Row[Any]) -> dict[str, Any]:
    why, why_en = explanation.waiting(row[0])
    return {
        "volunteer_no": row.volunteer_no,
        "volunteer_name": masked_name(row.display_name),
        "waits_because": why,
        "waits_because_en": why_en,
    }


@blueprint.endpoint("GET", "/me/records", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.RecordOut)))
def list_my_records(query: dict[str, Any]) -> dict[str, Any]:
    """我的服务记录：最新的在前，每条附一句说明。"""
    found = queries.current().where(Revision.volunteer_id == person_id())
    listed = page(found, by=[Revision.started_at, Revision.record_id], query=query, descending=True)
    return listed | {"items": showing.all_shown(listed["items"])}


@blueprint.endpoint("GET", "/records/<uuid:record_id>", guard=signed_in, answer=(200, schemas.RecordOut))
def get_record(record_id: UUID) -> dict[str, Any]:
    """一条服务记录：本人，或管理范围内的工作人员。"""
    revision = queries.current_of(record_id)
    if revision is None:
        raise NotFound
    if revision.volunteer_id != person_id():
        scope.organisation_for(actor(), *READERS, organisation_id=revision.organisation_id)
    return showing.shown(revision)


@blueprint.endpoint(
    "POST",
    "/records/<uuid:record_id>/approve",
    guard=requires(*service.DECIDERS),
    body=schemas.ApprovalBody,
    answer=(200, schemas.RecordOut),
    audited=noted(Verb.APPROVE, "record"),
)
def approve_record(record_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """审核通过：计入余额，须公示的先公示；须说明理由，可少认分钟；不能审核自己或亲属的记录。"""
    return showing.shown_anew(service.approve(actor=actor(), record_id=record_id, **body).revision)


@blueprint.endpoint(
    "POST",
    "/records/<uuid:record_id>/reject",
    guard=requires(*service.DECIDERS),
    body=schemas.DecisionBody,
    answer=(200, schemas.RecordOut),
    audited=noted(Verb.REJECT, "record"),
)
def reject_record(record_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """审核不通过：记录保留，不计入余额；须说明理由。"""
    return showing.shown_anew(service.reject(actor=actor(), record_id=record_id, **body).revision)
