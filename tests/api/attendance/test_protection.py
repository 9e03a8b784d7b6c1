"""Who may be recorded and who needs somebody with them: consents and guardians at the door."""

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import an_activity
from tests.factories.attendance import (
    a_morning_shift,
    kept_from_screen,
    member_code_of,
    minutes_past_nine,
    refusal_of,
    scan_in,
    scan_out,
    screen_of,
    send_batch,
)
from tests.factories.identity import a_person
from tests.factories.policies import a_policy
from tests.factories.protection import a_consent, a_guardian_of, a_minor, a_minor_with_consent
from timebank.activities.models import Shift
from timebank.attendance.models import Attendance
from timebank.database import session
from timebank.identity.models import Person
from timebank.identity.rules import Purpose

THIRTEEN = date(2012, 11, 3)
"""Fourteen the day after the shift."""
SIXTEEN = date(2010, 6, 1)


def _screen(shift: Shift, **more: Any) -> dict[str, Any]:
    with minutes_past_nine(0):
        return {"token": screen_of(shift)} | more


@pytest.mark.rule("R38")
def test_a_child_serves_with_the_guardian_beside_it(client: FlaskClient) -> None:
    """Thirteen: consent alone does not do, presence alone neither; with both it is credited like anybody's service."""
    shift = a_morning_shift()
    alone, unknown = a_minor_with_consent(THIRTEEN), a_minor(THIRTEEN)
    refused = scan_in(client, alone, shift, at=0)
    assert refusal_of(refused) == (403, "GUARDIAN_REQUIRED")
    assert refused.json["context"] == {"missing": ["presence"], "min_age": 14}
    refused = scan_in(client, unknown, shift, at=0, **_screen(shift, guardian_present=True))
    assert refused.json["context"]["missing"] == ["consent"]
    began = scan_in(client, alone, shift, at=0, **_screen(shift, guardian_present=True))
    assert (began.status_code, began.json["flags"]) == (201, [])
    assert session.query(Attendance).one().guardian_present is True
    ended = scan_out(client, alone, shift, at=60)
    assert (ended.json["record"]["state"], ended.json["account"]["balance_minutes"]) == ("final", 60)


@pytest.mark.rule("R38")
def test_from_fourteen_on_the_consent_is_enough(client: FlaskClient) -> None:
    """Sixteen, alone; without the consent, or when it was withdrawn, not."""
    shift = a_morning_shift()
    assert refusal_of(scan_in(client, a_minor(SIXTEEN), shift, at=0)) == (403, "GUARDIAN_REQUIRED")
    teen = a_minor_with_consent(SIXTEEN)
    assert scan_in(client, teen, shift, at=0).status_code == 201
    withdrawn = a_minor_with_consent(SIXTEEN)
    a_consent(withdrawn.id, Purpose.MINOR_SERVICE, given=False)
    assert refusal_of(scan_in(client, withdrawn, shift, at=0)) == (403, "GUARDIAN_REQUIRED")


@pytest.mark.rule("R38")
def test_the_birthday_counts_on_the_day_of_the_scan(client: FlaskClient) -> None:
    """Eighteen today needs nobody."""
    assert scan_in(client, a_minor(date(2008, 11, 2)), a_morning_shift(), at=0).status_code == 201


@pytest.mark.rule("R38")
def test_a_city_may_ask_for_guardians_up_to_eighteen(client: FlaskClient) -> None:
    """南京: under eighteen with a guardian present only."""
    shift = a_morning_shift()
    with minutes_past_nine(-60):
        a_policy("min_age", 18)
    teen = a_minor_with_consent(SIXTEEN)
    assert scan_in(client, teen, shift, at=0).json["context"]["missing"] == ["presence"]
    assert scan_in(client, teen, shift, at=0, **_screen(shift, guardian_present=True)).status_code == 201


@pytest.mark.rule("R38")
def test_a_leader_who_scans_a_child_asks_the_same(client: FlaskClient) -> None:
    """Staff see the guardian, and say so."""
    leader, child = a_person(), a_minor_with_consent(THIRTEEN)
    shift = a_morning_shift(activity_id=an_activity(leader_id=leader.id).id)
    with minutes_past_nine(0):
        card = {"token": member_code_of(child), "shift_id": str(shift.id)}
    assert refusal_of(scan_in(client, leader, shift, at=0, **card)) == (403, "GUARDIAN_REQUIRED")
    assert scan_in(client, leader, shift, at=0, **card, guardian_present=True).status_code == 201


