"""Errors as problems."""

import json
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from werkzeug.exceptions import HTTPException, default_exceptions

from tests.factories.identity import a_person, signed_in
from tests.unit.web import sample
from tests.unit.web.sample import Counted
from timebank.database import in_unit_of_work, is_sqlite, session
from timebank.errors import Busy, catalogue
from timebank.identity.models import Person
from timebank.web import problems
from timebank.web.schemas import Problem

FAULTS = "/api/v1/sample/faults/"


def assert_is_problem(answer: Any, status: int, code: str) -> None:
    """Check the one shape of every error."""
    body = json.loads(answer.data)

    assert (answer.status_code, answer.content_type) == (status, problems.MEDIA_TYPE)
    assert Problem().validate(body) == {}
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == "urn:timebank:problems:" + code.lower().replace("_", "-")
    assert body["request_id"] == answer.headers["X-Request-Id"]


def test_a_refusal_explains_itself_with_its_numbers(web: FlaskClient) -> None:
    """Title, detail and context carry what the refusal knows."""
    answer = web.get(FAULTS + "counted")

    assert_is_problem(answer, 409, "CONFLICT")
    assert answer.json["detail"] == "需要 90 分钟，只有 30 分钟。"
    assert answer.json["context"] == {"needed_minutes": 90, "available_minutes": 30}
    assert answer.json["instance"] == FAULTS + "counted"
    assert answer.json["retryable"] is False
    assert "Retry-After" not in answer.headers
    assert "errors" not in answer.json


def test_a_number_that_nobody_gave_shows_as_a_dash(app: Flask) -> None:
    """An incomplete refusal is incomplete, not a fault."""
    with app.test_request_context():
        assert problems.from_refusal(Counted()).json["detail"] == "需要 — 分钟，只有 — 分钟。"


@pytest.mark.parametrize(
    ("language", "title"),
    [(None, "样例"), ("zh-CN,zh;q=0.9,en;q=0.8", "样例"), ("en", "Sample"), ("en-GB,en;q=0.9", "Sample"),
     ("fr", "样例"), ("*", "样例"), ("fr,en;q=0.5", "Sample"), ("zh-Hant;q=0.2,en;q=0.1", "样例"),
     ("zh-CN,en;q=0.9", "样例"), ("en;q=0", "样例"), ("\xff;;q=x", "样例")],
)  # fmt: skip
def test_the_language_is_the_callers(web: FlaskClient, language: str | None, title: str) -> None:
    """Chinese, unless the caller would rather read English."""
    answer = web.get(FAULTS + "counted", headers={"Accept-Language": language} if language else {})

    assert answer.json["title"] == title


@pytest.mark.parametrize("status", sorted(default_exceptions))
def test_every_status_that_flask_can_raise_is_a_problem(web: FlaskClient, status: int) -> None:
    """Known statuses keep their number; the others become 400 or 500."""
    answer = web.get(f"{FAULTS}{status}")
    expected = status if status in problems._BY_STATUS else 400 if status < 500 else 500

    assert_is_problem(answer, expected, answer.json["code"])


