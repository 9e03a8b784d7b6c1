"""``timebank ledger …``: what an operator or an auditor does with the ledger."""

import sys

import click

from timebank.ledger import proof, roles
from timebank.ledger.roles import Roles


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


@cli.command("roles")
@click.option("--owner", default=roles.OWNER, show_default=True)
@click.option("--app", default=roles.APP, show_default=True)
def print_roles(*, owner: str, app: str) -> None:
    """打印 PostgreSQL 角色的建库 SQL，由管理员执行一次 · print the SQL that sets up PostgreSQL's roles, to be run once."""
    for statement in roles.set_up(Roles(owner=owner, app=app)):
        click.echo(f"{statement};")


def is_watched() -> bool:
    """Whether somebody sits in front of this."""
    return sys.stderr.isatty()


def _show_progress(_rows: int) -> None:
    click.echo(".", nl=False, err=True)
