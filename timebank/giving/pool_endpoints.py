"""The pool over HTTP: everyone may give and see what it has; staff of its area answer for what is granted."""

from typing import Any
from uuid import UUID

from timebank.giving import answers, applications, pool, pool_schemas, surplus
from timebank.giving.applications import STEWARDS
from timebank.giving.models import Application, PoolGrant, SurplusConsent
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.rules import Role
from timebank.records.account import account_of
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("pool", __name__, description="公共池 · the pool")


@blueprint.endpoint("GET", "/pool", guard=signed_in, query=pool_schemas.PoolQuery, answer=(200, pool_schemas.PoolOut))
def show_pool(query: dict[str, Any]) -> pool.Pool:
    """公共池：余额、累计捐入、累计资助，人人可看。"""
    return pool.pool_of(query["area"])


@blueprint.endpoint(
    "POST",
    "/pool/donations",
    guard=signed_in,
    body=pool_schemas.DonationBody,
    answer=(201, pool_schemas.DonationOut),
    once=True,
)
def donate(body: dict[str, Any]) -> dict[str, Any]:
    """捐给公共池：时间币转给有需要的人；服务时长不变。"""
    donation, account = pool.donate(owner_id=person_id(), **body)
    return {
        "id": donation.id,
        "area_id": donation.area_id,
        "minutes": donation.minutes,
        "donated_at": donation.donated_at,
        "account": account_of(person_id(), account),
    }


@blueprint.endpoint(
    "POST",
    "/pool/applications",
    guard=signed_in,
    body=pool_schemas.ApplicationBody,
    answer=(201, pool_schemas.ApplicationOut),
)
def apply_to_pool(body: dict[str, Any]) -> dict[str, Any]:
    """申请公共池资助：本人申请，或工作人员为没有手机的居民代办。"""
    return answers.application(applications.apply(actor=actor(), **body))


@blueprint.endpoint(
    "GET",
    "/pool/applications",
    guard=requires(*STEWARDS, Role.AUDITOR),
    query=pool_schemas.ApplicationQuery,
    answer=(200, page_of(pool_schemas.ListedApplicationOut)),
)
def list_applications(query: dict[str, Any]) -> dict[str, Any]:
    """资助申请：按优先级、再按先后排列；80 岁以上独居老人在最前。"""
    found = page(
        applications.listed(actor=actor(), area_id=query["area"], state=query["state"]),
        by=[Application.rank, Application.applied_at, Application.id],
        query=query,
    )
    return found | {"items": answers.applications_for_staff(found["items"])}


@blueprint.endpoint(
    "GET",
    "/me/pool-applications",
    guard=signed_in,
    query=PageQuery,
    answer=(200, page_of(pool_schemas.ApplicationOut)),
)
def list_my_applications(query: dict[str, Any]) -> dict[str, Any]:
    """我的资助申请，新的在前。"""
    found = page(
        applications.of(person_id()), by=[Application.applied_at, Application.id], query=query, descending=True
    )
    return found | {"items": [answers.application(one) for one in found["items"]]}


@blueprint.endpoint(
    "POST",
    "/pool/applications/<uuid:application_id>/withdraw",
    guard=signed_in,
    answer=(200, pool_schemas.ApplicationOut),
)
def withdraw_application(application_id: UUID) -> dict[str, Any]:
    """撤回自己的资助申请。"""
    return answers.application(applications.withdraw(person_id=person_id(), application_id=application_id))


@blueprint.endpoint(
    "POST",
    "/pool/applications/<uuid:application_id>/refuse",
    guard=requires(*STEWARDS),
    body=pool_schemas.AnswerBody,
    answer=(200, pool_schemas.ApplicationOut),
    audited=noted(Verb.REJECT, "application"),
)
def refuse_application(application_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """不同意申请：须说明理由；本人和亲属须回避。"""
    refused = applications.refuse(actor=actor(), application_id=application_id, answer=body["reason"])
    return answers.application(refused)


@blueprint.endpoint(
    "POST",
    "/pool/grants",
    guard=requires(*STEWARDS),
    body=pool_schemas.GrantBody,
    answer=(201, pool_schemas.GrantOut),
    once=True,
    audited=noted(Verb.REQUEST, "grant"),
)
def request_grant(body: dict[str, Any]) -> dict[str, Any]:
    """提出资助：写明核实了什么；另一位工作人员审批后才转出。"""
    return answers.grants([pool.request(actor=actor(), **body)])[0]


@blueprint.endpoint(
    "GET",
    "/pool/grants",
    guard=requires(*STEWARDS, Role.AUDITOR),
    query=pool_schemas.GrantQuery,
    answer=(200, page_of(pool_schemas.GrantOut)),
)
def list_grants(query: dict[str, Any]) -> dict[str, Any]:
    """资助：待审批的和已办的，新的在前。"""
    found = page(
        pool.grants(actor=actor(), area_id=query["area"], state=query.get("state")),
        by=[PoolGrant.requested_at, PoolGrant.id],
        query=query,
        descending=True,
    )
    return found | {"items": answers.grants(found["items"])}


@blueprint.endpoint(
    "POST",
    "/pool/grants/<uuid:grant_id>/approve",
    guard=requires(*STEWARDS),
    body=pool_schemas.AnswerBody,
    answer=(200, pool_schemas.GrantOut),
    once=True,
    audited=noted(Verb.APPROVE, "grant"),
)
def approve_grant(grant_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """批准资助：时间币此时从公共池转出；提出的人不能自己批，本人和亲属须回避。"""
    return answers.grants([pool.approve(actor=actor(), grant_id=grant_id, answer=body["reason"])])[0]


@blueprint.endpoint(
    "POST",
    "/pool/grants/<uuid:grant_id>/reject",
    guard=requires(*STEWARDS),
    body=pool_schemas.AnswerBody,
    answer=(200, pool_schemas.GrantOut),
    audited=noted(Verb.REJECT, "grant"),
)
def reject_grant(grant_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """不批准资助：须说明理由；申请继续等候。"""
    return answers.grants([pool.reject(actor=actor(), grant_id=grant_id, answer=body["reason"])])[0]


@blueprint.endpoint("GET", "/me/giving", guard=signed_in, answer=(200, pool_schemas.SurplusOut))
def show_my_giving() -> dict[str, Any]:
    """我的意愿：余额超过上限的部分是否捐入公共池。"""
    return _surplus(surplus.decided(person_id()))


@blueprint.endpoint(
    "PUT", "/me/giving", guard=signed_in, body=pool_schemas.SurplusBody, answer=(200, pool_schemas.SurplusOut)
)
def put_my_giving(body: dict[str, Any]) -> dict[str, Any]:
    """同意或不同意：余额超过上限的部分捐入服务所在区域的公共池；不同意则不计入，服务时长不变。"""
    return _surplus(surplus.decide(person_id=person_id(), **body))


def _surplus(decided: SurplusConsent | None) -> dict[str, Any]:
    return {
        "surplus_to_pool": decided.surplus_to_pool if decided else False,
        "decided_at": decided.decided_at if decided else None,
    }
