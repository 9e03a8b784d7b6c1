"""The test house itself: fresh databases, requests from outside, counted statements, real servers."""

import dataclasses

import flask_migrate
import httpx
import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from tests.conftest import ServerFactory, Statements
from timebank import clock
from timebank.application import create_app
from timebank.database import db, in_unit_of_work, session
from timebank.demo.clock import DemoClock
from timebank.settings import Settings


@pytest.mark.parametrize("time", ["first", "second"])
def test_every_test_has_a_fresh_database(app: Flask, time: str) -> None:
    """What one test commits, the next one does not see, although the application is the same object."""
    query = select(DemoClock.offset_seconds)
    assert in_unit_of_work(lambda: session.scalar(query), write=False) == 0
    in_unit_of_work(lambda: session.execute(update(DemoClock).values(offset_seconds=60)))
    assert in_unit_of_work(lambda: session.scalar(query), write=False) == 60


def test_a_request_comes_from_outside(client: FlaskClient, app: Flask) -> None:
    """A request has a context of its own: it leaves nothing in the test's ``g`` and moves not the test's clock."""
    g.marker = "the test's"
    assert client.get("/healthz").status_code == 200
    assert "request_id" not in g
    assert g.marker == "the test's"
    in_unit_of_work(lambda: session.execute(update(DemoClock).values(offset_seconds=3600)))
    before = clock.now()
    assert client.get("/readyz").status_code == 200
    assert (clock.now() - before).total_seconds() < 3000


def test_what_is_prepared_must_be_committed(client: FlaskClient) -> None:
    """A request that could not see what the test has prepared is refused with a hint."""
    session.add(DemoClock(id=1, offset_seconds=5))
    with pytest.raises(AssertionError, match="in_unit_of_work"):
        client.get("/healthz")
    session.rollback()


def test_models_are_read_again_after_a_request(client: FlaskClient) -> None:
    """An assertion after a request looks at the database, and not at what the test has read before."""
    row = in_unit_of_work(lambda: session.scalars(select(DemoClock)).one(), write=False)
    with db.engine.begin() as elsewhere:
        elsewhere.execute(update(DemoClock).values(offset_seconds=7))
    client.get("/healthz")
    assert row.offset_seconds == 7


def test_statements_are_counted_without_transactions(statements: Statements) -> None:
    """The list holds what was asked, and neither BEGIN nor COMMIT nor savepoints."""

    def work() -> None:
        session.execute(text("SELECT 1"))
        with session.begin_nested():
            session.execute(text("SELECT 2"))

    with statements() as sent:
        in_unit_of_work(work)
    assert [one for one in sent if "demo_clock" not in one] == ["SELECT 1", "SELECT 2"]
    with statements() as again:
        pass
    assert again == []


def test_a_server_answers_on_a_database_of_its_own(server: ServerFactory, app: Flask) -> None:
    """Real servers are ready, apart from each other and from the application of the test."""
    in_unit_of_work(lambda: session.execute(update(DemoClock).values(offset_seconds=86_400)))
    first, second = server(), server()
    assert len({first.url, second.url}) == 2
    assert len({first.settings.database_url, second.settings.database_url, str(db.engine.url)}) == 3
    for one in (first, second):
        with one.client() as client:
            assert client.get("/readyz").json() == {"status": "ok"}


def test_a_server_that_cannot_start_shows_its_log(
    server: ServerFactory, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that ends at once fails the test with what it wrote."""
    monkeypatch.setattr("tests.servers.environment_of", lambda _settings: {"PATH": "", "TIMEBANK_NONSENSE": "1"})
    with pytest.raises(AssertionError, match="TIMEBANK_NONSENSE"):
        server()


def test_wechat_answers_on_loopback(settings: Settings) -> None:
    """The fake WeChat of the tests knows the mini-program of the settings."""
    query = {"appid": settings.wechat_app_id, "secret": settings.wechat_secret, "js_code": "once:a:1"}
    query["grant_type"] = "authorization_code"
    with httpx.Client(base_url=settings.wechat_base_url, trust_env=False) as wechat:
        assert wechat.get("/sns/jscode2session", params=query).json()["openid"]
        assert wechat.get("/sns/jscode2session", params=query).json()["errcode"] == 40163


def test_another_application_may_run_beside(app: Flask, settings: Settings) -> None:
    """A test may put together an application with other settings on the same database."""
    other = create_app(dataclasses.replace(settings, trusted_proxies=1))
    with other.app_context():
        flask_migrate.upgrade()
        assert other.test_client().get("/readyz").status_code == 200
        db.engine.dispose()
