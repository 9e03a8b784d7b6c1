"""What happens in the street is told, in the transaction in which it happens, and to the right person."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Statements
from tests.factories.activities import a_sign_up
from tests.factories.attendance import a_morning_shift, member_code_of, minutes_past_nine, post_once, scan_in, scan_out
from tests.factories.corrections import corrected
from tests.factories.giving import a_giver, an_offer
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.notices import (
    NOTICE_OVER,
    a_record_on_notice,
    an_objection,
    an_organisation_with_notice,
    swept,
)
from tests.factories.notifications import accepted, messages_of
from tests.factories.organisations import an_organisation
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record
from timebank import clock
from timebank.activities.models import Activity, Shift
from timebank.attendance import closing
from timebank.database import in_unit_of_work, new_id, session
from timebank.notifications.rules import Topic, facts_from_text


def heard(person_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """Return what somebody was told, oldest first: topic and facts."""
    return [(message.topic, facts_from_text(message.facts)) for message in reversed(messages_of(person_id))]


def decide(client: FlaskClient, verb: str, record_id: UUID, organisation_id: UUID) -> None:
    """Let a coordinator decide on a record."""
    headers = signed_in(a_coordinator(organisation_id))
    answer = client.post(f"/api/v1/records/{record_id}/{verb}", json={"reason": "核实"}, headers=headers)
    assert answer.status_code == 200


def organisation_of(shift: Shift) -> UUID:
    """Return whose shift it is."""
    return in_unit_of_work(lambda: session.get_one(Activity, shift.activity_id).organisation_id, write=False)


def test_whoever_asked_for_it_is_told_how_to_leave(client: FlaskClient) -> None:
    """On arrival: when it ends, and to scan again."""
    volunteer, shift = a_person(), a_morning_shift()
    accepted(volunteer.id, Topic.ARRIVAL)
    assert scan_in(client, volunteer, shift, at=0).status_code == 201

    assert heard(volunteer.id) == [
        (
            "arrival",
            {
                "activity": "助老理发",
                "checked_in_at": "2026-11-02T01:00:00Z",
                "ends_at": "2026-11-02T04:00:00Z",
                "shift_id": str(shift.id),
            },
        )
    ]


def test_whoever_did_not_ask_reads_it_on_the_screen(client: FlaskClient, statements: Statements) -> None:
    """A check-in of somebody who has accepted nothing costs no statement more; with an acceptance, one."""
    costs = []
    for asks in (False, True):
        volunteer, shift = a_person(), a_morning_shift()
        with minutes_past_nine(-40):
            a_sign_up(shift.id, volunteer.id)
        if asks:
            accepted(volunteer.id, Topic.ARRIVAL)
        with statements() as sent:
            assert scan_in(client, volunteer, shift, at=0).status_code == 201
        costs.append(len(sent))
        assert len(heard(volunteer.id)) == asks
    assert costs == [6, 7]


def test_a_refused_or_repeated_check_in_tells_nothing_more(client: FlaskClient) -> None:
    """Two scans, one arrival, one message."""
    volunteer, shift = a_person(), a_morning_shift()
    accepted(volunteer.id, Topic.ARRIVAL, times=3)
    assert [scan_in(client, volunteer, shift, at=at).status_code for at in (0, 1)] == [201, 409]
    assert len(heard(volunteer.id)) == 1


def test_nobody_is_told_what_they_have_just_read(client: FlaskClient) -> None:
    """One's own check-out answers with the record; a leader's scan of one's card leaves word."""
    zhang, li, shift = a_person(), a_person(), a_morning_shift()
    leader = a_coordinator(organisation_of(shift))
    scan_in(client, zhang, shift, at=0)
    assert scan_out(client, zhang, shift, at=60).status_code == 201
    for path, at in (("/check-ins", 0), ("/check-outs", 60)):
        with minutes_past_nine(at):
            body = {"token": member_code_of(li), "shift_id": str(shift.id)}
            assert post_once(client, path, leader, body).status_code == 201

    assert heard(zhang.id) == []
    ((topic, facts),) = heard(li.id)
    assert (topic, facts["service_minutes"], facts["credited_minutes"]) == ("record_final", 60, 60)


@pytest.mark.parametrize(
    ("verb", "topic", "minutes"), [("approve", "record_final", 120), ("reject", "record_rejected", None)]
)
def test_a_decision_on_a_record_is_told(client: FlaskClient, verb: str, topic: str, minutes: int | None) -> None:
    """Its volunteer hears what was decided, once, with the record to open; the words of the reason stay there."""
    organisation = an_organisation()
    pending = a_pending_record(organisation=organisation)
    assert heard(pending.volunteer_id) == []
    decide(client, verb, pending.record_id, organisation.id)

    ((told, facts),) = heard(pending.volunteer_id)
    assert (told, facts["record_id"], facts.get("credited_minutes")) == (topic, str(pending.record_id), minutes)
    assert "核实" not in str(facts)


