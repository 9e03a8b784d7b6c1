"""An evening without network: what a phone has kept is taken later, each scan by itself, at the instant of its code."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.factories.activities import an_activity
from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    kept_from_screen,
    kept_scan,
    member_code_of,
    minutes_past_nine,
    refusal_of,
    scan_in,
    scan_out,
    screen_of,
    send_batch,
    the_book,
)
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.notices import an_objection
from tests.factories.organisations import an_organisation
from timebank import clock
from timebank.activities.models import Shift
from timebank.attendance import batch, rules
from timebank.attendance.models import Attendance, LateScan, Scan
from timebank.codes.alphabet import random_reference
from timebank.codes.book import CodeBook
from timebank.database import session
from timebank.identity.models import Person
from timebank.organisations.models import Organisation

EVENING = 600
"""Minutes past nine: seven in the evening, when the phone is back."""


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Whose shift it is."""
    return an_organisation()


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Somebody whose phone has no network."""
    return a_person("王秀英")


@pytest.fixture
def shift(organisation: Organisation) -> Shift:
    """A shift from nine to twelve."""
    return a_morning_shift(activity_id=an_activity(organisation_id=organisation.id).id)


def results_of(answer: Any) -> list[dict[str, Any]]:
    """Return the results of a batch that was taken."""
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["results"]
    return found


def said(answer: Any) -> list[tuple[str, str | None]]:
    """Return status and code of each result."""
    return [(result["status"], result.get("code")) for result in results_of(answer)]


def test_a_morning_without_network_counts_from_step_to_step(
    client: FlaskClient, volunteer: Person, shift: Shift, organisation: Organisation
) -> None:
    """The codes date both ends, not the phone and not the hour of sending; credited once a coordinator has looked."""
    items = [
        kept_from_screen("check_in", shift, at=0.1, ref="in"),
        kept_from_screen("check_out", shift, at=120.1, ref="out"),
    ]
    arrived, left = results_of(send_batch(client, volunteer, items, at=EVENING))

    assert (arrived["status"], arrived["client_ref"], arrived["attendance"]["flags"]) == ("created", "in", ["LATE"])
    assert arrived["attendance"]["checked_in_at"] == "2026-11-02T01:00:00Z"
    assert (left["status"], left["attendance"]["state"]) == ("created", "closed")
    assert left["attendance"]["checked_out_at"] == "2026-11-02T03:00:00Z"
    record = left["record"]
    assert (record["state"], record["flags"], record["provenance"]) == ("pending", ["LATE"], "self_scan")
    assert (record["service_minutes"], record["credited_minutes"], record["expected_minutes"]) == (120, 0, 120)
    assert record["served_on"] == "2026-11-02"

    coordinator = signed_in(a_coordinator(organisation.id)) | {"Idempotency-Key": "yes"}
    with minutes_past_nine(EVENING + 1):
        path = f"/api/v1/records/{record['id']}/approve"
        assert client.post(path, json={"reason": "看到本人"}, headers=coordinator).status_code == 200
        assert client.get("/api/v1/me/account", headers=signed_in(volunteer)).json["balance_minutes"] == 120


def test_scans_take_effect_in_the_order_of_their_steps(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """The departure stands first in the batch; the arrival still counts before it, and results keep the batch's order."""
    items = [kept_from_screen("check_out", shift, at=60), kept_from_screen("check_in", shift, at=0)]

    out, into = results_of(send_batch(client, volunteer, items, at=EVENING))

    assert [out["action"], into["action"]] == ["check_out", "check_in"]
    assert [out["status"], into["status"]] == ["created", "created"]
    assert out["record"]["service_minutes"] == 60


