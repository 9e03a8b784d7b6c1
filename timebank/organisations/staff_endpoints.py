"""Staff accounts over HTTP: administrators keep those whose every role lies within their own scope."""

from typing import Any
from uuid import UUID

from flask import current_app

from timebank.identity import passwords, sessions, signing_in
from timebank.identity import staff as kept
from timebank.identity.account_schemas import SessionsOut
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.identity.models import Password, Person
from timebank.identity.rules import Grant, Role
from timebank.identity.staff_rules import new_temporary_password
from timebank.organisations import staff
from timebank.organisations import staff_schemas as schemas
from timebank.organisations.staff import NewStaff
from timebank.settings import Settings
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("staff", __name__, description="工作人员账号 · staff accounts")
_KEEPERS = requires(*staff.KEEPERS)


def _drawn(**_: Any) -> tuple[str, str]:
    """Draw a temporary password and hash it, which is slow on purpose, before the transaction begins."""
    password = new_temporary_password()
    return password, passwords.hash_password(password)


def _grant(body: dict[str, Any]) -> Grant:
    return Grant(Role(body["role"]), body.get("organisation_id"), body.get("area_path"))


@blueprint.endpoint(
    "POST",
    "/staff",
    guard=_KEEPERS,
    body=schemas.NewStaffBody,
    answer=(201, schemas.TemporaryPasswordOut),
    prepare=_drawn,
    audited=noted(Verb.ENTER, "staff", target="person_id"),
)
def create_staff(body: dict[str, Any], prepared: tuple[str, str]) -> dict[str, Any]:
    """新建工作人员账号：姓名或志愿者编号、用户名、权限；临时密码只显示这一次，本人首次登录须更换。用微信登录的人没有临时密码，自己在小程序里设置。"""
    password, password_hash = prepared
    new = NewStaff(
        username=body["username"],
        password_hash=password_hash,
        grants=[_grant(one) for one in body["grants"]],
        display_name=body.get("display_name"),
        volunteer_no=body.get("volunteer_no"),
    )
    person = staff.create(actor=actor(), new=new)
    return {
        "person_id": person.id,
        "username": new.username,
        "temporary_password": password if kept.told(person.id) else None,
    }


@blueprint.endpoint(
    "GET", "/staff", guard=requires(*staff.READERS), query=PageQuery, answer=(200, page_of(schemas.StaffOut))
)
def list_staff(query: dict[str, Any]) -> dict[str, Any]:
    """工作人员：在管理范围内有权限的人，停用的也在内。审计员可看。"""
    found = page(staff.accounts_of(actor()), by=[Password.person_id], query=query, scalars=False)
    return found | {"items": [_shown(*row) for row in found["items"]]}


@blueprint.endpoint("GET", "/staff/<uuid:person_id>", guard=requires(*staff.READERS), answer=(200, schemas.StaffOut))
def show_staff(person_id: UUID) -> dict[str, Any]:
    """一位工作人员。"""
    return _shown(*staff.account_for(actor(), person_id))


def _shown(account: Password, person: Person) -> dict[str, Any]:
    names = ("person_id", "username", "must_change", "disabled_at", "disabled_by")
    return {name: getattr(account, name) for name in names} | {
        "display_name": person.display_name,
        "second_factor": account.totp_confirmed_at is not None,
        "grants": kept.grants_of(person.id),
    }


@blueprint.endpoint(
    "POST",
    "/staff/<uuid:person_id>/grants",
    guard=_KEEPERS,
    body=schemas.GrantRoleBody,
    answer=(201, schemas.StaffGrantOut),
    audited=noted(Verb.APPROVE, "grant_of_role", target="id", outcome="role"),
)
def grant_role(body: dict[str, Any], person_id: UUID) -> Any:
    """授权：不能超出自己的管理范围，不能给自己授权；立即生效。"""
    return staff.grant(actor=actor(), person_id=person_id, granted=_grant(body))


@blueprint.endpoint(
    "POST",
    "/staff/<uuid:person_id>/grants/<uuid:grant_id>/end",
    guard=_KEEPERS,
    body=schemas.StaffReasonBody,
    answer=(204, None),
    audited=noted(Verb.END, "grant_of_role", target="grant_id"),
)
def end_grant_of_role(body: dict[str, Any], person_id: UUID, grant_id: UUID) -> None:
    """收回一项权限：立即生效，已登录的也不例外。"""
    staff.end_grant(actor=actor(), person_id=person_id, grant_id=grant_id)


