"""Waiting lists over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import a_coming_shift, a_full_shift, a_shift_with_roles, a_turn
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import an_organisation
from timebank import clock
from timebank.activities.models import Activity
from timebank.activities.roles import Wanted
from timebank.database import new_id, session

API = "/api/v1"


def refusal_of(answer: Any) -> tuple[int, str]:
    """Return status and code."""
    return answer.status_code, answer.json["code"]


def test_full_wait_offered_confirmed(client: FlaskClient) -> None:
    """A volunteer finds a shift full, waits, sees who is before her, is offered the place and signs up."""
    shift, (holder,) = a_full_shift()
    before, li = a_turn(shift.id).volunteer_id, a_person("李桂兰")
    url = f"{API}/shifts/{shift.id}"
    assert refusal_of(client.post(f"{url}/sign-up", headers=signed_in(li))) == (409, "CAPACITY_FULL")
    joined = client.post(f"{url}/waiting", headers=signed_in(li))
    assert (joined.status_code, joined.json["state"], joined.json["ahead"]) == (201, "waiting", 1)
    shown = client.get(url, headers=signed_in(li)).json
    assert (shown["free_places"], shown["waiting"]) == (0, 2)

    assert client.delete(f"{url}/waiting", headers=signed_in(before)).status_code == 204
    assert client.delete(f"{url}/sign-up", headers=signed_in(holder)).status_code == 204
    turn = client.get(f"{url}/waiting", headers=signed_in(li)).json
    assert (turn["state"], turn["ahead"]) == ("offered", None)
    assert turn["confirm_by"].endswith("Z")
    assert client.get(url, headers=signed_in(li)).json["free_places"] == 0
    (news,) = client.get(f"{API}/me/notifications", headers=signed_in(li)).json["items"]
    assert "有空位了" in news["message"]

    assert client.post(f"{url}/sign-up", headers=signed_in(li)).status_code == 201
    (mine,) = client.get(f"{API}/me/waiting", headers=signed_in(li)).json["items"]
    assert (mine["state"], mine["shift"]["id"]) == ("accepted", str(shift.id))


def test_a_lapsed_offer_shows_as_a_free_place_when_nobody_waits(client: FlaskClient) -> None:
    """Whatever is read says so without the sweep, and the place can be taken."""
    shift, (holder,) = a_full_shift()
    li = a_turn(shift.id).volunteer_id
    url = f"{API}/shifts/{shift.id}"
    client.delete(f"{url}/sign-up", headers=signed_in(holder))
    with clock.at(clock.now() + timedelta(hours=13)):
        assert client.get(url, headers=signed_in(li)).json["free_places"] == 1
        assert client.get(f"{url}/waiting", headers=signed_in(li)).json["state"] == "lapsed"
        assert client.post(f"{url}/sign-up", headers=signed_in(a_person())).status_code == 201


def test_each_refusal_says_what_to_do(client: FlaskClient) -> None:
    """Free, twice, with a place, not there, not waiting, over."""
    shift, (holder,) = a_full_shift()
    li = a_turn(shift.id).volunteer_id
    url = f"{API}/shifts/{shift.id}/waiting"
    assert refusal_of(client.post(url, headers=signed_in(li))) == (409, "ALREADY_WAITING")
    assert refusal_of(client.post(url, headers=signed_in(holder))) == (409, "ALREADY_SIGNED_UP")
    assert refusal_of(client.delete(url, headers=signed_in(holder))) == (404, "NOT_WAITING")
    assert refusal_of(client.get(url, headers=signed_in(holder))) == (404, "NOT_WAITING")
    free = f"{API}/shifts/{a_coming_shift().id}/waiting"
    assert refusal_of(client.post(free, headers=signed_in(li))) == (409, "PLACE_FREE")
    for method in ("POST", "DELETE"):
        gone = client.open(f"{API}/shifts/{new_id()}/waiting", method=method, headers=signed_in(li))
        assert refusal_of(gone) == (404, "NOT_FOUND")
    with clock.at(shift.starts_at):
        assert refusal_of(client.post(url, headers=signed_in(a_person()))) == (409, "WAITING_OVER")
    assert refusal_of(client.post(url, json={"role_id": str(new_id())}, headers=signed_in(a_person()))) == (
        422,
        "INVALID",
    )


def test_the_list_is_for_who_answers_for_the_shift_and_masks_names(client: FlaskClient) -> None:
    """In their order; for everybody else it does not exist."""
    shift, _ = a_full_shift()
    people = [a_person("王秀英"), a_person("欧阳修")]
    for person in people:
        a_turn(shift.id, person.id)
    organisation_id = session.get_one(Activity, shift.activity_id).organisation_id
    session.rollback()
    url = f"{API}/shifts/{shift.id}/waiting-list"
    listed = client.get(url, headers=signed_in(a_coordinator(organisation_id))).json["items"]
    assert [item["volunteer_no"] for item in listed] == [person.volunteer_no for person in people]
    assert [(item["volunteer_name"], item["ahead"]) for item in listed] == [("王**", 0), ("欧**", 1)]
    for stranger in (people[0], a_coordinator(an_organisation().id)):
        assert refusal_of(client.get(url, headers=signed_in(stranger))) == (404, "NOT_FOUND")


def test_each_role_has_a_list_of_its_own(client: FlaskClient) -> None:
    """A student's place goes to the student who waits, though a social worker has waited longer."""
    shift, roles = a_shift_with_roles(Wanted(name="社工", capacity=1), Wanted(name="学生", capacity=1))
    url = f"{API}/shifts/{shift.id}"
    held = {name: a_person() for name in roles}
    for name, person in held.items():
        body = {"role_id": str(roles[name])}
        assert client.post(f"{url}/sign-up", json=body, headers=signed_in(person)).status_code == 201
    waits = {name: a_person() for name in roles}
    for name, person in waits.items():
        a_turn(shift.id, person.id, role_id=roles[name])
    client.delete(f"{url}/sign-up", headers=signed_in(held["学生"]))
    states = {name: client.get(f"{url}/waiting", headers=signed_in(who)).json["state"] for name, who in waits.items()}
    assert states == {"社工": "waiting", "学生": "offered"}
    full = client.post(f"{url}/sign-up", json={"role_id": str(roles["学生"])}, headers=signed_in(waits["社工"]))
    assert refusal_of(full) == (409, "CAPACITY_FULL")
    body = {"role_id": str(roles["学生"])}
    assert client.post(f"{url}/sign-up", json=body, headers=signed_in(waits["学生"])).json["role_id"] == body["role_id"]


