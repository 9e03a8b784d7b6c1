"""Public notices and objections over HTTP."""

from typing import Any
from uuid import UUID

from timebank import clock
from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.organisations import queries as register
from timebank.organisations import scope
from timebank.records import answers, notices, objection_queries, objections, service
from timebank.records import objection_schemas as schemas
from timebank.records.models import Revision
from timebank.records.notice_tables import Notice
from timebank.records.objection_tables import Objection
from timebank.records.objections import READERS
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("objections", __name__, description="公示与异议 · public notice and objections")


@blueprint.endpoint(
    "GET", "/notices", guard=signed_in, query=schemas.NoticeQuery, answer=(200, page_of(schemas.NoticeOut))
)
def list_notices(query: dict[str, Any]) -> dict[str, Any]:
    """公示栏：正在公示的服务记录，姓名脱敏，先期满的在前；登录即可查看，对有疑问的可提出异议。"""
    found = notices.listed(
        now=clock.now(), organisation_id=query.get("organisation"), area_path=_path_of(query.get("area"))
    )
    listed = page(found, by=[Notice.ends_at, Notice.revision_id], query=query, scalars=False)
    return listed | {"items": [schemas.notice_out(row) for row in listed["items"]]}


def _path_of(area_id: UUID | None) -> str | None:
    if area_id is None:
        return None
    area = register.area(area_id)
    if area is None:
        raise NotFound
    return area.path


@blueprint.endpoint(
    "POST",
    "/records/<uuid:record_id>/objections",
    guard=signed_in,
    body=schemas.ObjectionBody,
    answer=(201, schemas.ObjectionOut),
    once=True,
)
def make_objection(record_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """提出异议：本人在记录产生或变更后 30 天内；公示期间任何登录者均可。答复之前记录冻结。"""
    made = objections.make(actor=actor(), record_id=record_id, **body)
    return _shown(made.id)


@blueprint.endpoint(
    "GET", "/me/objections", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.ObjectionOut))
)
def list_my_objections(query: dict[str, Any]) -> dict[str, Any]:
    """我的异议：最新的在前，附答复。"""
    by = [Objection.made_at, Objection.id]
    listed = page(objection_queries.made_by(person_id()), by=by, query=query, descending=True, scalars=False)
    now = clock.now()
    return listed | {"items": [schemas.objection_out(*row[:3], now=now) for row in listed["items"]]}


@blueprint.endpoint(
    "GET",
    "/objections",
    guard=requires(*READERS),
    query=schemas.ObjectionQuery,
    answer=(200, page_of(schemas.StaffObjectionOut)),
)
def list_objections(query: dict[str, Any]) -> dict[str, Any]:
    """管理范围内的异议：最早到期的在前，已逾期的排在最前面；可按状态和组织筛选。"""
    found = objection_queries.in_scope(state=query.get("state"), organisation_id=query.get("organisation"))
    found = found.where(scope.organisations_of(actor(), *READERS, column=Revision.organisation_id))
    listed = page(found, by=[Objection.due_on, Objection.id], query=query, scalars=False)
    now = clock.now()
    return listed | {"items": [schemas.staff_objection_out(row, now=now) for row in listed["items"]]}


@blueprint.endpoint(
    "POST",
    "/objections/<uuid:objection_id>/answer",
    guard=requires(*service.DECIDERS),
    body=schemas.ObjectionAnswerBody,
    answer=(200, schemas.ObjectionOut),
    audited=noted(Verb.DECIDE, "objection", outcome="outcome"),
)
def answer_objection(objection_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """答复异议：成立的写明更正，未计入的改后另行审核，已计入的另行更正；不成立的说明理由。本人、提出人及其亲属不能答复。"""
    answers.answer(actor=actor(), objection_id=objection_id, **body)
    return _shown(objection_id)


def _shown(objection_id: UUID) -> dict[str, Any]:
    found = objection_queries.with_answer(objection_id)
    if found is None:
        raise NotFound
    return schemas.objection_out(*found, now=clock.now())
