"""Staff who sign in with a password."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from timebank.database import in_unit_of_work
from timebank.identity import passwords, service
from timebank.identity.models import Person
from timebank.identity.rules import Grant

WORD = "three plain words"
_HASH = passwords.hash_password(WORD)


def a_staff_account(username: str, *grants: Grant) -> Person:
    """Enrol somebody with a password that stands, and some grants."""

    def work() -> Person:
        person = service.enrol(display_name="工作人员")
        service.set_password(person_id=person.id, username=username, password_hash=_HASH)
        for one in grants:
            service.grant(person_id=person.id, granted=one)
        return person

    return in_unit_of_work(work)


def by_password(client: FlaskClient, username: str, password: str = WORD, **more: Any) -> TestResponse:
    """Sign in."""
    headers = more.pop("headers", {})
    return client.post(
        "/api/v1/auth/password", json={"username": username, "password": password, **more}, headers=headers
    )


class SignedInStaff:
    """Somebody signed in by password, in a session of their own."""

    def __init__(self, client: FlaskClient, username: str, password: str = WORD, **more: Any) -> None:
        self._client = client
        self.on = more.get("headers", {})
        answer = by_password(client, username, password, **more)
        assert answer.status_code == 200, answer.text
        self.refresh_token = answer.json["refresh_token"]
        self.headers = {"Authorization": f"Bearer {answer.json['access_token']}", **self.on}

    def get(self, path: str) -> TestResponse:
        """Send a GET."""
        return self._client.get(f"/api/v1{path}", headers=self.headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Send a POST."""
        return self._client.post(f"/api/v1{path}", headers=self.headers | headers, json={} if body is None else body)

    def put(self, path: str, body: Any) -> TestResponse:
        """Send a PUT."""
        return self._client.put(f"/api/v1{path}", headers=self.headers, json=body)

    def delete(self, path: str) -> TestResponse:
        """Send a DELETE."""
        return self._client.delete(f"/api/v1{path}", headers=self.headers)

    def refresh(self) -> TestResponse:
        """Continue the session."""
        return self._client.post("/api/v1/auth/refresh", json={"refresh_token": self.refresh_token})
