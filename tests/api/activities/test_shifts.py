"""Shifts and sign-ups over HTTP."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import a_coming_shift, a_shift, a_sign_up, an_activity, an_open_shift
from tests.factories.calls import keyed
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.organisations import a_site, an_area, an_organisation
from tests.factories.policies import a_policy
from timebank import clock
from timebank.database import new_id

API = "/api/v1"


def moment(**after: float) -> str:
    """Return an instant some time from now as RFC 3339."""
    return (clock.now() + timedelta(**after)).isoformat()


def body(**given: Any) -> dict[str, Any]:
    """Return the body of a shift of two hours tomorrow with some fields replaced."""
    return {"starts_at": moment(hours=24), "ends_at": moment(hours=26), "capacity": 20} | given


def test_coordinator_publishes_a_shift_and_everyone_sees_it(client: FlaskClient) -> None:
    """A new shift answers with its times, capacity, free places, activity and place, and can be read by its id."""
    activity = an_activity("助浴")
    site = a_site("邻里中心", organisation_id=activity.organisation_id)
    coordinator = signed_in(a_coordinator(activity.organisation_id))
    published = client.post(
        f"{API}/activities/{activity.id}/shifts",
        json=body(site_id=str(site.id), capacity=3),
        headers=keyed(coordinator),
    )
    assert published.status_code == 201
    shown = published.json
    assert (shown["activity_id"], shown["activity_name"], shown["place"]) == (str(activity.id), "助浴", "邻里中心")
    assert (shown["capacity"], shown["free_places"], shown["state"]) == (3, 3, "open")
    assert shown["starts_at"].endswith("Z")
    assert "point_ref" not in shown
    assert client.get(f"{API}/shifts/{shown['id']}", headers=signed_in(a_person())).json == shown


def test_leader_publishes_and_another_volunteer_does_not(client: FlaskClient) -> None:
    """An activity's leader needs no role for its shifts; a volunteer who leads nothing here is refused."""
    leader = a_person()
    url = f"{API}/activities/{an_activity(leader_id=leader.id).id}/shifts"
    assert client.post(url, json=body(), headers=keyed(signed_in(leader))).status_code == 201
    refused = client.post(url, json=body(), headers=keyed(signed_in(a_person())))
    assert (refused.status_code, refused.json["code"]) == (403, "FORBIDDEN")


def test_activity_outside_the_scope_is_not_found(client: FlaskClient) -> None:
    """A coordinator of another organisation cannot publish here."""
    coordinator = signed_in(a_coordinator(an_organisation().id))
    for activity_id in (an_activity().id, new_id()):
        refused = client.post(f"{API}/activities/{activity_id}/shifts", json=body(), headers=keyed(coordinator))
        assert (refused.status_code, refused.json["code"]) == (404, "NOT_FOUND")


@pytest.mark.rule("R10")
def test_shift_that_has_begun_is_not_published(client: FlaskClient) -> None:
    """No activity is published after its start: a coded refusal that says what to do."""
    url = f"{API}/activities/{an_activity().id}/shifts"
    refused = client.post(
        url, json=body(starts_at=moment(seconds=-1), ends_at=moment(hours=1)), headers=keyed(signed_in(an_admin()))
    )
    assert (refused.status_code, refused.json["code"]) == (422, "SHIFT_IN_PAST")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"capacity": 0}, "/capacity"),
        ({"capacity": 10_001}, "/capacity"),
        ({"capacity": 2.5}, "/capacity"),
        ({"capacity": "20"}, "/capacity"),
        ({"capacity": True}, "/capacity"),
        ({"starts_at": "2026-13-01T00:00:00Z"}, "/starts_at"),
        ({"starts_at": "2026-01-01T00:00:00"}, "/starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-23:59"}, "/starts_at"),
        ({"starts_at": 7}, "/starts_at"),
        ({"ends_at": None}, "/ends_at"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "/ends_at"),
        ({"ends_at": "2199-01-01T00:00:00Z"}, "/ends_at"),
        ({"site_id": "x\x00"}, "/site_id"),
        ({"site_id": "00000000-0000-7000-8000-000000000000"}, "/site_id"),
    ],
)
def test_shift_that_makes_no_sense_is_refused(client: FlaskClient, given: dict[str, Any], pointer: str) -> None:
    """A bad value is 422, points at what is wrong, and nothing is published."""
    admin = signed_in(an_admin())
    url = f"{API}/activities/{an_activity().id}/shifts"
    refused = client.post(url, data=json.dumps(body(**given)), content_type="application/json", headers=keyed(admin))
    assert (refused.status_code, refused.json["code"]) == (422, "INVALID")
    assert pointer in [error["pointer"] for error in refused.json["errors"]]
    assert client.get(f"{API}/shifts", headers=admin).json["items"] == []


