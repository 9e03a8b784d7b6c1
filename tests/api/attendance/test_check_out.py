"""Leaving: the service becomes a record and its credit, once, and nobody is locked in."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.conftest import Statements
from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    minutes_past_nine,
    post_once,
    refusal_of,
    scan_in,
    scan_out,
    screen_of,
    the_book,
)
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.policies import a_policy
from timebank import clock
from timebank.activities.models import Activity, Shift
from timebank.attendance.models import Attendance
from timebank.codes.alphabet import random_reference
from timebank.database import in_unit_of_work, is_sqlite, session
from timebank.identity.models import Person
from timebank.identity.rules import PersonState
from timebank.records.models import Revision


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Somebody who serves."""
    return a_person()


@pytest.fixture
def shift(client: FlaskClient) -> Shift:
    """A shift from nine to twelve."""
    return a_morning_shift()


def test_two_hours_become_two_hours(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """A clean pair of scans: attendance, record and account of the contract, in one answer."""
    began = scan_in(client, volunteer, shift, at=0).json
    answer = scan_out(client, volunteer, shift, at=120.9)
    assert answer.status_code == 201
    attendance, record, account = (answer.json[name] for name in ("attendance", "record", "account"))
    assert {name: attendance[name] for name in ("id", "shift_id", "state", "checked_out_at", "flags", "message")} == {
        "id": began["id"],
        "shift_id": str(shift.id),
        "state": "closed",
        "checked_out_at": "2026-11-02T03:00:54Z",
        "flags": [],
        "message": "签退成功。本次服务 120 分钟，已计入 120 分钟。",
    }
    names = ("state", "provenance", "service_minutes", "credited_minutes", "expected_minutes", "activity_name")
    assert [record[name] for name in names] == ["final", "self_scan", 120, 120, 120, "助老理发"]
    assert record["explanation"].startswith("2026年11月2日在")
    assert {name: account[name] for name in account if name not in {"head", "by_provenance"}} == {
        "balance_minutes": 120,
        "held_minutes": 0,
        "available_minutes": 120,
        "debt_minutes": 0,
        "service_minutes": 120,
        "seq": 1,
    }
    assert account["by_provenance"] == {"self_scan": 120, "staff_scan": 0, "supplement": 0, "import": 0}
    assert len(account["head"]) == 64


def test_the_account_of_the_answer_is_the_account(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """What the check-out says is what the next look says, also after earlier services."""
    for start in (0, 60):
        scan_in(client, volunteer, shift, at=start)
        answer = scan_out(client, volunteer, shift, at=start + 30)
    assert answer.json["account"] == _account(client, volunteer)
    assert answer.json["account"]["service_minutes"] == 60


def _account(client: FlaskClient, who: Person) -> object:
    return client.get("/api/v1/me/account", headers=signed_in(who)).json


def test_a_second_check_out_is_told_that_it_is_over(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """The same key is answered with the same record; another one with the time of the first."""
    scan_in(client, volunteer, shift, at=0)
    with minutes_past_nine(120):
        body = {"token": screen_of(shift)}
        first = post_once(client, "/check-outs", volunteer, body, key="one")
        again = post_once(client, "/check-outs", volunteer, body, key="one")
        other = post_once(client, "/check-outs", volunteer, body, key="two")
    assert (again.status_code, again.json) == (201, first.json)
    assert refusal_of(other) == (409, "ALREADY_CHECKED_OUT")
    assert other.json["context"]["at"] == "2026-11-02T03:00:00Z"
    assert session.scalar(select(func.count()).select_from(Revision)) == 1


def test_one_cannot_leave_where_one_is_not(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Not checked in, inside another shift, at a point that is gone: each says so, and the open one stays open."""
    elsewhere = a_morning_shift()
    assert refusal_of(scan_out(client, volunteer, shift, at=5)) == (409, "NOT_CHECKED_IN")
    scan_in(client, volunteer, elsewhere, at=10)
    answer = scan_out(client, volunteer, shift, at=60)
    assert refusal_of(answer) == (409, "OPEN_ELSEWHERE")
    assert answer.json["context"]["where"] == "助老理发"
    with minutes_past_nine(60):
        nowhere = the_book().rotating(point=random_reference(8), at=clock.now())
    assert refusal_of(scan_out(client, volunteer, shift, at=60, token=nowhere)) == (404, "POINT_NOT_FOUND")
    assert scan_out(client, volunteer, elsewhere, at=60).status_code == 201


def test_having_left_elsewhere_is_not_having_left_here(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Whoever served at one shift and never came to the next has nothing to check out of there."""
    elsewhere = a_morning_shift()
    scan_in(client, volunteer, elsewhere, at=0)
    scan_out(client, volunteer, elsewhere, at=30)
    assert refusal_of(scan_out(client, volunteer, shift, at=40)) == (409, "NOT_CHECKED_IN")


def test_the_minimum_stay_must_be_over(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Ten minutes, to the second; the answer says how many seconds are left."""
    scan_in(client, volunteer, shift, at=0)
    answer = scan_out(client, volunteer, shift, at=9.9)
    assert refusal_of(answer) == (409, "TOO_SOON")
    assert (answer.json["context"]["seconds_left"], answer.json["context"]["minutes"]) == (6, 10)
    assert scan_out(client, volunteer, shift, at=10).json["record"]["credited_minutes"] == 10


def test_an_old_code_does_not_check_out(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """The picture of the screen that was taken at arrival is worth nothing at home."""
    with minutes_past_nine(0):
        photo = screen_of(shift)
    scan_in(client, volunteer, shift, at=0)
    assert refusal_of(scan_out(client, volunteer, shift, at=120, token=photo)) == (410, "TOKEN_EXPIRED")


@pytest.mark.rule("R13")
def test_leaving_long_after_the_shift_is_late_and_reviewed(
    client: FlaskClient, volunteer: Person, shift: Shift
) -> None:
    """More than an hour after the end still works; a coordinator looks at it before it counts."""
    scan_in(client, volunteer, shift, at=0)
    answer = scan_out(client, volunteer, shift, at=241)
    assert answer.status_code == 201
    record, account = answer.json["record"], answer.json["account"]
    assert (record["state"], record["pending_for"], record["flags"]) == ("pending", "review", ["LATE"])
    assert (record["service_minutes"], record["credited_minutes"], record["expected_minutes"]) == (241, 0, 241)
    assert (account["balance_minutes"], account["service_minutes"]) == (0, 0)
    assert "等待协调员审核" in answer.json["attendance"]["message"]


def test_coming_after_the_end_is_late_and_reviewed(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Minutes that lie wholly after the shift count when a coordinator says that there was something to do."""
    records = []
    for arrives in (179.9, 200):
        scan_in(client, volunteer, shift, at=arrives)
        records.append(scan_out(client, volunteer, shift, at=arrives + 20).json["record"])
    assert [(record["flags"], record["service_minutes"], record["credited_minutes"]) for record in records] == [
        ([], 20, 20),
        (["LATE"], 20, 0),
    ]


def test_after_twelve_hours_the_check_out_works_and_the_credit_is_capped(
    client: FlaskClient, volunteer: Person, shift: Shift
) -> None:
    """Nobody is trapped in a forgotten attendance: the record is true, the credit stops at twelve hours."""
    scan_in(client, volunteer, shift, at=0)
    answer = scan_out(client, volunteer, shift, at=13 * 60)
    assert answer.status_code == 201
    record = answer.json["record"]
    assert record["flags"] == answer.json["attendance"]["flags"] == ["CAPPED", "LATE", "OVER_DAILY"]
    assert (record["service_minutes"], record["expected_minutes"], record["state"]) == (780, 720, "pending")


def test_who_is_suspended_meanwhile_may_leave_and_waits(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """The service was real; whether it counts is for a coordinator to say."""
    scan_in(client, volunteer, shift, at=0)
    in_unit_of_work(lambda: setattr(session.get_one(Person, volunteer.id), "state", PersonState.FROZEN))
    answer = scan_out(client, volunteer, shift, at=60)
    assert (answer.status_code, answer.json["record"]["flags"]) == (201, ["SUSPENDED"])


def test_the_policy_of_the_place_decides(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Half-hour steps and an hour's minimum stay from today on: the record names the version that made it."""
    with clock.at(NINE - timedelta(hours=2)):
        a_policy("credit_step_minutes", 30)
        version = a_policy("min_stay_minutes", 60)
    scan_in(client, volunteer, shift, at=0)
    assert refusal_of(scan_out(client, volunteer, shift, at=59)) == (409, "TOO_SOON")
    record = scan_out(client, volunteer, shift, at=119).json["record"]
    assert (record["service_minutes"], record["credited_minutes"]) == (119, 90)
    assert record["policy_number"] == version.number
    assert f"按第 {version.number} 版规则计入 90 分钟" in record["explanation"]


def test_where_everything_is_reviewed_a_coordinator_makes_it_count(
    client: FlaskClient, volunteer: Person, shift: Shift
) -> None:
    """From the scan to the balance, with a human in between; the volunteer sees it in their records."""
    with clock.at(NINE - timedelta(hours=2)):
        a_policy("approval", "always")
    scan_in(client, volunteer, shift, at=0)
    record = scan_out(client, volunteer, shift, at=60).json["record"]
    assert (record["state"], record["flags"]) == ("pending", [])
    organisation_id = in_unit_of_work(lambda: session.scalars(select(Activity.organisation_id)).one(), write=False)
    coordinator = signed_in(a_coordinator(organisation_id))
    waiting = client.get("/api/v1/records?state=pending", headers=coordinator).json["items"]
    assert [item["id"] for item in waiting] == [record["id"]]
    decided = client.post(f"/api/v1/records/{record['id']}/approve", json={"reason": "属实"}, headers=coordinator)
    assert decided.json["credited_minutes"] == 60
    mine = client.get("/api/v1/me/records", headers=signed_in(volunteer)).json["items"]
    assert [(item["state"], item["credited_minutes"]) for item in mine] == [("final", 60)]


def test_a_refused_check_out_changes_nothing(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """After TOO_SOON the attendance is as open as before, and there is no record."""
    scan_in(client, volunteer, shift, at=0)
    scan_out(client, volunteer, shift, at=5)
    kept = session.scalars(select(Attendance)).one()
    assert (kept.state, kept.checked_out_at, kept.record_id) == ("open", None, None)
    assert session.scalar(select(func.count()).select_from(Revision)) == 0


def test_a_check_out_that_credits_costs_few_statements(
    client: FlaskClient, volunteer: Person, shift: Shift, statements: Statements
) -> None:
    """Two for the key, one to look and lock, three for the record and the figures, four for the ledger, two to close.

    PostgreSQL takes the transfer with its entry. The demo's clock is read besides.
    """
    with clock.at(NINE - timedelta(hours=2)):
        a_policy("min_stay_minutes", 5)
    for start in (0, 30):
        scan_in(client, volunteer, shift, at=start)
        with statements() as sent:
            assert scan_out(client, volunteer, shift, at=start + 20).status_code == 201
    clocks = [text for text in sent if "demo_clock" in text]
    assert len(sent) - len(clocks) == (12 if is_sqlite() else 11), sent
