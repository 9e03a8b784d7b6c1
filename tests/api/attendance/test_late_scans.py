"""What comes too late to count by itself is kept, shown to who can judge it, and decided on with a reason."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from tests.factories.activities import a_sign_up, an_activity
from tests.factories.attendance import (
    a_morning_shift,
    kept_from_screen,
    kept_scan,
    minutes_past_nine,
    post_once,
    refusal_of,
    scan_in,
    scan_out,
    send_batch,
    the_book,
)
from tests.factories.family import relatives
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import an_organisation
from timebank.activities.models import Shift
from timebank.attendance import printed
from timebank.attendance.models import Attendance, LateScan, Scan
from timebank.codes.layouts import Kind
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity import service as identity
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Grant, Role
from timebank.organisations.models import Organisation
from timebank.records.models import ServiceRecord

DAY = 24 * 60
"""Minutes."""


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Whose shift it is."""
    return an_organisation()


@pytest.fixture
def leader(organisation: Organisation) -> Person:
    """Who leads it."""
    return a_person("李队长")


@pytest.fixture
def coordinator(organisation: Organisation) -> Actor:
    """Who decides."""
    return a_coordinator(organisation.id)


@pytest.fixture
def shift(organisation: Organisation, leader: Person) -> Shift:
    """A shift from nine to twelve."""
    return a_morning_shift(activity_id=an_activity(organisation_id=organisation.id, leader_id=leader.id).id)


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Somebody whose phone has no network."""
    return a_person("王秀英")


def only(answer: TestResponse) -> dict[str, Any]:
    """Return the only result of a batch."""
    assert answer.status_code == 200, answer.text
    (result,) = answer.json["results"]
    found: dict[str, Any] = result
    return found


def listed(client: FlaskClient, who: Any, query: str = "") -> list[dict[str, Any]]:
    """Return the late scans that somebody sees."""
    answer = client.get(f"/api/v1/late-scans{query}", headers=signed_in(who))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def decided(client: FlaskClient, who: Any, scan_id: str, outcome: str = "dismissed") -> TestResponse:
    """Decide on a late scan."""
    return post_once(client, f"/late-scans/{scan_id}/decision", who, {"outcome": outcome, "reason": "与签到表不符"})


def test_after_a_day_a_scan_waits_for_a_coordinator(
    client: FlaskClient, volunteer: Person, shift: Shift, coordinator: Actor, leader: Person
) -> None:
    """Up to 24 hours after its code was over it counts with a flag; from then on it is kept, and seen, and told so."""
    in_time = only(send_batch(client, a_person(), [kept_from_screen("check_in", shift, at=0)], at=DAY + 0.4))
    late = only(send_batch(client, volunteer, [kept_from_screen("check_in", shift, at=0)], at=DAY + 0.5))

    assert in_time["status"] == "created"
    assert (late["status"], late["code"]) == ("review", "TOO_OLD")
    assert "不用再扫" in late["message"]
    (kept,) = listed(client, coordinator)
    assert kept["id"] == late["late_scan_id"]
    assert (kept["volunteer_name"], kept["action"], kept["reason"]) == ("王**", "check_in", "TOO_OLD")
    assert (kept["at"], kept["claimed_at"]) == ("2026-11-02T01:00:00Z", "2026-11-02T01:00:00Z")
    assert (kept["activity_name"], kept["decision"]) == ("助老理发", None)
    assert listed(client, leader, f"?shift={shift.id}") == [kept]
    assert session.scalar(select(func.count()).where(Attendance.volunteer_id == volunteer.id)) == 0
    assert [scan.refusal for scan in session.scalars(select(Scan).where(Scan.actor_id == volunteer.id))] == ["TOO_OLD"]


def test_the_same_late_scan_again_is_the_same(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """By its name it is replayed, under another name it is known by its instant; a single call is told that it waits."""
    item = kept_from_screen("check_in", shift, at=0, ref="in")
    first = only(send_batch(client, volunteer, [item], at=2 * DAY))
    again = only(send_batch(client, volunteer, [item], at=2 * DAY))
    renamed = only(send_batch(client, volunteer, [item | {"client_ref": "other"}], at=2 * DAY))
    singly = scan_in(client, volunteer, shift, at=0, token=item["token"], client_ref="in")

    assert [result["status"] for result in (first, again, renamed)] == ["review", "replayed", "review"]
    assert {result["late_scan_id"] for result in (first, again, renamed)} == {first["late_scan_id"]}
    assert again["code"] == "TOO_OLD"
    assert refusal_of(singly) == (409, "SCAN_UNDER_REVIEW")
    assert session.scalar(select(func.count()).select_from(LateScan)) == 1


def test_a_poster_scanned_without_network_says_nothing_about_when(
    client: FlaskClient, volunteer: Person, shift: Shift, coordinator: Actor
) -> None:
    """It is kept with what the phone's clock claims; nothing begins."""
    in_unit_of_work(lambda: printed.roll(kind=Kind.POSTER, reference=shift.point_ref, issued_by=coordinator.person_id))
    token = the_book().poster(point=shift.point_ref, serial=1)
    results = [
        only(send_batch(client, volunteer, [kept_scan(action, token, at=at)], at=600))
        for action, at in (("check_in", 1), ("check_out", 100), ("check_in", 1))
    ]

    assert [(result["status"], result["code"]) for result in results] == [("review", "NO_TIME")] * 3
    assert results[0]["late_scan_id"] == results[2]["late_scan_id"]
    kept = listed(client, coordinator)
    assert [(scan["at"], scan["claimed_at"]) for scan in kept] == [
        (None, "2026-11-02T01:01:00Z"),
        (None, "2026-11-02T02:40:00Z"),
    ]


