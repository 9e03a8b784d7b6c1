"""``timebank records …``: how a record came about, and what other rules would make of all of them."""

from datetime import datetime
from uuid import UUID

import click

from timebank.attendance import derivation_text, derivations
from timebank.database import in_unit_of_work
from timebank.errors import NotFound
from timebank.records import what_if
from timebank.records.what_if import Wanted


@click.group("records")
def cli() -> None:
    """服务记录 · service records."""


@cli.command("explain")
@click.argument("record_id", type=click.UUID)
@click.option("--english", is_flag=True, help="用英文 · in English")
@click.pass_context
def explain(context: click.Context, *, record_id: UUID, english: bool) -> None:
    """用一句话说明一条记录的来历，按原始扫码重算；不一致时退出码为 1 · tell how a record came about, worked out anew from its raw scans; exit 1 if it says something else."""
    try:
        found = in_unit_of_work(lambda: derivations.derive(record_id), write=False)
    except NotFound as error:
        raise click.BadParameter("没有这条记录 · there is no such record", param_hint="ID") from error
    click.echo(derivation_text.in_english(found) if english else derivation_text.in_chinese(found))
    for one in found.differences:
        click.echo(f"  {one.name}: {one.recorded} ≠ {one.derived}", err=True)
    context.exit(1 if found.differences else 0)


@cli.command("rederive")
@click.option("--dry-run", is_flag=True, help="必须注明：只看不改 · required: looks, and changes nothing")
@click.option("--organisation", type=click.UUID, help="只列这个组织的 · those of one organisation")
@click.option("--from", "first_day", type=click.DateTime(["%Y-%m-%d"]), help="服务日起 · served on this day or later")
@click.option("--to", "last_day", type=click.DateTime(["%Y-%m-%d"]), help="服务日止 · served on this day or earlier")
@click.option(
    "--policy-number", type=click.IntRange(min=0), help="按这一版规则，默认按今天的 · the rules as of this version"
)
def rederive(
    *,
    dry_run: bool,
    organisation: UUID | None,
    first_day: datetime | None,
    last_day: datetime | None,
    policy_number: int | None,
) -> None:
    """列出换一套规则会改变的记录；不改任何东西 · list the records that other rules would alter; changes none."""
    if not dry_run:
        raise click.UsageError(
            "记录不能重算改写，只能查看：请加 --dry-run · records are never rewritten; add --dry-run to look"
        )
    wanted = Wanted(
        organisation_id=organisation,
        first_day=first_day.date() if first_day else None,
        last_day=last_day.date() if last_day else None,
        policy_number=policy_number,
    )
    seen = what_if.Seen()
    for one in what_if.altered(wanted, seen):
        click.echo(f"{one.record_id} {one.old_state} -> {one.new_state} {one.old_minutes} -> {one.new_minutes}")
    click.echo(f"{seen.records} records, {seen.altered} would change; nothing was changed")
