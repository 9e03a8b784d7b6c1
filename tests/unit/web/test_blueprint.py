"""One unit of work a view, and the order of things."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.identity import a_person, an_admin, signed_in
from timebank.database import NIL
from timebank.web.blueprint import IDEMPOTENCY_HEADER

ORDERS = "/api/v1/sample/orders"


def test_the_gates_stand_in_their_order(web: FlaskClient) -> None:
    """Token, role, media type, JSON, values: the first that does not hold answers."""
    nobody: dict[str, str] = {}
    volunteer, admin = signed_in(a_person()), signed_in(an_admin())
    bad = {"data": "{", "content_type": "application/json"}

    assert web.post(ORDERS, **bad, headers=nobody).json["code"] == "UNAUTHENTICATED"
    assert web.post(ORDERS, **bad, headers=volunteer).json["code"] == "FORBIDDEN"
    assert web.post(ORDERS, data="x=1", headers=admin).json["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert web.post(ORDERS, **bad, headers=admin).json["code"] == "MALFORMED_BODY"


def test_values_come_last(web: FlaskClient) -> None:
    """With everything else in order, the values are looked at."""
    admin = signed_in(an_admin())

    assert web.post(ORDERS, json={}, headers=admin).json["code"] == "INVALID"
    assert web.post(ORDERS, json={"display_name": "x"}, headers=admin).status_code == 200


def test_too_many_requests_are_refused_first(web: FlaskClient, app: Flask) -> None:
    """The limit answers before token and body, says when to come back, and counts each address and person apart."""
    admin = signed_in(an_admin())
    answers = [web.post(ORDERS, data="x") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    limited = answers[-1]
    assert (limited.json["code"], limited.json["retryable"]) == ("RATE_LIMITED", True)
    assert limited.content_type == "application/problem+json"
    assert 1 <= int(limited.headers["Retry-After"]) <= 61
    assert limited.json["context"] == {"retry_after_seconds": int(limited.headers["Retry-After"])}
    assert limited.headers["X-Request-Id"] == limited.json["request_id"]
    assert web.post(ORDERS, json={"display_name": "x"}, headers=admin).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer forged"}])
def test_a_forged_token_does_not_escape_the_limit_of_its_address(web: FlaskClient, headers: dict[str, str]) -> None:
    """Whoever has no good token is counted by address, whatever they send."""
    statuses = [
        web.post(ORDERS, headers={**headers, **({"Authorization": f"Bearer {n}"} if headers else {})}).status_code
        for n in range(4)
    ]

    assert statuses == [401, 401, 401, 429]


def test_a_good_answer_does_not_ask_to_wait(web: FlaskClient) -> None:
    """Retry-After stands on refusals only."""
    answer = web.post(ORDERS, json={"display_name": "x"}, headers=signed_in(an_admin()))

    assert "Retry-After" not in answer.headers


def test_unknown_names_are_refused_in_queries_and_bodies(web: FlaskClient) -> None:
    """A misspelt name is never ignored; the pointer says where it stands."""
    query = web.get("/api/v1/sample/people?limt=3")
    body = web.post(ORDERS, json={"display_name": "x", "extra": 1}, headers=signed_in(an_admin()))

    assert [error["pointer"] for error in query.json["errors"]] == ["/query/limt"]
    assert [error["pointer"] for error in body.json["errors"]] == ["/extra"]


def test_the_first_of_a_repeated_query_counts(web: FlaskClient) -> None:
    """A query name that is given twice is read once, at its first place."""
    assert web.get("/api/v1/sample/people?limit=1&limit=bad").status_code == 200
    assert web.get("/api/v1/sample/people?limit=bad&limit=1").status_code == 422


def test_options_answers_anyone_and_tells_only_the_methods(web: FlaskClient) -> None:
    """OPTIONS is Flask's own: it runs no view and no guard, and says nothing that the public specification does not."""
    answer = web.options(ORDERS)

    assert (answer.status_code, answer.data) == (200, b"")
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_head_passes_the_same_guard_as_get(client: FlaskClient) -> None:
    """HEAD is GET without a body: 401 without a token, 200 with one."""
    assert client.head("/api/v1/areas").status_code == 401
    answer = client.head("/api/v1/areas", headers=signed_in(NIL))

    assert (answer.status_code, answer.data) == (200, b"")


def operation(app: Flask, path: str, method: str) -> Any:
    """Return what is documented of one operation."""
    return app.extensions["timebank-api"].spec.to_dict()["paths"][path][method]


def test_the_specification_knows_what_the_declaration_says(sampled: Flask) -> None:
    """Query, key and token of an endpoint are documented from its one declaration."""
    listed = operation(sampled, "/api/v1/sample/people", "get")
    added = operation(sampled, "/api/v1/sample/people", "post")

    assert {"after", "limit", "order"} <= {found["name"] for found in listed["parameters"]}
    assert listed["security"] == []
    assert IDEMPOTENCY_HEADER in added["parameters"]
    assert added["security"] == [{"bearer": []}]


def test_reading_a_guarded_route_costs_one_query_for_the_session(client: FlaskClient, statements: Any) -> None:
    """Whether the session still stands; the list itself is one statement after the demo's clock."""
    headers = signed_in(a_person())
    with statements() as sent:
        assert client.get("/api/v1/areas", headers=headers).status_code == 200

    assert len(sent) == 3