def test_a_code_that_is_still_shown_is_not_late(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """The network came back at once: the scan counts as one that was sent singly, and is credited."""
    into = results_of(send_batch(client, volunteer, [kept_from_screen("check_in", shift, at=0)], at=0.3))
    out = results_of(send_batch(client, volunteer, [kept_from_screen("check_out", shift, at=60)], at=60.3))

    assert into[0]["attendance"]["flags"] == []
    assert (out[0]["record"]["state"], out[0]["record"]["credited_minutes"]) == ("final", 60)


def test_a_late_arrival_holds_the_credit_of_a_punctual_departure(
    client: FlaskClient, volunteer: Person, shift: Shift
) -> None:
    """One doubtful end is enough."""
    send_batch(client, volunteer, [kept_from_screen("check_in", shift, at=0)], at=30)
    record = scan_out(client, volunteer, shift, at=90).json["record"]

    assert (record["state"], record["flags"], record["credited_minutes"]) == ("pending", ["LATE"], 0)


def test_the_phone_may_be_wrong_by_hours_and_by_its_zone(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """A clock that is off changes no minute; it is flagged, and one right by another zone's name is not."""
    wrong = kept_from_screen("check_in", shift, at=0, clock_off=8 * 60)
    (into,) = results_of(send_batch(client, volunteer, [wrong], at=30))
    right = kept_from_screen("check_out", shift, at=60)
    right["sent_at"] = (NINE + timedelta(minutes=60)).astimezone(clock.SHANGHAI).isoformat()
    (out,) = results_of(send_batch(client, volunteer, [right], at=90))

    assert into["attendance"]["flags"] == ["CLOCK_SKEW", "LATE"]
    assert into["attendance"]["checked_in_at"] == "2026-11-02T01:00:00Z"
    assert out["attendance"]["checked_out_at"] == "2026-11-02T02:00:00Z"


@pytest.mark.parametrize("clock_off", [-5.1, -5, 30, 35, 35.1])
def test_a_clock_is_right_between_the_scan_and_the_sending(
    client: FlaskClient, volunteer: Person, shift: Shift, clock_off: float
) -> None:
    """Whether it says when it scanned or when it sent: five minutes either way are forgiven."""
    item = kept_from_screen("check_in", shift, at=0, clock_off=clock_off)
    (result,) = results_of(send_batch(client, volunteer, [item], at=30))

    assert ("CLOCK_SKEW" in result["attendance"]["flags"]) == (clock_off in {-5.1, 35.1})


def test_each_item_stands_by_itself(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Every way to be refused has the code that a single scan has, undoes nothing of the others, and leaves a trace."""
    foreign = CodeBook((b"another bank's key of thirty-two bytes",))
    with minutes_past_nine(0):
        good = screen_of(shift)
        forged = good[:-1] + ("0" if good[-1] != "0" else "1")
        others = {
            "hello": "TOKEN_MALFORMED",
            good[:-1]: "TOKEN_MALFORMED",
            "t1." + "A" * 76: "TOKEN_MALFORMED",
            forged: "TOKEN_INVALID",
            foreign.rotating(point=shift.point_ref, at=clock.now()): "TOKEN_INVALID",
            member_code_of(volunteer): "TOKEN_INVALID",
            the_book().card(member=volunteer.member_ref, serial=1): "TOKEN_INVALID",
            the_book().pickup(redemption=random_reference(10)): "TOKEN_INVALID",
            the_book().poster(point=shift.point_ref, serial=1): "TOKEN_REVOKED",
            the_book().rotating(point=random_reference(8), at=clock.now()): "POINT_NOT_FOUND",
        }
    with minutes_past_nine(601):
        others[screen_of(shift)] = "TOKEN_FROM_FUTURE"
    with minutes_past_nine(-31):
        others[screen_of(shift)] = "NOT_OPEN_YET"
    items = [kept_scan("check_in", token, at=0) for token in others]
    items.insert(3, kept_scan("check_in", good, at=0))

    found = said(send_batch(client, volunteer, items, at=EVENING))

    closed = send_batch(client, a_person(), [kept_from_screen("check_in", shift, at=240)], at=EVENING)
    assert said(closed) == [("rejected", "ALREADY_CLOSED")]
    assert found.pop(3) == ("created", None)
    assert found == [("rejected", code) for code in others.values()]
    kept = list(session.scalars(select(Scan).where(Scan.actor_id == volunteer.id, Scan.refusal.is_not(None))))
    assert sorted(scan.refusal or "" for scan in kept) == sorted(others.values())


def test_stay_and_overlap_are_judged_at_the_instant_of_the_step(
    client: FlaskClient, volunteer: Person, shift: Shift
) -> None:
    """Hours have passed since; the departure was too soon all the same, and an arrival inside another stay overlaps."""
    items = [
        kept_from_screen("check_in", shift, at=0),
        kept_from_screen("check_in", shift, at=1),
        kept_from_screen("check_out", shift, at=5),
        kept_from_screen("check_out", shift, at=60),
        kept_from_screen("check_out", shift, at=61),
        kept_from_screen("check_in", a_morning_shift(), at=30),
    ]
    answer = send_batch(client, volunteer, items, at=EVENING)

    assert said(answer) == [
        ("created", None),
        ("rejected", "ALREADY_CHECKED_IN"),
        ("rejected", "TOO_SOON"),
        ("created", None),
        ("rejected", "ALREADY_CHECKED_OUT"),
        ("rejected", "OPEN_ELSEWHERE"),
    ]
    assert results_of(answer)[2]["context"]["seconds_left"] == 300
    later = send_batch(client, volunteer, [kept_from_screen("check_in", a_morning_shift(), at=30)], at=EVENING)
    assert said(later) == [("rejected", "OVERLAP")]
    nobody = send_batch(client, a_person(), [kept_from_screen("check_out", shift, at=30)], at=EVENING)
    assert said(nobody) == [("rejected", "NOT_CHECKED_IN")]


def test_the_same_batch_again_gets_the_same_bytes(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """The answer was lost: under the same key everything is answered as before, what was refused too."""
    items = [kept_from_screen("check_in", shift, at=0), kept_scan("check_in", "hello", at=0)]
    first = send_batch(client, volunteer, items, at=30, key="one")
    again = send_batch(client, volunteer, items, at=90, key="one")

    assert again.data == first.data
    assert again.headers["Idempotency-Replayed"] == "true"
    assert session.scalar(select(func.count()).select_from(Attendance)) == 1


def test_a_scan_sent_in_another_batch_is_replayed(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """The phone tells its scans apart by client_ref: no second effect, the same attendance, as it stands now."""
    into = kept_from_screen("check_in", shift, at=0, ref="in")
    out = kept_from_screen("check_out", shift, at=60, ref="out")
    first = results_of(send_batch(client, volunteer, [into, into], at=EVENING))
    assert [result["status"] for result in first] == ["created", "replayed"]
    closed = results_of(send_batch(client, volunteer, [into, out], at=EVENING))
    again = results_of(send_batch(client, volunteer, [out, into], at=EVENING))

    assert [result["status"] for result in closed] == ["replayed", "created"]
    assert [result["status"] for result in again] == ["replayed", "replayed"]
    assert {result["attendance"]["id"] for result in [*first, *closed, *again]} == {first[0]["attendance"]["id"]}
    assert again[0]["record"] == closed[1]["record"]
    assert again[1]["attendance"]["state"] == "closed"
    assert "record" not in again[1]
    assert session.scalar(select(func.count()).select_from(Attendance)) == 1


def test_a_single_scan_whose_answer_was_lost_is_replayed_in_a_batch(
    client: FlaskClient, volunteer: Person, shift: Shift
) -> None:
    """client_ref is one name for a scan, however it travels: single calls and batches know each other's."""
    with minutes_past_nine(0):
        token = screen_of(shift)
    made = scan_in(client, volunteer, shift, at=0, token=token, client_ref="in")
    (result,) = results_of(send_batch(client, volunteer, [kept_scan("check_in", token, at=0, ref="in")], at=30))
    singly = scan_in(client, volunteer, shift, at=31, token=token, client_ref="in")

    assert (result["status"], result["attendance"]["id"]) == ("replayed", made.json["id"])
    assert (singly.status_code, singly.json) == (201, made.json)
    with minutes_past_nine(60):
        leaving = screen_of(shift)
    (left,) = results_of(send_batch(client, volunteer, [kept_scan("check_out", leaving, at=60, ref="out")], at=60.3))
    out = scan_out(client, volunteer, shift, at=62, token=leaving, client_ref="out")

    assert left["status"] == "created"
    assert out.status_code == 201
    assert out.json["record"] == left["record"]
    assert out.json["account"]["balance_minutes"] == 60
    assert session.scalar(select(func.count()).select_from(Attendance)) == 1


def test_a_name_is_given_to_one_scan_and_is_ones_own(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """The same name for another action is a conflict; somebody else's phone may use it."""
    send_batch(client, volunteer, [kept_from_screen("check_in", shift, at=0, ref="1")], at=30)
    conflict = kept_from_screen("check_out", shift, at=60, ref="1")
    other = kept_from_screen("check_in", shift, at=0, ref="1")

    assert said(send_batch(client, volunteer, [conflict], at=90)) == [("rejected", "IDEMPOTENCY_CONFLICT")]
    assert refusal_of(scan_out(client, volunteer, shift, at=60, token="x", client_ref="1")) == (
        422,
        "IDEMPOTENCY_CONFLICT",
    )
    assert said(send_batch(client, a_person(), [other], at=90)) == [("created", None)]


def test_a_repeated_scan_shows_that_its_record_is_frozen(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Somebody has objected since: the scan sent again, singly or in a batch, is answered with the record as it stands."""
    scan_in(client, volunteer, shift, at=0)
    with minutes_past_nine(60):
        token = screen_of(shift)
    left = scan_out(client, volunteer, shift, at=60, token=token, client_ref="out").json["record"]
    with minutes_past_nine(61):
        an_objection(UUID(left["id"]), volunteer.id)

    again = scan_out(client, volunteer, shift, at=62, token=token, client_ref="out").json["record"]
    (result,) = results_of(send_batch(client, volunteer, [kept_scan("check_out", token, at=60, ref="out")], at=63))

    assert (left["state"], again["state"], result["record"]["state"]) == ("final", "frozen", "frozen")


def test_a_refused_scan_may_be_sent_again(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Nothing is kept of its name: once its arrival is there, the departure is taken."""
    out = kept_from_screen("check_out", shift, at=60, ref="out")
    assert said(send_batch(client, volunteer, [out], at=EVENING)) == [("rejected", "NOT_CHECKED_IN")]
    assert said(send_batch(client, volunteer, [kept_from_screen("check_in", shift, at=0), out], at=EVENING)) == [
        ("created", None),
        ("created", None),
    ]


def test_many_people_late_on_one_step_are_flagged(
    client: FlaskClient, shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A photo that goes round: from the tenth person on the same step it shows, whoever sends it twice counts once."""
    monkeypatch.setattr(rules, "BULK_PEOPLE", 3)
    people = [a_person() for _ in range(4)]
    flags = []
    for person in people:
        (result,) = results_of(send_batch(client, person, [kept_from_screen("check_in", shift, at=0)], at=EVENING))
        flags.append(result["attendance"]["flags"])
        send_batch(client, person, [kept_from_screen("check_in", shift, at=0)], at=EVENING)
    (elsewhen,) = results_of(send_batch(client, a_person(), [kept_from_screen("check_in", shift, at=1)], at=EVENING))

    assert flags == [["LATE"], ["LATE"], ["BULK", "LATE"], ["BULK", "LATE"]]
    assert elsewhen["attendance"]["flags"] == ["LATE"]


def test_nothing_is_kept_of_the_phone_but_a_hash(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Neither code nor device stands in the book of scans."""
    item = kept_from_screen("check_in", shift, at=0)
    headers = signed_in(volunteer) | {"Idempotency-Key": "1", "X-Device-Id": "phone-1"}
    with minutes_past_nine(30):
        client.post("/api/v1/check-ins/batch", json={"items": [item]}, headers=headers)
    (scan,) = session.scalars(select(Scan))

    assert (scan.action, scan.kind, scan.refusal, scan.at) == ("check_in", "C", None, NINE)
    assert scan.device_hash is not None
    assert len(scan.device_hash) == 32
    assert session.scalar(select(func.count()).select_from(LateScan)) == 0
    assert batch.KINDS == ("C", "S")
