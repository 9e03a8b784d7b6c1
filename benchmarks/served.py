"""Serves an application by the product's own gunicorn command line until the end of a ``with``."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import repeat
from pathlib import Path

from sqlalchemy import create_engine, make_url

from benchmarks import load
from tests.servers import environment_of
from timebank import serving
from timebank.settings import Environment, Settings

PRODUCT = "app:application"
BARE = "benchmarks.bare:create_app()"
SECRET = "the secret of the benchmarks and of nothing else"
START_SECONDS = 60
STOP_SECONDS = 20


def settings_for(database_url: str, home: Path, *, role: str | None = None) -> Settings:
    """Return settings as in production: no demo clock in the way, and WeChat is never called.

    ``role`` serves, as one that owns nothing; migrations and whatever else is the owner's use the URL as it is.
    """
    url = make_url(database_url)
    return Settings(
        env=Environment.PRODUCTION,
        home=home,
        database_url=(url.set(username=role) if role else url).render_as_string(hide_password=False),
        owner_database_url=database_url,
        bind="127.0.0.1",
        port=8000,
        workers=1 if database_url.startswith("sqlite") else 2,
        threads=8,
        trusted_proxies=0,
        secret_keys=(SECRET,),
        wechat_app_id="wxbenchmark",
        wechat_secret="never used",
        wechat_base_url="https://wechat.invalid",
    )


def as_owner(settings: Settings, *statements: str) -> None:
    """Execute what the application itself may not."""
    engine = create_engine(settings.owner_database_url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@contextmanager
def on_free_port(application: str, settings: Settings, *, ready: str) -> Iterator[int]:
    """Serve ``application`` and yield its port as soon as ``GET ready`` is answered with 200 by every worker."""
    settings = replace(settings, port=_free_port())
    home = settings.home / application.partition(":")[0]
    (home / "metrics").mkdir(parents=True)
    environment = environment_of(settings)
    if settings.workers > 1:
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(home / "metrics")
    with (home / "log").open("wb") as log:
        command = [*serving.gunicorn(settings)[:-1], application]
        process = subprocess.Popen(
            command, cwd=serving.ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_ready(process, settings.port, ready, home / "log")
            yield settings.port
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, ready: str, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    why: Exception | None = None
    while process.poll() is None and time.monotonic() < give_up:
        try:
            # A worker listens before it has loaded the application; many connections reach both.
            requests = repeat(load.request("GET", ready), 64)
            load.drive(port, requests, expected=load.Expected(200), clients=16, seconds=START_SECONDS)
        except (OSError, load.WrongAnswer) as error:
            why = error
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the server is not ready ({why!r}); its log:\n{log.read_text()[-4000:]}")
