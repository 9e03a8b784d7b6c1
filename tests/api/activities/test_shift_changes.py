"""Shifts that change or are cancelled, over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories.activities import a_full_shift, a_shift_with_roles, a_turn, an_activity
from tests.factories.attendance import checked_in, post_once, refusal_of
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.organisations import a_site, an_organisation
from timebank import clock
from timebank.activities.models import Shift
from timebank.activities.roles import Wanted
from timebank.activities.shift_tables import ShiftChange
from timebank.database import in_unit_of_work, new_id, session

API = "/api/v1"


def put(client: FlaskClient, shift: Shift, who: Any, *, version: int | None = None, **given: Any) -> Any:
    """Change a shift; what is not given stays."""
    values = {"starts_at": shift.starts_at.isoformat(), "ends_at": shift.ends_at.isoformat()} | given
    headers = signed_in(who) | ({"If-Match": f'"{version}"'} if version else {})
    return client.put(f"{API}/shifts/{shift.id}", json=values, headers=headers)


def test_places_that_are_added_are_offered_to_who_waits(client: FlaskClient) -> None:
    """Two more places: both who wait are offered one; nobody is told of a change of time, for there is none."""
    shift, (holder,) = a_full_shift()
    turns = [a_turn(shift.id).volunteer_id for _ in range(2)]
    answer = put(client, shift, an_admin(), capacity=3)
    assert (answer.status_code, answer.json["capacity"], answer.json["free_places"]) == (200, 3, 0)
    for who in turns:
        turn = client.get(f"{API}/shifts/{shift.id}/waiting", headers=signed_in(who)).json
        assert turn["state"] == "offered"
    assert client.get(f"{API}/me/notifications", headers=signed_in(holder)).json["items"] == []
    fewer = put(client, shift, an_admin(), capacity=2)
    assert refusal_of(fewer) == (409, "CAPACITY_TAKEN")
    assert fewer.json["context"] == {"taken": 3, "wanted": 2}


def test_an_offer_does_not_outlast_a_start_that_moves_nearer(client: FlaskClient) -> None:
    """The place is kept until the start at most."""
    shift, (holder,) = a_full_shift()
    waits = a_turn(shift.id).volunteer_id
    client.delete(f"{API}/shifts/{shift.id}/sign-up", headers=signed_in(holder))
    starts_at = clock.now() + timedelta(hours=1)
    put(
        client, shift, an_admin(), starts_at=starts_at.isoformat(), ends_at=(starts_at + timedelta(hours=1)).isoformat()
    )
    turn = client.get(f"{API}/shifts/{shift.id}/waiting", headers=signed_in(waits)).json
    assert datetime.fromisoformat(turn["confirm_by"]) == starts_at


def test_a_site_that_is_not_given_stays(client: FlaskClient) -> None:
    """Only the number changes: the shift stays where it is and nobody is told that it has moved; null takes the site away."""
    organisation = an_organisation()
    here = a_site(organisation_id=organisation.id)
    shift, (holder,) = a_full_shift(activity_id=an_activity(organisation_id=organisation.id).id, site_id=here.id)
    assert put(client, shift, an_admin(), capacity=3).json["site_id"] == str(here.id)
    assert client.get(f"{API}/me/notifications", headers=signed_in(holder)).json["items"] == []
    assert put(client, shift, an_admin(), site_id=None).json["site_id"] is None
    told = client.get(f"{API}/me/notifications", headers=signed_in(holder)).json["items"]
    assert [one["topic"] for one in told] == ["shift_changed"]


def test_a_change_is_kept_with_what_was_before(client: FlaskClient) -> None:
    """Who, when, why, and the old values; a change over another one is 412."""
    activity = an_activity()
    shift, _ = a_shift_with_roles(Wanted(name="学生", capacity=5), activity_id=activity.id)
    site = a_site(organisation_id=activity.organisation_id)
    who = a_coordinator(activity.organisation_id)
    assert client.get(f"{API}/shifts/{shift.id}", headers=signed_in(who)).headers["ETag"] == '"1"'
    changed = put(client, shift, who, site_id=str(site.id), reason="换地方", version=1)
    assert (changed.status_code, changed.json["version"]) == (200, 2)
    assert refusal_of(put(client, shift, who, version=1)) == (412, "PRECONDITION_FAILED")
    fact = in_unit_of_work(lambda: session.scalars(select(ShiftChange)).one(), write=False)
    assert (fact.version, fact.changed_by, fact.reason, fact.site_before) == (2, who.person_id, "换地方", None)


def test_numbers_of_roles_change_by_role(client: FlaskClient) -> None:
    """The capacity follows; a role of another shift is none of this one."""
    shift, roles = a_shift_with_roles(Wanted(name="社工", capacity=1), Wanted(name="学生", capacity=5))
    more = put(client, shift, an_admin(), roles=[{"id": str(roles["学生"]), "capacity": 8}])
    assert (more.json["capacity"], more.json["free_places"]) == (9, 9)
    for given in ({"roles": [{"id": str(new_id()), "capacity": 8}]}, {"capacity": 3}):
        assert refusal_of(put(client, shift, an_admin(), **given)) == (422, "INVALID")
    a_sign_up_for = client.post(
        f"{API}/shifts/{shift.id}/sign-up", json={"role_id": str(roles["学生"])}, headers=signed_in(a_person())
    )
    assert a_sign_up_for.status_code == 201


@pytest.mark.rule("R10")
def test_what_has_begun_is_not_changed(client: FlaskClient) -> None:
    """Not after the start, not where somebody has checked in, not into the past, not once it is cancelled or over."""
    shift, (holder,) = a_full_shift()
    admin = an_admin()
    past = clock.now() - timedelta(hours=1)
    assert refusal_of(put(client, shift, admin, starts_at=past.isoformat())) == (422, "INVALID")
    short = {"starts_at": past.isoformat(), "ends_at": clock.now().isoformat()}
    assert refusal_of(put(client, shift, admin, **short)) == (422, "SHIFT_IN_PAST")
    with clock.at(shift.starts_at):
        assert refusal_of(put(client, shift, admin)) == (409, "SHIFT_STARTED")
    with clock.at(shift.ends_at):
        assert refusal_of(put(client, shift, admin)) == (409, "SHIFT_OVER")
    with clock.at(shift.starts_at - timedelta(minutes=10)):
        checked_in(holder, shift)
        assert refusal_of(put(client, shift, admin)) == (409, "SHIFT_ATTENDED")
        cancel = post_once(client, f"/shifts/{shift.id}/cancel", admin, {"reason": "雨"})
        assert refusal_of(cancel) == (409, "SHIFT_ATTENDED")
    other, _ = a_full_shift()
    assert post_once(client, f"/shifts/{other.id}/cancel", admin, {"reason": "雨"}).status_code == 200
    again = post_once(client, f"/shifts/{other.id}/cancel", admin, {"reason": "雨"})
    assert refusal_of(again) == (409, "SHIFT_CANCELLED")
    assert refusal_of(put(client, other, admin)) == (409, "SHIFT_CANCELLED")


def test_only_who_answers_for_a_shift_changes_it(client: FlaskClient) -> None:
    """For everybody else it does not exist."""
    shift, _ = a_full_shift()
    for stranger in (a_person(), a_coordinator(an_organisation().id)):
        assert refusal_of(put(client, shift, stranger)) == (404, "NOT_FOUND")
        refused = post_once(client, f"/shifts/{shift.id}/cancel", stranger, {"reason": "不"})
        assert refusal_of(refused) == (404, "NOT_FOUND")
