"""Roles on a shift with their own numbers, what they and activities ask for, and shifts at one time: over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import (
    a_coming_shift,
    a_qualification,
    a_shift,
    a_shift_with_roles,
    a_sign_up,
    an_activity,
)
from tests.factories.attendance import a_morning_shift, minutes_past_nine, refusal_of, scan_in
from tests.factories.calls import keyed
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from timebank import clock
from timebank.activities.models import Activity, Shift
from timebank.activities.roles import Wanted
from timebank.database import in_unit_of_work, new_id, session

API = "/api/v1"
TEAM = ({"name": "社工", "capacity": 1}, {"name": "志愿者", "capacity": 2}, {"name": "学生", "capacity": 5})
"""吉州's 1 + 2 + 5."""


def publish(client: FlaskClient, activity: Activity, **given: Any) -> Any:
    """Publish a shift of two hours tomorrow."""
    starts_at = clock.now() + timedelta(days=1)
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=2)).isoformat()}
    return client.post(
        f"{API}/activities/{activity.id}/shifts", json=times | given, headers=keyed(signed_in(an_admin()))
    )


def sign_up(client: FlaskClient, who: Any, shift_id: Any, **body: Any) -> Any:
    """Sign up."""
    return client.post(f"{API}/shifts/{shift_id}/sign-up", json=body, headers=signed_in(who))


# --- 1 + 2 + 5 --------------------------------------------------------------------------------------------------------


def test_one_social_worker_two_volunteers_five_students(client: FlaskClient) -> None:
    """Each role fills by itself; what is left of the others is nobody else's."""
    shown = publish(client, an_activity(), roles=TEAM).json
    assert (shown["capacity"], shown["free_places"]) == (8, 8)
    assert [(role["name"], role["capacity"]) for role in shown["roles"]] == [("社工", 1), ("志愿者", 2), ("学生", 5)]
    ids = {role["name"]: role["id"] for role in shown["roles"]}
    assert sign_up(client, a_person(), shown["id"], role_id=ids["社工"]).status_code == 201
    assert refusal_of(sign_up(client, a_person(), shown["id"], role_id=ids["社工"])) == (409, "CAPACITY_FULL")
    student = a_person()
    assert sign_up(client, student, shown["id"], role_id=ids["学生"]).json["role_id"] == ids["学生"]
    after = client.get(f"{API}/shifts/{shown['id']}", headers=signed_in(student)).json
    assert [role["free_places"] for role in after["roles"]] == [0, 2, 4]
    (mine,) = client.get(f"{API}/me/sign-ups", headers=signed_in(student)).json["items"]
    assert mine["role_id"] == ids["学生"]
    client.delete(f"{API}/shifts/{shown['id']}/sign-up", headers=signed_in(student))
    again = client.get(f"{API}/shifts/{shown['id']}", headers=signed_in(student)).json
    assert [role["free_places"] for role in again["roles"]] == [0, 2, 5]


def test_whoever_chooses_no_role_is_told_which_there_are(client: FlaskClient) -> None:
    """Neither none nor another shift's role; where there are none, none is chosen."""
    shift, roles = a_shift_with_roles(Wanted(name="社工", capacity=1), Wanted(name="学生", capacity=5))
    for body in ({}, {"role_id": str(new_id())}):
        refused = sign_up(client, a_person(), shift.id, **body)
        assert refusal_of(refused) == (422, "CHOOSE_ROLE")
        assert "社工、学生" in refused.json["detail"]
        assert refused.json["context"]["roles"][0] == {"id": str(roles["社工"]), "name": "社工", "free": 1}
    plain = sign_up(client, a_person(), a_coming_shift().id, role_id=str(roles["社工"]))
    assert (plain.status_code, plain.json["errors"][0]["pointer"]) == (422, "/role_id")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({}, "/capacity"),
        ({"roles": TEAM, "capacity": 9}, "/capacity"),
        ({"roles": [{"name": "一", "capacity": 9_000}, {"name": "二", "capacity": 9_000}]}, "/capacity"),
        ({"roles": [{"name": "一", "capacity": 1}, {"name": "一", "capacity": 1}]}, "/roles"),
        ({"roles": [{"name": "一", "capacity": 1}] * 13}, "/roles"),
        ({"roles": [{"name": "一", "capacity": 0}]}, "/roles/0/capacity"),
        ({"roles": [{"name": "", "capacity": 1}]}, "/roles/0/name"),
        ({"roles": [{"name": "一", "capacity": 1, "required": ["wings"]}]}, "/roles/0/required/0"),
    ],
)
def test_roles_that_make_no_sense_are_refused(client: FlaskClient, given: dict[str, Any], pointer: str) -> None:
    """Each points at what is wrong, and nothing is published."""
    refused = publish(client, an_activity(), **given)
    assert (refused.status_code, refused.json["code"]) == (422, "INVALID")
    assert pointer in [error["pointer"] for error in refused.json["errors"]]