@blueprint.endpoint(
    "POST",
    "/staff/<uuid:person_id>/disable",
    guard=_KEEPERS,
    body=schemas.StaffReasonBody,
    answer=(204, None),
    audited=noted(Verb.REVOKE, "staff", target="person_id"),
)
def disable_staff(body: dict[str, Any], person_id: UUID) -> None:
    """停用账号：权限和所有登录立即失效；本人仍是志愿者。最后一位全行管理员不能停用。"""
    staff.disable(actor=actor(), person_id=person_id)


@blueprint.endpoint(
    "POST",
    "/staff/<uuid:person_id>/enable",
    guard=_KEEPERS,
    body=schemas.StaffReasonBody,
    answer=(204, None),
    audited=noted(Verb.LIFT, "staff", target="person_id"),
)
def enable_staff(body: dict[str, Any], person_id: UUID) -> None:
    """重新启用账号：恢复停用前的权限。"""
    staff.enable(actor=actor(), person_id=person_id)


@blueprint.endpoint(
    "POST",
    "/staff/<uuid:person_id>/reset",
    guard=_KEEPERS,
    body=schemas.StaffReasonBody,
    answer=(200, schemas.TemporaryPasswordOut),
    prepare=_drawn,
    audited=noted(Verb.CHANGE, "staff", target="person_id"),
)
def reset_staff(body: dict[str, Any], person_id: UUID, prepared: tuple[str, str]) -> dict[str, Any]:
    """重置密码：临时密码只显示这一次（用微信登录的人自己在小程序里设置）；所有登录失效，输错次数清零。"""
    password, password_hash = prepared
    staff.kept_by(actor(), person_id)
    username = kept.account_of(person_id).username
    settings: Settings = current_app.extensions["timebank-settings"]
    guess = signing_in.guess_of(username=username, address="", device_id=None, key=settings.keys("failed-sign-in")[0])
    staff.reset(actor=actor(), person_id=person_id, password_hash=password_hash, account_hash=guess.account)
    shown = password if kept.told(person_id) else None
    return {"person_id": person_id, "username": username, "temporary_password": shown}


@blueprint.endpoint(
    "POST",
    "/staff/<uuid:person_id>/second-factor/end",
    guard=_KEEPERS,
    body=schemas.StaffReasonBody,
    answer=(204, None),
    audited=noted(Verb.END, "second_factor", target="person_id"),
)
def end_second_factor_of_staff(body: dict[str, Any], person_id: UUID) -> None:
    """停用某人的动态验证码：手机丢失、备用码也没有时；须核对本人。"""
    staff.end_second_factor(actor=actor(), person_id=person_id)


@blueprint.endpoint("GET", "/staff/<uuid:person_id>/sessions", guard=_KEEPERS, answer=(200, SessionsOut))
def list_sessions_of_staff(person_id: UUID) -> dict[str, Any]:
    """某人现有的登录：何时、在哪台设备。"""
    staff.kept_by(actor(), person_id)
    return {"items": [one._asdict() | {"current": False} for one in sessions.open_sessions(person_id)]}


@blueprint.endpoint(
    "POST",
    "/staff/<uuid:person_id>/sign-out",
    guard=_KEEPERS,
    body=schemas.StaffReasonBody,
    answer=(204, None),
    audited=noted(Verb.REVOKE, "session", target="person_id"),
)
def sign_staff_out(body: dict[str, Any], person_id: UUID) -> None:
    """让某人在所有地方退出登录。"""
    staff.sign_out(actor=actor(), person_id=person_id)


@blueprint.endpoint(
    "POST",
    "/staff/<uuid:person_id>/sessions/<uuid:session_id>/end",
    guard=_KEEPERS,
    body=schemas.StaffReasonBody,
    answer=(204, None),
    audited=noted(Verb.REVOKE, "session", target="session_id"),
)
def end_session_of_staff(body: dict[str, Any], person_id: UUID, session_id: UUID) -> None:
    """结束某人的一次登录。"""
    staff.kept_by(actor(), person_id)
    sessions.end(person_id=person_id, session_id=session_id)
