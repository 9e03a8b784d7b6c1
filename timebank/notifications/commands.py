"""``timebank notifications …``: the worker that sends."""

import signal
from collections import Counter
from threading import Event

import click
import structlog
from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError

from timebank.database import session
from timebank.errors import Busy
from timebank.identity.wechat_token import SharedToken
from timebank.notifications.delivery import send_due
from timebank.notifications.rules import State
from timebank.notifications.senders import LogSender, Sender, WechatSender
from timebank.notifications.templates import Templates
from timebank.settings import Settings

log = structlog.get_logger()


@click.group()
def cli() -> None:
    """消息 · messages."""


@cli.command("send")
@click.option("--limit", type=click.IntRange(1, 100_000), default=500, show_default=True, help="一次最多 · at most")
@click.option(
    "--watch",
    type=click.IntRange(1, 3_600),
    metavar="SECONDS",
    help="每隔若干秒再发，直到 SIGTERM · again until SIGTERM",
)
def send(*, limit: int, watch: int | None) -> None:
    """发出到期的消息；可同时运行多个 · send what is due; several may run at once."""
    sender, app_id = sender_of(current_app), settings_of(current_app).wechat_app_id
    if watch is None:
        click.echo(_line(send_due(sender, app_id=app_id, limit=limit)))
        return
    stopping = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    while not stopping.is_set():
        _once(sender, app_id, limit)
        stopping.wait(watch)


def _once(sender: Sender, app_id: str, limit: int) -> None:
    """Send what is due; a database that is away for a while does not end the loop."""
    try:
        became = send_due(sender, app_id=app_id, limit=limit)
    except (Busy, DBAPIError) as error:
        log.warning("notification.database_away", reason=type(error).__name__)
    else:
        if became:
            click.echo(_line(became))
    finally:
        session.remove()


def settings_of(app: Flask) -> Settings:
    """Return the settings of the application."""
    settings: Settings = app.extensions["timebank-settings"]
    return settings


def sender_of(app: Flask) -> Sender:
    """Return who carries messages out: WeChat, once there are templates; until then the log."""
    templates: Templates = app.extensions["timebank-templates"]
    if not templates:
        return LogSender()
    client = app.extensions["timebank-wechat"]
    return WechatSender(client, SharedToken(client, settings_of(app).wechat_app_id), templates)


def _line(became: Counter[State]) -> str:
    return " ".join(f"{state}={became[state]}" for state in State)
