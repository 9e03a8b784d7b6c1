"""Profiles and account states over HTTP: one's own in full, others' masked."""

from collections.abc import Container
from typing import Any
from uuid import UUID

from flask import current_app, request

from timebank.identity import phones, states
from timebank.identity import queries as identity
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState, Role
from timebank.identity.state_models import StateChange
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS
from timebank.people import accounts, profiles, schemas
from timebank.people.disclosures import READERS
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import page_of

blueprint = Blueprint("people", __name__, description="个人资料与账户状态 · profiles and account states")

Answer = tuple[Any, int, dict[str, str]]


@blueprint.endpoint("GET", "/me/profile", guard=signed_in, answer=(200, schemas.ProfileOut))
def get_profile() -> Answer:
    """我的个人资料（民政部令第67号第五条八项）；missing 列出还没有的，用到时才需要填。ETag 供修改时放入 If-Match。"""
    return _own(profiles.shown(person_id()))


@blueprint.endpoint("PUT", "/me/profile", guard=signed_in, body=schemas.ProfileBody, answer=(200, schemas.ProfileOut))
def put_profile(body: dict[str, Any]) -> Answer:
    """修改个人资料：不填的项不变，填 null 则删去；出生日期本人只能填一次，更正须带证件找工作人员。"""
    own = {name: body.pop(name) for name in ("display_name", "birth_on") if name in body}
    return _own(
        profiles.change(person_id=person_id(), values=body, phone_keys=_phone_keys(), versions=_versions(), **own)
    )


@blueprint.endpoint(
    "GET",
    "/people/<uuid:person_id>/profile",
    guard=requires(*CLERKS),
    query=schemas.PlaceQuery,
    answer=(200, schemas.MaskedProfileOut),
)
def get_profile_of(person_id: UUID, query: dict[str, Any]) -> Answer:
    """查看某人的资料，脱敏；未成年人的须经审批。要看全文，请写明理由申请查看。"""
    found = profiles.masked(actor=actor(), person_id=person_id, **query)
    return _proven(profiles.as_masked(found), found), 200, _etag(found)


@blueprint.endpoint(
    "PUT",
    "/people/<uuid:person_id>/profile",
    guard=requires(*CLERKS),
    body=schemas.EnteredBody,
    answer=(200, schemas.MaskedProfileOut),
    audited=noted(Verb.CHANGE, "profile", target="person_id"),
)
def put_profile_of(person_id: UUID, body: dict[str, Any]) -> Answer:
    """代填某人的资料：须本人已同意“记录志愿服务”（民政部令第67号第六条）。不填的项不变，填 null 则删去。未成年人的，只答复这次所填。"""
    place = body.pop("organisation_id")
    found = profiles.enter(
        actor=actor(),
        person_id=person_id,
        organisation_id=place,
        values=body,
        phone_keys=_phone_keys(),
        versions=_versions(),
    )
    return _proven(profiles.as_entered(found, body), found), 200, _etag(found)


@blueprint.endpoint(
    "PUT",
    "/people/<uuid:person_id>/state",
    guard=requires(Role.ADMIN),
    body=schemas.StateBody,
    answer=(200, schemas.StateOut),
    audited=noted(Verb.CHANGE, "account", target="person_id", outcome="state"),
)
def put_state(person_id: UUID, body: dict[str, Any]) -> Person:
    """冻结、恢复账户，或登记去世：写明理由，留下经办人；停用后随即退出所有登录。注销请走注销申请。"""
    return accounts.set_state(actor=actor(), person_id=person_id, **body | {"state": PersonState(body["state"])})


@blueprint.endpoint(
    "GET",
    "/people/<uuid:person_id>/states",
    guard=requires(*READERS),
    query=schemas.StatesQuery,
    answer=(200, page_of(schemas.StateChangeOut)),
)
def list_states(person_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """账户状态的历次变更：谁、为什么、何时。"""
    scope.organisation_for(actor(), *READERS, organisation_id=query.pop("organisation_id"))
    return page(states.changes_of(person_id), by=[StateChange.number], query=query)


def _versions() -> Container[str] | None:
    return request.if_match if "If-Match" in request.headers else None


def _phone_keys() -> phones.Keys:
    keys: phones.Keys = current_app.extensions["timebank-settings"].keys("phone")
    return keys


def _proven(shown: dict[str, Any], found: profiles.Shown) -> dict[str, Any]:
    """Return what is shown of a profile, and whether the number in it is the one that WeChat has told."""
    is_shown = shown["phone"] is not None
    return shown | {"phone_proven": is_shown and phones.is_proven(found.person.id, found.phone, keys=_phone_keys())}


def _etag(found: profiles.Shown) -> dict[str, str]:
    return {"ETag": f'"{found.version}"'}


def _own(found: profiles.Shown) -> Answer:
    person = found.person
    return (
        {
            "phone_proven": phones.is_proven(person.id, found.phone, keys=_phone_keys()),
            "id": person.id,
            "volunteer_no": person.volunteer_no,
            "display_name": person.display_name,
            "roles": Actor(person.id, identity.grants_of(person.id)).role_names(),
            "birth_on": person.birth_on,
            "sex": found.sex,
            "document": found.document,
            "area_id": found.area_id,
            "phone": found.phone,
            "skills": found.skills,
            "service_types": found.service_types,
            "missing": found.missing,
            "version": found.version,
        },
        200,
        _etag(found),
    )