def test_whoever_walks_in_gets_a_role_that_asks_for_nothing(client: FlaskClient) -> None:
    """The first free one; when only a nurse's place is left, there is none for them."""
    activity = an_activity()
    with minutes_past_nine(-60):
        team = [{"name": "护士", "capacity": 1, "required": ["nurse"]}, {"name": "志愿者", "capacity": 1}]
        starts_at = clock.now() + timedelta(minutes=60)
        times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=3)).isoformat()}
        url = f"{API}/activities/{activity.id}/shifts"
        shown = client.post(url, json=times | {"roles": team}, headers=keyed(signed_in(an_admin()))).json
    shift = _shift(shown["id"])
    first, second = a_person(), a_person()
    assert scan_in(client, first, shift, at=0).status_code == 201
    assert refusal_of(scan_in(client, second, shift, at=0)) == (409, "CAPACITY_FULL")
    (mine,) = client.get(f"{API}/me/sign-ups", headers=signed_in(first)).json["items"]
    assert mine["role_id"] == shown["roles"][1]["id"]


def _shift(shift_id: str) -> Shift:
    return in_unit_of_work(lambda: session.get_one(Shift, UUID(shift_id)), write=False)


# --- qualifications (rule R14) ----------------------------------------------------------------------------------------


def verify(client: FlaskClient, clerk: Any, person: Any, organisation_id: UUID, **given: Any) -> Any:
    """Enter a qualification that holds from today on."""
    body = {
        "organisation_id": str(organisation_id),
        "kind": "nurse",
        "reason": "看过护士执业证原件",
        "valid_from": clock.day_of(clock.now()).isoformat(),
    }
    headers = signed_in(clerk) | {"Idempotency-Key": str(new_id())}
    return client.post(f"{API}/people/{person.id}/qualifications", json=body | given, headers=headers)


@pytest.mark.rule("R14")
def test_whoever_lacks_what_an_activity_asks_for_learns_what_it_is(client: FlaskClient) -> None:
    """After staff have verified it from the document, the same volunteer signs up."""
    organisation = an_organisation()
    activity, clerk, volunteer = (
        an_activity(organisation_id=organisation.id),
        a_coordinator(organisation.id),
        a_person(),
    )
    body = {
        name: str(getattr(activity, name)) if name.endswith("_id") else getattr(activity, name)
        for name in ("organisation_id", "area_id", "name", "category", "content")
    }
    put = client.put(
        f"{API}/activities/{activity.id}", json=body | {"required": ["nurse", "first_aid"]}, headers=signed_in(clerk)
    )
    assert put.json["required"] == ["first_aid", "nurse"]
    shift = a_coming_shift(activity_id=activity.id)
    a_qualification(volunteer.id, "first_aid")
    refused = sign_up(client, volunteer, shift.id)
    assert refusal_of(refused) == (403, "QUALIFICATION_MISSING")
    assert refused.json["context"]["missing"] == ["nurse"]
    assert "护士执业证" in refused.json["detail"]
    verified = verify(client, clerk, volunteer, organisation.id)
    assert (verified.status_code, verified.json["name"], verified.json["valid"]) == (201, "护士执业证", True)
    assert sign_up(client, volunteer, shift.id).status_code == 201
    shown = client.get(f"{API}/shifts/{shift.id}", headers=signed_in(volunteer)).json
    assert shown["required"] == ["first_aid", "nurse"]


@pytest.mark.rule("R14")
@pytest.mark.parametrize(("days", "good"), [(0, False), (4, True)])
def test_a_qualification_must_hold_on_the_day_of_the_shift(client: FlaskClient, days: int, good: bool) -> None:
    """Its last day counts; one that runs out before the shift does not do."""
    shift, roles = a_shift_with_roles(Wanted(name="护士", capacity=2, required=("nurse",)))
    volunteer = a_person()
    until = clock.day_of(clock.now() + timedelta(days=days))
    a_qualification(volunteer.id, "nurse", valid_until=until)
    answer = sign_up(client, volunteer, shift.id, role_id=str(roles["护士"]))
    assert (answer.status_code == 201) is good


