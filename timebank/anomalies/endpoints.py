"""The anomaly inbox over HTTP: what waits in one's scope, and the decision about it."""

from typing import Any
from uuid import UUID

from flask import request

from timebank.anomalies import queries, schemas, service
from timebank.anomalies.models import Anomaly
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.identity.rules import Role
from timebank.organisations import scope
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import page_of

blueprint = Blueprint("anomalies", __name__, description="异常收件箱：规则只提示，由人决定 · the anomaly inbox")

READERS = (Role.COORDINATOR, Role.AUDITOR, Role.ADMIN)


def _english() -> bool:
    return request.accept_languages.best_match(["zh", "en"]) == "en"


@blueprint.endpoint(
    "GET",
    "/anomalies",
    guard=requires(*READERS),
    query=schemas.AnomalyQuery,
    answer=(200, page_of(schemas.AnomalyOut)),
)
def list_anomalies(query: dict[str, Any]) -> dict[str, Any]:
    """异常：管理范围内，最新发现的在前；可按状态、种类、组织筛选。"""
    found = queries.anomalies(state=query.get("state"), kind=query.get("kind"))
    found = found.where(scope.organisations_of(actor(), *READERS, column=Anomaly.organisation_id))
    if "organisation" in query:
        found = found.where(Anomaly.organisation_id == query["organisation"])
    listed = page(found, by=[Anomaly.found_at, Anomaly.id], query=query, descending=True, scalars=False)
    english = _english()
    return listed | {"items": [schemas.anomaly_out(*row[:2], english=english) for row in listed["items"]]}


@blueprint.endpoint(
    "GET",
    "/anomalies/<uuid:anomaly_id>",
    guard=requires(*READERS),
    answer=(200, schemas.AnomalyWithDecisionsOut),
)
def show_anomaly(anomaly_id: UUID) -> dict[str, Any]:
    """一条异常，以及历次处理的结论和理由。"""
    return _shown(anomaly_id)


@blueprint.endpoint(
    "POST",
    "/anomalies/<uuid:anomaly_id>/decisions",
    guard=requires(*READERS),
    body=schemas.AnomalyDecisionBody,
    answer=(201, schemas.AnomalyWithDecisionsOut),
    audited=noted(Verb.DECIDE, "anomaly", person="person_ids", outcome="outcome"),
)
def decide(body: dict[str, Any], anomaly_id: UUID) -> dict[str, Any]:
    """处理异常：排除、确认或重新打开，须说明理由；记录和余额不会因此改变，更正另行提出。"""
    service.decide(actor=actor(), anomaly_id=anomaly_id, **body)
    return _shown(anomaly_id)


def _shown(anomaly_id: UUID) -> dict[str, Any]:
    anomaly = session.get(Anomaly, anomaly_id)
    if anomaly is None:
        raise NotFound
    scope.organisation_for(actor(), *READERS, organisation_id=anomaly.organisation_id)
    return schemas.with_decisions(anomaly, queries.decisions(anomaly_id), english=_english())
