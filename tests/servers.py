"""Real servers for stories and races: gunicorn in its own processes, as it runs in the street."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from timebank.serving import KEEP_ALIVE_SECONDS
from timebank.settings import Settings

ROOT = Path(__file__).parent.parent
START_SECONDS = 180
STOP_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running gunicorn: where it answers, what it runs on, what it writes."""

    url: str
    settings: Settings
    log: Path
    process: subprocess.Popen[bytes]

    def client(self) -> httpx.Client:
        """Return a new HTTP client of it; close it, or use it in a ``with``."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=30)

    def kill(self) -> None:
        """SIGKILL all of its processes at one moment, as the end of the electricity would."""
        pid = self.process.pid
        self.process.send_signal(signal.SIGSTOP)  # so that it starts no worker meanwhile
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.process.kill()
        for worker in workers:
            os.kill(int(worker), signal.SIGKILL)
        self.process.wait()


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment from which a process reads just these settings."""
    names = {f"TIMEBANK_{name.upper()}": getattr(settings, name) for name in Settings.__dataclass_fields__}
    values = {
        name: ",".join(value) if isinstance(value, tuple) else str(value)
        for name, value in names.items()
        if value is not None
    }
    metrics = {"PROMETHEUS_MULTIPROC_DIR": str(settings.home / "metrics")} if settings.workers > 1 else {}
    return {name: value for name, value in os.environ.items() if not name.startswith("TIMEBANK_")} | values | metrics


@contextmanager
def gunicorn(settings: Settings, log: Path) -> Iterator[Server]:
    """Serve the product for ``settings`` on a free port of 127.0.0.1 until the end; SIGTERM must stop it cleanly, unless it was killed."""
    (settings.home / "metrics").mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, log.open("wb") as output:
        command = [sys.executable, "-m", "gunicorn", "app:application", "--bind", f"fd://{listener.fileno()}"]
        command += ["-k", "gthread", "--workers", str(settings.workers), "--threads", str(settings.threads)]
        command += ["--no-control-socket", "--graceful-timeout", "10", "--keep-alive", str(KEEP_ALIVE_SECONDS)]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment_of(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
        )
        port = listener.getsockname()[1]
    server = Server(url=f"http://127.0.0.1:{port}", settings=settings, log=log, process=process)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        _stop(server)


def _wait_until_ready(server: Server) -> None:
    give_up = time.monotonic() + START_SECONDS
    answer = "nothing"
    with server.client() as client:
        while server.process.poll() is None and time.monotonic() < give_up:
            try:
                response = client.get("/readyz")
            except httpx.TransportError as error:
                answer = repr(error)
            else:
                if response.status_code == httpx.codes.OK:
                    return
                answer = response.text
            time.sleep(0.05)
    raise AssertionError(f"the server is not ready, it answers {answer}; its log:\n{server.log.read_text()}")


def _stop(server: Server) -> None:
    if server.process.poll() == -signal.SIGKILL:
        return
    server.process.send_signal(signal.SIGTERM)
    try:
        code = server.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
        raise AssertionError(f"SIGTERM does not stop the server; its log:\n{server.log.read_text()}") from None
    assert code == 0, f"the server ended with {code}; its log:\n{server.log.read_text()}"
