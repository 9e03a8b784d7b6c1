"""``timebank run``: from an empty folder to a served street, in the foreground, until SIGTERM."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import click
import flask_migrate
from flask import Flask, current_app

from timebank.application import create_app
from timebank.database import db
from timebank.demo import street
from timebank.demo.wechat import FakeWechat, serving
from timebank.settings import LOOPBACK, Settings

ROOT = Path(__file__).parent.parent


def run(settings: Settings) -> int:
    """Migrate, seed the demo once, serve by gunicorn; return gunicorn's exit status."""
    settings.home.mkdir(parents=True, exist_ok=True)
    prepare(create_app(settings))
    with ExitStack() as stack:
        if settings.is_demo and urlsplit(settings.wechat_base_url).hostname in LOOPBACK:
            port = urlsplit(settings.wechat_base_url).port or 80
            fake = FakeWechat(app_id=settings.wechat_app_id, secret=settings.wechat_secret)
            stack.enter_context(serving(fake, port=port))
        click.echo(greeting(settings))
        return serve(settings)


def prepare(app: Flask) -> None:
    """Bring the database to this code's head and, in the demo, the street to today."""
    with app.app_context():
        flask_migrate.upgrade()
        if current_app.extensions["timebank-settings"].is_demo:
            street.settle()
        db.engine.dispose()


def serve(settings: Settings) -> int:
    """Run gunicorn in the foreground; SIGTERM and SIGINT end it in order."""
    environment = dict(os.environ)
    if settings.workers > 1:
        metrics = settings.home / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir()
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    server = subprocess.Popen(gunicorn(settings), cwd=ROOT, env=environment)  # noqa: S603 - our own command line
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: server.terminate())
    return server.wait()


def gunicorn(settings: Settings) -> list[str]:
    """Return gunicorn's command line: threads; with several workers each accepts for itself (steadier, and faster)."""
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--no-control-socket"]
    command += ["--bind", f"{settings.bind}:{settings.port}", "--workers", str(settings.workers)]
    command += ["--threads", str(settings.threads), "--graceful-timeout", "10", "--log-level", "warning"]
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
