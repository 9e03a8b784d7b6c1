"""Requests as somebody who is signed in sends them, perhaps on an enrolled device, and what comes back."""

from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.devices import OnDevice
from tests.factories.identity import signed_in
from timebank.database import new_id
from timebank.identity.models import Person
from timebank.identity.rules import Actor

V1 = "/api/v1"


def keyed(headers: dict[str, str], key: str | None = None) -> dict[str, str]:
    """Return headers with an idempotency key of their own, or a given one."""
    return headers | {"Idempotency-Key": key or str(new_id())}


def headers_of(who: Person | Actor | UUID | None, on: OnDevice | None = None) -> dict[str, str]:
    """Return the headers of somebody, on an enrolled device if one is given."""
    return (signed_in(who) if who else {}) | (on.headers if on else {})


def send(
    client: FlaskClient,
    path: str,
    who: Person | Actor | UUID | None,
    body: Any = None,
    *,
    key: str | None = None,
    on: OnDevice | None = None,
    method: str = "POST",
) -> TestResponse:
    """Send something with a key of its own, or a given one."""
    headers = keyed(headers_of(who, on), key)
    return client.open(V1 + path, method=method, headers=headers, json={} if body is None else body)


def post(
    client: FlaskClient,
    path: str,
    who: Person | Actor | UUID | None,
    body: Any = None,
    *,
    key: str | None = None,
    on: OnDevice | None = None,
) -> TestResponse:
    """Send a POST."""
    return send(client, path, who, body, key=key, on=on)


def get(
    client: FlaskClient, path: str, who: Person | Actor | UUID | None, *, on: OnDevice | None = None
) -> TestResponse:
    """Send a GET."""
    return client.get(V1 + path, headers=headers_of(who, on))


class Caller:
    """One person at one client, signed in once."""

    def __init__(self, client: FlaskClient, who: Person | Actor | UUID) -> None:
        self._client = client
        self._headers = headers_of(who)

    def get(self, path: str) -> TestResponse:
        """Send a GET."""
        return self._client.get(V1 + path, headers=self._headers)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> TestResponse:
        """Send a POST with a key of its own, or a given one."""
        return self._client.post(V1 + path, headers=keyed(self._headers, key), json={} if body is None else body)

    def put(self, path: str, body: Any, *, etag: str | None = None) -> TestResponse:
        """Send a PUT, perhaps only for the version that was seen."""
        headers = self._headers | ({"If-Match": etag} if etag else {})
        return self._client.put(V1 + path, headers=headers, json=body)


def problem(answer: TestResponse) -> tuple[int, str]:
    """Return status and code of a refusal."""
    assert answer.mimetype == "application/problem+json", answer.text
    assert answer.json is not None
    return answer.status_code, answer.json["code"]


def body_of(answer: TestResponse, status: int = 200) -> Any:
    """Return the body of an answer that was expected."""
    assert answer.status_code == status, answer.text
    return answer.json
