"""Annulled and adjusted: a coordinator puts right what was scanned wrongly, as a new fact, and somebody else approves."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.factories.activities import a_shift, an_activity
from tests.factories.amendments import adjust, annul, decide, instant
from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    minutes_past_nine,
    post_once,
    refusal_of,
    scan_in,
    scan_out,
)
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import an_organisation
from timebank.activities.models import Shift
from timebank.attendance import amendments, closing, derivations
from timebank.attendance.models import Attendance, AttendanceAmendment
from timebank.attendance.rules import local
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.organisations.models import Organisation
from timebank.records.account import account_of


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Whose shift it is."""
    return an_organisation()


@pytest.fixture
def shift(organisation: Organisation) -> Shift:
    """A shift from nine to twelve."""
    return a_morning_shift(activity_id=an_activity(organisation_id=organisation.id).id)


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Somebody who serves."""
    return a_person("王秀英")


@pytest.fixture
def coordinator(organisation: Organisation) -> Actor:
    """Who puts it right."""
    return a_coordinator(organisation.id)


def balance_of(person: Person) -> int:
    """Return what a person has to spend."""
    found: int = in_unit_of_work(lambda: account_of(person.id), write=False)["balance_minutes"]
    return found


def the_attendance() -> Attendance:
    """Return the only one that there is, as it is stored."""
    return in_unit_of_work(lambda: session.scalars(select(Attendance)).one(), write=False)


def record_of(answer: TestResponse) -> tuple[object, ...]:
    """Return what a test looks at of the record in an answer."""
    names = ("state", "provenance", "flags", "service_minutes", "credited_minutes", "expected_minutes")
    return tuple(answer.json["record"][name] for name in names)


def test_an_open_one_is_annulled_without_a_record(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor
) -> None:
    """It never was: no record, and the volunteer may come in again at once."""
    began = scan_in(client, volunteer, shift, at=0).json
    answer = annul(client, coordinator, began["id"], at=5)
    assert answer.status_code == 200, answer.text
    assert (answer.json["record"], answer.json["correction"]) == (None, None)
    assert (answer.json["attendance"]["state"], answer.json["attendance"]["volunteer_name"]) == ("annulled", "王**")
    assert scan_in(client, volunteer, shift, at=6).status_code == 201


def test_what_was_amended_is_kept_as_a_fact(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor
) -> None:
    """Who, when, why, what it said before and what it says now."""
    began = scan_in(client, volunteer, shift, at=30).json
    answer = adjust(client, coordinator, began["id"], at=60, came=0)
    kept = in_unit_of_work(lambda: session.scalars(select(AttendanceAmendment)).one(), write=False)
    assert (str(kept.id), kept.kind, kept.reason, kept.actor_id) == (
        answer.json["id"],
        "adjust",
        "手机没电",
        coordinator.person_id,
    )
    assert (kept.amended_at, kept.state_before) == (NINE + timedelta(minutes=60), "open")
    assert (kept.checked_in_before, kept.checked_in_after) == (NINE + timedelta(minutes=30), NINE)
    assert (kept.checked_out_before, kept.checked_out_after, kept.correction_id) == (None, None, None)


@pytest.mark.rule("R08")
def test_an_open_one_is_ended_by_hand_and_approved_by_somebody_else(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor, organisation: Organisation
) -> None:
    """A stated end is a supplement that waits; whoever stated it does not approve it, and the volunteer is not inside."""
    began = scan_in(client, volunteer, shift, at=0).json
    answer = adjust(client, coordinator, began["id"], at=100, left=90)
    assert record_of(answer) == ("pending", "supplement", ["MANUAL"], 90, 0, 90)
    assert answer.json["record"]["reason"] == "手机没电"
    assert (answer.json["attendance"]["state"], answer.json["attendance"]["out_provenance"]) == ("closed", "supplement")
    path = f"records/{answer.json['record']['id']}"
    assert refusal_of(decide(client, coordinator, path)) == (403, "SECOND_PERSON_NEEDED")
    assert decide(client, a_coordinator(organisation.id), path).json["credited_minutes"] == 90
    assert refusal_of(scan_out(client, volunteer, shift, at=120)) == (409, "ALREADY_CHECKED_OUT")


@pytest.mark.rule("R08")
def test_an_arrival_put_right_by_hand_is_looked_at_when_it_ends(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor, organisation: Organisation
) -> None:
    """Still open, it is ended by the volunteer's own scan; and not approved by whoever gave it its beginning."""
    began = scan_in(client, volunteer, shift, at=30).json
    answer = adjust(client, coordinator, began["id"], at=60, came=0)
    assert answer.json["record"] is None
    assert (answer.json["attendance"]["state"], answer.json["attendance"]["in_provenance"]) == ("open", "supplement")
    left = scan_out(client, volunteer, shift, at=90)
    assert record_of(left) == ("pending", "supplement", ["MANUAL"], 90, 0, 90)
    path = f"records/{left.json['record']['id']}"
    assert refusal_of(decide(client, coordinator, path)) == (403, "SECOND_PERSON_NEEDED")
    assert decide(client, a_coordinator(organisation.id), path).status_code == 200
    assert balance_of(volunteer) == 90


