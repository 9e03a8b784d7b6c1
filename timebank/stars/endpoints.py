"""Stars over HTTP: one's own, the public notice, objections, decisions."""

from typing import Any
from uuid import UUID

from timebank import clock
from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.former import goes_on
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.models import Person
from timebank.organisations import scope
from timebank.organisations.models import Organisation
from timebank.records import queries as records
from timebank.records.service import DECIDERS
from timebank.stars import queries, schemas, service
from timebank.stars.models import StarProposal
from timebank.stars.rules import Decision, Outcome, Review, State
from timebank.web.blueprint import Blueprint
from timebank.web.limits import PROPOSALS
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("stars", __name__, description="星级认定 · stars")


@blueprint.endpoint("GET", "/me/stars", guard=signed_in, answer=(200, schemas.MyStarsOut))
def show_my_stars() -> dict[str, Any]:
    """我的星级：累计服务时长、现有星级、下一星级还差多少，以及历次认定。只看服务时长，与余额无关。"""
    return _mine()


@blueprint.endpoint("POST", "/me/stars", guard=signed_in, answer=(201, schemas.MyStarsOut), once=True, limit=PROPOSALS)
def apply_for_star() -> dict[str, Any]:
    """申请星级：服务时长达到标准后提出，公示期满由工作人员认定。"""
    service.propose(volunteer_id=person_id(), by=person_id())
    return _mine()


@blueprint.endpoint(
    "GET", "/stars/notices", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.StarNoticeOut))
)
def list_star_notices(query: dict[str, Any]) -> dict[str, Any]:
    """星级公示栏：姓名脱敏，先期满的在前；公示期内可以提出异议。"""
    found = (
        queries.standings()
        .join(Person, Person.id == StarProposal.volunteer_id)
        .join(Organisation, Organisation.id == StarProposal.organisation_id)
        .add_columns(
            Person.display_name,
            Organisation.name.label("organisation_name"),
            StarProposal.ends_at,
            StarProposal.id,
        )
        .where(queries.is_shown_to_everybody(clock.now()))
    )
    listed = page(found, by=[StarProposal.ends_at, StarProposal.id], query=query, scalars=False)
    return listed | {"items": [schemas.notice_out(row) for row in listed["items"]]}


@blueprint.endpoint(
    "GET",
    "/stars",
    guard=requires(*DECIDERS),
    query=schemas.StarQuery,
    answer=(200, page_of(schemas.ProposedStarOut)),
)
def list_stars(query: dict[str, Any]) -> dict[str, Any]:
    """管理范围内的星级认定：最新提出的在前；可按状态筛选（待决定 ready、待复核 review_due）。"""
    now = clock.now()
    found = (
        queries.standings()
        .join(Person, Person.id == StarProposal.volunteer_id)
        .add_columns(Person.volunteer_no, Person.display_name, StarProposal.proposed_at, StarProposal.id)
        .where(scope.organisations_of(actor(), *DECIDERS, column=StarProposal.organisation_id))
    )
    if "organisation" in query:
        found = found.where(StarProposal.organisation_id == query["organisation"])
    if "state" in query:
        found = found.where(queries.stands_as(State(query["state"]), now))
    listed = page(found, by=[StarProposal.proposed_at, StarProposal.id], query=query, descending=True, scalars=False)
    items = [schemas.proposed_star_out(row, queries.standing_of(row), now) for row in listed["items"]]
    return listed | {"items": items}


@blueprint.endpoint("GET", "/stars/<uuid:star_id>", guard=signed_in, answer=(200, schemas.StarWithObjectionsOut))
def show_star(star_id: UUID) -> dict[str, Any]:
    """一项星级认定和对它的异议：本人，或有权认定的工作人员。"""
    if goes_on(service.seen(star_id).proposal.volunteer_id) != person_id():
        service.decider_sees(actor=actor(), proposal_id=star_id)
    return _shown(star_id)


@blueprint.endpoint(
    "POST",
    "/stars/<uuid:star_id>/objections",
    guard=signed_in,
    body=schemas.StarObjectionBody,
    answer=(204, None),
    once=True,
    limit=PROPOSALS,
)
def object_to_star(star_id: UUID, body: dict[str, Any]) -> None:
    """对公示中的星级提出异议：每人一次；答复之前不会授予。不公开提出人。"""
    service.object_to(actor=actor(), proposal_id=star_id, **body)


@blueprint.endpoint(
    "POST",
    "/star-objections/<uuid:objection_id>/answer",
    guard=requires(*DECIDERS),
    body=schemas.StarAnswerBody,
    answer=(201, schemas.StarWithObjectionsOut),
    once=True,
    audited=noted(Verb.DECIDE, "star_objection", target="objection_id", outcome="outcome"),
)
def answer_star_objection(objection_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """答复异议：成立（upheld）则不予授予，不成立（refused）则公示期满后可以授予。提出人、本人和亲属不能答复。"""
    outcome = Outcome(body.pop("outcome"))
    return _shown(service.answer(actor=actor(), objection_id=objection_id, outcome=outcome, **body))


@blueprint.endpoint(
    "POST",
    "/stars/<uuid:star_id>/decision",
    guard=requires(*DECIDERS),
    body=schemas.StarDecisionBody,
    answer=(201, schemas.StarWithObjectionsOut),
    once=True,
    audited=noted(Verb.DECIDE, "star", outcome="decision"),
)
def decide_star(star_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """认定：公示期满且没有未答复的异议方可授予；时长和质量都要看，须写明理由。"""
    service.decide(actor=actor(), proposal_id=star_id, decision=Decision(body["decision"]), reason=body["reason"])
    return _shown(star_id)


@blueprint.endpoint(
    "POST",
    "/stars/<uuid:star_id>/review",
    guard=requires(*DECIDERS),
    body=schemas.StarReviewBody,
    answer=(201, schemas.StarWithObjectionsOut),
    once=True,
    audited=noted(Verb.DECIDE, "star", outcome="outcome"),
)
def review_star(star_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """复核：记录更正后时长不足的星级，由人决定保留或收回，须写明理由；系统不会自动收回。"""
    service.look_again(actor=actor(), proposal_id=star_id, outcome=Review(body["outcome"]), reason=body["reason"])
    return _shown(star_id)


def _mine() -> dict[str, Any]:
    who, now = person_id(), clock.now()
    minutes = sum(records.totals(who).values())
    found = queries.of_volunteers([who])[who]
    return schemas.my_stars(minutes, service.policy_now(now).star_minutes, found, now)


def _shown(star_id: UUID) -> dict[str, Any]:
    standing = queries.one(star_id)
    if standing is None:
        raise NotFound
    return schemas.with_objections(standing, queries.objections_to(star_id), clock.now())
