"""Evaluations over HTTP: by the leader, by those served with an invitation; one's own are read and replied to.

The code of an invitation stands in the address, so it is in no log: those carry the route's pattern only (``web.observe``).
"""

from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response
from sqlalchemy import false

from timebank import clock
from timebank.database import in_unit_of_work
from timebank.documents import qr
from timebank.errors import NotFound, Refusal
from timebank.evaluations import invitation_page, queries, schemas, service
from timebank.evaluations.errors import InvitationUsed
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
from timebank.web.browsers import as_page, wants_a_page, whole_address
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
    path = f"/api/v1/evaluation-invitations/{code}"
    url = whole_address(path)
    drawn = qr.svg(url).decode() if url else None
    return {"path": path, "url": url, "qr_svg": drawn, "expires_at": invitation.expires_at}


@blueprint.endpoint(
    "GET",
    "/evaluation-invitations/<string(maxlength=64):code>",
    guard=public,
    answer=(200, schemas.InvitedOut),
    media_types=("text/html",),
    limit=VERIFY,
)
def show_invitation(code: str) -> dict[str, Any] | Response:
    """评价邀请：对谁的哪一次服务（姓名脱敏）。浏览器打开是可以直接评价的网页，程序得到 JSON；用过或过期的不再显示。"""
    if not wants_a_page():
        return _invited(code)
    try:
        shown = invitation_page.asking(_invited(code), code=code)
    except InvitationUsed:
        return as_page(invitation_page.answered(), invitation_page.POLICY)
    except NotFound:
        return as_page(invitation_page.unknown(), invitation_page.POLICY, HTTPStatus.NOT_FOUND)
    except Refusal as refusal:
        return as_page(invitation_page.told(*refusal.explain()), invitation_page.POLICY, HTTPStatus(refusal.status))
    return as_page(shown, invitation_page.POLICY)


def _invited(code: str) -> dict[str, Any]:
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


def _take_form(code: str, body: dict[str, Any]) -> Response:
    # A browser is led back to the invitation whatever comes of it: that page tells whether it is answered, over or unknown.
    with suppress(Refusal):
        in_unit_of_work(
            lambda: service.evaluate_by_invitation(code=code, score=body["score"], words=body.get("words") or None)
        )
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": f"../{quote(code, safe='')}"})


@blueprint.endpoint(
    "POST",
    "/evaluation-invitations/<string(maxlength=64):code>/form",
    guard=public,
    form=schemas.EvaluationForm,
    answer=(303, None),
    prepare=_take_form,
    limit=VERIFY,
)
def answer_invitation_form(code: str, body: dict[str, Any], prepared: Response) -> Response:
    """服务对象在邀请的网页上评价：收到后转回邀请的网页，写明已收到。"""
    return prepared


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
