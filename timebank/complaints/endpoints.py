"""Complaints over HTTP: everybody may complain, staff without a part in it answer."""

from typing import Any
from uuid import UUID

from timebank import clock
from timebank.complaints import queries, schemas, service
from timebank.complaints.models import Complaint
from timebank.complaints.rules import Kind, Outcome, State
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.former import belongs
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.organisations import scope
from timebank.records.service import DECIDERS
from timebank.web.blueprint import Blueprint
from timebank.web.limits import PROPOSALS
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("complaints", __name__, description="投诉 · complaints")

_BY = (Complaint.made_at, Complaint.id)


@blueprint.endpoint(
    "POST",
    "/complaints",
    guard=signed_in,
    body=schemas.ComplaintBody,
    answer=(201, schemas.MyComplaintOut),
    once=True,
    limit=PROPOSALS,
)
def complain(body: dict[str, Any]) -> dict[str, Any]:
    """投诉：反映组织、活动或某位志愿者（填编号）的问题，10 个工作日内答复。被投诉人看不到投诉人。"""
    kind = Kind(body.pop("kind"))
    return schemas.my_complaint_out(queries.one(service.complain(complainant_id=person_id(), kind=kind, **body)))


@blueprint.endpoint(
    "GET", "/me/complaints", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.MyComplaintOut))
)
def list_my_complaints(query: dict[str, Any]) -> dict[str, Any]:
    """我提出的投诉和答复，新的在前。"""
    found = queries.complaints().where(belongs(Complaint.complainant_id, person_id()))
    listed = page(found, by=_BY, query=query, descending=True, scalars=False)
    return listed | {"items": [schemas.my_complaint_out(row) for row in listed["items"]]}


@blueprint.endpoint(
    "GET", "/me/upheld-complaints", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.UpheldOut))
)
def list_upheld_complaints(query: dict[str, Any]) -> dict[str, Any]:
    """对我的投诉中查实的：事由类别和处理结果；不显示投诉人和原话。"""
    listed = page(queries.upheld_about(person_id()), by=_BY, query=query, descending=True, scalars=False)
    return listed | {"items": [schemas.upheld_out(row) for row in listed["items"]]}


@blueprint.endpoint(
    "GET",
    "/complaints",
    guard=requires(*service.READERS),
    query=schemas.ComplaintQuery,
    answer=(200, page_of(schemas.ComplaintOut)),
)
def list_complaints(query: dict[str, Any]) -> dict[str, Any]:
    """管理范围内的投诉，新的在前；可按状态筛选（待答复 open）。关于本人的不列。"""
    who = actor()
    found = queries.complaints_with_subjects().where(
        scope.organisations_of(who, *service.READERS, column=Complaint.organisation_id),
        queries.is_not_about(who.person_id),
    )
    if "organisation" in query:
        found = found.where(Complaint.organisation_id == query["organisation"])
    if "state" in query:
        found = found.where(queries.stands_as(State(query["state"])))
    listed = page(found, by=_BY, query=query, descending=True, scalars=False)
    today = clock.day_of(clock.now())
    return listed | {"items": [schemas.complaint_out(row, today) for row in listed["items"]]}


@blueprint.endpoint("GET", "/complaints/<uuid:complaint_id>", guard=signed_in, answer=(200, schemas.MyComplaintOut))
def show_complaint(complaint_id: UUID) -> dict[str, Any]:
    """一项投诉和答复：提出人，或管理范围内的工作人员；被投诉人除外。"""
    return schemas.my_complaint_out(service.seen(actor=actor(), complaint_id=complaint_id))


@blueprint.endpoint(
    "POST",
    "/complaints/<uuid:complaint_id>/answer",
    guard=requires(*DECIDERS),
    body=schemas.ComplaintAnswerBody,
    answer=(201, schemas.ComplaintOut),
    once=True,
    audited=noted(Verb.DECIDE, "complaint", outcome="outcome"),
)
def answer_complaint(complaint_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """答复投诉：查实（upheld）或不成立（dismissed），写明情况。投诉人、被投诉人和他们的亲属不能答复。"""
    outcome = Outcome(body.pop("outcome"))
    service.answer(actor=actor(), complaint_id=complaint_id, outcome=outcome, **body)
    return schemas.complaint_out(queries.one(complaint_id), clock.day_of(clock.now()))
