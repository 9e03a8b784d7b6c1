"""Consents over HTTP: one's own, and those of the children one answers for."""

from typing import Any
from uuid import UUID

from timebank.identity import consent_schemas, consents, guardians
from timebank.identity.guards import person_id, signed_in
from timebank.identity.rules import Purpose
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("consents", __name__, description="授权同意 · consents")


@blueprint.endpoint("GET", "/me/consents", guard=signed_in, answer=(200, consent_schemas.ConsentsOut))
def list_my_consents() -> dict[str, Any]:
    """我的授权：每项用途是否同意、何时同意或撤回。"""
    return {"items": consents.standing(person_id())}


@blueprint.endpoint(
    "POST",
    "/me/consents",
    guard=signed_in,
    body=consent_schemas.ConsentBody,
    answer=(200, consent_schemas.ConsentsOut),
)
def decide_my_consent(body: dict[str, Any]) -> dict[str, Any]:
    """同意或撤回一项用途；每次决定都留存，以最后一次为准。未满 14 周岁由监护人同意（个人信息保护法第三十一条）。"""
    consents.decide_oneself(person_id=person_id(), **body | {"purpose": Purpose(body["purpose"])})
    return {"items": consents.standing(person_id())}


@blueprint.endpoint("GET", "/me/wards", guard=signed_in, answer=(200, consent_schemas.WardsOut))
def list_my_wards() -> dict[str, Any]:
    """我监护的未成年人，以及已作的同意。"""
    return {
        "items": [
            {"person_id": ward.id, "display_name": ward.display_name, "consents": consents.standing(ward.id)}
            for _, ward in guardians.wards_of(person_id())
        ]
    }


@blueprint.endpoint(
    "POST",
    "/me/wards/<uuid:ward_id>/consents",
    guard=signed_in,
    body=consent_schemas.ConsentBody,
    answer=(200, consent_schemas.ConsentsOut),
)
def decide_for_my_ward(ward_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """监护人为未满 18 周岁的人同意或撤回：参加志愿服务、记录服务、使用位置。"""
    guardians.decide_for_ward(guardian_id=person_id(), ward_id=ward_id, **body | {"purpose": Purpose(body["purpose"])})
    return {"items": consents.standing(ward_id)}
