"""``timebank ledger …``: what an operator or an auditor does with the ledger."""

import json
import sys
from typing import TextIO

import click

from timebank.database import in_unit_of_work
from timebank.errors import NotFound, Refusal
from timebank.ledger import anchors, proof, roles, seals
from timebank.ledger.chain import SealRow
from timebank.ledger.roles import Roles


@click.group("ledger")
def cli() -> None:
    """账本 · the ledger."""


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="输出 JSON · print JSON")
@click.option(
    "--anchor",
    type=click.File(encoding="utf-8"),
    help="公布过的封存（JSON 文件，- 为标准输入） · a published seal or a page of them, as GET /ledger/seals gives it",
)
@click.option(
    "--since-seal",
    type=click.IntRange(min=1),
    help="只核对这次封存以后的账目 · recompute only what came after this seal",
)
@click.pass_context
def verify(context: click.Context, *, as_json: bool, anchor: TextIO | None, since_seal: int | None) -> None:
    """核对全部账目；不一致时退出码为 1 · recompute everything; exit 1 if anything is wrong."""
    published = _anchors_in(anchor) if anchor else []
    try:
        report = proof.verify(_show_progress if is_watched() else None, anchors=published, since_seal=since_seal)
    except NotFound as error:
        raise click.BadParameter("没有这次封存 · there is no such seal", param_hint="--since-seal") from error
    if is_watched():
        click.echo(err=True)
    click.echo(report.json() if as_json else report.text())
    context.exit(0 if report.ok else 1)


@cli.command()
def seal() -> None:
    """封存：把所有账户链尾收进一个可公布的哈希 · seal the ends of all chains under one hash; print what to publish."""
    try:
        made = in_unit_of_work(seals.make)
    except Refusal as refusal:
        raise click.ClickException(" · ".join((refusal.explain()[1], refusal.explain(english=True)[1]))) from refusal
    click.echo(json.dumps(anchors.published(made) | {"at": made.at.isoformat()}))


def _anchors_in(file: TextIO) -> list[SealRow]:
    try:
        return anchors.read(file.read())
    except ValueError as error:
        raise click.BadParameter(f"{file.name}: {error}", param_hint="--anchor") from error


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
