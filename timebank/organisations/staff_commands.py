"""``timebank staff …``: staff accounts from the terminal, for when nobody can sign in. Each act is in the audit log."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import click
from sqlalchemy import select

from timebank.database import in_unit_of_work, session
from timebank.identity import audit, passwords
from timebank.identity import staff as kept
from timebank.identity.audit import AT_THE_TERMINAL, Verb
from timebank.identity.models import Password
from timebank.identity.rules import Grant, Role
from timebank.identity.staff_rules import new_temporary_password
from timebank.organisations import staff

_USERNAME = click.argument("username")
_REASON = click.option("--reason", required=True, help="理由，记入操作日志 · why, for the audit log")
_ROLE = click.option("--role", required=True, type=click.Choice([str(role) for role in Role if role != Role.VOLUNTEER]))
_ORGANISATION = click.option("--organisation", type=click.UUID, help="只管这个组织 · scope: one organisation")
_AREA = click.option("--area", help="管这个区域及下级，空串为全行 · scope: an area path, '' for the whole bank")


@click.group()
def cli() -> None:
    """工作人员账号 · staff accounts."""


@cli.command("list")
def list_accounts() -> None:
    """列出账号、状态和权限 · accounts, whether they are disabled, and what they may do."""
    in_unit_of_work(_list, write=False)


def _list() -> None:
    for account, _ in session.execute(kept.accounts().order_by(Password.username)):
        state = "disabled" if account.disabled_at else "must-change" if account.must_change else "active"
        grants = " ".join(_text(one) for one in kept.grants_as_held(account.person_id))
        click.echo(f"{account.username} {account.person_id} {state} {grants}".rstrip())


def _text(one: Grant) -> str:
    where = one.organisation_id or one.area_path or "*"
    return f"{one.role}@{where}"


@cli.command()
@_USERNAME
@_REASON
def disable(*, username: str, reason: str) -> None:
    """停用：权限和所有登录立即失效 · end every power and every session at once."""
    _do(username, Verb.REVOKE, reason, lambda who: staff.disable(actor=AT_THE_TERMINAL, person_id=who))


@cli.command()
@_USERNAME
@_REASON
def enable(*, username: str, reason: str) -> None:
    """重新启用，恢复原来的权限 · let them in again with the grants they had."""
    _do(username, Verb.LIFT, reason, lambda who: staff.enable(actor=AT_THE_TERMINAL, person_id=who))


@cli.command()
@_USERNAME
@_REASON
def reset(*, username: str, reason: str) -> None:
    """重置密码，打印临时密码 · print a temporary password; whom WeChat signs in chooses one on the phone."""
    password = new_temporary_password()
    hashed = passwords.hash_password(password)

    def work(who: UUID) -> str:
        staff.reset(actor=AT_THE_TERMINAL, person_id=who, password_hash=hashed)
        return password if kept.told(who) else ""

    click.echo(_do(username, Verb.CHANGE, reason, work))


@cli.command("end-second-factor")
@_USERNAME
@_REASON
def end_second_factor(*, username: str, reason: str) -> None:
    """停用动态验证码 · switch a second factor off whose phone is lost."""
    _do(username, Verb.END, reason, lambda who: staff.end_second_factor(actor=AT_THE_TERMINAL, person_id=who))


@cli.command("sign-out")
@_USERNAME
@_REASON
def sign_out(*, username: str, reason: str) -> None:
    """在所有地方退出登录 · end every session."""
    _do(username, Verb.REVOKE, reason, lambda who: staff.sign_out(actor=AT_THE_TERMINAL, person_id=who))


@cli.command()
@_USERNAME
@_ROLE
@_ORGANISATION
@_AREA
@_REASON
def grant(*, username: str, role: str, organisation: UUID | None, area: str | None, reason: str) -> None:
    """授权 · grant a role in one scope."""
    granted = _scoped(role, organisation, area)
    _do(username, Verb.APPROVE, reason, lambda who: _grant(who, granted))


def _grant(who: UUID, granted: Grant) -> None:
    staff.grant(actor=AT_THE_TERMINAL, person_id=who, granted=granted)


@cli.command()
@_USERNAME
@_ROLE
@_ORGANISATION
@_AREA
@_REASON
def withdraw(*, username: str, role: str, organisation: UUID | None, area: str | None, reason: str) -> None:
    """收回一项权限 · take a role in one scope away."""
    held = _scoped(role, organisation, area)

    def work(who: UUID) -> None:
        found = [
            one.id for one in kept.grants_of(who) if Grant(Role(one.role), one.organisation_id, one.area_path) == held
        ]
        if not found:
            raise click.UsageError("此人没有这个范围的这项权限 · they do not hold this role in this scope")
        for one in found:
            staff.end_grant(actor=AT_THE_TERMINAL, person_id=who, grant_id=one)

    _do(username, Verb.END, reason, work)


def _scoped(role: str, organisation: UUID | None, area: str | None) -> Grant:
    if (organisation is None) == (area is None):
        raise click.UsageError("--organisation 和 --area 填且只填一个 · give exactly one of --organisation and --area")
    return Grant(Role(role), organisation, area)


def _do(username: str, verb: Verb, reason: str, work: Callable[[UUID], Any]) -> Any:
    """Do something to an account and note it, in one transaction."""

    def noted() -> Any:
        who = session.scalar(select(Password.person_id).where(Password.username == username))
        if who is None:
            raise click.UsageError("没有这个用户名的工作人员 · there is no staff member of this user name")
        done = work(who)
        audit.note(actor=AT_THE_TERMINAL, verb=verb, kind="staff", target=who, person_id=who, reason=reason)
        return done

    return in_unit_of_work(noted)
