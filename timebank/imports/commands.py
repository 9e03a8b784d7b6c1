"""``timebank import …``: files from a terminal, with the same rules as over HTTP."""

from pathlib import Path
from uuid import UUID

import click
from sqlalchemy import select

from timebank.database import in_unit_of_work, session
from timebank.identity import queries as people
from timebank.identity.models import Password
from timebank.identity.rules import Actor
from timebank.imports import service
from timebank.imports.endpoints import keys
from timebank.imports.errors import ImportHasFaults
from timebank.imports.rules import MAX_REASON, MOST_FAULTS, Kind
from timebank.imports.service import Report, Wanted

AS = click.option(
    "--as", "username", required=True, help="以哪位工作人员的名义 · the user name of the staff member who does it"
)
REASON = click.option("--reason", required=True, help="为什么 · why")


@click.group()
def cli() -> None:
    """导入名册、活动与历史时长 · import rosters, activities and past hours."""


def _command_of(kind: Kind, told: str) -> None:
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--layout", help="版式，默认按表头判断 · without it the header tells")
    @click.option("--organisation", type=click.UUID, help="没有写明组织的行属于哪个组织 · of lines that name none")
    @click.option("--dry-run", is_flag=True, help="只检查，不写 · look, and write nothing")
    @AS
    @REASON
    @click.pass_context
    def command(
        context: click.Context,
        *,
        file: Path,
        layout: str | None,
        organisation: UUID | None,
        dry_run: bool,
        username: str,
        reason: str,
    ) -> None:
        report = _imported(kind, file, layout, organisation, dry_run=dry_run, username=username, reason=reason)
        click.echo(_text(report, dry_run=dry_run))
        context.exit(1 if report.faults else 0)

    command.__doc__ = told
    cli.command(str(kind))(command)


_command_of(Kind.ROSTER, "导入志愿者名册 · import a roster of volunteers; exit 1 if lines have faults")
_command_of(Kind.ACTIVITIES, "导入活动 · import activities; exit 1 if lines have faults")
_command_of(
    Kind.HOURS,
    "导入历史时长，待另一人审核 · import past hours, for another person to approve; exit 1 if lines have faults",
)


@cli.command("approve")
@click.argument("import_id", type=click.UUID)
@AS
@REASON
def approve(*, import_id: UUID, username: str, reason: str) -> None:
    """审核一次导入的历史时长；不能由导入人自己做 · approve the hours of an import, as another person than who imported them."""
    actor, _ = in_unit_of_work(lambda: _staff(username, reason), write=False)
    approved, after = 0, None
    while True:
        done = in_unit_of_work(
            lambda after=after: service.approve(actor=actor, import_id=import_id, reason=reason, after=after)  # type: ignore[misc]
        )
        approved, after = approved + done.approved, done.last
        if after is None:
            break
    click.echo(f"approved={approved} waiting={done.waiting}")


def _imported(
    kind: Kind, file: Path, layout: str | None, organisation: UUID | None, *, dry_run: bool, username: str, reason: str
) -> Report:
    read = service.read(file.read_bytes(), kind=kind, layout=layout)
    actor, why = in_unit_of_work(lambda: _staff(username, reason), write=False)
    wanted = Wanted(actor=actor, read=read, keys=keys(), reason=why, organisation_id=organisation)
    if not dry_run:
        try:
            return in_unit_of_work(lambda: service.commit(wanted))
        except ImportHasFaults:
            pass  # looked at once more, for all of them
    return in_unit_of_work(lambda: service.check(wanted), write=False, snapshot=True)


def _staff(username: str, reason: str) -> tuple[Actor, str]:
    person_id = session.scalar(select(Password.person_id).where(Password.username == username))
    if person_id is None:
        raise click.UsageError("没有这个用户名的工作人员 · there is no staff member with this user name")
    if not reason.strip() or len(reason) > MAX_REASON:
        raise click.UsageError(f"理由须有 1 到 {MAX_REASON} 个字 · a reason has 1 to {MAX_REASON} characters")
    return people.actor_of(person_id), reason.strip()


def _text(report: Report, *, dry_run: bool) -> str:
    counts = report.counts
    told = [
        f"第 {fault.line} 行 · line {fault.line} {fault.column} {fault.code}: {fault.reason()} · {fault.reason(english=True)}"
        for fault in report.faults[:MOST_FAULTS]
    ]
    if report.ignored:
        told.append(f"不认识的列已忽略 · columns ignored: {', '.join(report.ignored)}")
    if report.faults:
        return "\n".join([*told, f"FAILED: lines={counts.lines} faults={len(report.faults)}, nothing was imported"])
    done = f"created={counts.created} changed={counts.changed} unchanged={counts.unchanged} merged={counts.merged}"
    entry = f" import={report.entry.id}" if report.entry else ""
    return "\n".join([*told, f"{'DRY RUN' if dry_run else 'OK'}: lines={counts.lines} {done}{entry}"])
