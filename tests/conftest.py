"""What every test may ask for: an application on either engine with a fresh database, a client, a real server."""

import contextvars
import dataclasses
import gc
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask_migrate
import hypothesis
import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from tests import measuring, servers
from tests.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.engines import ENGINES
from tests.postgres import NoPostgres, running_server
from timebank import append_only, clock
from timebank.application import create_app
from timebank.database import db, session
from timebank.demo.wechat import FakeWechat, serving
from timebank.settings import Environment, Settings
from timebank.web import limits

SECRETS = ("newest secret of the tests and of nothing else", "earlier secret of the tests and of nothing else")
WECHAT = {"app_id": "wxtest", "secret": "wechat secret of the tests"}

Statements = Callable[[], AbstractContextManager[list[str]]]
ServerFactory = Callable[[], servers.Server]

_TOO_EAGER = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture]
hypothesis.settings.register_profile(
    "short", deadline=None, max_examples=50, derandomize=bool(os.environ.get("CI")), suppress_health_check=_TOO_EAGER
)
hypothesis.settings.register_profile(
    "soak", deadline=None, max_examples=2_000, stateful_step_count=200, suppress_health_check=_TOO_EAGER
)
hypothesis.settings.load_profile("short")  # --hypothesis-profile=soak comes later and wins


def pytest_configure(config: pytest.Config) -> None:
    """Add what decides where coverage is measured."""
    config.pluginmanager.register(measuring)


# --- one PostgreSQL server a run, also with several workers -----------------------------------------------------------

_run = ExitStack()
_server_url = pytest.StashKey[str]()


def _postgres_of(config: pytest.Config) -> str:
    """Return the URL of the run's server; start it when it is first asked for."""
    given: str | None = getattr(config, "workerinput", {}).get("postgres_url")
    if given is None and _server_url not in config.stash:
        try:
            config.stash[_server_url] = _run.enter_context(running_server())
        except NoPostgres as error:
            pytest.exit(f"the tests cannot run: {error}", returncode=pytest.ExitCode.USAGE_ERROR)
    return given or config.stash[_server_url]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker of pytest-xdist where the server of this run is."""
    node.workerinput["postgres_url"] = _postgres_of(node.config)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server; by now the workers are gone."""
    _run.close()


# --- databases and applications ---------------------------------------------------------------------------------------


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """Run the test once on each engine."""
    name: str = request.param
    return name


def _settings(home: Path, database_url: str, wechat_base_url: str) -> Settings:
    return Settings(
        env=Environment.DEMO,
        home=home,
        database_url=database_url,
        owner_database_url=database_url,
        bind="127.0.0.1",
        port=8000,
        workers=1 if database_url.startswith("sqlite") else 2,
        threads=8,
        trusted_proxies=0,
        secret_keys=SECRETS,
        wechat_app_id=WECHAT["app_id"],
        wechat_secret=WECHAT["secret"],
        wechat_base_url=wechat_base_url,
    )


class _House:
    """What one worker keeps for one engine: its databases, and one application that is used by test after test.

    Putting an application together takes longer than most tests; its database is swapped underneath instead.
    """

    def __init__(self, databases: Databases, home: Path, wechat_base_url: str) -> None:
        self.databases = databases
        self.home = home
        self.app = create_app(_settings(home, databases.fresh("app"), wechat_base_url))
        self.app.testing = True
        self.app.test_client_class = Client
        with self.app.app_context():
            _forget_durability()
        gc.freeze()  # all that is there stays: going through it again and again is a fifth of a run

    def close(self) -> None:
        with self.app.app_context():
            db.engine.dispose()
        self.databases.close()


def _migrate(url: str) -> None:
    app = create_app(_settings(Path("nowhere"), url, "http://127.0.0.1:9"))
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()


def _forget_durability() -> None:
    """Spare SQLite its fsyncs, as the test server of PostgreSQL is spared them."""
    if db.engine.dialect.name == "sqlite":

        @event.listens_for(db.engine, "connect")
        def no_fsync(connection: Any, _record: Any) -> None:
            connection.set_authorizer(None)  # it refuses this, too
            connection.execute("PRAGMA synchronous=OFF").close()
            append_only.forbid_changes(connection, db.metadata)


