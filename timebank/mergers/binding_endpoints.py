"""Binding over HTTP: somebody tells their number or types their code; staff enter numbers and hand out codes."""

from typing import Any, cast
from uuid import UUID

from flask import Response, current_app

from timebank.documents import pdf_file
from timebank.errors import Refusal
from timebank.identity import former, phones
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.errors import WechatPhoneCodeInvalid
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.minors import name_for
from timebank.identity.models import Person
from timebank.identity.rules import masked_name
from timebank.identity.wechat import WechatClient
from timebank.identity.wechat_token import SharedToken
from timebank.mergers import binding, entering
from timebank.mergers import binding_schemas as schemas
from timebank.mergers.invite_slip import invite_pdf
from timebank.organisations.papers import CLERKS
from timebank.settings import Settings
from timebank.web import limits
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("binding", __name__, description="绑定已有账户 · binding an account")


def _settings() -> Settings:
    settings: Settings = current_app.extensions["timebank-settings"]
    return settings


def _told_number(*, body: dict[str, Any]) -> str | Refusal:
    """Ask WeChat for the number. A code that was used is told by the view, so that a repeated request is answered first."""
    client, app_id = cast("WechatClient", current_app.extensions["timebank-wechat"]), _settings().wechat_app_id
    try:
        return SharedToken(client, app_id).used(lambda token: client.phone_of(body["code"], token=token))
    except WechatPhoneCodeInvalid as refusal:
        return refusal


@blueprint.endpoint(
    "POST",
    "/me/phone",
    guard=signed_in,
    body=schemas.PhoneCodeBody,
    answer=(200, schemas.ToldPhoneOut),
    once=True,
    limit=limits.BINDINGS,
    prepare=_told_number,
)
def tell_phone(body: dict[str, Any], prepared: str | Refusal) -> dict[str, Any]:
    """微信手机号：登记本人号码；工作人员登记过同一号码的，回答那位志愿者（脱敏），由本人确认后再绑定。"""
    if isinstance(prepared, Refusal):
        raise prepared
    match = binding.tell_phone(person_id=person_id(), number=prepared, keys=_settings().keys("phone"))
    state = ("noted", "found", "ambiguous")[min(2, len(match.people))]
    found = match.people[0] if state == "found" else None
    return {"last_four": prepared[-4:], "state": state, "match": found and _masked(found)}


def _masked(person: Person) -> dict[str, str]:
    return {"display_name": masked_name(person.display_name), "volunteer_no_end": person.volunteer_no[-4:]}


@blueprint.endpoint("DELETE", "/me/phone", guard=signed_in, answer=(204, None))
def forget_phone() -> None:
    """删除本人登记的手机号；以后不能再按手机号绑定。"""
    phones.forget(former.goes_on(person_id()), by=person_id())


@blueprint.endpoint(
    "POST", "/me/binding", guard=signed_in, answer=(200, schemas.BoundOut), once=True, limit=limits.BINDINGS
)
def bind_by_phone() -> dict[str, Any]:
    """确认绑定：这个微信从此登录那位志愿者的账户；完成后请重新登录。两个账户都有记录的，须由工作人员合并。"""
    return _bound(binding.bind_by_phone(person_id=person_id(), keys=_settings().keys("phone")))


@blueprint.endpoint(
    "POST",
    "/me/binding/invite",
    guard=signed_in,
    body=schemas.InviteCodeBody,
    answer=(200, schemas.BoundOut),
    once=True,
    limit=limits.BINDINGS,
)
def bind_by_invite(body: dict[str, Any]) -> dict[str, Any]:
    """凭邀请码绑定：邀请码由工作人员给，七天内有效，只能用一次；完成后请重新登录。"""
    keys, phone_keys = _settings().keys("invite"), _settings().keys("phone")
    bound = binding.bind_by_invite(person_id=person_id(), code=body["code"], keys=keys, phone_keys=phone_keys)
    return _bound(bound)


def _bound(person: Person) -> dict[str, Any]:
    return {
        "person_id": person.id,
        "volunteer_no": person.volunteer_no,
        "display_name": person.display_name,
        "sign_in_again": person.id != person_id(),
    }


@blueprint.endpoint(
    "PUT",
    "/people/<uuid:volunteer_id>/phone",
    guard=requires(*CLERKS),
    body=schemas.EnteredPhoneBody,
    answer=(200, schemas.EnteredPhoneOut),
    audited=noted(Verb.CHANGE, "phone", target="volunteer_id"),
)
def enter_phone(volunteer_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """登记志愿者的手机号，以便其日后在小程序中绑定；只存加密摘要和后四位。不能为本人或亲属登记。"""
    phone = entering.enter_phone(actor=actor(), person_id=volunteer_id, keys=_settings().keys("phone"), **body)
    return {"person_id": phone.person_id, "last_four": phone.last_four}


@blueprint.endpoint(
    "POST",
    "/people/<uuid:volunteer_id>/invites",
    guard=requires(*CLERKS),
    body=schemas.InviteBody,
    query=schemas.InviteQuery,
    answer=(201, schemas.InviteOut),
    audited=noted(Verb.ISSUE, "invite", target="volunteer_id"),
    media_types=(pdf_file.MEDIA_TYPE,),
    limit=limits.PRINTS,
)
def make_invite(volunteer_id: UUID, body: dict[str, Any], query: dict[str, Any]) -> Any:
    """给没有绑定的志愿者一个邀请码（可打印）：只显示这一次，再做一个则以前的作废。不能给本人、亲属和工作人员。"""
    key = _settings().keys("invite")[0]
    person, code, expires_at = entering.invite(actor=actor(), person_id=volunteer_id, key=key, **body)
    if query["format"] == "json":
        return {"person_id": person.id, "code": code, "expires_at": expires_at}
    face = current_app.extensions["timebank-typeface"]
    slip = invite_pdf(display_name=name_for(person_id(), person), code=code, expires_at=expires_at, face=face)
    response = Response(slip, status=201, mimetype=pdf_file.MEDIA_TYPE)
    response.headers["Content-Disposition"] = 'inline; filename="invite.pdf"'
    return response