def test_a_scan_that_later_ones_have_overtaken_waits_and_is_not_lost(
    client: FlaskClient, volunteer: Person, shift: Shift, coordinator: Actor
) -> None:
    """Somebody went on to another shift before the morning's scans came: both ends wait together."""
    afternoon = a_morning_shift()
    scan_in(client, volunteer, afternoon, at=120)
    both = [kept_from_screen("check_in", shift, at=0), kept_from_screen("check_out", shift, at=60)]
    while_inside = send_batch(client, volunteer, both, at=130).json["results"]
    scan_out(client, volunteer, afternoon, at=150)
    another = kept_from_screen("check_in", shift, at=70)
    after_it = only(send_batch(client, volunteer, [another], at=600))

    assert [(result["status"], result["code"]) for result in while_inside] == [("review", "OVERTAKEN")] * 2
    assert (after_it["status"], after_it["code"]) == ("review", "OVERTAKEN")
    assert [scan["action"] for scan in listed(client, coordinator)] == ["check_in", "check_out", "check_in"]
    refused = [scan.refusal for scan in session.scalars(select(Scan).where(Scan.refusal.is_not(None)))]
    assert sorted(refused, key=str) == ["OPEN_ELSEWHERE", "OPEN_ELSEWHERE", "OVERLAP"]


def test_a_departure_that_comes_after_somebody_else_closed_waits(
    client: FlaskClient, volunteer: Person, shift: Shift, coordinator: Actor
) -> None:
    """The attendance was ended later than they say they left; a coordinator sees both instants."""
    scan_in(client, volunteer, shift, at=0)
    scan_out(client, volunteer, shift, at=120)
    result = only(send_batch(client, volunteer, [kept_from_screen("check_out", shift, at=60)], at=600))

    assert (result["status"], result["code"]) == ("review", "OVERTAKEN")
    assert listed(client, coordinator)[0]["at"] == "2026-11-02T02:00:00Z"
    assert session.scalar(select(func.count()).select_from(ServiceRecord)) == 1


