"""Arriving: one scan opens an attendance, and every reason against it has its code and its numbers."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.conftest import Statements
from tests.factories.activities import a_shift, a_sign_up, an_activity, taken_of
from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    member_code_of,
    minutes_past_nine,
    post_once,
    refusal_of,
    scan_in,
    scan_out,
    screen_of,
    the_book,
)
from tests.factories.identity import a_person, signed_in
from tests.factories.policies import a_policy
from timebank import clock
from timebank.activities.models import Shift
from timebank.activities.rules import ShiftState
from timebank.attendance.models import Attendance, Scan
from timebank.codes.alphabet import random_reference
from timebank.database import in_unit_of_work, session
from timebank.identity.models import Person
from timebank.identity.rules import PersonState


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Somebody who serves."""
    return a_person("王秀英")


@pytest.fixture
def shift(client: FlaskClient) -> Shift:
    """A shift from nine to twelve."""
    return a_morning_shift()


def test_a_scan_opens_an_attendance_and_says_how_it_ends(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """The answer of the contract; the message tells how and when to check out."""
    answer = scan_in(client, volunteer, shift, at=0)
    assert answer.status_code == 201
    shown = answer.json
    assert shown["message"] == (
        "签到成功。离开时请再次扫描现场屏幕签退：最早 11-02 09:10，本场 11-02 12:00 结束，请在 11-02 13:00 前签退。"
    )
    assert "check out before 11-02 13:00" in shown["message_en"]
    assert {name: shown[name] for name in ("shift_id", "state", "checked_in_at", "flags", "volunteer_name")} == {
        "shift_id": str(shift.id),
        "state": "open",
        "checked_in_at": "2026-11-02T01:00:00Z",
        "flags": [],
        "volunteer_name": "王**",
    }
    kept = session.scalars(select(Attendance)).one()
    assert (str(kept.id), kept.volunteer_id, kept.state) == (shown["id"], volunteer.id, "open")


def test_a_walk_in_takes_a_place_and_a_signed_up_one_keeps_theirs(
    client: FlaskClient, volunteer: Person, shift: Shift
) -> None:
    """Whoever comes without a sign-up counts towards the capacity; nobody counts twice."""
    early = a_person()
    with minutes_past_nine(-40):
        a_sign_up(shift.id, early.id)
    assert scan_in(client, early, shift, at=0).status_code == 201
    assert taken_of(shift.id) == 1
    assert scan_in(client, volunteer, shift, at=0).status_code == 201
    assert taken_of(shift.id) == 2


def test_the_same_key_is_answered_with_the_same_attendance(
    client: FlaskClient, volunteer: Person, shift: Shift
) -> None:
    """A retry of a request is no second check-in; another key is told when the first was."""
    with minutes_past_nine(3):
        body = {"token": screen_of(shift)}
        first = post_once(client, "/check-ins", volunteer, body, key="one")
        again = post_once(client, "/check-ins", volunteer, body, key="one")
        other = post_once(client, "/check-ins", volunteer, body, key="two")
        changed = post_once(client, "/check-ins", volunteer, {"ticket": "t1."}, key="one")
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert refusal_of(other) == (409, "ALREADY_CHECKED_IN")
    assert other.json["context"]["since"] == "2026-11-02T01:03:00Z"
    assert "11-02 09:03" in other.json["detail"]
    assert refusal_of(changed) == (422, "IDEMPOTENCY_CONFLICT")


def test_a_ticket_keeps_the_instant_of_its_scan(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """A slow phone does not cost a minute: the check-in is dated by the scan, and works though the code is over."""
    with minutes_past_nine(0):
        ticket = client.post("/api/v1/scans", json={"token": screen_of(shift)}, headers=signed_in(volunteer)).json
    answer = scan_in(client, volunteer, shift, at=4.9, ticket=ticket["ticket"])
    assert (answer.status_code, answer.json["checked_in_at"]) == (201, "2026-11-02T01:00:00Z")


def test_a_ticket_is_bound_to_five_minutes_and_one_person(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Too late is 410, somebody else's is 403, and what is none is 400."""
    with minutes_past_nine(0):
        ticket = client.post("/api/v1/scans", json={"token": screen_of(shift)}, headers=signed_in(volunteer)).json
    late = scan_in(client, volunteer, shift, at=5, ticket=ticket["ticket"])
    stolen = scan_in(client, a_person(), shift, at=1, ticket=ticket["ticket"])
    broken = scan_in(client, volunteer, shift, at=1, ticket="t1.nothing")
    forged = scan_in(client, volunteer, shift, at=1, ticket="t1." + "A" * 76)
    assert [refusal_of(answer) for answer in (late, stolen, broken, forged)] == [
        (410, "TICKET_EXPIRED"),
        (403, "TICKET_NOT_YOURS"),
        (400, "TOKEN_MALFORMED"),
        (422, "TOKEN_INVALID"),
    ]


def test_a_code_that_does_not_count_says_why(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Malformed, forged, of a wrong kind, of the future, of the past, of nowhere."""
    with minutes_past_nine(0):
        current = screen_of(shift)
        forged = current[:-1] + ("0" if current[-1] != "0" else "1")
        nowhere = the_book().rotating(point=random_reference(8), at=clock.now())
        pickup = the_book().pickup(redemption=random_reference(10))
    with minutes_past_nine(-1):
        past = screen_of(shift)
    with minutes_past_nine(1):
        future = screen_of(shift)
    answers = [
        scan_in(client, volunteer, shift, at=0, token=token)
        for token in ("hello", forged, pickup, future, past, nowhere)
    ]
    assert [refusal_of(answer) for answer in answers] == [
        (400, "TOKEN_MALFORMED"),
        (422, "TOKEN_INVALID"),
        (422, "TOKEN_INVALID"),
        (422, "TOKEN_FROM_FUTURE"),
        (410, "TOKEN_EXPIRED"),
        (404, "POINT_NOT_FOUND"),
    ]
    assert session.scalar(select(func.count()).select_from(Attendance)) == 0


def test_check_in_has_its_hours(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Half an hour before and an hour after the shift: outside, the answer says when it opens or closed."""
    early = scan_in(client, volunteer, shift, at=-30.5)
    late = scan_in(client, volunteer, shift, at=240)
    assert [refusal_of(early), refusal_of(late)] == [(409, "NOT_OPEN_YET"), (409, "ALREADY_CLOSED")]
    assert early.json["context"] == {
        "opens_at": "2026-11-02T00:30:00Z",
        "opens_at_local": "11-02 08:30",
        "seconds_left": 30,
    }
    assert late.json["context"]["closed_at"] == "2026-11-02T05:00:00Z"


@pytest.mark.parametrize("at", [-30, 239.9])
def test_check_in_is_open_to_the_last_minute(client: FlaskClient, volunteer: Person, shift: Shift, at: float) -> None:
    """The first and the last moment count."""
    assert scan_in(client, volunteer, shift, at=at).status_code == 201


def test_a_cancelled_shift_is_closed(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Nobody checks in to what does not take place."""
    in_unit_of_work(lambda: setattr(session.get_one(Shift, shift.id), "state", ShiftState.CANCELLED))
    assert refusal_of(scan_in(client, volunteer, shift, at=0)) == (409, "ALREADY_CLOSED")


def test_without_walk_ins_one_must_be_signed_up(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Where the policy wants a sign-up, the door stays closed without one."""
    with clock.at(NINE - timedelta(days=1)):
        a_policy("walk_in", False)
    signed = a_person()
    with minutes_past_nine(-40):
        a_sign_up(shift.id, signed.id)
    assert refusal_of(scan_in(client, volunteer, shift, at=0)) == (403, "NOT_SIGNED_UP")
    assert scan_in(client, signed, shift, at=0).status_code == 201


def test_a_full_shift_takes_no_walk_in(client: FlaskClient, volunteer: Person) -> None:
    """The last place is somebody's; the answer says how many there are, and nothing is left behind."""
    small = a_morning_shift(capacity=1)
    assert scan_in(client, a_person(), small, at=0).status_code == 201
    answer = scan_in(client, volunteer, small, at=0)
    assert refusal_of(answer) == (409, "CAPACITY_FULL")
    assert answer.json["context"]["capacity"] == 1
    assert taken_of(small.id) == 1


def test_a_suspended_volunteer_cannot_check_in(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """A frozen account serves nowhere until somebody has looked at it."""
    in_unit_of_work(lambda: setattr(session.get_one(Person, volunteer.id), "state", PersonState.FROZEN))
    assert refusal_of(scan_in(client, volunteer, shift, at=0)) == (403, "VOLUNTEER_SUSPENDED")


def test_nobody_is_in_two_places(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Inside one shift, another one refuses: it says where and since when."""
    other = a_morning_shift(activity_id=an_activity("图书整理").id)
    scan_in(client, volunteer, shift, at=0)
    answer = scan_in(client, volunteer, other, at=20)
    assert refusal_of(answer) == (409, "OPEN_ELSEWHERE")
    assert (answer.json["context"]["since"], answer.json["context"]["where"]) == ("2026-11-02T01:00:00Z", "助老理发")


def test_a_scan_from_within_another_service_overlaps(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """A ticket from before the check-out elsewhere would count the same minutes twice."""
    other = a_morning_shift()
    scan_in(client, volunteer, shift, at=0)
    with minutes_past_nine(58):
        ticket = client.post("/api/v1/scans", json={"token": screen_of(other)}, headers=signed_in(volunteer)).json
    assert ticket["warnings"][0]["code"] == "OPEN_ELSEWHERE"
    scan_out(client, volunteer, shift, at=60)
    answer = scan_in(client, volunteer, other, at=61, ticket=ticket["ticket"])
    assert refusal_of(answer) == (409, "OVERLAP")
    assert answer.json["context"]["until"] == "2026-11-02T02:00:00Z"


def test_back_to_back_is_no_overlap(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Intervals are half-open: out of one and into the next at the same instant is fine."""
    other = a_morning_shift()
    scan_in(client, volunteer, shift, at=0)
    scan_out(client, volunteer, shift, at=60)
    assert scan_in(client, volunteer, other, at=60).status_code == 201


@pytest.mark.rule("R10")
def test_three_pairs_a_shift_and_day_are_enough(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """The fourth arrival at the same shift is refused; another shift takes it."""
    for start in (0, 20, 40):
        assert scan_in(client, volunteer, shift, at=start).status_code == 201
        assert scan_out(client, volunteer, shift, at=start + 15).status_code == 201
    answer = scan_in(client, volunteer, shift, at=60)
    assert refusal_of(answer) == (409, "TOO_MANY_PAIRS")
    assert answer.json["context"]["limit"] == 3
    assert scan_in(client, volunteer, a_morning_shift(), at=60).status_code == 201


@pytest.mark.rule("R10")
def test_a_new_day_has_pairs_of_its_own(client: FlaskClient, volunteer: Person) -> None:
    """Three pairs before midnight in Shanghai leave three for after it, at the same shift."""
    night = a_shift(starts_at=NINE + timedelta(hours=13), ends_at=NINE + timedelta(hours=21))
    for start in (13 * 60, 13 * 60 + 20, 13 * 60 + 40):
        scan_in(client, volunteer, night, at=start)
        scan_out(client, volunteer, night, at=start + 15)
    assert refusal_of(scan_in(client, volunteer, night, at=14 * 60 + 59)) == (409, "TOO_MANY_PAIRS")
    assert scan_in(client, volunteer, night, at=15 * 60).status_code == 201


def test_the_day_of_an_attendance_is_that_of_its_check_in(client: FlaskClient, volunteer: Person) -> None:
    """A night shift in Shanghai belongs to the day on which it began there."""
    night = a_shift(starts_at=NINE + timedelta(hours=14), ends_at=NINE + timedelta(hours=20))
    scan_in(client, volunteer, night, at=14 * 60 + 5)
    assert str(session.scalars(select(Attendance.served_on)).one()) == "2026-11-02"
    left = scan_out(client, volunteer, night, at=17 * 60)
    assert left.json["record"]["served_on"] == "2026-11-02"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": "A", "ticket": "B"},
        {"token": 7},
        {"token": "A" * 513},
        {"token": "A\x00"},
        {"token": "A", "shift_id": "no uuid"},
        {"token": "A", "colour": "red"},
        {"token": "A", "location": {"latitude": 91, "longitude": 0}},
        {"token": "A", "location": {"latitude": 30}},
        {"token": "A", "location": {"latitude": 30, "longitude": 120, "accuracy_m": -1}},
    ],
)
def test_a_body_that_makes_no_sense_is_told_so(client: FlaskClient, volunteer: Person, body: dict[str, object]) -> None:
    """One of token and ticket, of the right type and length; a location on this planet; nothing unknown."""
    assert refusal_of(post_once(client, "/check-ins", volunteer, body)) == (422, "INVALID")


def test_a_member_code_needs_its_shift(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """What a member's code is scanned for stands in shift_id; a screen's code may name its own shift, no other."""
    with minutes_past_nine(0):
        member = member_code_of(volunteer)
    alone = scan_in(client, volunteer, shift, at=0, token=member)
    assert refusal_of(alone) == (422, "INVALID")
    assert alone.json["errors"][0]["pointer"] == "/shift_id"
    with minutes_past_nine(0):
        token = screen_of(shift)
    other = scan_in(client, volunteer, shift, at=0, token=token, shift_id=str(a_morning_shift().id))
    assert refusal_of(other) == (422, "INVALID")
    assert scan_in(client, volunteer, shift, at=0, token=token, shift_id=str(shift.id)).status_code == 201


def test_a_location_is_checked_and_not_kept(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """With the geofence off nobody's whereabouts are stored: no column could hold them (rule R37)."""
    with minutes_past_nine(0):
        token = screen_of(shift)
    place = {"latitude": 30.5, "longitude": 120.7, "accuracy_m": 12.5}
    assert scan_in(client, volunteer, shift, at=0, token=token, location=place).status_code == 201
    columns = {column.name for table in (Attendance, Scan) for column in table.__table__.columns}
    assert not {name for name in columns if "lat" in name or "location" in name}


def test_a_key_is_required(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Without an Idempotency-Key nothing is begun."""
    answer = client.post("/api/v1/check-ins", json={"token": "A"}, headers=signed_in(volunteer))
    assert refusal_of(answer) == (400, "IDEMPOTENCY_KEY_REQUIRED")


def test_a_check_in_costs_few_statements(
    client: FlaskClient, volunteer: Person, shift: Shift, statements: Statements
) -> None:
    """One to look, one to write, one for the book of scans, two for the key, one for the demo's clock."""
    with minutes_past_nine(-40):
        a_sign_up(shift.id, volunteer.id)
    with statements() as sent:
        assert scan_in(client, volunteer, shift, at=0).status_code == 201
    assert len(sent) == 6