def test_site_of_another_organisation_is_refused(client: FlaskClient) -> None:
    """A shift does not take place in somebody else's rooms."""
    refused = client.post(
        f"{API}/activities/{an_activity().id}/shifts",
        json=body(site_id=str(a_site().id)),
        headers=keyed(signed_in(an_admin())),
    )
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/site_id")


def test_shifts_are_listed_by_time_and_area(client: FlaskClient) -> None:
    """The list runs by start; ``from`` and ``to`` cut a span out of it, ``area`` a subtree."""
    district = an_area()
    organisation = an_organisation(area_id=an_area(parent_id=district.id).id)
    activity = an_activity(organisation_id=organisation.id)
    now = clock.now()
    shifts = [
        a_shift(
            starts_at=now + timedelta(days=day), ends_at=now + timedelta(days=day, hours=2), activity_id=activity.id
        )
        for day in (3, 1, 2)
    ]
    elsewhere = a_coming_shift()
    volunteer = signed_in(a_person())

    def listed(query: str) -> list[str]:
        return [item["id"] for item in client.get(f"{API}/shifts?{query}", headers=volunteer).json["items"]]

    in_order = [str(shifts[index].id) for index in (1, 2, 0)]
    assert listed(f"area={district.id}") == in_order
    assert set(listed("")) == {*in_order, str(elsewhere.id)}
    assert listed(f"area={district.id}&from={quote(moment(hours=30))}") == in_order[1:]
    assert listed(f"area={district.id}&from={quote(moment(hours=30))}&to={quote(moment(hours=60))}") == in_order[1:2]
    first = client.get(f"{API}/shifts?area={district.id}&limit=2", headers=volunteer).json
    rest = client.get(first["next"], headers=volunteer).json
    assert [item["id"] for item in first["items"] + rest["items"]] == in_order


def test_open_now_are_the_shifts_at_which_one_may_scan(client: FlaskClient) -> None:
    """From half an hour before the start to an hour after the end, and never when the policy says shorter."""
    shift = an_open_shift(length=timedelta(hours=2))
    volunteer = signed_in(a_person())

    def open_at(when: Any) -> bool:
        with clock.at(when):
            items = client.get(f"{API}/shifts?open=now", headers=volunteer).json["items"]
        return [item["id"] for item in items] == [str(shift.id)]

    second = timedelta(seconds=1)
    opens, closes = shift.starts_at - timedelta(minutes=30), shift.ends_at + timedelta(minutes=60)
    assert [open_at(when) for when in (opens - second, opens, closes, closes + second)] == [False, True, True, False]
    a_policy("close_after_minutes", 0)
    assert [open_at(when) for when in (shift.ends_at, shift.ends_at + second)] == [True, False]


@pytest.mark.parametrize(
    "query", ["open=later", "from=yesterday", "to=2026-01-01", "area=7", "colour=red", "limit=0", "limit=x"]
)
def test_query_that_makes_no_sense_is_refused(client: FlaskClient, query: str) -> None:
    """A malformed or unknown query parameter is 422."""
    refused = client.get(f"{API}/shifts?{query}", headers=signed_in(a_person()))
    assert (refused.status_code, refused.json["code"]) == (422, "INVALID")


def test_cursor_of_nowhere_is_refused(client: FlaskClient) -> None:
    """A cursor that no list gave out is 400."""
    refused = client.get(f"{API}/shifts?after=nonsense", headers=signed_in(a_person()))
    assert (refused.status_code, refused.json["code"]) == (400, "BAD_CURSOR")


