"""Limits on goods, free quotas and proxies over HTTP."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.rules import masked_name
from timebank.organisations.papers import CLERKS
from timebank.shop.allowance import entitlements, limits, proxies, quota_reports, schemas
from timebank.shop.allowance.proxy_tables import Proxy
from timebank.shop.allowance.quota_tables import Entitlement
from timebank.web import limits as rates
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("allowances", __name__, description="限额、免费额度、代领 · limits, free quotas, proxies")


@blueprint.endpoint("GET", "/goods/<uuid:goods_id>/limits", guard=signed_in, answer=(200, schemas.LimitsOut))
def show_goods_limits(goods_id: UUID) -> dict[str, Any]:
    """一种物品自己的限额；各公益仓规则中的限额另见 /policies。"""
    return {"goods_id": goods_id, "limits": limits.limits_of(goods_id)}


@blueprint.endpoint(
    "PUT",
    "/goods/<uuid:goods_id>/limits",
    guard=requires(*CLERKS),
    body=schemas.LimitsBody,
    answer=(200, schemas.LimitsOut),
    audited=noted(Verb.CHANGE, "goods"),
)
def set_goods_limits(goods_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """设定一种物品的限额，替换原有的；此前领取的照样计入。空列表为取消。"""
    return {
        "goods_id": goods_id,
        "limits": limits.set_limits(actor=actor(), goods_id=goods_id, wanted=body["limits"]),
    }


@blueprint.endpoint(
    "POST",
    "/people/<uuid:member_id>/free-quota",
    guard=requires(*CLERKS),
    body=schemas.EntitlementBody,
    answer=(201, schemas.EntitlementOut),
    once=True,
    audited=noted(Verb.APPROVE, "entitlement", person="member_id"),
)
def grant_free_quota(member_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """登记免费额度：按本地规则的种类，写明理由；在本组织的公益仓使用。本人和亲属须回避。"""
    return _entitlements([entitlements.grant(actor=actor(), person_id=member_id, **body)])[0]


@blueprint.endpoint(
    "POST",
    "/free-quota/<uuid:entitlement_id>/end",
    guard=requires(*CLERKS),
    body=schemas.EntitlementEndBody,
    answer=(200, schemas.EntitlementOut),
    audited=noted(Verb.END, "entitlement"),
)
def end_free_quota(entitlement_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """终止免费额度：写明理由；已预留的仍可领取。"""
    ended = entitlements.end(actor=actor(), entitlement_id=entitlement_id, reason=body["reason"])
    return _entitlements([ended])[0]


@blueprint.endpoint(
    "GET",
    "/free-quota",
    guard=requires(*CLERKS),
    query=schemas.EntitlementQuery,
    answer=(200, page_of(schemas.EntitlementOut)),
)
def list_free_quotas(query: dict[str, Any]) -> dict[str, Any]:
    """一个组织登记的免费额度，新的在前，姓名脱敏。"""
    found = page(
        entitlements.listed(actor=actor(), organisation_id=query["organisation"]),
        by=[Entitlement.granted_at, Entitlement.id],
        query=query,
        descending=True,
    )
    return found | {"items": _entitlements(found["items"])}


@blueprint.endpoint(
    "GET",
    "/free-quota/use",
    guard=requires(*CLERKS),
    query=schemas.UseQuery,
    answer=(200, schemas.UsesOut),
)
def show_free_quota_use(query: dict[str, Any]) -> dict[str, Any]:
    """免费额度的发放情况：按种类列人数、次数、件数，不含时间币兑换，不含姓名。"""
    found = quota_reports.use(
        actor=actor(), organisation_id=query["organisation"], since=query["since"], until=query["until"]
    )
    return {"items": found}


@blueprint.endpoint("GET", "/me/free-quota", guard=signed_in, answer=(200, schemas.StandingsOut))
def list_my_free_quotas() -> dict[str, Any]:
    """我的免费额度：还剩多少，何时重新计算。"""
    return {
        "items": [
            {
                "id": one.entitlement.id,
                "organisation_id": one.entitlement.organisation_id,
                "kind": one.quota.kind,
                "name": one.quota.name,
                "unit": one.unit,
                "size": one.size,
                "left": one.left,
                "renews_on": one.renews_on,
                "until_on": one.entitlement.until_on,
            }
            for one in entitlements.standing(person_id())
        ]
    }


@blueprint.endpoint("GET", "/me/proxies", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.ProxyOut)))
def list_my_proxies(query: dict[str, Any]) -> dict[str, Any]:
    """我的代领人，新的在前。"""
    found = page(proxies.of(person_id()), by=[Proxy.named_at, Proxy.id], query=query, descending=True)
    return found | {"items": _proxies(found["items"])}


@blueprint.endpoint(
    "POST",
    "/me/proxies",
    guard=signed_in,
    body=schemas.MyProxyBody,
    answer=(201, schemas.ProxyOut),
    limit=rates.PROPOSALS,
)
def name_my_proxy(body: dict[str, Any]) -> dict[str, Any]:
    """指定代领人：填对方的志愿者编号；对方可凭自己的会员码代领、代购，用的是我的时间币或额度。"""
    return _proxies([proxies.name_oneself(person_id=person_id(), **body)])[0]


@blueprint.endpoint("DELETE", "/me/proxies/<uuid:proxy_id>", guard=signed_in, answer=(204, None))
def revoke_proxy(proxy_id: UUID) -> None:
    """取消代领：本人或代领人都可以，立即生效。"""
    proxies.revoke(person_id=person_id(), proxy_id=proxy_id)


@blueprint.endpoint(
    "POST",
    "/people/<uuid:member_id>/proxies",
    guard=requires(*CLERKS),
    body=schemas.ProxyBody,
    answer=(201, schemas.ProxyOut),
    once=True,
    audited=noted(Verb.ENTER, "proxy", person="member_id"),
)
def enter_proxy(member_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """为没有手机的人登记代领人：填编号或姓名，写明理由；工作人员不能登记自己。"""
    return _proxies([proxies.enter(actor=actor(), person_id=member_id, **body)])[0]


@blueprint.endpoint(
    "POST",
    "/people/<uuid:member_id>/proxies/<uuid:proxy_id>/end",
    guard=requires(*CLERKS),
    answer=(200, schemas.ProxyOut),
    audited=noted(Verb.END, "proxy", person="member_id"),
)
def end_proxy(member_id: UUID, proxy_id: UUID) -> dict[str, Any]:
    """终止工作人员登记的代领。"""
    return _proxies([proxies.end(actor=actor(), person_id=member_id, proxy_id=proxy_id)])[0]


def _entitlements(found: Sequence[Entitlement]) -> list[dict[str, Any]]:
    people = entitlements.names_of(found)
    return [
        {
            "id": one.id,
            "person_id": one.person_id,
            "display_name": masked_name(people[one.person_id].display_name),
            "organisation_id": one.organisation_id,
            "kind": one.kind,
            "reason": one.reason,
            "until_on": one.until_on,
            "granted_at": one.granted_at,
            "ended_at": one.ended_at,
            "end_reason": one.end_reason,
        }
        for one in found
    ]


def _proxies(found: Sequence[Proxy]) -> list[dict[str, Any]]:
    names = proxies.names_of(found)
    return [
        {
            "id": one.id,
            "person_id": one.person_id,
            "name": names[one.id],
            "volunteer": one.proxy_id is not None,
            "named_at": one.named_at,
            "ended_at": one.ended_at,
        }
        for one in found
    ]
