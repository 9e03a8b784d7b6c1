"""Relatives and gifts over HTTP: one proposes or offers, the other answers; staff verify who is whose relative."""

from typing import Any
from uuid import UUID

from timebank import clock
from timebank.giving import answers, gifts, relations, schemas
from timebank.giving.models import Gift
from timebank.identity import family
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.models import FamilyRelation
from timebank.records.account import account_of
from timebank.web import limits
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("giving", __name__, description="亲属与转赠 · relatives and gifts")

_BY = [FamilyRelation.proposed_at, FamilyRelation.id]


@blueprint.endpoint("GET", "/me/family", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.RelationOut)))
def list_my_family(query: dict[str, Any]) -> dict[str, Any]:
    """我的亲属：我发起的和别人向我发起的，新的在前。"""
    found = page(family.relations_of(person_id()), by=_BY, query=query, descending=True)
    return found | {"items": answers.my_relations(found["items"], person_id())}


@blueprint.endpoint(
    "POST",
    "/me/family",
    guard=signed_in,
    body=schemas.RelationBody,
    answer=(201, schemas.RelationOut),
    limit=limits.PROPOSALS,
)
def propose_relation(body: dict[str, Any]) -> dict[str, Any]:
    """登记亲属：填对方的志愿者编号和称谓；对方确认后，两人到所选组织出示证件。编号是否存在，回答都一样。"""
    return answers.my_relations([relations.propose(proposer_id=person_id(), **body)], person_id())[0]


@blueprint.endpoint("POST", "/family/<uuid:relation_id>/confirm", guard=signed_in, answer=(200, schemas.RelationOut))
def confirm_relation(relation_id: UUID) -> dict[str, Any]:
    """确认亲属关系：只有被登记的一方可以。"""
    return answers.my_relations([family.confirm(person_id=person_id(), relation_id=relation_id)], person_id())[0]


@blueprint.endpoint("DELETE", "/me/family/<uuid:relation_id>", guard=signed_in, answer=(204, None))
def end_relation(relation_id: UUID) -> None:
    """解除亲属登记，或拒绝别人的登记；双方都可以，记录保留。"""
    family.end(person_id=person_id(), relation_id=relation_id)


@blueprint.endpoint(
    "GET",
    "/family",
    guard=requires(*relations.VERIFIERS),
    query=schemas.RelationQuery,
    answer=(200, page_of(schemas.StaffRelationOut)),
)
def list_relations(query: dict[str, Any]) -> dict[str, Any]:
    """待核实的亲属登记：管理范围内，先来的在前，姓名脱敏。"""
    found = page(relations.in_scope(actor(), [query["state"]]), by=_BY, query=query)
    return found | {"items": answers.relations_for_staff(found["items"])}


@blueprint.endpoint(
    "GET",
    "/family/<uuid:relation_id>",
    guard=requires(*relations.VERIFIERS),
    answer=(200, schemas.StaffRelationOut),
    audited=noted(Verb.UNMASK, "relation"),
)
def show_relation(relation_id: UUID) -> dict[str, Any]:
    """一条亲属登记：核对证件时看全名；未成年人的须先获准查看，否则脱敏。"""
    return answers.relations_for_staff([relations.seen_by_staff(actor(), relation_id)], beside=person_id())[0]


@blueprint.endpoint(
    "POST",
    "/family/<uuid:relation_id>/verify",
    guard=requires(*relations.VERIFIERS),
    body=schemas.ReasonBody,
    answer=(200, schemas.StaffRelationOut),
    audited=noted(Verb.APPROVE, "relation"),
)
def verify_relation(relation_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """核实亲属关系：写明看了什么证件，不留复印件；本人和亲属须回避。"""
    return _decided(relation_id, body, verified=True)


@blueprint.endpoint(
    "POST",
    "/family/<uuid:relation_id>/reject",
    guard=requires(*relations.VERIFIERS),
    body=schemas.ReasonBody,
    answer=(200, schemas.StaffRelationOut),
    audited=noted(Verb.REJECT, "relation"),
)
def reject_relation(relation_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """不予核实：须说明理由；之后可以重新登记。"""
    return _decided(relation_id, body, verified=False)


def _decided(relation_id: UUID, body: dict[str, Any], *, verified: bool) -> dict[str, Any]:
    decided = relations.decide(actor=actor(), relation_id=relation_id, verified=verified, **body)
    return answers.relations_for_staff([decided])[0]


@blueprint.endpoint("GET", "/gifts", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.GiftOut)))
def list_my_gifts(query: dict[str, Any]) -> dict[str, Any]:
    """我的赠送：送出的和收到的，新的在前。"""
    found = page(gifts.gifts_of(person_id()), by=[Gift.offered_at, Gift.id], query=query, descending=True)
    return found | {"items": answers.my_gifts(found["items"], person_id(), clock.now())}


@blueprint.endpoint("POST", "/gifts", guard=signed_in, body=schemas.GiftBody, answer=(201, schemas.GiftOut), once=True)
def offer_gift(body: dict[str, Any]) -> dict[str, Any]:
    """赠予亲属：只能给经核实的直系亲属；14 天内对方接受才转出，之前不冻结。"""
    return _shown(gifts.offer(giver_id=person_id(), **body))


@blueprint.endpoint(
    "POST", "/gifts/<uuid:gift_id>/accept", guard=signed_in, answer=(200, schemas.AcceptedGiftOut), once=True
)
def accept_gift(gift_id: UUID) -> dict[str, Any]:
    """接受赠送：时间币此时转入；对方可用时间币不够时不转，可以再试。"""
    gift = gifts.accept(recipient_id=person_id(), gift_id=gift_id)
    return {"gift": _shown(gift), "account": account_of(person_id())}


@blueprint.endpoint("POST", "/gifts/<uuid:gift_id>/decline", guard=signed_in, answer=(200, schemas.GiftOut))
def decline_gift(gift_id: UUID) -> dict[str, Any]:
    """谢绝赠送：时间币不转出。"""
    return _shown(gifts.decline(recipient_id=person_id(), gift_id=gift_id))


@blueprint.endpoint("POST", "/gifts/<uuid:gift_id>/withdraw", guard=signed_in, answer=(200, schemas.GiftOut))
def withdraw_gift(gift_id: UUID) -> dict[str, Any]:
    """撤回赠送：对方接受之前可以。"""
    return _shown(gifts.withdraw(giver_id=person_id(), gift_id=gift_id))


def _shown(gift: Gift) -> dict[str, Any]:
    return answers.my_gifts([gift], person_id(), clock.now())[0]