@pytest.mark.rule("R38")
def test_a_scan_that_was_kept_asks_the_same(client: FlaskClient) -> None:
    """A batch is no way around it, item by item."""
    shift, child = a_morning_shift(), a_minor_with_consent(THIRTEEN)
    alone = kept_from_screen("check_in", shift, at=0)
    beside: Any = kept_from_screen("check_in", shift, at=0) | {"guardian_present": True}
    results = send_batch(client, child, [alone, beside], at=0.1).json["results"]
    assert [(item["status"], item.get("code")) for item in results] == [
        ("rejected", "GUARDIAN_REQUIRED"),
        ("created", None),
    ]


@pytest.mark.rule("R38")
def test_no_minor_is_let_in_where_it_is_risky(client: FlaskClient) -> None:
    """Whoever stands beside them; the age is told before the risks are."""
    shift = a_morning_shift(activity_id=an_activity(risky=True).id)
    body = _screen(shift, guardian_present=True)
    assert refusal_of(scan_in(client, a_minor_with_consent(SIXTEEN), shift, at=0, **body)) == (403, "NOT_FOR_MINORS")


def test_a_scan_warns_of_what_a_check_in_would_refuse(client: FlaskClient) -> None:
    """Before the button is pressed."""
    from tests.factories.identity import signed_in

    shift, teen = a_morning_shift(), a_minor(SIXTEEN)
    with minutes_past_nine(0):
        seen = client.post("/api/v1/scans", json={"token": screen_of(shift)}, headers=signed_in(teen))
    assert [warning["code"] for warning in seen.json["warnings"]] == ["GUARDIAN_REQUIRED"]


@pytest.mark.rule("R39")
def test_whoever_took_their_consent_back_is_not_recorded(client: FlaskClient) -> None:
    """Asked or not: the last word counts; given again, one serves again."""
    shift, volunteer = a_morning_shift(), a_person()
    a_consent(volunteer.id, Purpose.SERVICE_RECORD, given=False)
    refused = scan_in(client, volunteer, shift, at=0)
    assert refusal_of(refused) == (403, "CONSENT_REQUIRED")
    assert refused.json["context"] == {"purpose": "service_record"}
    a_consent(volunteer.id, Purpose.SERVICE_RECORD)
    assert scan_in(client, volunteer, shift, at=0).status_code == 201


@pytest.mark.rule("R04")
def test_a_policy_may_ask_for_the_consent_first(client: FlaskClient) -> None:
    """By default a new volunteer serves at once; where the policy says so, they agree first (令67 art 6)."""
    shift, volunteer = a_morning_shift(), a_person()
    with minutes_past_nine(-60):
        a_policy("service_consent", True)
    assert refusal_of(scan_in(client, volunteer, shift, at=0)) == (403, "CONSENT_REQUIRED")
    a_consent(volunteer.id, Purpose.SERVICE_RECORD)
    assert scan_in(client, volunteer, shift, at=0).status_code == 201


def test_who_is_inside_may_always_leave(client: FlaskClient) -> None:
    """What was withdrawn since the check-in locks nobody in: the check-out is recorded and credited."""
    shift, teen = a_morning_shift(), a_minor_with_consent(SIXTEEN)
    assert scan_in(client, teen, shift, at=0).status_code == 201
    a_consent(teen.id, Purpose.MINOR_SERVICE, given=False)
    a_consent(teen.id, Purpose.SERVICE_RECORD, given=False)
    assert scan_out(client, teen, shift, at=60).json["record"]["state"] == "final"


def test_an_unknown_birth_date_counts_as_grown_up(client: FlaskClient) -> None:
    """A guardian on record says nothing about age; nobody is stopped for what nobody has asked."""
    someone: Person = a_person()
    assert scan_in(client, someone, a_morning_shift(), at=0).status_code == 201
    child = a_minor(SIXTEEN)
    a_guardian_of(child)
    assert refusal_of(scan_in(client, child, a_morning_shift(), at=0)) == (403, "GUARDIAN_REQUIRED")