def test_a_fault_of_ours_says_nothing_of_its_cause(web: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """The caller gets a request id, the log gets the cause."""
    answer = web.get(FAULTS + "broken")

    assert_is_problem(answer, 500, "INTERNAL")
    assert "a fault of ours" not in answer.text


def test_a_database_that_is_gone_is_a_refusal_to_try_again(web: FlaskClient) -> None:
    """A lost connection is 503 with Retry-After and says nothing of the statement."""
    answer = web.get(FAULTS + "database")

    assert_is_problem(answer, 503, "BUSY")
    assert answer.headers["Retry-After"] == "1"
    assert "secret" not in answer.text


def test_a_violated_constraint_is_the_refusal_that_claims_it(web: FlaskClient) -> None:
    """A lost race ends as a coded refusal and leaves nothing behind."""
    assert_is_problem(web.post("/api/v1/sample/clashes/claimed"), 503, "VOLUNTEER_NUMBER_TAKEN")
    assert session.scalar(select(func.count()).select_from(Person)) == 0


@pytest.mark.parametrize("name", ["unclaimed", "null"])
def test_a_constraint_that_nobody_claims_is_a_conflict(web: FlaskClient, name: str) -> None:
    """Never a fault, and nothing of the row is shown."""
    answer = web.post(f"/api/v1/sample/clashes/{name}")

    assert_is_problem(answer, 409, "CONFLICT")
    assert "nowhere" not in answer.text


def test_an_unknown_address_and_a_wrong_method_are_problems(web: FlaskClient) -> None:
    """404 and 405 have the same shape, and 405 says what is allowed."""
    assert_is_problem(web.get("/nothing/here"), 404, "NOT_FOUND")
    answer = web.delete("/api/v1/areas")

    assert_is_problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert {method.strip() for method in answer.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS", "POST"}


def test_pointers_are_json_pointers() -> None:
    """Names with slashes and tildes are escaped; lists count; what concerns the whole has the empty pointer."""
    messages = {
        "json": {"a/b": {"0": {"c~d": ["wrong"]}}, "_schema": ["whole"], "plain": "text"},
        "query": {"limit": ["no"]},
    }

    assert {(found["pointer"], found["detail"]) for found in problems.pointers(messages)} == {
        ("/a~1b/0/c~0d", "wrong"), ("", "whole"), ("/plain", "text"), ("/query/limit", "no"),
    }  # fmt: skip


def test_a_name_that_utf8_cannot_write_does_not_break_the_answer(app: Flask) -> None:
    """A lone surrogate in the name of an unknown field is shown as a question mark."""
    with app.test_request_context():
        refusal = Busy(errors=[{"pointer": "/\ud800", "detail": "x"}])

        assert problems.from_refusal(refusal).json["errors"][0]["pointer"] == "/?"


def test_a_hundred_errors_are_enough(client: FlaskClient) -> None:
    """A body of thousands of unknown names is answered with the first hundred."""
    body = {f"unknown_{number}": 1 for number in range(5_000)}
    answer = client.post("/api/v1/auth/refresh", json=body)

    assert_is_problem(answer, 422, "INVALID")
    assert len(answer.json["errors"]) == problems.MOST_ERRORS


def test_every_refusal_is_complete_in_both_languages() -> None:
    """Each code has titles and details, a status of an error, and is retryable only where a retry may help."""
    for kind in catalogue():
        assert 400 <= kind.status < 600, kind
        assert all((kind.title, kind.title_en, kind.detail, kind.detail_en)), kind
        assert kind.code == kind.code.upper(), kind
        assert all(len(name) < 60 for name in kind.constraints), kind


def test_an_exception_without_a_code_is_an_internal_fault(app: Flask) -> None:
    """werkzeug's bare HTTPException carries no status."""
    with app.test_request_context():
        assert problems.from_http_exception(HTTPException()).status_code == 500


def test_a_database_without_room_is_507_and_the_same_request_works_later(web: FlaskClient) -> None:
    """Nothing is kept, the key is free again, and the answer says that it may be sent once more."""
    limited: list[Any] = []

    def no_room() -> None:
        if is_sqlite():
            limited.append(session.connection().connection.driver_connection)
            limited[0].set_authorizer(None)
            limited[0].execute("PRAGMA max_page_count = 1")  # as many as there are
            session.execute(text("UPDATE identity_person SET display_name = hex(zeroblob(500000))"))
        session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$"))

    headers = signed_in(a_person()) | {"Idempotency-Key": "one"}
    ask = partial(web.post, "/api/v1/sample/people", json={"display_name": "李建国"}, headers=headers)
    sample.meanwhile.append(no_room)
    refused = ask()
    assert_is_problem(refused, 507, "STORAGE_FULL")
    assert (refused.json["retryable"], refused.headers["Retry-After"]) == (True, "1")
    sample.meanwhile.clear()
    for connection in limited:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert ask().status_code == 201
    assert in_unit_of_work(lambda: session.scalar(select(func.count()).select_from(Person)), write=False) == 2
