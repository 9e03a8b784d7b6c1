"""Sign-in, refresh, sign-out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app

from timebank import clock
from timebank.database import in_unit_of_work
from timebank.identity import devices, queries, schemas, service, signing_in
from timebank.identity.guards import device, signing_out
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.identity.signing_in import Checked
from timebank.identity.wechat import OpenId, WechatClient
from timebank.settings import Settings
from timebank.web import limits, tokens
from timebank.web.blueprint import Blueprint, public

blueprint = Blueprint("identity", __name__, description="登录 · sign-in")


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


def _check_password(*, body: dict[str, Any]) -> Checked:
    on = device()
    guess = signing_in.guess_of(
        username=body["username"],
        address=limits.address(),
        device_id=on.id if on else None,
        key=_keys("failed-sign-in")[0],
    )
    return in_unit_of_work(
        lambda: signing_in.check_password(
            username=body["username"],
            password=body["password"],
            new_password=body.get("new_password"),
            guess=guess,
        ),
        write=False,
    )


def _keys(purpose: str) -> tuple[bytes, ...]:
    settings: Settings = current_app.extensions["timebank-settings"]
    return settings.keys(purpose)


@blueprint.endpoint(
    "POST",
    "/auth/password",
    guard=public,
    body=schemas.PasswordSignInBody,
    answer=(200, schemas.SignedInOut),
    limit=limits.SIGN_IN,
    prepare=_check_password,
)
def sign_in_by_password(body: dict[str, Any], prepared: Checked) -> dict[str, Any]:
    """工作人员登录：用户名和密码；临时密码须同时提交新密码，启用了动态码的须提交动态码。在登记过的设备上登录的，只在那台设备上办理业务，设备停用时一并退出。"""
    on = device()
    signing_in.complete(prepared, code=body.get("code"), keys=_keys("second-factor"))
    signed = service.sign_in(person_id=prepared.person_id, place=prepared.guess.place)
    if on is not None:
        devices.remember_session(device_id=on.id, session_id=signed.session_id)
    return _signed_in(signed, device_id=on.id if on else None)


def _asked_at(*, body: dict[str, Any]) -> datetime:
    return clock.wall()


@blueprint.endpoint(
    "POST",
    "/auth/refresh",
    guard=public,
    body=schemas.RefreshBody,
    answer=(200, schemas.SignedInOut),
    limit=limits.SIGN_IN,
    prepare=_asked_at,
)
def refresh(body: dict[str, Any], prepared: datetime) -> dict[str, Any]:
    """刷新令牌：旧的刷新令牌随即失效；重复使用旧令牌会使整个登录失效（同时发出的两次除外）。"""
    signed = service.refresh(**body, asked_at=prepared)
    return _signed_in(signed, device_id=devices.device_of_session(signed.session_id))


@blueprint.endpoint("POST", "/auth/logout", guard=signing_out, answer=(204, None))
def sign_out() -> None:
    """退出登录：此次登录的令牌全部失效。"""
    service.sign_out(session_id=tokens.bearer().session_id)


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