@pytest.mark.rule("R14")
def test_what_was_taken_back_counts_no_more_not_even_at_the_door(client: FlaskClient) -> None:
    """Whoever had signed up is refused at check-in; the verification stays on record with its end."""
    organisation = an_organisation()
    clerk, volunteer = a_coordinator(organisation.id), a_person()
    shift = a_morning_shift(activity_id=_activity_for_nurses(organisation.id).id)
    with minutes_past_nine(-60):
        kept = verify(client, clerk, volunteer, organisation.id).json
        assert sign_up(client, volunteer, shift.id).status_code == 201
        url = f"{API}/qualifications/{kept['id']}/end"

        def end() -> Any:
            headers = signed_in(clerk) | {"Idempotency-Key": str(new_id())}
            return client.post(url, json={"reason": "证书是假的"}, headers=headers)

        ended = end()
        assert (ended.status_code, ended.json["valid"]) == (200, False)
        assert refusal_of(end()) == (409, "QUALIFICATION_ENDED")
        (mine,) = client.get(f"{API}/me/qualifications", headers=signed_in(volunteer)).json["items"]
        assert (mine["valid"], mine["ended_at"] is None) == (False, False)
    assert refusal_of(scan_in(client, volunteer, shift, at=0)) == (403, "QUALIFICATION_MISSING")
    with minutes_past_nine(-10):
        verify(client, clerk, volunteer, organisation.id)
    assert scan_in(client, volunteer, shift, at=0).status_code == 201


@pytest.mark.rule("R14")
def test_nobody_walks_in_where_a_qualification_is_asked_for(client: FlaskClient) -> None:
    """Unless they have it."""
    organisation = an_organisation()
    shift, volunteer = a_morning_shift(activity_id=_activity_for_nurses(organisation.id).id), a_person()
    assert refusal_of(scan_in(client, volunteer, shift, at=0)) == (403, "QUALIFICATION_MISSING")
    with minutes_past_nine(-10):
        a_qualification(volunteer.id, "nurse")
    assert scan_in(client, volunteer, shift, at=0).status_code == 201


def _activity_for_nurses(organisation_id: UUID) -> Activity:
    activity = an_activity(organisation_id=organisation_id)
    in_unit_of_work(lambda: setattr(session.get_one(Activity, activity.id), "required", "nurse"))
    return activity


def test_who_may_verify(client: FlaskClient) -> None:
    """Staff at an organisation of theirs, never for themselves; a volunteer does not."""
    organisation, volunteer = an_organisation(), a_person()
    clerk = a_coordinator(organisation.id)
    assert refusal_of(verify(client, volunteer, volunteer, organisation.id)) == (403, "FORBIDDEN")
    assert refusal_of(verify(client, clerk, volunteer, an_organisation().id)) == (404, "NOT_FOUND")
    assert refusal_of(verify(client, clerk, _Someone(new_id()), organisation.id)) == (404, "NOT_FOUND")
    own = verify(client, clerk, _Someone(clerk.person_id), organisation.id)
    assert refusal_of(own) == (403, "OWN_FAMILY")
    kept = verify(client, clerk, volunteer, organisation.id).json
    headers = signed_in(a_coordinator(an_organisation().id)) | {"Idempotency-Key": "k"}
    gone = client.post(f"{API}/qualifications/{kept['id']}/end", json={"reason": "不"}, headers=headers)
    assert refusal_of(gone) == (404, "NOT_FOUND")
    for given in ({"valid_until": "2020-01-01"}, {"kind": "wings"}, {"reason": ""}, {"valid_from": "soon"}):
        assert refusal_of(verify(client, clerk, volunteer, organisation.id, **given)) == (422, "INVALID")


@dataclass
class _Someone:
    id: UUID


# --- two shifts at one time -------------------------------------------------------------------------------------------


def test_a_second_shift_at_one_time_is_told_whichever_organisation_it_is_of(client: FlaskClient) -> None:
    """By default one may sign up, and hears which shift it clashes with; one that only touches it is none."""
    first, second, volunteer = a_coming_shift(), a_coming_shift(), a_person()
    after = a_shift(starts_at=first.ends_at, ends_at=first.ends_at + timedelta(hours=1))
    assert sign_up(client, volunteer, first.id).json["clashes"] == []
    assert sign_up(client, volunteer, after.id).json["clashes"] == []
    answer = sign_up(client, volunteer, second.id)
    assert answer.status_code == 201
    assert {clash["shift_id"] for clash in answer.json["clashes"]} == {str(first.id)} | (
        {str(after.id)} if second.ends_at > after.starts_at else set()
    )


def test_where_the_policy_refuses_it_one_withdraws_first(client: FlaskClient) -> None:
    """The refusal says which shift and when; after a withdrawal the other one is free to take."""
    a_policy("overlapping_sign_ups", "refuse")
    first, volunteer = a_coming_shift(activity_id=an_activity("助浴").id), a_person()
    second = a_coming_shift()
    a_sign_up(first.id, volunteer.id)
    refused = sign_up(client, volunteer, second.id)
    assert refusal_of(refused) == (409, "SIGN_UP_CLASH")
    assert "助浴" in refused.json["detail"]
    assert refused.json["context"]["shift_id"] == str(first.id)
    client.delete(f"{API}/shifts/{first.id}/sign-up", headers=signed_in(volunteer))
    assert sign_up(client, volunteer, second.id).json["clashes"] == []