@pytest.mark.parametrize("swept", [True, False], ids=["swept", "not swept"])
def test_a_forgotten_one_gets_its_true_end(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor, swept: bool
) -> None:
    """The record that waits says other times from then on; with the sweep and without it the same.

    Worked out once more, its first revision is still what the timetable said, also where both are of one instant.
    """
    began = scan_in(client, volunteer, shift, at=0).json
    if swept:
        with minutes_past_nine(250):
            in_unit_of_work(lambda: closing.sweep(limit=9))
    answer = adjust(client, coordinator, began["id"], at=260, left=200)
    assert record_of(answer) == ("pending", "supplement", ["MANUAL"], 200, 0, 200)
    assert (answer.json["attendance"]["state"], answer.json["attendance"]["flags"]) == ("closed", ["MANUAL"])
    assert the_attendance().checked_out_at == NINE + timedelta(minutes=200)
    record_id = UUID(answer.json["record"]["id"])
    assert in_unit_of_work(lambda: derivations.derive(record_id), write=False).differences == []


@pytest.mark.parametrize("swept", [True, False], ids=["swept", "not swept"])
def test_a_forgotten_one_is_annulled_with_its_record(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor, swept: bool
) -> None:
    """The record stays, rejected, with the reason."""
    began = scan_in(client, volunteer, shift, at=0).json
    if swept:
        with minutes_past_nine(250):
            in_unit_of_work(lambda: closing.sweep(limit=9))
    answer = annul(client, coordinator, began["id"], at=260)
    assert (answer.json["record"]["state"], answer.json["record"]["reason"]) == ("rejected", "没有到场")
    assert the_attendance().state == "annulled"
    assert refusal_of(scan_out(client, volunteer, shift, at=270)) == (409, "NOT_CHECKED_IN")


def test_only_the_arrival_of_a_forgotten_one_is_put_right(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor
) -> None:
    """It remains one whose check-out was forgotten."""
    began = scan_in(client, volunteer, shift, at=30).json
    answer = adjust(client, coordinator, began["id"], at=260, came=0)
    assert record_of(answer) == ("pending", "supplement", ["AUTO_CLOSED", "MANUAL"], 180, 0, 180)
    assert answer.json["attendance"]["state"] == "auto_closed"


