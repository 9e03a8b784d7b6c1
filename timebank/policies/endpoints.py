"""Policies over HTTP. Everyone signed in may read what holds; administrators set it within their scope."""

from typing import Any

from timebank import clock
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires, signed_in
from timebank.identity.rules import Role
from timebank.policies import schemas, service, versions
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("policies", __name__, description="规则 · policies")


@blueprint.endpoint("GET", "/policies", guard=signed_in, query=schemas.PolicyQuery, answer=(200, schemas.PolicyOut))
def show_policy(query: dict[str, Any]) -> dict[str, Any]:
    """某组织、某区域在某日适用的规则：每一项的值、出处和版本。"""
    on = query.get("on") or clock.day_of(clock.now())
    found = service.reaching(organisation_id=query.get("organisation"), area_id=query.get("area"), on=on)
    return {
        "number": versions.policy_of(found).number,
        "on": on,
        "items": [schemas.item_of(item) for item in versions.explained(found)],
        "next": None,
    }


@blueprint.endpoint(
    "POST",
    "/policies",
    guard=requires(Role.ADMIN),
    body=schemas.PolicyBody,
    answer=(201, schemas.PolicyVersionOut),
    audited=noted(Verb.CHANGE, "policy", target="key"),
)
def set_policy(body: dict[str, Any]) -> dict[str, Any]:
    """设定一项规则，自某日起生效；旧版本永久保留。"""
    return schemas.version_of(service.set_value(actor=actor(), **body))