@pytest.mark.parametrize("body", [{"colour": "red"}, {"role_id": "x"}, {"role_id": 7}])
def test_what_makes_no_sense_is_refused(client: FlaskClient, body: dict[str, Any]) -> None:
    """An unknown field, or a role that is none."""
    shift, _ = a_full_shift()
    refused = client.post(f"{API}/shifts/{shift.id}/waiting", json=body, headers=signed_in(a_person()))
    assert refusal_of(refused) == (422, "INVALID")


def test_late_withdrawals_are_seen_by_their_person_and_by_who_answers_for_the_shift(client: FlaskClient) -> None:
    """Each with its instant; names are masked, and nobody else sees them."""
    shift, (early, late) = a_full_shift(2)
    for who, before in ((early, 48), (late, 2)):
        with clock.at(shift.starts_at - timedelta(hours=before)):
            client.delete(f"{API}/shifts/{shift.id}/sign-up", headers=signed_in(who))
    (mine,) = client.get(f"{API}/me/withdrawals", headers=signed_in(late)).json["items"]
    assert (mine["shift_id"], mine["late"], "volunteer_no" in mine) == (str(shift.id), True, False)
    organisation_id = session.get_one(Activity, shift.activity_id).organisation_id
    session.rollback()
    url = f"{API}/shifts/{shift.id}/withdrawals"
    listed = client.get(url, headers=signed_in(a_coordinator(organisation_id))).json["items"]
    assert [(item["late"], item["volunteer_name"]) for item in listed] == [(True, "王**"), (False, "王**")]
    assert refusal_of(client.get(url, headers=signed_in(late))) == (404, "NOT_FOUND")
