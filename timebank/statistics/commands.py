"""``timebank statistics …``: what operators do with the figures from a terminal."""

import sys

import click

from timebank.database import in_unit_of_work
from timebank.statistics import summary


@click.group()
def cli() -> None:
    """统计 · statistics."""


@cli.command("fold")
def fold() -> None:
    """把新的变动并入汇总；sweep 也会做 · fold what is new into the summary; sweep does it, too."""
    click.echo(f"folded={summary.fold_all()}")


@cli.command("rebuild")
def rebuild() -> None:
    """按服务记录重建汇总；可随时执行 · add the summary up anew from the records, at any time."""
    click.echo(f"cells={in_unit_of_work(summary.rebuild)}")


@cli.command("check")
def check() -> None:
    """核对汇总与服务记录；不一致时退出码为 1 · hold the summary against the records; exit 1 if they differ."""
    wrong = in_unit_of_work(summary.check, write=False)
    for one in wrong:
        figures = f"{one.person_times:+d} records {one.service_minutes:+d} minutes {one.credited_minutes:+d} credited"
        click.echo(f"  {one.grain} {one.served_on} {one.organisation_id}: {figures}")
    click.echo("FAILED: run `timebank statistics rebuild`" if wrong else "OK: every figure equals the records")
    if wrong:
        sys.exit(1)
