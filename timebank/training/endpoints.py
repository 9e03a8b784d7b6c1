"""Training over HTTP: staff enter courses and lists, everybody reads their own."""

from typing import Any
from uuid import UUID

from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.organisations import scope
from timebank.training import queries, schemas, service
from timebank.training.models import Training, TrainingParticipation
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("training", __name__, description="培训情况 · training")


@blueprint.endpoint(
    "POST",
    "/trainings",
    guard=requires(*service.CLERKS),
    body=schemas.TrainingBody,
    answer=(201, schemas.TrainingOut),
    once=True,
    audited=noted(Verb.ENTER, "training"),
)
def enter_training(body: dict[str, Any]) -> dict[str, Any]:
    """登记一次培训：名称、主要内容、学习时长、组织单位、日期。学习时长不是服务时长，不计时间币。"""
    return schemas.training_out(service.enter(actor=actor(), **body), 0)


@blueprint.endpoint(
    "GET",
    "/trainings",
    guard=requires(*service.READERS),
    query=schemas.TrainingQuery,
    answer=(200, page_of(schemas.TrainingOut)),
)
def list_trainings(query: dict[str, Any]) -> dict[str, Any]:
    """管理范围内的培训，新的在前。"""
    found = queries.trainings_with_counts().where(
        scope.organisations_of(actor(), *service.READERS, column=Training.organisation_id)
    )
    if "organisation" in query:
        found = found.where(Training.organisation_id == query["organisation"])
    listed = page(found, by=[Training.held_on, Training.id], query=query, descending=True, scalars=False)
    return listed | {"items": [schemas.training_out(row.Training, row.participants) for row in listed["items"]]}


@blueprint.endpoint(
    "GET",
    "/trainings/<uuid:training_id>",
    guard=requires(*service.READERS),
    answer=(200, schemas.TrainingWithListOut),
)
def show_training(training_id: UUID) -> dict[str, Any]:
    """一次培训和参加名单（姓名脱敏）。"""
    return _shown(service.seen(actor=actor(), training_id=training_id))


@blueprint.endpoint(
    "POST",
    "/trainings/<uuid:training_id>/participants",
    guard=requires(*service.CLERKS),
    body=schemas.ParticipantsBody,
    answer=(201, schemas.TrainingWithListOut),
    once=True,
    audited=noted(Verb.CHANGE, "training"),
)
def enter_participants(training_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """登记参加人员：按志愿者编号，一次最多200人，有一个编号有误则全部不登记；已登记的不重复。不能登记本人或亲属。"""
    participants = [service.Participant(**one) for one in body["participants"]]
    return _shown(service.take_part(actor=actor(), training_id=training_id, participants=participants))


@blueprint.endpoint(
    "POST",
    "/training-participations/<uuid:participation_id>/withdrawal",
    guard=requires(*service.CLERKS),
    body=schemas.ParticipationWithdrawalBody,
    answer=(201, schemas.TrainingWithListOut),
    once=True,
    audited=noted(Verb.REVOKE, "participation"),
)
def withdraw_participation(participation_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """撤销登记错误的参加记录，须写明理由；原来的登记保留备查。"""
    return _shown(service.withdraw(actor=actor(), participation_id=participation_id, **body))


@blueprint.endpoint("GET", "/me/trainings", guard=signed_in, query=PageQuery, answer=(200, schemas.MyTrainingsPage))
def list_my_trainings(query: dict[str, Any]) -> dict[str, Any]:
    """我参加的培训和累计学习时长，新的在前。学习时长与服务时长分开计算。"""
    by = [Training.held_on, TrainingParticipation.id]
    listed = page(queries.of_volunteer(person_id()), by=by, query=query, descending=True, scalars=False)
    items = [schemas.my_training_out(row) for row in listed["items"]]
    return listed | {"learning_minutes": queries.learnt(person_id()), "items": items}


def _shown(training: Training) -> dict[str, Any]:
    return schemas.with_list(training, queries.participants_of(training.id))
