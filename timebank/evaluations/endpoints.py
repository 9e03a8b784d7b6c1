"""Evaluations over HTTP: by the leader, by those served with an invitation; one's own are read and replied to.

The code of an invitation stands in the address, so it is in no log: those carry the route's pattern only (``web.observe``).
"""

from typing import Any
from uuid import UUID

from sqlalchemy import false

from timebank import clock
from timebank.errors import NotFound
from timebank.evaluations import queries, schemas, service
from timebank.evaluations.models import Evaluation
from timebank.evaluations.rules import average_tenths
from timebank.identity import queries as people
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.former import belongs
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.organisations import scope
from timebank.records.service import DECIDERS
from timebank.web.blueprint import Blueprint, public
from timebank.web.limits import PROPOSALS, VERIFY
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("evaluations", __name__, description="服务评价 · evaluations")


@blueprint.endpoint(
    "POST",
    "/records/<uuid:record_id>/evaluation",
    guard=signed_in,
    body=schemas.EvaluationBody,
    answer=(201, schemas.EvaluationOut),
    once=True,
)
def evaluate_record(record_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """负责人评价：活动负责人或组织的协调员，对已确认的服务打 1 至 5 分并可写评语，一次。不能评价本人或亲属。"""
    return _shown(service.evaluate(actor=actor(), record_id=record_id, **body))


@blueprint.endpoint(
    "POST",
    "/records/<uuid:record_id>/evaluation-invitations",
    guard=signed_in,
    answer=(201, schemas.InvitationOut),
    limit=VERIFY,
)
def invite_to_evaluate(record_id: UUID) -> dict[str, Any]:
    """邀请服务对象评价：生成一次性地址（30 天有效），可做成二维码交给老人或家属，不用登录、不留姓名。"""
    invitation, code = service.invite(actor=actor(), record_id=record_id)
    return {"path": f"/api/v1/evaluation-invitations/{code}", "expires_at": invitation.expires_at}


@blueprint.endpoint(
    "GET",
    "/evaluation-invitations/<string(maxlength=64):code>",
    guard=public,
    answer=(200, schemas.InvitedOut),
    limit=VERIFY,
)
def show_invitation(code: str) -> dict[str, Any]:
    """评价邀请：对谁的哪一次服务（姓名脱敏）。用过或过期的不再显示。"""
    invitation, revision = service.invited(code, clock.now())
    person = people.person(revision.volunteer_id)
    if person is None:
        raise NotFound
    return schemas.invited_out(revision, display_name=person.display_name, expires_at=invitation.expires_at)


@blueprint.endpoint(
    "POST",
    "/evaluation-invitations/<string(maxlength=64):code>",
    guard=public,
    body=schemas.EvaluationBody,
    answer=(204, None),
    limit=VERIFY,
)
def answer_invitation(code: str, body: dict[str, Any]) -> None:
    """服务对象评价：凭邀请打 1 至 5 分并可写评语，一次。"""
    service.evaluate_by_invitation(code=code, **body)


@blueprint.endpoint("GET", "/me/evaluations", guard=signed_in, query=PageQuery, answer=(200, schemas.MyEvaluationsPage))
def list_my_evaluations(query: dict[str, Any]) -> dict[str, Any]:
    """我的服务得到的评价和平均分，新的在前；不显示评价人。"""
    found = queries.evaluations().where(belongs(Evaluation.volunteer_id, person_id()))
    listed = page(found, by=[Evaluation.evaluated_at, Evaluation.id], query=query, descending=True, scalars=False)
    scores = queries.scores_of(person_id())
    items = [schemas.my_evaluation_out(row) for row in listed["items"]]
    return listed | {"average_tenths": average_tenths(scores), "count": len(scores), "items": items}


@blueprint.endpoint(
    "POST",
    "/me/evaluations/<uuid:evaluation_id>/reply",
    guard=signed_in,
    body=schemas.ReplyBody,
    answer=(204, None),
    once=True,
    limit=PROPOSALS,
)
def reply_to_evaluation(evaluation_id: UUID, body: dict[str, Any]) -> None:
    """回复一条对我的评价，一次。"""
    service.reply(volunteer_id=person_id(), evaluation_id=evaluation_id, **body)


@blueprint.endpoint(
    "GET",
    "/evaluations",
    guard=requires(*service.READERS),
    query=schemas.EvaluationQuery,
    answer=(200, page_of(schemas.EvaluationOut)),
)
def list_evaluations(query: dict[str, Any]) -> dict[str, Any]:
    """管理范围内的评价，新的在前；已撤下的不列。认定星级前可按志愿者编号查看其服务质量。"""
    found = queries.evaluations_with_names().where(
        scope.organisations_of(actor(), *service.READERS, column=Evaluation.organisation_id)
    )
    if "organisation" in query:
        found = found.where(Evaluation.organisation_id == query["organisation"])
    if "volunteer_no" in query:
        about = people.person_by_number(query["volunteer_no"])
        found = found.where(belongs(Evaluation.volunteer_id, about.id) if about else false())
    listed = page(found, by=[Evaluation.evaluated_at, Evaluation.id], query=query, descending=True, scalars=False)
    return listed | {"items": [schemas.evaluation_out(row) for row in listed["items"]]}


@blueprint.endpoint(
    "POST",
    "/evaluations/<uuid:evaluation_id>/removal",
    guard=requires(*DECIDERS),
    body=schemas.EvaluationRemovalBody,
    answer=(204, None),
    once=True,
    audited=noted(Verb.REVOKE, "evaluation"),
)
def remove_evaluation(evaluation_id: UUID, body: dict[str, Any]) -> None:
    """撤下不当的评价（辱骂、评错人），须写明理由；不再显示，也不计入平均分。评价人本人和亲属不能撤下。"""
    service.remove(actor=actor(), evaluation_id=evaluation_id, **body)


def _shown(evaluation_id: UUID) -> dict[str, Any]:
    return schemas.evaluation_out(queries.one(evaluation_id))
