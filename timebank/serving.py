"""``timebank run``: from an empty folder to a served street, in the foreground, until SIGTERM."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import click
import flask_migrate
from flask import Flask, current_app

from timebank.application import create_app
from timebank.demo import street
from timebank.demo.wechat import FakeWechat, serving
from timebank.ledger import doctor
from timebank.settings import LOOPBACK, Settings, UnsafeSettings
from timebank.worker import opened, refuse_powerful_role

ROOT = Path(__file__).parent.parent
KEEP_ALIVE_SECONDS = 75
"""Longer than a proxy keeps an idle connection (nginx: 60 s): whoever reuses one must not find it closed."""


def run(settings: Settings) -> int:
    """Migrate, seed the demo once, serve by gunicorn; return gunicorn's exit status.

    Raises UnsafeSettings, before anything is touched, if an address is taken.
    """
    refuse_taken("TIMEBANK_PORT", settings.bind, settings.port)
    wechat = urlsplit(settings.wechat_base_url)
    fakes_wechat = settings.is_demo and wechat.hostname in LOOPBACK
    if fakes_wechat:
        refuse_taken("TIMEBANK_WECHAT_BASE_URL", "127.0.0.1", wechat.port or 80)
    prepare(create_app(settings))
    with ExitStack() as stack:
        if fakes_wechat:
            fake = FakeWechat(app_id=settings.wechat_app_id, secret=settings.wechat_secret)
            stack.enter_context(serving(fake, port=wechat.port or 80))
        click.echo(greeting(settings))
        return serve(settings)


def refuse_taken(name: str, address: str, port: int) -> None:
    """Raise UnsafeSettings if nobody can listen there: gunicorn says so late, and where workers share a port, never."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address.strip("[]"), port), family=family).close()
    except OSError as error:
        raise UnsafeSettings(
            f"{name}: cannot listen at {address}:{port} ({error.strerror}); is timebank running?"
        ) from None


def prepare(app: Flask) -> None:
    """Bring the database to this code's head and, in the demo, the street to today.

    Raises UnsafeSettings if afterwards something of what guards the ledger is missing; the demo only says so, for there
    one role may be everything.
    """
    with opened(app):
        flask_migrate.upgrade()
        refuse_powerful_role(app)
        is_demo = current_app.extensions["timebank-settings"].is_demo
        checks = doctor.examine(head=app.extensions["timebank-migration-head"])
        if not all(check.ok for check in checks):
            click.echo(doctor.report(checks), err=True)
            if not is_demo:
                raise UnsafeSettings("the database does not guard the ledger (see `timebank ledger doctor`)")
        if is_demo:
            street.settle()


def serve(settings: Settings) -> int:
    """Run gunicorn in the foreground; SIGTERM and SIGINT end it in order."""
    # Its working directory is not ours: what was given relative to ours goes on as it was understood here.
    environment = os.environ | {
        "TIMEBANK_HOME": str(settings.home),
        "TIMEBANK_DATABASE_URL": settings.database_url,
        "TIMEBANK_OWNER_DATABASE_URL": settings.owner_database_url,
    }
    if settings.workers > 1:
        metrics = settings.home / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir()
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    server = subprocess.Popen(gunicorn(settings), cwd=ROOT, env=environment)  # noqa: S603 - our own command line
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: server.terminate())
    code = server.wait()
    return code if code >= 0 else 128 - code  # killed by a signal: as a shell says it


def gunicorn(settings: Settings) -> list[str]:
    """Return gunicorn's command line: threads; with several workers each accepts for itself (steadier, and faster)."""
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--no-control-socket"]
    command += ["--bind", f"{settings.bind}:{settings.port}", "--workers", str(settings.workers)]
    command += ["--threads", str(settings.threads), "--keep-alive", str(KEEP_ALIVE_SECONDS)]
    command += ["--graceful-timeout", "10", "--log-level", "warning"]
    return [*command, *(["--reuse-port"] if settings.workers > 1 else []), "app:application"]


def greeting(settings: Settings) -> str:
    """Return what the terminal shows: what to open, and who may sign in to the demo."""
    base = f"http://{settings.bind}:{settings.port}"
    lines = [
        "",
        f"  时间银行已启动 · timebank is serving at {base}",
        f"  接口文档 · API documentation   {base}/api/docs",
        f"  数据目录 · data directory      {settings.home}",
    ]
    if settings.is_demo:
        lines += [
            "  演示用户 · demo users",
            '    志愿者 · volunteers   POST /api/v1/auth/wechat    {"code": "demo:zhang"}（有时间币）  {"code": "demo:li"}（新人）',
            '    工作人员 · staff      POST /api/v1/auth/password  {"username": "counter", "password": "demo"}',
            "                          counter · coordinator · auditor · admin",
        ]
    return "\n".join([*lines, "  按 Ctrl+C 停止 · Ctrl+C stops", ""])
