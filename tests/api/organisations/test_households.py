"""Households over HTTP: who may enter them, and that nobody is in two."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.identity import a_coordinator, a_person, a_staff_member, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.shop import seen
from timebank.database import new_id, session
from timebank.identity.models import Person
from timebank.identity.rules import Role, new_volunteer_no

V1 = "/api/v1"


def _post(client: FlaskClient, path: str, who: Any, body: Any = None) -> TestResponse:
    headers = signed_in(who) | {"Idempotency-Key": str(new_id())}
    return client.post(V1 + path, headers=headers, json={} if body is None else body)


def _problem(response: TestResponse) -> tuple[int, str]:
    assert response.json is not None, response.text
    return response.status_code, response.json["code"]


@pytest.mark.rule("R30")
def test_staff_enter_a_household_and_move_people(client: FlaskClient) -> None:
    """Entered by numbers, shown by masked names; whoever moves out may move in elsewhere, and the past stays."""
    where = an_organisation().id
    coordinator = a_coordinator(where)
    mother, son, friend = a_person("周桂芳"), a_person("陈小宇"), a_person("李雷")
    body = {
        "organisation_id": str(where),
        "volunteer_nos": [mother.volunteer_no, son.volunteer_no, son.volunteer_no],
        "reason": "户口簿原件",
    }
    entered = _post(client, "/households", coordinator, body)
    assert entered.status_code == 201, entered.text
    assert entered.json is not None
    assert sorted(one["display_name"] for one in entered.json["members"]) == ["周**", "陈**"]
    home = f"/households/{entered.json['id']}"
    mine = client.get(f"{V1}/me/household", headers=signed_in(son)).json
    assert mine is not None
    assert (mine["household_id"], mine["members"]) == (entered.json["id"], 2)

    again = _post(client, f"{home}/members", coordinator, {"volunteer_no": son.volunteer_no})
    assert again.json == entered.json
    joined = _post(client, f"{home}/members", coordinator, {"volunteer_no": friend.volunteer_no})
    assert joined.json is not None
    assert len(joined.json["members"]) == 3
    other = _post(client, "/households", coordinator, body | {"volunteer_nos": [son.volunteer_no]})
    assert _problem(other) == (409, "ALREADY_IN_HOUSEHOLD")

    for _ in range(2):
        out = _post(client, f"{home}/members/{son.id}/end", coordinator)
        assert out.json is not None
        ended = [one["until_at"] for one in out.json["members"] if one["person_id"] == str(son.id)]
        assert ended != [None]
    assert _post(client, "/households", coordinator, body | {"volunteer_nos": [son.volunteer_no]}).status_code == 201
    listed = client.get(f"{V1}/households?limit=1", headers=signed_in(coordinator)).json
    assert listed is not None
    assert (len(listed["items"]), listed["next"] is not None) == (1, True)
    assert client.get(f"{V1}/me/household", headers=signed_in(a_person())).json == {
        "household_id": None,
        "since": None,
        "members": 0,
    }


def test_a_household_is_its_organisations_alone(client: FlaskClient) -> None:
    """Other organisations' staff find none; clerks and volunteers enter none; numbers that are none are pointed at."""
    where = an_organisation().id
    coordinator, stranger = a_coordinator(where), a_coordinator(an_organisation().id)
    person = a_person()
    body = {"organisation_id": str(where), "volunteer_nos": [person.volunteer_no], "reason": "户口簿"}
    entered = _post(client, "/households", coordinator, body)
    assert entered.json is not None
    home = f"/households/{entered.json['id']}"
    assert _problem(_post(client, "/households", stranger, body)) == (404, "NOT_FOUND")
    assert client.get(V1 + home, headers=signed_in(stranger)).status_code == 404
    assert client.get(V1 + home, headers=signed_in(coordinator)).json == entered.json
    assert _post(client, f"{home}/members", stranger, {"volunteer_no": person.volunteer_no}).status_code == 404
    assert _post(client, f"{home}/members/{person.id}/end", stranger).status_code == 404
    assert _post(client, f"{home}/members/{a_person().id}/end", coordinator).status_code == 404
    assert client.get(f"{V1}/households/{new_id()}", headers=signed_in(coordinator)).status_code == 404
    for who in (person, a_staff_member(Role.COUNTER, organisation_id=where)):
        assert _problem(_post(client, "/households", who, body)) == (403, "FORBIDDEN")
    wrong = _post(client, "/households", coordinator, body | {"volunteer_nos": [new_volunteer_no()]})
    assert _problem(wrong) == (422, "INVALID")
    assert _problem(_post(client, "/households", coordinator, body | {"volunteer_nos": []})) == (422, "INVALID")


@pytest.mark.rule("R35")
def test_nobody_enters_their_own_household(client: FlaskClient) -> None:
    """A colleague does it."""
    where = an_organisation().id
    coordinator, colleague = a_coordinator(where), a_coordinator(where)
    number = seen(lambda: session.get_one(Person, coordinator.person_id)).volunteer_no
    body = {"organisation_id": str(where), "volunteer_nos": [number], "reason": "户口簿"}
    assert _problem(_post(client, "/households", coordinator, body)) == (403, "OWN_FAMILY")
    assert _post(client, "/households", colleague, body).status_code == 201