@pytest.mark.rule("R08")
def test_a_final_one_is_annulled_by_two(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor, organisation: Organisation
) -> None:
    """A correction waits; another coordinator approves it, the credit is taken back, and the time is free again."""
    began = scan_in(client, volunteer, shift, at=0).json
    scan_out(client, volunteer, shift, at=60)
    asked = annul(client, coordinator, began["id"], at=70)
    assert (asked.json["record"]["state"], asked.json["attendance"]["state"]) == ("final", "closed")
    correction = asked.json["correction"]
    assert (correction["state"], correction["service_minutes"], correction["minutes_before"]) == ("open", 0, 60)
    assert (the_attendance().state, balance_of(volunteer)) == ("closed", 60)
    path = f"corrections/{correction['id']}"
    assert refusal_of(decide(client, coordinator, path)) == (403, "SECOND_PERSON_NEEDED")
    assert decide(client, a_coordinator(organisation.id), path).json["state"] == "approved"
    assert (the_attendance().state, balance_of(volunteer)) == ("annulled", 0)
    assert refusal_of(annul(client, coordinator, began["id"], at=80)) == (409, "ATTENDANCE_ANNULLED")


@pytest.mark.rule("R08")
def test_a_final_one_gets_other_times_by_two(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor, organisation: Organisation
) -> None:
    """The record and the credit follow the approval; what was scanned stays as it was scanned."""
    began = scan_in(client, volunteer, shift, at=0).json
    scan_out(client, volunteer, shift, at=60)
    asked = adjust(client, coordinator, began["id"], at=170, left=150)
    assert (asked.json["correction"]["service_minutes"], balance_of(volunteer)) == (150, 60)
    decide(client, a_coordinator(organisation.id), f"corrections/{asked.json['correction']['id']}")
    assert balance_of(volunteer) == 150
    assert the_attendance().checked_out_at == NINE + timedelta(minutes=60)


@pytest.mark.rule("R08")
def test_nobody_amends_their_own_or_a_relatives(
    client: FlaskClient, shift: Shift, coordinator: Actor, organisation: Organisation
) -> None:
    """However open, however pending: somebody else does it."""
    son = a_person()
    a_relation(son.id, coordinator.person_id)
    own = scan_in(client, coordinator.person_id, shift, at=0).json["id"]
    relatives = scan_in(client, son, shift, at=0).json["id"]
    for attendance_id, code in ((own, "OWN_RECORD"), (relatives, "RELATIVES_RECORD")):
        assert refusal_of(annul(client, coordinator, attendance_id, at=5)) == (403, code)
        assert refusal_of(adjust(client, coordinator, attendance_id, at=60, left=50)) == (403, code)
    assert annul(client, a_coordinator(organisation.id), own, at=5).status_code == 200


def test_only_the_organisations_coordinators_do_it(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor
) -> None:
    """Another organisation's finds no such attendance, a volunteer may not ask, and what is none is not found."""
    began = scan_in(client, volunteer, shift, at=0).json["id"]
    assert refusal_of(annul(client, a_coordinator(an_organisation().id), began, at=5)) == (404, "NOT_FOUND")
    assert refusal_of(annul(client, volunteer, began, at=5)) == (403, "FORBIDDEN")
    assert refusal_of(annul(client, coordinator, str(new_id()), at=5)) == (404, "NOT_FOUND")


def test_what_is_annulled_or_rejected_stays_so(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor, organisation: Organisation
) -> None:
    """A second annulment is told so; a record that a colleague has rejected is not brought back by new times."""
    first = scan_in(client, volunteer, shift, at=0).json["id"]
    annul(client, coordinator, first, at=5)
    assert refusal_of(annul(client, coordinator, first, at=6)) == (409, "ATTENDANCE_ANNULLED")
    assert refusal_of(adjust(client, coordinator, first, at=60, left=50)) == (409, "ATTENDANCE_ANNULLED")
    second = scan_in(client, volunteer, shift, at=10).json["id"]
    record = adjust(client, coordinator, second, at=60, left=50).json["record"]
    path = f"/api/v1/records/{record['id']}/reject"
    client.post(path, json={"reason": "不属实"}, headers=signed_in(a_coordinator(organisation.id)))
    assert refusal_of(annul(client, coordinator, second, at=61)) == (409, "RECORD_NOT_PENDING")
    assert refusal_of(adjust(client, coordinator, second, at=61, left=40)) == (409, "RECORD_NOT_PENDING")


