"""Closing a shift: everybody still inside goes home at once, each credited once, and it is nobody's back door."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.conftest import Statements
from tests.factories.activities import a_sign_up, an_activity, taken_of
from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    checked_in,
    minutes_past_nine,
    post_once,
    refusal_of,
    scan_in,
    scan_out,
)
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import a_record
from timebank import clock
from timebank.activities.models import Shift
from timebank.attendance import closing
from timebank.attendance.models import Attendance
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.models import Person
from timebank.identity.rules import PersonState
from timebank.ledger.models import Transfer
from timebank.organisations.models import Organisation
from timebank.records.account import account_of


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Whose shift it is."""
    return an_organisation()


@pytest.fixture
def leader(organisation: Organisation) -> Person:
    """Who leads it."""
    return a_person("李队长")


@pytest.fixture
def shift(organisation: Organisation, leader: Person) -> Shift:
    """A shift from nine to twelve for many."""
    activity = an_activity(organisation_id=organisation.id, leader_id=leader.id)
    return a_morning_shift(activity_id=activity.id, capacity=300)


def close(client: FlaskClient, who: Any, shift: Shift, *, at: float, key: str | None = None) -> TestResponse:
    """Close a shift so many minutes past nine."""
    with minutes_past_nine(at):
        return post_once(client, f"/shifts/{shift.id}/close", who, {}, key)


def balance_of(person: Person) -> int:
    """Return what a person has to spend."""
    found: int = in_unit_of_work(lambda: account_of(person.id), write=False)["balance_minutes"]
    return found