def test_an_arrival_that_an_arrival_has_overtaken_waits(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """They came at nine, the phone had no network, and at ten they scanned once more: the hour is not lost."""
    scan_in(client, volunteer, shift, at=60)
    result = only(send_batch(client, volunteer, [kept_from_screen("check_in", shift, at=0)], at=90))

    assert (result["status"], result["code"]) == ("review", "OVERTAKEN")


def test_a_scan_of_a_shift_that_was_closed_meanwhile_waits(
    client: FlaskClient, volunteer: Person, shift: Shift, coordinator: Actor, leader: Person
) -> None:
    """Whoever was there before its leader closed it is reviewed and not absent; whoever came after it is refused."""
    with minutes_past_nine(-60):
        a_sign_up(shift.id, volunteer.id)
    scans = [kept_from_screen(action, shift, at=at) for action, at in (("check_in", 60), ("check_out", 80))]
    with minutes_past_nine(90):
        assert post_once(client, f"/shifts/{shift.id}/close", leader, {}).status_code == 200
    after_it = kept_from_screen("check_in", shift, at=95)
    results = send_batch(client, volunteer, [*scans, after_it], at=120).json["results"]

    assert [(one["status"], one["code"]) for one in results[:2]] == [("review", "OVERTAKEN")] * 2
    assert (results[2]["status"], results[2]["code"]) == ("rejected", "ALREADY_CLOSED")
    assert [scan["at"] for scan in listed(client, coordinator)] == ["2026-11-02T02:00:00Z", "2026-11-02T02:20:00Z"]
    with minutes_past_nine(3 * 60 + DAY):
        assert client.get("/api/v1/me/no-shows", headers=signed_in(volunteer)).json["items"] == []


@pytest.mark.parametrize("what", ["cancel", "put off"])
def test_a_scan_of_a_shift_that_was_called_off_or_put_off_meanwhile_waits(
    client: FlaskClient, volunteer: Person, shift: Shift, coordinator: Actor, what: str
) -> None:
    """They stood at the door before anybody said so; a scan before the door opened, or after it was said, is refused."""
    early, there = (kept_from_screen("check_in", shift, at=at) for at in (-40, -20))
    with minutes_past_nine(-10):
        if what == "cancel":
            done = post_once(client, f"/shifts/{shift.id}/cancel", coordinator, {"reason": "停水"})
        else:
            later = {"starts_at": "2026-11-02T06:00:00Z", "ends_at": "2026-11-02T08:00:00Z"}
            done = client.put(f"/api/v1/shifts/{shift.id}", json=later, headers=signed_in(coordinator))
    assert done.status_code == 200
    after_it = kept_from_screen("check_in", shift, at=-5)
    results = send_batch(client, volunteer, [early, there, after_it], at=60).json["results"]

    code = "ALREADY_CLOSED" if what == "cancel" else "NOT_OPEN_YET"
    assert [(one["status"], one["code"]) for one in results] == [
        ("rejected", code),
        ("review", "OVERTAKEN"),
        ("rejected", code),
    ]


def test_late_scans_of_one_shift_are_no_more_than_honest_ones(
    client: FlaskClient, volunteer: Person, shift: Shift
) -> None:
    """Three pairs a shift: the seventh that waits is refused with its code; once decided, there is room again."""
    items = [kept_from_screen("check_in", shift, at=minute) for minute in range(7)]
    answer = send_batch(client, volunteer, items, at=2 * DAY)

    assert [result["status"] for result in answer.json["results"]] == ["review"] * 6 + ["rejected"]
    assert answer.json["results"][6]["code"] == "TOO_MANY_PAIRS"


def test_only_who_answers_for_it_sees_a_late_scan(
    client: FlaskClient, volunteer: Person, shift: Shift, leader: Person, coordinator: Actor
) -> None:
    """The leader by the shift; coordinators of the organisation all of theirs; nobody else."""
    send_batch(client, volunteer, [kept_from_screen("check_in", shift, at=0)], at=2 * DAY)
    stranger = a_coordinator(an_organisation().id)

    assert len(listed(client, leader, f"?shift={shift.id}")) == 1
    assert len(listed(client, coordinator, f"?shift={shift.id}")) == 1
    assert listed(client, stranger) == []
    for who, query, expected in (
        (stranger, f"?shift={shift.id}", (404, "NOT_FOUND")),
        (volunteer, f"?shift={shift.id}", (404, "NOT_FOUND")),
        (coordinator, f"?shift={new_id()}", (404, "NOT_FOUND")),
        (leader, "", (403, "FORBIDDEN")),
    ):
        assert refusal_of(client.get(f"/api/v1/late-scans{query}", headers=signed_in(who))) == expected


@pytest.mark.rule("R08")
@pytest.mark.rule("R13")
def test_a_coordinator_decides_once_and_says_why(
    client: FlaskClient, volunteer: Person, shift: Shift, coordinator: Actor, organisation: Organisation
) -> None:
    """Taken up or dismissed, with a reason that stays; it moves no minute by itself."""
    sent = send_batch(client, volunteer, [kept_from_screen("check_in", shift, at=0)], at=2 * DAY)
    scan_id = only(sent)["late_scan_id"]
    with minutes_past_nine(2 * DAY + 5):
        answer = decided(client, coordinator, scan_id, "taken_up")
    second = decided(client, a_coordinator(organisation.id), scan_id)

    assert answer.status_code == 201
    assert answer.json == {"outcome": "taken_up", "reason": "与签到表不符", "decided_at": "2026-11-04T01:05:00Z"}
    assert refusal_of(second) == (409, "LATE_SCAN_DECIDED")
    assert listed(client, coordinator) == []
    assert [scan["decision"] for scan in listed(client, coordinator, "?state=decided")] == [answer.json]
    assert len(listed(client, coordinator, "?state=all")) == 1
    assert session.scalar(select(func.count()).select_from(ServiceRecord)) == 0


def test_nobody_decides_for_themselves_or_for_others_organisations(
    client: FlaskClient, shift: Shift, coordinator: Actor, leader: Person
) -> None:
    """Their own scan is a colleague's to judge; what lies outside the scope is not there; a leader is no coordinator."""
    sent = send_batch(client, coordinator, [kept_from_screen("check_in", shift, at=0)], at=2 * DAY)
    scan_id = only(sent)["late_scan_id"]

    assert refusal_of(decided(client, coordinator, scan_id)) == (403, "OWN_RECORD")
    assert refusal_of(decided(client, a_coordinator(an_organisation().id), scan_id)) == (404, "NOT_FOUND")
    assert refusal_of(decided(client, coordinator, str(new_id()))) == (404, "NOT_FOUND")
    assert refusal_of(decided(client, leader, scan_id)) == (403, "FORBIDDEN")


def test_nobody_decides_for_their_family(client: FlaskClient, shift: Shift, organisation: Organisation) -> None:
    """A grandchild who coordinates leaves it to a colleague."""
    grandmother, grandchild = relatives()
    granted = Grant(Role.COORDINATOR, organisation_id=organisation.id)
    in_unit_of_work(lambda: identity.grant(person_id=grandchild.id, granted=granted))
    sent = send_batch(client, grandmother, [kept_from_screen("check_in", shift, at=0)], at=2 * DAY)

    answer = decided(client, grandchild, only(sent)["late_scan_id"])
    assert refusal_of(answer) == (403, "RELATIVES_RECORD")


@pytest.mark.parametrize("table", ["late_scan", "late_scan_decision", "attendance_client_ref", "printed_code"])
def test_no_statement_changes_what_was_received(
    client: FlaskClient, volunteer: Person, shift: Shift, coordinator: Actor, table: str
) -> None:
    """The database itself keeps late scans, decisions, names and serials as they were written."""
    in_unit_of_work(lambda: printed.roll(kind=Kind.POSTER, reference=shift.point_ref, issued_by=coordinator.person_id))
    sent = send_batch(client, volunteer, [kept_from_screen("check_in", shift, at=0)], at=2 * DAY)
    decided(client, coordinator, only(sent)["late_scan_id"])
    with pytest.raises(DBAPIError, match=r"append-only|not authorized"):
        in_unit_of_work(lambda: session.execute(text(f"DELETE FROM {table}")))
