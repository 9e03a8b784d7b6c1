"""How the tests of the counter talk to it."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.devices import OnDevice
from tests.factories.identity import signed_in
from timebank.database import new_id
from timebank.identity.models import Person
from timebank.identity.rules import Actor

V1 = "/api/v1"


def headers_of(who: Person | Actor | None, on: OnDevice | None = None) -> dict[str, str]:
    """Return the headers of somebody, on an enrolled device if one is given."""
    return (signed_in(who) if who else {}) | (on.headers if on else {})


def post(
    client: FlaskClient,
    path: str,
    who: Person | Actor | None,
    body: Any = None,
    *,
    key: str | None = None,
    on: OnDevice | None = None,
) -> TestResponse:
    """Send a POST with an idempotency key."""
    headers = headers_of(who, on) | {"Idempotency-Key": key or str(new_id())}
    return client.post(V1 + path, headers=headers, json={} if body is None else body)


def get(client: FlaskClient, path: str, who: Person | Actor | None, *, on: OnDevice | None = None) -> TestResponse:
    """Send a GET."""
    return client.get(V1 + path, headers=headers_of(who, on))


def problem(response: TestResponse) -> tuple[int, str]:
    """Return status and code of a refusal."""
    assert response.mimetype == "application/problem+json", response.text
    assert response.json is not None
    return response.status_code, response.json["code"]


def body(response: TestResponse, status: int) -> Any:
    """Return the JSON of an answer with this status."""
    assert response.status_code == status, response.text
    return response.json
