"""Request ids, logs, metrics, health, and headers."""

import dataclasses
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.factories.identity import a_person, signed_in
from tests.owner import as_owner
from timebank.application import create_app
from timebank.database import NIL, db, in_unit_of_work, session
from timebank.settings import Settings
from timebank.web.observe import SECURITY_HEADERS


def lines(printed: str) -> list[dict[str, Any]]:
    """Return the JSON lines of a log."""
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("offered", ["12345678", "a-b_c.D-9", "x" * 64])
def test_a_sound_request_id_is_taken_over(client: FlaskClient, offered: str) -> None:
    """What a proxy has called a request stays its name."""
    assert client.get("/healthz", headers={"X-Request-Id": offered}).headers["X-Request-Id"] == offered


@pytest.mark.parametrize("offered", ["short", "x" * 65, "with blank", '{"a":1}xx', "ünïcödé123", "", "a;b;c;d;e"])
def test_any_other_request_id_is_replaced(client: FlaskClient, offered: str) -> None:
    """What could disturb a log is not taken over."""
    given = client.get("/healthz", headers={"X-Request-Id": offered}).headers["X-Request-Id"]

    assert given != offered
    assert len(given) == 36


def test_one_line_a_request_without_anything_private(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """The log names the route, not the address; no query, body, token or key is in it."""
    headers = {**signed_in(a_person("王秀英")), "Idempotency-Key": "private-key", "X-Request-Id": "request-0001"}
    capsys.readouterr()
    client.get("/api/v1/areas?after=private-query", headers=headers)
    client.post("/api/v1/auth/password", json={"username": "private-name", "password": "private-word"})
    client.get("/private-path/1")
    printed = "".join(capsys.readouterr())
    found = [line for line in lines(printed) if line["event"] == "http.request_answered"]

    assert [(line["route"], line["status"], line["code"]) for line in found] == [
        ("/api/v1/areas", 400, "BAD_CURSOR"),
        ("/api/v1/auth/password", 401, "WRONG_PASSWORD"),
        ("unmatched", 404, "NOT_FOUND"),
    ]
    assert found[0]["request_id"] == "request-0001"
    assert "private" not in printed
    assert headers["Authorization"].removeprefix("Bearer ") not in printed
    assert "王秀英" not in printed


def test_a_fault_is_logged_with_its_cause_under_the_request_id(
    web: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator finds the traceback by the id that the caller was given."""
    web.get("/api/v1/sample/faults/broken", headers={"X-Request-Id": "request-0002"})
    fault = next(line for line in lines(capsys.readouterr().out) if line["event"] == "http.fault")

    assert fault["request_id"] == "request-0002"
    assert "RuntimeError: a fault of ours" in fault["exception"]


@pytest.mark.parametrize(
    "address",
    ["/healthz", "/nothing", "/api/v1/areas", "/api/v1/sample/faults/broken", "/api/v1/sample/faults/413",
     "/api/openapi.json", "/api/docs/", "/api/docs/swagger-ui.css", "/metrics", "/api/v1/sample/people"],
)  # fmt: skip
def test_every_answer_carries_the_security_headers(web: FlaskClient, address: str) -> None:
    """Good answers, refusals, faults and files alike."""
    answer = web.get(address, buffered=True)

    assert set(SECURITY_HEADERS) | {"X-Request-Id"} <= set(answer.headers.keys())
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Server" not in answer.headers or "Werkzeug" not in answer.headers["Server"]


def test_metrics_count_by_route_and_never_by_what_a_caller_invents(web: FlaskClient) -> None:
    """Addresses and methods that do not exist make no new series."""
    web.get("/api/v1/sample/faults/404")
    web.get("/nothing/at/all")
    web.open("/healthz", method="INVENTED")
    shown = web.get("/metrics")

    assert shown.status_code == 200
    assert shown.mimetype == "text/plain"
    assert 'route="/api/v1/sample/faults/<name>"' in shown.text
    assert 'method="other"' in shown.text
    assert "INVENTED" not in shown.text
    assert "/nothing/at/all" not in shown.text


def test_metrics_of_several_workers_are_put_together(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """With a folder that the workers share, all of them are counted."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    assert client.get("/metrics").status_code == 200


def test_ready_means_reachable_and_migrated(client: FlaskClient) -> None:
    """A migrated database is ready; one of another revision is not, and says why."""
    assert client.get("/readyz").json == {"status": "ok"}
    in_unit_of_work(lambda: session.execute(text("UPDATE alembic_version SET version_num = '0001'")))
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json) == (503, {"status": "unavailable", "reason": "migrations"})


def test_alive_does_not_ask_the_database(client: FlaskClient, statements: Any) -> None:
    """/healthz is answered without a statement."""
    with statements() as sent:
        assert client.get("/healthz").json == {"status": "ok"}

    assert sent == []


def test_a_database_that_is_gone_is_not_ready(settings: Settings, engine_name: str, tmp_path: Any) -> None:
    """/readyz is 503 and /healthz still 200; every other route asks to come back later."""
    gone = f"sqlite:///{tmp_path}/no/such/folder.db" if engine_name == "sqlite" else settings.database_url + "_gone"
    app = create_app(dataclasses.replace(settings, database_url=gone, owner_database_url=gone))
    client = app.test_client()
    with app.app_context():
        headers = signed_in(NIL)

    assert client.get("/healthz").status_code == 200
    assert (client.get("/readyz").status_code, client.get("/readyz").json["reason"]) == (503, "database")
    answer = client.get("/api/v1/areas", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (503, "BUSY")
    with app.app_context():
        db.engine.dispose()


def test_an_empty_database_is_not_ready(app: Flask, settings: Settings, engine_name: str, tmp_path: Any) -> None:
    """A database that nobody has migrated is reachable and not ready."""
    client = app.test_client()
    as_owner("DROP TABLE alembic_version")

    assert client.get("/readyz").status_code == 503
