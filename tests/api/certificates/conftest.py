"""A street team, its coordinator, and a volunteer who has served three days."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.attendance import post_once
from tests.factories.certificates import AT_NOON, some_records
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import an_organisation
from timebank import clock
from timebank.commands import cli
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.organisations.models import Organisation
from timebank.records.models import Revision


class Desk:
    """Requests at noon of a day in December."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def post(self, who: Any, path: str, **body: Any) -> TestResponse:
        """Post once."""
        key = body.pop("key", None)
        with clock.at(AT_NOON):
            return post_once(self._client, path, who, body, key)

    def put(self, who: Any, path: str, **body: Any) -> TestResponse:
        """Put."""
        with clock.at(AT_NOON):
            return self._client.put(f"/api/v1{path}", json=body, headers=signed_in(who))

    def get(self, who: Any, path: str, **headers: str) -> TestResponse:
        """Get something, as somebody or (None) as anybody."""
        with clock.at(AT_NOON):
            return self._client.get(
                f"/api/v1{path}", headers=(signed_in(who) if who else {}) | {k.title(): v for k, v in headers.items()}
            )

    def certificate(self, who: Any, organisation: Organisation, **wanted: Any) -> Any:
        """Issue one to oneself."""
        answer = self.post(who, "/me/certificates", organisation_id=str(organisation.id), **wanted)
        assert answer.status_code == 201, answer.text
        return answer.json

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command of ``timebank``; return how it ended and what it said."""
        done = self._client.application.test_cli_runner().invoke(cli, arguments)
        return done.exit_code, done.output

    def status(self, code: str) -> str:
        """Return what the public page says."""
        answer = self.get(None, f"/verify/{code}")
        assert answer.status_code == 200, answer.text
        status: str = answer.json["status"]
        return status


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    """Where requests come from."""
    return Desk(client)


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Who records."""
    return an_organisation()


@pytest.fixture
def coordinator(organisation: Organisation) -> Actor:
    """Who answers for the certificates."""
    return a_coordinator(organisation.id)


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Who has served."""
    return a_person("王秀英")


@pytest.fixture
def records(organisation: Organisation, volunteer: Person) -> list[Revision]:
    """Her three days: two hours, two and five minutes, one and fifty-four."""
    return some_records(organisation, volunteer.id, 120, 125, 114)