@pytest.mark.rule("R08")
@pytest.mark.parametrize("minutes", [90, 0])
def test_a_correction_is_told(app: Flask, minutes: int) -> None:
    """What the record says now; an annulled one says nothing any more."""
    organisation = an_organisation()
    record = a_record(organisation=organisation)
    first, second = a_coordinator(organisation.id), a_coordinator(organisation.id)
    corrected(first, second, record.record_id, minutes)

    ((topic, facts),) = heard(record.volunteer_id)
    assert (topic, facts["service_minutes"], facts["credited_minutes"]) == ("record_corrected", minutes, minutes)


@pytest.mark.rule("R22")
def test_a_gift_is_announced_to_the_one_and_not_the_other(app: Flask) -> None:
    """The recipient hears how many minutes and until when; not from whom, and none of the giver's words."""
    grandmother, grandson = a_giver()
    gift = an_offer(grandmother.id, grandson, 60, "给小宇买书")

    assert heard(grandmother.id) == []
    ((topic, facts),) = heard(grandson.id)
    assert (topic, facts["minutes"], facts["gift_id"]) == ("gift_offered", 60, str(gift.id))
    assert set(facts) == {"minutes", "expires_at", "gift_id"}


@pytest.mark.rule("R08")
@pytest.mark.parametrize(
    "body", [{"outcome": "refused"}, {"outcome": "upheld", "service_minutes": 60}], ids=["refused", "upheld"]
)
def test_whoever_objected_is_told_of_the_answer(client: FlaskClient, body: dict[str, Any]) -> None:
    """Not what it says: that stands with the record; and the volunteer, who did not object, hears of it in the end."""
    neighbour, organisation = a_person(), an_organisation_with_notice()
    with clock.at(NINE_O_CLOCK):
        record = a_record_on_notice(organisation=organisation)
        objection = an_objection(record.record_id, neighbour.id)
        headers = signed_in(a_coordinator(organisation.id)) | {"Idempotency-Key": str(new_id())}
        path = f"/api/v1/objections/{objection.id}/answer"
        assert client.post(path, json=body | {"answer": "已与领队核实"}, headers=headers).status_code in {200, 201}

    ((topic, facts),) = heard(neighbour.id)
    assert (topic, facts["record_id"], facts["objection_id"]) == (
        "objection_answered",
        str(record.record_id),
        str(objection.id),
    )
    assert "核实" not in str(facts)
    assert heard(record.volunteer_id) == []


@pytest.mark.rule("R07")
def test_the_end_of_a_notice_is_told(app: Flask) -> None:
    """Nobody has objected: the sweep makes the record final and its volunteer hears of the credit; a second one is silent."""
    record = a_record_on_notice()
    assert heard(record.volunteer_id) == []
    assert [swept(at=NOTICE_OVER) for _ in range(2)] == [1, 0]

    ((topic, facts),) = heard(record.volunteer_id)
    assert (topic, facts["credited_minutes"]) == ("record_final", 120)


@pytest.mark.parametrize("by", ["sweep", "check-in elsewhere", "close"])
def test_whoever_forgot_to_check_out_is_told(client: FlaskClient, by: str) -> None:
    """Whoever notices it first: one message, when they count as having left, and that a coordinator will look at it."""
    volunteer, shift = a_person(), a_morning_shift()
    scan_in(client, volunteer, shift, at=0)
    with minutes_past_nine(300):
        if by == "sweep":
            assert [in_unit_of_work(lambda: closing.sweep(limit=10)) for _ in range(2)] == [1, 0]
        elif by == "close":
            leader = a_coordinator(organisation_of(shift))
            assert post_once(client, f"/shifts/{shift.id}/close", leader, {}).status_code == 200
        else:
            assert in_unit_of_work(lambda: closing.end_forgotten(volunteer.id))

    ((topic, facts),) = heard(volunteer.id)
    assert (topic, facts["activity"], facts["ends_at"]) == (
        "forgotten_check_out",
        "助老理发",
        "2026-11-02T04:00:00Z",
    )


def test_the_end_of_a_shift_tells_everybody_who_is_credited(client: FlaskClient, statements: Statements) -> None:
    """One INSERT for all of them; whoever has checked out before, and the closer's own record that waits, none."""
    people, early, shift = [a_person() for _ in range(5)], a_person(), a_morning_shift()
    leader = a_coordinator(organisation_of(shift))
    for who in (*people, early, leader):
        assert scan_in(client, who, shift, at=0).status_code == 201
    scan_out(client, early, shift, at=60)
    with minutes_past_nine(120), statements() as sent:
        assert post_once(client, f"/shifts/{shift.id}/close", leader, {}).status_code == 200

    assert len([sql for sql in sent if sql.startswith("INSERT INTO notification")]) == 1
    for person in people:
        ((topic, facts),) = heard(person.id)
        assert (topic, facts["credited_minutes"]) == ("record_final", 120)
    assert heard(early.id) == heard(leader.person_id) == []
