"""The console script ``timebank``: what operators do from a terminal."""

import sys
from uuid import UUID

import click
from flask import current_app
from flask.cli import FlaskGroup, with_appcontext
from flask_migrate.cli import db as migration_commands
from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from timebank import serving, specification, sweeping
from timebank.application import create_app
from timebank.attendance.commands import cli as record_commands
from timebank.certificates.commands import cli as certificate_commands
from timebank.codes import rotation
from timebank.constraints import violated_constraint
from timebank.database import in_unit_of_work, session
from timebank.demo import street
from timebank.errors import Conflict, Refusal, refusal_for
from timebank.identity import audit, passwords
from timebank.identity import service as identity
from timebank.identity.commands import cli as people_commands
from timebank.identity.rules import Grant, Role
from timebank.imports.commands import cli as import_commands
from timebank.ledger import doctor as guards
from timebank.ledger.commands import cli as ledger_commands
from timebank.notifications.commands import cli as notification_commands
from timebank.organisations.commands import cli as audit_commands
from timebank.organisations.models import Area, Organisation
from timebank.organisations.staff_commands import cli as staff_commands
from timebank.passbook import expiry_warnings
from timebank.policies.commands import cli as policy_commands
from timebank.settings import Settings, UnsafeSettings
from timebank.shop.commands import cli as shop_commands
from timebank.stars.commands import cli as star_commands
from timebank.statistics import schedules
from timebank.statistics.calendar import Period
from timebank.statistics.commands import cli as statistics_commands
from timebank.statistics.exports import Writer
from timebank.statistics.rules import Form


@click.group(cls=FlaskGroup, create_app=create_app, add_version_option=False, load_dotenv=False)
def cli() -> None:
    """时间银行的命令行 · the command line of timebank."""


def _add(group: click.Group, name: str) -> None:
    """Add a domain's commands, which know no Flask, and give each of them the application."""
    for command in group.commands.values():
        if command.callback is not None:
            command.callback = with_appcontext(command.callback)
    cli.add_command(group, name)


cli.add_command(migration_commands, "db")
_add(audit_commands, "audit")
_add(staff_commands, "staff")
_add(ledger_commands, "ledger")
_add(shop_commands, "shop")
_add(record_commands, "records")
_add(policy_commands, "policies")
_add(people_commands, "people")
_add(notification_commands, "notifications")
_add(certificate_commands, "certificates")
_add(star_commands, "stars")
_add(import_commands, "import")
_add(statistics_commands, "statistics")


@ledger_commands.command("doctor")
@with_appcontext
@click.pass_context
def doctor(context: click.Context) -> None:
    """检查数据库防护：触发器、权限、设置、版本；有缺时退出码为 1 · what guards the ledger; exit 1 if anything is missing."""
    checks = guards.examine(head=current_app.extensions["timebank-migration-head"])
    click.echo(guards.report(checks))
    context.exit(0 if all(check.ok for check in checks) else 1)


@statistics_commands.command("export")
@click.option("--every", type=click.Choice([str(period) for period in Period]), required=True)
@click.option("--form", "forms", multiple=True, type=click.Choice([str(form) for form in Form]), help="默认全部 · all")
@with_appcontext
@click.pass_context
def export(context: click.Context, *, every: str, forms: tuple[str, ...]) -> None:
    """导出上一个月、季度或年到 exports 目录；重复执行不改变什么；有文件没写成时退出码为 1 · export the period before this one; again changes nothing; exit 1 if a file is missing."""
    watched = sys.stderr.isatty()
    writer = Writer(
        home=current_app.extensions["timebank-settings"].home,
        face=current_app.extensions["timebank-typeface"],
        progress=_show_rows if watched else None,
    )
    refused = False
    for done in schedules.run(Period(every), [Form(form) for form in forms] or list(Form), writer):
        if watched:
            click.echo("\r\033[K", nl=False, err=True)  # the line of progress is over
        refused = refused or done.refused is not None
        told = f"rows={done.rows}{' (there)' if done.was_there else ''}"
        click.echo(f"{done.name} {f'FAILED: {done.refused}' if done.refused else told}")
    context.exit(1 if refused else 0)


def _show_rows(rows: int) -> None:
    """Keep one line of progress, for somebody who sits in front of this."""
    click.echo(f"\r{rows:,} 行 · rows", nl=False, err=True)


@notification_commands.command("warn")
@with_appcontext
def warn() -> None:
    """告知时间币即将到期的人；每天一次 · tell those whose minutes are about to expire; once a day."""
    click.echo(f"told={expiry_warnings.warn()}")


@cli.command()
def run() -> None:
    """建库、(演示环境)造数据、启动服务 · migrate, seed the demo, serve."""
    sys.exit(serving.run(Settings.from_environment()))