def test_volunteer_signs_up_sees_it_and_withdraws(client: FlaskClient) -> None:
    """Signing up takes a place and shows among one's own; withdrawing frees it."""
    shift, volunteer = a_coming_shift(capacity=2), signed_in(a_person())
    url = f"{API}/shifts/{shift.id}"
    signed = client.post(f"{url}/sign-up", headers=volunteer)
    assert signed.status_code == 201
    assert (signed.json["shift_id"], signed.json["state"], signed.json["walk_in"]) == (str(shift.id), "live", False)
    assert client.get(url, headers=volunteer).json["free_places"] == 1
    mine = client.get(f"{API}/me/sign-ups", headers=volunteer).json
    assert [item["id"] for item in mine["items"]] == [signed.json["id"]]
    assert mine["items"][0]["shift"]["activity_name"] == "助老理发"
    gone = client.delete(f"{url}/sign-up", headers=volunteer)
    assert (gone.status_code, gone.data, gone.content_type) == (204, b"", None)
    assert client.get(url, headers=volunteer).json["free_places"] == 2
    assert client.get(f"{API}/me/sign-ups", headers=volunteer).json == {"items": [], "next": None}


def test_refusals_of_a_place(client: FlaskClient) -> None:
    """Full, taken twice, given up twice, over, unknown: each has its code."""
    shift, first, second = a_coming_shift(capacity=1), signed_in(a_person()), signed_in(a_person())
    url = f"{API}/shifts/{shift.id}/sign-up"

    def refused(method: str, who: dict[str, str], path: str = url) -> tuple[int, str]:
        answer = client.open(path, method=method, headers=who)
        return answer.status_code, answer.json["code"]

    assert client.post(url, headers=first).status_code == 201
    assert refused("POST", first) == (409, "ALREADY_SIGNED_UP")
    assert refused("POST", second) == (409, "CAPACITY_FULL")
    assert client.post(url, headers=second).json["context"] == {"capacity": 1}
    assert refused("DELETE", second) == (404, "NOT_SIGNED_UP")
    unknown = f"{API}/shifts/{new_id()}/sign-up"
    assert refused("POST", first, unknown) == refused("DELETE", first, unknown) == (404, "NOT_FOUND")
    with clock.at(shift.ends_at):
        assert refused("POST", second) == (409, "SHIFT_OVER")
        assert refused("DELETE", first) == (409, "SHIFT_OVER")


def test_sign_ups_are_paged_newest_first(client: FlaskClient) -> None:
    """One's own sign-ups come newest first, page by page, and nobody else's."""
    person = a_person()
    shifts = [a_coming_shift() for _ in range(3)]
    for shift in shifts:
        a_sign_up(shift.id, person.id)
        a_sign_up(shift.id)
    first = client.get(f"{API}/me/sign-ups?limit=2", headers=signed_in(person)).json
    rest = client.get(first["next"], headers=signed_in(person)).json
    found = [item["shift_id"] for item in first["items"] + rest["items"]]
    assert found == [str(shift.id) for shift in reversed(shifts)]
    assert rest["next"] is None


def test_nothing_is_shown_or_done_without_a_token(client: FlaskClient) -> None:
    """Every route of shifts and sign-ups is 401 without a token."""
    shift = a_coming_shift()
    for method, path in (
        ("GET", "shifts"),
        ("GET", f"shifts/{shift.id}"),
        ("POST", f"activities/{shift.activity_id}/shifts"),
        ("POST", f"shifts/{shift.id}/sign-up"),
        ("DELETE", f"shifts/{shift.id}/sign-up"),
        ("GET", "me/sign-ups"),
    ):
        refused = client.open(f"{API}/{path}", method=method)
        assert (refused.status_code, refused.json["code"]) == (401, "UNAUTHENTICATED")


def test_unknown_shift_is_not_found(client: FlaskClient) -> None:
    """A shift that does not exist, or in an area that does not exist, is 404."""
    volunteer = signed_in(a_person())
    for path in (f"shifts/{new_id()}", f"shifts?area={new_id()}"):
        refused = client.get(f"{API}/{path}", headers=volunteer)
        assert (refused.status_code, refused.json["code"]) == (404, "NOT_FOUND")


def test_id_that_is_no_uuid_is_not_found(client: FlaskClient) -> None:
    """A path that cannot name anything is 404."""
    for path in ("shifts/7", "shifts/%00", "activities/x/shifts"):
        assert client.get(f"{API}/{path}", headers=signed_in(a_person())).status_code == 404
