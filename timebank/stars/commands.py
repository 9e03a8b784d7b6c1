"""``timebank stars …``: what operators do with stars from a terminal."""

from functools import partial

import click

from timebank.database import in_unit_of_work
from timebank.stars import service

AT_ONCE = 200


@click.group()
def cli() -> None:
    """星级 · stars."""


@cli.command("propose")
def propose() -> None:
    """为服务时长达到标准的人提出星级并公示；每天一次，可重复执行 · propose what the rule gives; once a day."""
    proposed, after = 0, None
    while True:
        swept = in_unit_of_work(partial(service.sweep, limit=AT_ONCE, after=after))
        proposed, after = proposed + swept.proposed, swept.last
        if after is None:
            break
    click.echo(f"proposed={proposed}")