@pytest.mark.parametrize(
    ("came", "left", "pointer"),
    [
        (-31, None, "/checked_in_at"),
        (None, 241, "/checked_out_at"),
        (None, 101, "/checked_out_at"),
        (110, 120, "/checked_in_at"),
        (60, 50, "/checked_out_at"),
        (60, 60, "/checked_out_at"),
        (None, -5, "/checked_out_at"),
    ],
)
def test_times_lie_within_the_hours_of_the_shift(  # noqa: PLR0917 - the table's columns
    client: FlaskClient,
    shift: Shift,
    volunteer: Person,
    coordinator: Actor,
    came: float | None,
    left: float | None,
    pointer: str,
) -> None:
    """Not before the door opens, not after it closes, not in the future, and the end after the beginning."""
    began = scan_in(client, volunteer, shift, at=0).json["id"]
    answer = adjust(client, coordinator, began, at=250 if left == 241 else 100, came=came, left=left)
    assert refusal_of(answer) == (422, "INVALID")
    assert answer.json["errors"][0]["pointer"] == pointer


def test_times_do_not_overlap_another_service(
    client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor, organisation: Organisation
) -> None:
    """Neither a record, nor a stay that is still open; an annulled one takes no time."""
    other = a_shift(
        starts_at=NINE + timedelta(hours=1),
        ends_at=NINE + timedelta(hours=3),
        activity_id=an_activity(organisation_id=organisation.id).id,
    )
    began = scan_in(client, volunteer, shift, at=0).json["id"]
    adjust(client, coordinator, began, at=50, left=40)
    second = scan_in(client, volunteer, other, at=60).json["id"]
    answer = adjust(client, coordinator, began, at=80, left=70)
    assert refusal_of(answer) == (409, "SERVICE_OVERLAP")
    scan_out(client, volunteer, other, at=90)
    answer = adjust(client, coordinator, began, at=100, left=70)
    assert refusal_of(answer) == (409, "SERVICE_OVERLAP")
    assert local(NINE + timedelta(minutes=60)) in answer.json["detail"]
    assert adjust(client, coordinator, began, at=100, left=60).status_code == 200
    correction = annul(client, coordinator, second, at=101).json["correction"]
    decide(client, a_coordinator(organisation.id), f"corrections/{correction['id']}")
    assert adjust(client, coordinator, began, at=102, left=70).status_code == 200


def test_the_same_key_amends_once(client: FlaskClient, shift: Shift, volunteer: Person, coordinator: Actor) -> None:
    """A retry is answered with the same fact; an adjustment of nothing and one without a reason are none."""
    began = scan_in(client, volunteer, shift, at=0).json["id"]
    path = f"/attendances/{began}/adjust"
    with minutes_past_nine(60):
        body = {"reason": "手机没电 📵", "checked_out_at": instant(50)}
        first = post_once(client, path, coordinator, body, key="one")
        again = post_once(client, path, coordinator, body, key="one")
        nothing = post_once(client, path, coordinator, {"reason": "手机没电"})
        silent = post_once(client, path, coordinator, {"checked_out_at": instant(50)})
        nul = post_once(client, path, coordinator, {**body, "reason": "手\x00机"})
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    assert [refusal_of(answer) for answer in (nothing, silent, nul)] == [(422, "INVALID")] * 3


def test_a_forgotten_stay_takes_the_time_of_its_shift_and_no_more(
    client: FlaskClient, shift: Shift, volunteer: Person
) -> None:
    """Whoever is inside may stay for hours; who forgot has left with the shift, before the sweep has written that."""
    scan_in(client, volunteer, shift, at=0)

    def taken(at: float, since: float, until: float) -> bool:
        span = NINE + timedelta(minutes=since), NINE + timedelta(minutes=until)
        with minutes_past_nine(at):
            return in_unit_of_work(lambda: amendments.is_inside(volunteer.id, *span), write=False)

    assert [taken(240, since, until) for since, until in ((-60, 0), (0, 1), (200, 300))] == [False, True, True]
    assert [taken(241, since, until) for since, until in ((-60, 0), (179, 181), (180, 300))] == [False, True, False]
