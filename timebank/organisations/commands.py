"""``timebank audit …``: the audit log, for whoever sits at the terminal."""

from datetime import datetime, timedelta
from uuid import UUID

import click

from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.documents import csv_file
from timebank.identity import audit
from timebank.identity.audit import AT_THE_TERMINAL, Verb
from timebank.identity.audit_models import AuditNote
from timebank.organisations import audit_notes
from timebank.organisations.audit_notes import Wanted

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def cli() -> None:
    """操作日志 · the audit log."""


@cli.command("export")
@click.option("--from", "first", type=_DAY, help="第一天 · the first day")
@click.option("--to", "last", type=_DAY, help="最后一天 · the last day")
@click.option("--person", type=click.UUID, help="操作人或涉及的人 · who acted, or whom it concerned")
@click.option("--target", help="对象的编号 · what was acted on")
@click.option("--verb", type=click.Choice([str(verb) for verb in Verb]))
def export(
    *, first: datetime | None, last: datetime | None, person: UUID | None, target: str | None, verb: str | None
) -> None:
    """以 CSV 输出操作日志；只有编号，没有姓名 · the audit log as CSV on standard output; ids, no names."""
    wanted = Wanted(
        person=person,
        target=target,
        verb=verb,
        since=clock.start_of(first.date()) if first else None,
        until=clock.start_of(last.date() + timedelta(days=1)) if last else None,
    )

    def write() -> None:
        notes = session.scalars(audit_notes.noted(AT_THE_TERMINAL, wanted).order_by(AuditNote.noted_at, AuditNote.id))
        for piece in csv_file.stream(audit_notes.table_of(notes)):
            click.echo(piece, nl=False)

    in_unit_of_work(lambda: audit.note(actor=AT_THE_TERMINAL, verb=Verb.EXPORT, kind="audit"))
    in_unit_of_work(write, write=False, snapshot=True)
