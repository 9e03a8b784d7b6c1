"""``timebank people``: what operators do about the keys of document numbers."""

import click
from flask import current_app

from timebank.database import in_unit_of_work
from timebank.identity import documents

AT_ONCE = 200


@click.group("people")
def cli() -> None:
    """个人信息 · people's data."""


@cli.command("rotate-vault")
def rotate_vault() -> None:
    """用 TIMEBANK_VAULT_KEY 的第一把密钥重新加密证件号码 · seal again with the first key what another one has sealed."""
    keys, done = current_app.extensions["timebank-documents"], 0
    while batch := in_unit_of_work(lambda: documents.rotate_vault(keys=keys, limit=AT_ONCE)):
        done += batch
    click.echo(f"resealed={done}")


@cli.command("check-documents")
@click.pass_context
def check_documents(context: click.Context) -> None:
    """检查是否有证件号码的摘要密钥已不在设置中；有则退出码为 1 · whether numbers are hashed by a key that is gone; exit 1 if so."""
    keys = current_app.extensions["timebank-documents"]
    lost = in_unit_of_work(lambda: documents.under_lost_keys(keys=keys), write=False)
    click.echo(f"under_lost_keys={lost}")
    context.exit(1 if lost else 0)
