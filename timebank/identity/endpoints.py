"""Sign-in, refresh, sign-out, and one's own profile."""

from typing import Any
from uuid import UUID

from flask import current_app

from timebank.database import in_unit_of_work
from timebank.identity import devices, queries, schemas, service
from timebank.identity.guards import device, person_id, signed_in
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.identity.wechat import OpenId, WechatClient
from timebank.settings import Settings
from timebank.web import limits, tokens
from timebank.web.blueprint import Blueprint, public

blueprint = Blueprint("identity", __name__, description="登录与个人资料 · sign-in and profile")


def _who_is(*, body: dict[str, Any]) -> OpenId:
    client: WechatClient = current_app.extensions["timebank-wechat"]
    return client.who_is(body["code"])


@blueprint.endpoint(
    "POST",
    "/auth/wechat",
    guard=public,
    body=schemas.WechatSignInBody,
    answer=(200, schemas.SignedInOut),
    limit=limits.SIGN_IN,
    prepare=_who_is,
)
def sign_in_from_wechat(body: dict[str, Any], prepared: OpenId) -> dict[str, Any]:
    """微信登录：以 wx.login 的 code 换取令牌；首次登录自动成为志愿者。"""
    return _signed_in(service.sign_in_from_wechat(who=prepared))


def _check_password(*, body: dict[str, Any]) -> UUID:
    settings: Settings = current_app.extensions["timebank-settings"]
    return in_unit_of_work(
        lambda: service.check_password(**body, address=limits.address(), key=settings.keys("failed-sign-in")[0]),
        write=False,
    )


@blueprint.endpoint(
    "POST",
    "/auth/password",
    guard=public,
    body=schemas.PasswordSignInBody,
    answer=(200, schemas.SignedInOut),
    limit=limits.SIGN_IN,
    prepare=_check_password,
)
def sign_in_by_password(body: dict[str, Any], prepared: UUID) -> dict[str, Any]:
    """工作人员登录：用户名和密码。在登记过的设备上登录的，只在那台设备上办理业务，设备停用时一并退出。"""
    on = device()
    signed = service.sign_in(person_id=prepared)
    if on is not None:
        devices.remember_session(device_id=on.id, session_id=signed.session_id)
    return _signed_in(signed, device_id=on.id if on else None)


@blueprint.endpoint(
    "POST",
    "/auth/refresh",
    guard=public,
    body=schemas.RefreshBody,
    answer=(200, schemas.SignedInOut),
    limit=limits.SIGN_IN,
)
def refresh(body: dict[str, Any]) -> dict[str, Any]:
    """刷新令牌：旧的刷新令牌随即失效；重复使用旧令牌会使整个登录失效。"""
    signed = service.refresh(**body)
    return _signed_in(signed, device_id=devices.device_of_session(signed.session_id))


@blueprint.endpoint("POST", "/auth/logout", guard=signed_in, answer=(204, None))
def sign_out() -> None:
    """退出登录：此次登录的刷新令牌全部失效；访问令牌最多再有效 30 分钟。"""
    service.sign_out(session_id=tokens.bearer().session_id)


@blueprint.endpoint("PUT", "/me/profile", guard=signed_in, body=schemas.ProfileBody, answer=(200, schemas.ProfileOut))
def put_profile(body: dict[str, Any]) -> dict[str, Any]:
    """修改个人资料；出生日期本人只能填一次，更正须带证件找工作人员。"""
    person = service.change_profile(person_id=person_id(), **body)
    return _person(person) | {"birth_on": person.birth_on}


def _signed_in(signed: service.SignedIn, *, device_id: UUID | None = None) -> dict[str, Any]:
    access_token = tokens.issue(person_id=signed.person.id, session_id=signed.session_id, device_id=device_id)
    return {
        "access_token": access_token,
        "refresh_token": signed.refresh_token,
        "token_type": "Bearer",
        "expires_in": int(tokens.LIFETIME.total_seconds()),
        "person": _person(signed.person),
    }


def _person(person: Person) -> dict[str, Any]:
    roles = Actor(person.id, queries.grants_of(person.id)).role_names()
    return {
        "id": person.id,
        "volunteer_no": person.volunteer_no,
        "display_name": person.display_name,
        "roles": roles,
    }
