"""A forgotten check-out ends with its shift, a question of time alone: every story is told with the sweep and without."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories.activities import a_shift, an_activity
from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    member_code_of,
    minutes_past_nine,
    refusal_of,
    scan_in,
    scan_out,
    screen_of,
)
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from timebank import clock
from timebank.activities.models import Shift
from timebank.attendance import closing
from timebank.attendance.models import Attendance
from timebank.database import in_unit_of_work, session
from timebank.identity.models import Person
from timebank.organisations.models import Organisation
from timebank.records.models import Revision

CLOSING = 240
"""Minutes past nine when the time to check out is over: the shift ends at twelve, and there is an hour more."""


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Somebody who forgets."""
    return a_person("王秀英")


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Whose shift it is."""
    return an_organisation()


@pytest.fixture
def shift(organisation: Organisation) -> Shift:
    """A shift from nine to twelve."""
    return a_morning_shift(activity_id=an_activity(organisation_id=organisation.id).id)


@pytest.fixture(params=[True, False], ids=["swept", "not swept"])
def swept(request: pytest.FixtureRequest) -> bool:
    """Whether the sweep has run before anybody looks."""
    found: bool = request.param
    return found


def sweep(at: float = CLOSING + 1, limit: int = 100) -> int:
    """Run the sweep so many minutes past nine."""
    with minutes_past_nine(at):
        return in_unit_of_work(lambda: closing.sweep(limit=limit))


def mine(client: FlaskClient, who: Person, at: float) -> list[Any]:
    """Return one's own attendances as they are shown at a time."""
    with minutes_past_nine(at):
        found: list[Any] = client.get("/api/v1/me/attendances", headers=signed_in(who)).json["items"]
    return found


def revisions() -> list[Revision]:
    """Return all revisions, the oldest first."""
    found = select(Revision).order_by(Revision.record_id, Revision.number)
    return in_unit_of_work(lambda: list(session.scalars(found)), write=False)


def the_attendance() -> Attendance:
    """Return the only one that there is."""
    return in_unit_of_work(lambda: session.scalars(select(Attendance)).one(), write=False)