class _Wechat:
    """The fake WeChat server, a new one for each test behind one address."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.current = FakeWechat(**WECHAT)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self.current(environ, start_response)


@pytest.fixture(scope="session")
def _wechat() -> _Wechat:
    return _Wechat()


@pytest.fixture(scope="session")
def _houses(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, worker_id: str, _wechat: _Wechat
) -> Iterator[Callable[[str], _House]]:
    houses: dict[str, _House] = {}
    wechat = _wechat

    def build(engine_name: str) -> _House:
        folder = tmp_path_factory.mktemp(engine_name)
        databases: Databases
        if engine_name == "sqlite":
            databases = SqliteDatabases(folder, _migrate)
        else:
            databases = PostgresDatabases(_postgres_of(pytestconfig), worker_id, _migrate)
        return _House(databases, folder / "home", wechat_base_url)

    def house_of(engine_name: str) -> _House:
        if engine_name not in houses:
            houses[engine_name] = build(engine_name)
        wechat.renew()
        house = houses[engine_name]
        shutil.rmtree(house.home, ignore_errors=True)
        house.home.mkdir()
        return house

    with serving(wechat, port=0) as wechat_base_url:
        yield house_of
        for house in houses.values():
            house.close()


@pytest.fixture
def _house(_houses: Callable[[str], _House], engine_name: str) -> _House:
    return _houses(engine_name)


@pytest.fixture
def fake_wechat(_house: _House, _wechat: _Wechat) -> FakeWechat:
    """The fake WeChat server that this test's application talks to."""
    return _wechat.current


@pytest.fixture
def settings(_house: _House) -> Settings:
    """The settings that ``app`` runs with; ``dataclasses.replace`` gives others."""
    found: Settings = _house.app.extensions["timebank-settings"]
    return found


@pytest.fixture
def app(_house: _House) -> Iterator[Flask]:
    """An application on a fresh database, its context pushed; the same object for every test on that engine."""
    app = _house.app
    _house.databases.fresh("app")
    with app.app_context():
        yield app
        session.remove()
        db.engine.dispose()
    limits.counts.reset()
    app.extensions["timebank-tokens"].clear()
    clock.set_offset(timedelta(0))
    structlog.contextvars.clear_contextvars()


class Client(FlaskClient):
    """A client that calls from outside: no request sees the test's application context, ``g`` or session.

    What the test has read before is read again after a request, so that no assertion looks at yesterday's values.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request in a context of its own; only a fixed or shifted clock is taken along."""
        assert not [*session.new, *session.dirty, *session.deleted], "commit what the test prepares: in_unit_of_work"
        session.rollback()
        outside = contextvars.Context()
        for variable, value in contextvars.copy_context().items():
            if not variable.name.startswith("flask."):
                outside.run(variable.set, value)
        try:
            return outside.run(super().open, *args, **kwargs)
        finally:
            session.expire_all()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of ``app``."""
    return app.test_client()


@pytest.fixture
def statements(app: Flask) -> Statements:
    """Count what is sent to the database.

    ``with statements() as sent: ...`` and then ``assert len(sent) == 3``. The list holds the SQL texts, without the beginnings and ends of transactions.
    """

    @contextmanager
    def listening() -> Iterator[list[str]]:
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")):
                sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return listening


# --- real servers -----------------------------------------------------------------------------------------------------


@pytest.fixture
def server(_house: _House, settings: Settings, tmp_path: Path) -> Iterator[ServerFactory]:
    """A factory of real gunicorn servers, each on a fresh database of the test's engine and with a home of its own."""
    with ExitStack() as running:

        def start() -> servers.Server:
            name = f"server{len(list(tmp_path.glob('home*')))}"
            home = tmp_path / f"home-{name}"
            home.mkdir()
            url = _house.databases.fresh(name)
            running.callback(_house.databases.drop, name)
            own = dataclasses.replace(settings, home=home, database_url=url, owner_database_url=url)
            return running.enter_context(servers.gunicorn(own, tmp_path / f"{name}.log"))

        yield start
