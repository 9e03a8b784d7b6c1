"""One's own profile."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.identity import a_person, signed_in
from timebank.database import new_id, session
from timebank.identity.models import Person


@pytest.fixture
def me(app: Flask) -> Person:
    """Somebody."""
    return a_person("旧名")


def put(client: FlaskClient, who: Any, body: Any) -> Any:
    """Send a profile; lone surrogates travel as escapes."""
    return client.put(
        "/api/v1/me/profile", data=json.dumps(body), content_type="application/json", headers=signed_in(who)
    )


@pytest.mark.parametrize("name", ["王秀英", "👵🏽 奶奶", "a", "é" * 60, 'O\'Brien -- "x"', "<b>粗</b>", "％％"])
def test_a_name_is_kept_as_it_was_given(client: FlaskClient, me: Person, name: str) -> None:
    """Whatever people are called, it comes back unchanged."""
    answer = put(client, me, {"display_name": f" {name} "})

    assert (answer.status_code, answer.json["display_name"]) == (200, name)
    found = session.get(Person, me.id)
    assert found is not None
    assert found.display_name == name


@pytest.mark.parametrize("name", ["", "  ", "é" * 61, "a\x00b", "\ud800", "\x1b[31m", 5, None, ["x"], {"a": 1}, True])
def test_a_name_that_is_none_is_refused(client: FlaskClient, me: Person, name: Any) -> None:
    """The pointer says which value; nothing changes."""
    answer = put(client, me, {"display_name": name})

    assert (answer.status_code, answer.json["code"]) == (422, "INVALID")
    assert [error["pointer"] for error in answer.json["errors"]] == ["/display_name"]
    found = session.get(Person, me.id)
    assert found is not None
    assert found.display_name == "旧名"


@pytest.mark.parametrize("body", [{}, [], None, "x", 5, {"display_name": "x", "volunteer_no": "1"}, {"\ud800": 1}])
def test_a_body_of_another_shape_is_refused(client: FlaskClient, me: Person, body: Any) -> None:
    """Missing, unknown and foreign fields are 422, also one whose name cannot be written."""
    assert put(client, me, body).status_code == 422


def test_a_person_who_is_not_there_is_not_found(client: FlaskClient) -> None:
    """A genuine token of nobody opens no profile."""
    assert put(client, new_id(), {"display_name": "x"}).status_code == 404