def test_it_ends_with_the_shift_and_waits(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Three hours, not four: flagged, nothing credited, the arrival's provenance, made by nobody in person."""
    scan_in(client, volunteer, shift, at=0)
    assert sweep() == 1
    kept, record = the_attendance(), revisions()[0]
    assert (kept.state, kept.checked_out_at, kept.out_provenance, kept.flags) == (
        "auto_closed",
        NINE + timedelta(hours=3),
        None,
        "AUTO_CLOSED",
    )
    assert (record.state, record.service_minutes, record.credited_minutes, record.expected_minutes) == (
        "pending_review",
        180,
        0,
        180,
    )
    assert (kept.record_id, record.provenance, record.actor_id.int) == (record.record_id, "self_scan", 0)


def test_the_sweep_is_bounded_and_needs_no_second_look(client: FlaskClient, shift: Shift) -> None:
    """Two at a time, then the last one, then nobody; and nobody before the time to check out is over."""
    for _ in range(3):
        scan_in(client, a_person(), shift, at=0)
    assert sweep(CLOSING) == 0
    assert [sweep(limit=2) for _ in range(3)] == [2, 1, 0]


def test_whoever_came_after_the_end_has_served_nothing(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """A stay never ends before it begins."""
    scan_in(client, volunteer, shift, at=200)
    sweep()
    kept = the_attendance()
    assert (kept.checked_in_at, kept.flags) == (kept.checked_out_at, "AUTO_CLOSED,LATE")
    assert revisions()[0].service_minutes == 0


def test_the_policy_of_the_shift_says_when(
    client: FlaskClient, volunteer: Person, shift: Shift, organisation: Organisation
) -> None:
    """Where one may check out for two hours, nobody is sent home after one."""
    with clock.at(NINE - timedelta(days=1)):
        a_policy("close_after_minutes", 120, organisation_id=organisation.id)
    scan_in(client, volunteer, shift, at=0)
    assert [sweep(at) for at in (CLOSING + 1, CLOSING + 60, CLOSING + 61)] == [0, 0, 1]


def test_one_sees_it_as_it_counts(client: FlaskClient, volunteer: Person, shift: Shift, swept: bool) -> None:
    """Open to the last minute; then ended with the shift, whether or not that has been written."""
    scan_in(client, volunteer, shift, at=0)
    assert mine(client, volunteer, CLOSING)[0]["state"] == "open"
    if swept:
        sweep()
    shown = mine(client, volunteer, CLOSING + 2)[0]
    assert (shown["state"], shown["checked_out_at"], shown["flags"]) == (
        "auto_closed",
        "2026-11-02T04:00:00Z",
        ["AUTO_CLOSED"],
    )
    assert (shown["record_id"] is not None) == swept


@pytest.mark.parametrize("by_staff", [False, True], ids=["self", "staff"])
def test_one_is_not_kept_out_elsewhere(
    client: FlaskClient, shift: Shift, organisation: Organisation, swept: bool, by_staff: bool
) -> None:
    """The next shift opens its door; the forgotten stay is closed by then, once, with its record."""
    volunteer = a_person()
    scan_in(client, volunteer, shift, at=0)
    later = _an_afternoon_shift(organisation)
    if swept:
        sweep()
    if by_staff:
        with minutes_past_nine(300):
            body = {"token": member_code_of(volunteer), "shift_id": str(later.id)}
        answer = scan_in(client, a_coordinator(organisation.id), later, at=300, **body)
    else:
        answer = scan_in(client, volunteer, later, at=300)
    assert answer.status_code == 201
    assert [item["state"] for item in mine(client, volunteer, 301)] == ["open", "auto_closed"]
    assert [(one.state, one.service_minutes) for one in revisions()] == [("pending_review", 180)]


def _an_afternoon_shift(organisation: Organisation) -> Shift:
    with minutes_past_nine(-60):
        return a_shift(
            starts_at=NINE + timedelta(hours=5),
            ends_at=NINE + timedelta(hours=8),
            activity_id=an_activity("图书整理", organisation_id=organisation.id).id,
        )


def test_a_refused_check_in_closes_nothing(
    client: FlaskClient, volunteer: Person, shift: Shift, organisation: Organisation, swept: bool
) -> None:
    """Back at the same door after its time: it has closed; elsewhere too early: not open yet. Neither says OPEN_ELSEWHERE."""
    scan_in(client, volunteer, shift, at=0)
    if swept:
        sweep()
    assert refusal_of(scan_in(client, volunteer, shift, at=CLOSING + 2)) == (409, "ALREADY_CLOSED")
    later = _an_afternoon_shift(organisation)
    assert refusal_of(scan_in(client, volunteer, later, at=CLOSING + 3)) == (409, "NOT_OPEN_YET")
    assert len(revisions()) == swept


def test_a_late_check_out_says_when_one_really_left(
    client: FlaskClient, volunteer: Person, shift: Shift, swept: bool
) -> None:
    """The scan counts, late and looked at: attendance and record are the same, with one revision or with two."""
    scan_in(client, volunteer, shift, at=0)
    if swept:
        sweep()
    answer = scan_out(client, volunteer, shift, at=CLOSING + 30)
    assert answer.status_code == 201
    assert {name: answer.json["attendance"][name] for name in ("state", "checked_out_at", "flags")} == {
        "state": "closed",
        "checked_out_at": "2026-11-02T05:30:00Z",
        "flags": ["LATE"],
    }
    names = ("state", "pending_for", "provenance", "flags", "service_minutes", "expected_minutes", "credited_minutes")
    assert [answer.json["record"][name] for name in names] == ["pending", "review", "self_scan", ["LATE"], 270, 270, 0]
    assert [one.number for one in revisions()] == ([1, 2] if swept else [1])
    assert refusal_of(scan_out(client, volunteer, shift, at=CLOSING + 31)) == (409, "ALREADY_CHECKED_OUT")
    assert mine(client, volunteer, CLOSING + 32)[0]["state"] == "closed"


def test_the_day_is_not_too_long_because_of_the_record_itself(
    client: FlaskClient, volunteer: Person, shift: Shift, swept: bool
) -> None:
    """Dated anew, a record does not count against its own day: 270 minutes, not 450 and not over a cap of 300."""
    with clock.at(NINE - timedelta(days=1)):
        a_policy("daily_credit_cap_minutes", 300)
        a_policy("daily_review_minutes", 300)
    scan_in(client, volunteer, shift, at=0)
    if swept:
        sweep()
    record = scan_out(client, volunteer, shift, at=CLOSING + 30).json["record"]
    assert (record["expected_minutes"], record["flags"]) == (270, ["LATE"])


def test_a_scan_in_time_that_arrives_late_is_credited(
    client: FlaskClient, volunteer: Person, shift: Shift, swept: bool
) -> None:
    """The ticket dates it: scanned in the last minute, sent after the sweep, it is as clean as ever."""
    scan_in(client, volunteer, shift, at=0)
    with minutes_past_nine(CLOSING - 1):
        seen = client.post("/api/v1/scans", json={"token": screen_of(shift)}, headers=signed_in(volunteer)).json
    if swept:
        sweep()
    answer = scan_out(client, volunteer, shift, at=CLOSING + 2, ticket=seen["ticket"])
    record = answer.json["record"]
    assert (record["state"], record["flags"], record["credited_minutes"]) == ("final", [], 239)
    assert answer.json["account"]["balance_minutes"] == answer.json["account"]["service_minutes"] == 239


def test_a_leader_may_let_somebody_out_late(
    client: FlaskClient, volunteer: Person, shift: Shift, organisation: Organisation, swept: bool
) -> None:
    """By the member's code, with the provenance of a staff scan."""
    scan_in(client, volunteer, shift, at=0)
    if swept:
        sweep()
    with minutes_past_nine(CLOSING + 5):
        body = {"token": member_code_of(volunteer), "shift_id": str(shift.id)}
    record = scan_out(client, a_coordinator(organisation.id), shift, at=CLOSING + 5, **body).json["record"]
    assert (record["provenance"], record["flags"], record["service_minutes"]) == ("staff_scan", ["LATE"], 245)


def test_what_is_decided_stays_decided(
    client: FlaskClient, volunteer: Person, shift: Shift, organisation: Organisation
) -> None:
    """Once a coordinator has approved the record, a late scan changes nothing and says when the stay ended."""
    scan_in(client, volunteer, shift, at=0)
    sweep()
    path = f"/api/v1/records/{revisions()[0].record_id}/approve"
    approved = client.post(path, json={"reason": "属实"}, headers=signed_in(a_coordinator(organisation.id)))
    assert approved.json["credited_minutes"] == 180
    answer = scan_out(client, volunteer, shift, at=CLOSING + 30)
    assert refusal_of(answer) == (409, "ALREADY_CHECKED_OUT")
    assert answer.json["context"]["at"] == "2026-11-02T04:00:00Z"


def test_who_has_come_elsewhere_since_cannot_leave_the_first(
    client: FlaskClient, volunteer: Person, shift: Shift, organisation: Organisation, swept: bool
) -> None:
    """A later stay has settled when the earlier one was over: inside it is elsewhere, after it all is done."""
    scan_in(client, volunteer, shift, at=0)
    later = _an_afternoon_shift(organisation)
    if swept:
        sweep()
    scan_in(client, volunteer, later, at=300)
    assert refusal_of(scan_out(client, volunteer, shift, at=330)) == (409, "OPEN_ELSEWHERE")
    scan_out(client, volunteer, later, at=400)
    assert refusal_of(scan_out(client, volunteer, shift, at=410)) == (409, "ALREADY_CHECKED_OUT")
    assert [one.service_minutes for one in revisions()] == [180, 100]


def test_one_cannot_leave_where_one_never_was(
    client: FlaskClient, volunteer: Person, shift: Shift, organisation: Organisation, swept: bool
) -> None:
    """A forgotten stay elsewhere is no answer to a check-out here: there is no check-in."""
    scan_in(client, volunteer, shift, at=0)
    later = _an_afternoon_shift(organisation)
    if swept:
        sweep()
    assert refusal_of(scan_out(client, volunteer, later, at=300)) == (409, "NOT_CHECKED_IN")


def test_the_screen_suggests_the_late_check_out(
    client: FlaskClient, volunteer: Person, shift: Shift, swept: bool
) -> None:
    """Whoever scans the screen again after its time wants to leave; who has left wants nothing that is possible."""
    scan_in(client, volunteer, shift, at=0)
    if swept:
        sweep()

    def scanned(at: float) -> Any:
        with minutes_past_nine(at):
            return client.post("/api/v1/scans", json={"token": screen_of(shift)}, headers=signed_in(volunteer)).json

    seen = scanned(CLOSING + 3)
    assert (seen["suggested_action"], seen["warnings"]) == ("check_out", [])
    scan_out(client, volunteer, shift, at=CLOSING + 4)
    assert scanned(CLOSING + 5)["warnings"][0]["code"] == "ALREADY_CLOSED"
