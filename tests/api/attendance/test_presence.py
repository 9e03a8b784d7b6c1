"""The list of who is there: every person of the shift, in few statements, by masked name."""

import pytest
from flask.testing import FlaskClient

from tests.conftest import Statements
from tests.factories.activities import a_shift_with_roles, a_sign_up, a_turn, an_activity
from tests.factories.attendance import a_morning_shift, checked_in, minutes_past_nine, post_once, scan_in, scan_out
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import an_organisation
from timebank.activities.models import Shift
from timebank.activities.roles import Wanted
from timebank.identity.rules import Actor
from timebank.organisations.models import Organisation


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Whose shift it is."""
    return an_organisation()


@pytest.fixture
def shift(organisation: Organisation) -> Shift:
    """A shift from nine to twelve."""
    return a_morning_shift(activity_id=an_activity(organisation_id=organisation.id).id, capacity=100)


@pytest.fixture
def coordinator(organisation: Organisation) -> Actor:
    """Who looks."""
    return a_coordinator(organisation.id)


def test_it_tells_inside_left_and_absent(client: FlaskClient, shift: Shift, coordinator: Actor) -> None:
    """Since when, from where, with which doubts; who has not come stands last; who was annulled is expected again."""
    inside, left, absent, annulled = (a_person(name) for name in ("甲方", "乙方", "丙方", "丁方"))
    with minutes_past_nine(-50):
        a_sign_up(shift.id, absent.id)
    began = scan_in(client, annulled, shift, at=0).json["id"]
    scan_in(client, left, shift, at=1)
    scan_in(client, inside, shift, at=2)
    scan_out(client, left, shift, at=40)
    with minutes_past_nine(45):
        post_once(client, f"/attendances/{began}/annul", coordinator, {"reason": "认错人"})
        found = client.get(f"/api/v1/shifts/{shift.id}/presence", headers=signed_in(coordinator)).json
    assert [found[name] for name in ("capacity", "signed_up", "inside", "left", "absent")] == [100, 4, 1, 1, 2]
    names = ("name", "state", "in_provenance", "out_provenance", "checked_in_at", "flags")
    assert [tuple(item[name] for name in names) for item in found["items"]] == [
        ("甲*", "open", "self_scan", None, "2026-11-02T01:02:00Z", []),
        ("乙*", "closed", "self_scan", "self_scan", "2026-11-02T01:01:00Z", []),
        ("丁*", "absent", None, None, None, []),
        ("丙*", "absent", None, None, None, []),
    ]
    assert [item["volunteer_no"] for item in found["items"]] == [
        one.volunteer_no for one in (inside, left, annulled, absent)
    ]


def test_the_leader_sees_who_serves_as_what_and_counts_nobody_for_whom_a_place_is_only_kept(
    client: FlaskClient, organisation: Organisation, coordinator: Actor
) -> None:
    """A role for each who has one; whoever is offered a place has not signed up yet."""
    activity = an_activity(organisation_id=organisation.id)
    shift, roles = a_shift_with_roles(
        Wanted(name="社工", capacity=1), Wanted(name="学生", capacity=1), activity_id=activity.id
    )
    path, social_worker, student, waits = f"/api/v1/shifts/{shift.id}", a_person(), a_person(), a_person()
    for who, role in ((social_worker, "社工"), (student, "学生")):
        body = {"role_id": str(roles[role])}
        assert client.post(f"{path}/sign-up", json=body, headers=signed_in(who)).status_code == 201
    a_turn(shift.id, waits.id, role_id=roles["学生"])
    client.delete(f"{path}/sign-up", headers=signed_in(student))
    found = client.get(f"{path}/presence", headers=signed_in(coordinator)).json
    assert [(item["volunteer_no"], item["role"]) for item in found["items"]] == [(social_worker.volunteer_no, "社工")]
    assert (found["signed_up"], found["absent"]) == (1, 1)


def test_who_forgot_has_left(client: FlaskClient, shift: Shift, coordinator: Actor) -> None:
    """After the time to check out nobody is inside, whether or not that is written."""
    scan_in(client, a_person(), shift, at=0)
    with minutes_past_nine(241):
        found = client.get(f"/api/v1/shifts/{shift.id}/presence", headers=signed_in(coordinator)).json
    assert (found["inside"], found["left"]) == (0, 1)
    item = found["items"][0]
    assert (item["state"], item["checked_out_at"], item["flags"]) == (
        "auto_closed",
        "2026-11-02T04:00:00Z",
        ["AUTO_CLOSED"],
    )


def test_it_comes_in_pages_at_the_same_cost(
    client: FlaskClient, shift: Shift, coordinator: Actor, statements: Statements
) -> None:
    """Session, shift, counts and page: four statements for whoever is there; every page says how many there are in all."""
    with minutes_past_nine(0):
        for _ in range(7):
            checked_in(a_person().id, shift)
    with minutes_past_nine(-20):
        for _ in range(3):
            a_sign_up(shift.id)
    seen, address = [], f"/api/v1/shifts/{shift.id}/presence?limit=4"
    with minutes_past_nine(1):
        while address:
            with statements() as sent:
                found = client.get(address, headers=signed_in(coordinator)).json
            asked = [text for text in sent if "demo_clock" not in text and "grant" not in text]
            assert len(asked) == 4, asked
            assert (found["inside"], found["absent"]) == (7, 3)
            seen += [item["state"] for item in found["items"]]
            address = found["next"]
    assert seen == ["open"] * 7 + ["absent"] * 3
