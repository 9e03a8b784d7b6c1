"""``timebank ledger …``: what an operator or an auditor does with the ledger."""

import sys

import click

from timebank.ledger import proof


@click.group("ledger")
def cli() -> None:
    """账本 · the ledger."""


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="输出 JSON · print JSON")
@click.pass_context
def verify(context: click.Context, *, as_json: bool) -> None:
    """核对全部账目；不一致时退出码为 1 · recompute everything; exit 1 if anything is wrong."""
    report = proof.verify(_show_progress if is_watched() else None)
    if is_watched():
        click.echo(err=True)
    click.echo(report.json() if as_json else report.text())
    context.exit(0 if report.ok else 1)


def is_watched() -> bool:
    """Whether somebody sits in front of this."""
    return sys.stderr.isatty()


def _show_progress(_rows: int) -> None:
    click.echo(".", nl=False, err=True)