def test_everybody_inside_goes_home_credited(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """The answer of the contract; one batch in the ledger; who had left before is none of it."""
    early, one, other = a_person("王秀英"), a_person("陈阿婆"), a_person("李阿公")
    for who in (early, one, other):
        scan_in(client, who, shift, at=0)
    scan_out(client, early, shift, at=60)
    answer = close(client, leader, shift, at=170)
    assert answer.status_code == 200, answer.text
    assert {name: answer.json[name] for name in ("closed", "pending", "credited_minutes")} == {
        "closed": 2,
        "pending": 0,
        "credited_minutes": 340,
    }
    item = next(item for item in answer.json["items"] if item["volunteer_no"] == one.volunteer_no)
    assert {name: item[name] for name in ("name", "state", "checked_out_at", "flags")} == {
        "name": "陈**",
        "state": "closed",
        "checked_out_at": "2026-11-02T03:50:00Z",
        "flags": [],
    }
    assert (item["record"]["state"], item["record"]["credited_minutes"]) == ("final", 170)
    assert [balance_of(who) for who in (early, one, other)] == [60, 170, 170]
    batches = session.scalars(select(Transfer.batch_id).where(Transfer.batch_id.is_not(None))).all()
    assert (len(batches), len(set(batches))) == (2, 1)
    kept = session.scalars(select(Attendance).where(Attendance.volunteer_id == one.id)).one()
    assert (kept.state, kept.out_provenance, kept.in_provenance) == ("closed", "staff_scan", "self_scan")


@pytest.mark.rule("R09")
def test_its_provenance_is_that_of_a_staff_scan(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """The leader has witnessed the end, not the volunteer's own phone."""
    one = a_person()
    scan_in(client, one, shift, at=0)
    close(client, leader, shift, at=60)
    mine = client.get("/api/v1/me/records", headers=signed_in(one)).json["items"][0]
    assert (mine["provenance"], mine["started_at"], mine["ended_at"]) == (
        "staff_scan",
        "2026-11-02T01:00:00Z",
        "2026-11-02T02:00:00Z",
    )


@pytest.mark.rule("R08")
def test_it_is_no_back_door(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """The closer's own service and those of verified relatives wait for somebody else; everybody else is credited."""
    daughter, stranger = a_person(), a_person()
    a_relation(leader.id, daughter.id)
    for who in (leader, daughter, stranger):
        scan_in(client, who, shift, at=0)
    answer = close(client, leader, shift, at=60)
    assert {name: answer.json[name] for name in ("closed", "pending", "credited_minutes")} == {
        "closed": 3,
        "pending": 2,
        "credited_minutes": 60,
    }
    assert [balance_of(who) for who in (leader, daughter, stranger)] == [0, 0, 60]
    assert sorted(item["flags"] for item in answer.json["items"]) == [[], ["MANUAL"], ["MANUAL"]]


def test_a_second_close_finds_nobody(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """The same key is answered with the same reply; another one closes nobody, and nothing is credited twice."""
    one = a_person()
    scan_in(client, one, shift, at=0)
    first = close(client, leader, shift, at=60, key="one")
    again = close(client, leader, shift, at=61, key="one")
    other = close(client, leader, shift, at=62)
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    assert other.json == {"closed": 0, "pending": 0, "credited_minutes": 0, "items": []}
    assert balance_of(one) == 60
    kept = session.get_one(Shift, shift.id)
    assert (kept.closed_at, kept.closed_by) == (NINE + timedelta(minutes=60), leader.id)


def test_nobody_comes_in_afterwards(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """Not to check in, not to sign up; and whoever was there is told that they have left."""
    one, signed = a_person(), a_person()
    with minutes_past_nine(-50):
        a_sign_up(shift.id, signed.id)
    scan_in(client, one, shift, at=0)
    assert close(client, leader, shift, at=60).json["closed"] == 1
    for who in (one, signed, a_person()):
        answer = scan_in(client, who, shift, at=70)
        assert refusal_of(answer) == (409, "ALREADY_CLOSED")
        assert answer.json["context"]["closed_at"] == "2026-11-02T02:00:00Z"
    with minutes_past_nine(70):
        path = f"/api/v1/shifts/{shift.id}/sign-up"
        assert refusal_of(client.post(path, headers=signed_in(a_person()))) == (409, "SHIFT_OVER")
        assert refusal_of(client.delete(path, headers=signed_in(signed))) == (409, "SHIFT_OVER")
        assert client.get("/api/v1/shifts?open=now", headers=signed_in(one)).json["items"] == []
    shown = client.get(f"/api/v1/shifts/{shift.id}", headers=signed_in(one)).json
    assert shown["closed_at"] == "2026-11-02T02:00:00Z"
    assert refusal_of(scan_out(client, one, shift, at=71)) == (409, "ALREADY_CHECKED_OUT")


def test_only_who_answers_for_it_closes_it(client: FlaskClient, shift: Shift, organisation: Organisation) -> None:
    """Another organisation's coordinator and a volunteer find no such shift; the organisation's own one closes it."""
    for who in (a_coordinator(an_organisation().id), a_person()):
        assert refusal_of(close(client, who, shift, at=60)) == (404, "NOT_FOUND")
    assert close(client, a_coordinator(organisation.id), shift, at=60).status_code == 200


def test_it_is_not_closed_before_it_begins(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """Who is early is not sent home by a slip of the finger; the answer says from when on."""
    answer = close(client, leader, shift, at=-1)
    assert refusal_of(answer) == (409, "TOO_EARLY_TO_CLOSE")
    assert "11-02 09:00" in answer.json["detail"]
    assert close(client, leader, shift, at=0).status_code == 200


def test_after_its_time_it_ends_as_if_the_sweep_had_been_there(
    client: FlaskClient, shift: Shift, leader: Person
) -> None:
    """Closed in the evening, everybody has left at twelve, flagged and looked at."""
    one = a_person()
    scan_in(client, one, shift, at=0)
    answer = close(client, leader, shift, at=600)
    item = answer.json["items"][0]
    assert (item["state"], item["checked_out_at"], item["flags"]) == (
        "auto_closed",
        "2026-11-02T04:00:00Z",
        ["AUTO_CLOSED"],
    )
    assert (answer.json["pending"], answer.json["credited_minutes"], balance_of(one)) == (1, 0, 0)
    with minutes_past_nine(601):
        assert in_unit_of_work(lambda: closing.sweep(limit=9)) == 0


def test_within_the_hour_after_the_end_people_leave_now(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """As long as one may check out in time, the leader may check them out in time."""
    one = a_person()
    scan_in(client, one, shift, at=0)
    assert close(client, leader, shift, at=240).json["credited_minutes"] == 240


def test_a_short_stay_is_closed_and_earns_what_the_policy_gives(
    client: FlaskClient, shift: Shift, leader: Person
) -> None:
    """Five minutes are true and on the record; below the policy's least credit they earn nothing."""
    one = a_person()
    scan_in(client, one, shift, at=55)
    item = close(client, leader, shift, at=60).json["items"][0]
    assert (item["record"]["service_minutes"], item["record"]["credited_minutes"]) == (5, 0)
    assert item["record"]["state"] == "final"


def test_doubts_are_those_of_a_check_out(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """Suspended meanwhile, a day too long, a daily cap that is nearly reached: each as for a scan of one's own."""
    with clock.at(NINE - timedelta(days=1)):
        a_policy("daily_credit_cap_minutes", 400)
        a_policy("daily_review_minutes", 450)
    suspended, tired, capped = a_person("甲"), a_person("乙"), a_person("丙")
    a_record(volunteer_id=tired.id, minutes=440, started_at=NINE - timedelta(hours=8))
    a_record(volunteer_id=capped.id, minutes=390, started_at=NINE - timedelta(hours=8))
    with clock.at(NINE - timedelta(hours=9)):
        a_record(volunteer_id=capped.id, minutes=60, started_at=NINE - timedelta(hours=20))  # the day before
    for who in (suspended, tired, capped):
        scan_in(client, who, shift, at=0)
    in_unit_of_work(lambda: setattr(session.get_one(Person, suspended.id), "state", PersonState.FROZEN))
    items = {item["name"][0]: item for item in close(client, leader, shift, at=30).json["items"]}
    assert items["甲"]["flags"] == ["SUSPENDED"]
    assert (items["乙"]["flags"], items["乙"]["record"]["expected_minutes"]) == (["OVER_DAILY"], 0)
    assert (items["丙"]["flags"], items["丙"]["record"]["credited_minutes"]) == ([], 10)


@pytest.mark.parametrize("people", [20, 200])
def test_it_costs_the_same_whoever_is_inside(
    client: FlaskClient, shift: Shift, leader: Person, statements: Statements, people: int
) -> None:
    """Two for the key, one each for shift, family, closing, people, their days, records, revisions, figures, news, ends; five to post."""
    with minutes_past_nine(0):
        for _ in range(people):
            checked_in(a_person().id, shift)
    with statements() as sent:
        answer = close(client, leader, shift, at=60)
    assert (answer.json["closed"], answer.json["credited_minutes"]) == (people, 60 * people)
    clocks = [text for text in sent if "demo_clock" in text]
    grants = [text for text in sent if "grant" in text]
    assert len(sent) - len(clocks) - len(grants) == 17, sent
    transfers = session.execute(select(func.count(), func.count(Transfer.batch_id.distinct())).select_from(Transfer))
    assert transfers.one() == (people, 1)


def test_who_is_inside_keeps_their_place(client: FlaskClient, shift: Shift) -> None:
    """A sign-up is not withdrawn by somebody who is or was there, so that no service counts as given up."""
    one = a_person()
    path = f"/api/v1/shifts/{shift.id}/sign-up"
    with minutes_past_nine(-50):
        a_sign_up(shift.id, one.id)
    scan_in(client, one, shift, at=0)
    with minutes_past_nine(30):
        assert refusal_of(client.delete(path, headers=signed_in(one))) == (409, "STILL_INSIDE")
    assert taken_of(shift.id) == 1
    scan_out(client, one, shift, at=40)
    with minutes_past_nine(50):
        assert refusal_of(client.delete(path, headers=signed_in(one))) == (409, "SERVED_HERE")
    assert taken_of(shift.id) == 1


def test_a_shift_that_is_none_is_not_found(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """Whatever the id."""
    with minutes_past_nine(0):
        assert refusal_of(post_once(client, f"/shifts/{new_id()}/close", leader, {})) == (404, "NOT_FOUND")