@cli.command()
@click.pass_context
def sweep(context: click.Context) -> None:
    """收尾：到期的冻结、预约、时间币、忘记的签退和旧的幂等回执；有一项失败时退出码为 1 · write what is due; exit 1 if a part failed."""
    swept = sweeping.sweep()
    click.echo(" ".join(f"{part}={'failed' if count is None else count}" for part, count in swept.items()))
    context.exit(1 if None in swept.values() else 0)


@cli.group()
def seed() -> None:
    """造数据 · seed data."""


@seed.command("demo")
def seed_demo() -> None:
    """造一条演示街道；重复执行只补新 · the demo street; again only tops it up."""
    if not current_app.extensions["timebank-settings"].is_demo:
        raise click.ClickException("the demo street may only be seeded with TIMEBANK_ENV=demo")
    street.settle()


@cli.group("user")
def user() -> None:
    """工作人员账号 · staff accounts."""


@user.command("create")
@click.option("--username", required=True)
@click.option("--name", required=True, help="姓名 · the name shown")
@click.option("--role", required=True, type=click.Choice([str(role) for role in Role if role is not Role.VOLUNTEER]))
@click.option("--organisation", type=click.UUID, help="只管这个组织 · scope: one organisation")
@click.option("--area", help="管这个区域及下级，空串为全行 · scope: an area path, '' for the whole bank")
@click.password_option()
def create_user(
    *, username: str, name: str, role: str, organisation: UUID | None, area: str | None, password: str
) -> None:
    """新建工作人员 · create a staff member with one role in one scope."""
    if (organisation is None) == (area is None):
        raise click.UsageError("--organisation 和 --area 填且只填一个 · give exactly one of --organisation and --area")
    password_hash = passwords.hash_password(password)

    def create() -> UUID:
        _refuse_nowhere(organisation, area)
        person = identity.enrol(display_name=name)
        identity.set_password(person_id=person.id, username=username, password_hash=password_hash)
        identity.grant(person_id=person.id, granted=Grant(Role(role), organisation, area))
        audit.note(
            actor=audit.AT_THE_TERMINAL, verb=audit.Verb.ENTER, kind="staff", target=person.id, person_id=person.id
        )
        return person.id

    click.echo(in_unit_of_work(create))


def _refuse_nowhere(organisation: UUID | None, area: str | None) -> None:
    """Refuse a scope that is mistyped: whoever is given it could sign in and do nothing."""
    if organisation and session.get(Organisation, organisation) is None:
        raise click.UsageError("没有这个编号的组织 · there is no organisation with this id")
    if area and not session.scalar(select(exists().where(Area.path == area))):
        raise click.UsageError("没有这个编码的区域 · there is no area with this path")


@cli.group("openapi")
def openapi() -> None:
    """接口说明 · the API's specification."""


@openapi.command("write")
@click.option("--check", is_flag=True, help="不写，只比对 · write nothing, fail when the files differ")
def write_openapi(*, check: bool) -> None:
    """写 api_spec/ 下的 openapi.json 和 problems.md · write both files of api_spec/."""
    stale = specification.write(current_app, check=check)
    if stale:
        raise click.ClickException(f"api_spec is stale: {', '.join(stale)}; run `timebank openapi write`")


@cli.group("codes")
def codes() -> None:
    """签码的密钥 · the keys that sign codes."""


@codes.command("rotate")
def rotate_codes() -> None:
    """打印 TIMEBANK_SECRET_KEYS 的下一个值：新密钥在前，上一把仍有效 · print the next setting; changes nothing."""
    secrets = current_app.extensions["timebank-settings"].secret_keys
    click.echo(f"TIMEBANK_SECRET_KEYS={','.join(rotation.next_secrets(secrets))}")


@codes.command("check")
@click.pass_context
def check_codes(context: click.Context) -> None:
    """检查是否有两把密钥生效；否则退出码为 1 · whether two keys are live; exit 1 if not."""
    keys = current_app.extensions["timebank-settings"].keys("codes")
    click.echo(rotation.report(keys))
    context.exit(0 if rotation.two_are_live(keys) else 1)


def main() -> None:
    """Run a command; what an operator can put right ends it with one clear line."""
    try:
        cli()
    except UnsafeSettings as error:
        sys.exit(f"timebank: {error}")
    except Refusal as refusal:
        sys.exit(_told(refusal))
    except IntegrityError as error:
        sys.exit(_told((refusal_for(violated_constraint(error) or "") or Conflict)()))
    except (OperationalError, ProgrammingError) as error:
        sys.exit(f"timebank: the database cannot be used (is it there, and `timebank db upgrade` done?): {error.orig}")


def _told(refusal: Refusal) -> str:
    told = " · ".join((refusal.explain()[1], refusal.explain(english=True)[1]))
    return " ".join(
        [f"timebank: {refusal.code}: {told}", *(f"{one['pointer']}: {one['detail']}" for one in refusal.errors)]
    )
