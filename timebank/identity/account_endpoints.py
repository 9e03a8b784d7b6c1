"""One's own sign-in over HTTP: where one is signed in, one's password, one's second factor."""

from typing import Any
from uuid import UUID

from flask import current_app

from timebank.database import in_unit_of_work, session
from timebank.documents import qr
from timebank.errors import NotFound
from timebank.identity import account_schemas as schemas
from timebank.identity import second_factor, sessions, signing_in
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import person_id, signed_in
from timebank.identity.models import Password
from timebank.identity.signing_in import Checked
from timebank.settings import Settings
from timebank.web import limits, tokens
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("account", __name__, description="登录与安全 · one's own sign-in")


def _keys(purpose: str) -> tuple[bytes, ...]:
    settings: Settings = current_app.extensions["timebank-settings"]
    return settings.keys(purpose)


@blueprint.endpoint("GET", "/me/sessions", guard=signed_in, answer=(200, schemas.SessionsOut))
def list_my_sessions() -> dict[str, Any]:
    """我在哪里登录着。"""
    here = tokens.bearer().session_id
    return {"items": [one._asdict() | {"current": one.id == here} for one in sessions.open_sessions(person_id())]}


@blueprint.endpoint("DELETE", "/me/sessions/<uuid:session_id>", guard=signed_in, answer=(204, None))
def end_my_session(session_id: UUID) -> None:
    """结束我的一次登录，如丢失的手机。"""
    sessions.end(person_id=person_id(), session_id=session_id)


@blueprint.endpoint("POST", "/me/sessions/end-others", guard=signed_in, answer=(204, None))
def end_my_other_sessions() -> None:
    """除了现在这一次，其余登录全部结束。"""
    sessions.end_all(person_id=person_id(), but=tokens.bearer().session_id)


def _checked(*, body: dict[str, Any]) -> Checked:
    me = person_id()

    def check() -> Checked:
        account = session.get(Password, me)
        if account is None:
            raise NotFound
        guess = signing_in.guess_of(
            username=account.username, address=limits.address(), device_id=None, key=_keys("failed-sign-in")[0]
        )
        return signing_in.check_own(account, password=body.get("password"), new=body["new_password"], guess=guess)

    return in_unit_of_work(check, write=False)


@blueprint.endpoint(
    "PUT",
    "/me/password",
    guard=signed_in,
    body=schemas.PasswordBody,
    answer=(204, None),
    limit=limits.SIGN_IN,
    prepare=_checked,
)
def put_password(body: dict[str, Any], prepared: Checked) -> None:
    """修改密码：须知道旧密码（还没有密码的直接设置）；其他地方的登录全部结束。"""
    signing_in.change_own(prepared)
    sessions.end_all(person_id=person_id(), but=tokens.bearer().session_id)


@blueprint.endpoint(
    "POST",
    "/me/second-factor",
    guard=signed_in,
    answer=(201, schemas.SecondFactorBegunOut),
    limit=limits.PROPOSALS,
)
def begin_second_factor() -> dict[str, Any]:
    """设置动态验证码：用手机验证器扫二维码；输入一个动态码确认后才启用。"""
    begun = second_factor.begin(person_id=person_id(), keys=_keys("second-factor"))
    return begun._asdict() | {"qr_svg": qr.svg(begun.uri).decode()}


@blueprint.endpoint(
    "POST",
    "/me/second-factor/confirm",
    guard=signed_in,
    body=schemas.SecondFactorBody,
    answer=(200, schemas.RecoveryCodesOut),
    limit=limits.PROPOSALS,
    audited=noted(Verb.ENROL, "second_factor", target="person_id", own=True),
)
def confirm_second_factor(body: dict[str, Any]) -> dict[str, Any]:
    """启用动态验证码：返回十个备用码，只显示这一次，请抄下收好。"""
    codes = second_factor.confirm(person_id=person_id(), code=body["code"], keys=_keys("second-factor"))
    return {"recovery_codes": codes}


@blueprint.endpoint(
    "POST",
    "/me/second-factor/end",
    guard=signed_in,
    body=schemas.SecondFactorBody,
    answer=(204, None),
    limit=limits.PROPOSALS,
    audited=noted(Verb.END, "second_factor", target="person_id", own=True),
)
def end_second_factor(body: dict[str, Any]) -> None:
    """停用动态验证码：须输入一个动态码或备用码。"""
    second_factor.use(person_id=person_id(), code=body["code"], keys=_keys("second-factor"))
    second_factor.end(person_id=person_id())
