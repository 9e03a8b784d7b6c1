"""Awards over HTTP: staff enter what they have seen, everybody reads their own."""

from typing import Any
from uuid import UUID

from timebank.awards import schemas, service
from timebank.awards.models import Award
from timebank.files import queries as files
from timebank.identity import queries as people
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.former import belongs
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.organisations import scope
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("awards", __name__, description="表彰奖励 · awards")


@blueprint.endpoint(
    "POST",
    "/awards",
    guard=requires(*service.CLERKS),
    body=schemas.AwardBody,
    answer=(201, schemas.AwardOut),
    once=True,
    audited=noted(Verb.ENTER, "award"),
)
def enter_award(body: dict[str, Any]) -> dict[str, Any]:
    """登记表彰奖励：名称、日期、授予单位，写明看过什么证明。不能登记本人或亲属；同一项不重复登记。"""
    return _shown(service.enter(actor=actor(), **body))


@blueprint.endpoint(
    "POST",
    "/awards/<uuid:award_id>/withdrawal",
    guard=requires(*service.CLERKS),
    body=schemas.AwardWithdrawalBody,
    answer=(201, schemas.AwardOut),
    once=True,
    audited=noted(Verb.REVOKE, "award"),
)
def withdraw_award(award_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """撤销登记有误或已被收回的表彰，须写明理由；原来的登记保留备查。"""
    return _shown(service.withdraw(actor=actor(), award_id=award_id, **body))


@blueprint.endpoint(
    "GET",
    "/awards",
    guard=requires(*service.READERS),
    query=schemas.AwardQuery,
    answer=(200, page_of(schemas.AwardOut)),
)
def list_awards(query: dict[str, Any]) -> dict[str, Any]:
    """管理范围内登记的表彰，新的在前；已撤销的不列。"""
    found = service.awards().where(scope.organisations_of(actor(), *service.READERS, column=Award.organisation_id))
    if "organisation" in query:
        found = found.where(Award.organisation_id == query["organisation"])
    listed = page(found, by=[Award.awarded_on, Award.id], query=query, descending=True, scalars=False)
    shown = files.attached(service.EVIDENCED, [row.id for row in listed["items"]])
    items = [
        schemas.award_out(row.Award, shown[row.id], volunteer_no=row.volunteer_no, display_name=row.display_name)
        for row in listed["items"]
    ]
    return listed | {"items": items}


@blueprint.endpoint("GET", "/me/awards", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.MyAwardOut)))
def list_my_awards(query: dict[str, Any]) -> dict[str, Any]:
    """我获得的表彰奖励，新的在前。"""
    found = service.awards().where(belongs(Award.volunteer_id, person_id()))
    listed = page(found, by=[Award.awarded_on, Award.id], query=query, descending=True, scalars=False)
    shown = files.attached(service.EVIDENCED, [row.id for row in listed["items"]])
    return listed | {"items": [schemas.my_award_out(row.Award, shown[row.id]) for row in listed["items"]]}


def _shown(award: Award) -> dict[str, Any]:
    person = people.people([award.volunteer_id])[award.volunteer_id]
    shown = files.attached(service.EVIDENCED, [award.id])[award.id]
    return schemas.award_out(award, shown, volunteer_no=person.volunteer_no, display_name=person.display_name)
