"""Risky activities: insured, explained, accepted (rule R14)."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import RISKS, a_coming_shift, an_activity
from tests.factories.attendance import a_morning_shift, refusal_of, scan_in
from tests.factories.calls import keyed
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.policies import a_policy
from tests.factories.protection import a_minor, a_minor_with_consent
from timebank import clock
from timebank.activities.models import Activity, RiskAcceptance
from timebank.database import in_unit_of_work, session

pytestmark = pytest.mark.rule("R14")


def _values(activity: Activity, **given: Any) -> dict[str, Any]:
    return {
        "organisation_id": str(activity.organisation_id),
        "area_id": str(activity.area_id),
        "name": activity.name,
        "category": activity.category,
        "content": activity.content,
    } | given


def _put(client: FlaskClient, activity: Activity, **given: Any) -> Any:
    headers = signed_in(a_coordinator(activity.organisation_id))
    return client.put(f"/api/v1/activities/{activity.id}", json=_values(activity, **given), headers=headers)


def _publish(client: FlaskClient, activity: Activity) -> Any:
    starts_at = clock.now() + timedelta(days=1)
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=2)).isoformat()}
    headers = signed_in(a_coordinator(activity.organisation_id))
    return client.post(f"/api/v1/activities/{activity.id}/shifts", json=times | {"capacity": 5}, headers=keyed(headers))


def _sign_up(client: FlaskClient, who: Any, shift: Any, **body: Any) -> Any:
    path = f"/api/v1/shifts/{shift.id}/sign-up"
    return client.post(path, json=body, headers=signed_in(who)) if body else client.post(path, headers=signed_in(who))


def _acceptances() -> int:
    return in_unit_of_work(lambda: session.query(RiskAcceptance).count(), write=False)


@pytest.mark.parametrize(
    "given", [{}, {"insurance_ref": "平安-1"}, {"risk_notice": RISKS}, {"insurance_ref": None, "risk_notice": RISKS}]
)
def test_a_risky_activity_needs_insurance_and_a_notice_before_it_is_published(
    client: FlaskClient, given: dict[str, Any]
) -> None:
    """Either alone does not do; with both the shift is published, and says what the risks are."""
    activity = an_activity()
    assert _put(client, activity, risky=True, **given).json["risky"] is True
    assert refusal_of(_publish(client, activity)) == (409, "INSURANCE_REQUIRED")
    both = {"insurance_ref": "平安-1", "risk_notice": RISKS}
    assert _put(client, activity, risky=True, **both).json["insurance_ref"] == "平安-1"
    shown = _publish(client, activity)
    assert (shown.status_code, shown.json["risky"], shown.json["risk_notice"]) == (201, True, RISKS)


def test_the_risks_are_accepted_word_for_word(client: FlaskClient) -> None:
    """A sign-up without it is told the risks; with it, the very words are kept with the insurance."""
    shift, volunteer = a_coming_shift(activity_id=an_activity(risky=True).id), a_person()
    refused = _sign_up(client, volunteer, shift)
    assert refusal_of(refused) == (409, "RISK_NOT_ACCEPTED")
    assert refused.json["context"] == {"risk_notice": RISKS}
    assert RISKS in refused.json["detail"]
    assert refusal_of(_sign_up(client, volunteer, shift, accepts_risk=False)) == (409, "RISK_NOT_ACCEPTED")
    assert _sign_up(client, volunteer, shift, accepts_risk=True).status_code == 201
    kept = session.query(RiskAcceptance).one()
    assert (kept.notice, kept.insurance_ref, kept.activity_version) == (RISKS, "平安-2026-0017", 1)
    assert refusal_of(_sign_up(client, volunteer, shift, accepts_risk=True)) == (409, "ALREADY_SIGNED_UP")


def test_a_place_at_a_harmless_activity_asks_for_nothing(client: FlaskClient) -> None:
    """Accepting what is not there keeps nothing."""
    assert _sign_up(client, a_person(), a_coming_shift(), accepts_risk=True).status_code == 201
    assert _acceptances() == 0
    assert refusal_of(_sign_up(client, a_person(), a_coming_shift(), accepts_risk="yes")) == (422, "INVALID")


def test_nobody_checks_in_who_has_not_accepted_the_risks_as_they_read_now(client: FlaskClient) -> None:
    """A walk-in is sent to sign up; a changed notice is accepted anew, on the same place."""
    activity = an_activity(risky=True)
    shift, volunteer = a_morning_shift(activity_id=activity.id), a_person()
    assert refusal_of(scan_in(client, volunteer, shift, at=0)) == (409, "RISK_NOT_ACCEPTED")
    with clock.at(shift.starts_at - timedelta(minutes=40)):
        assert _sign_up(client, volunteer, shift, accepts_risk=True).status_code == 201
    _put(client, activity, risky=True, insurance_ref="平安-2", risk_notice="雷雨")
    assert refusal_of(scan_in(client, volunteer, shift, at=0)) == (409, "RISK_NOT_ACCEPTED")
    with clock.at(shift.starts_at - timedelta(minutes=30)):
        assert _sign_up(client, volunteer, shift, accepts_risk=True).status_code == 201
    assert scan_in(client, volunteer, shift, at=0).status_code == 201
    assert _acceptances() == 2


def test_an_activity_that_has_lost_its_insurance_takes_no_sign_ups(client: FlaskClient) -> None:
    """Its shifts are published; until it is insured again nobody is added to them."""
    activity = an_activity(risky=True)
    shift = a_coming_shift(activity_id=activity.id)
    _put(client, activity, risky=True, risk_notice=RISKS)
    assert refusal_of(_sign_up(client, a_person(), shift, accepts_risk=True)) == (409, "INSURANCE_REQUIRED")


@pytest.mark.rule("R38")
def test_no_minor_signs_up_where_it_is_risky(client: FlaskClient) -> None:
    """Not with a guardian's consent either."""
    shift = a_coming_shift(activity_id=an_activity(risky=True).id)
    teen = a_minor_with_consent(date(2010, 5, 1))
    assert refusal_of(_sign_up(client, teen, shift, accepts_risk=True)) == (403, "NOT_FOR_MINORS")


@pytest.mark.rule("R38")
def test_a_minor_signs_up_with_a_guardians_consent(client: FlaskClient) -> None:
    """Under fourteen, too: that the guardian comes along is asked at the door. Who is of age by then needs nobody."""
    shift = a_coming_shift()
    assert refusal_of(_sign_up(client, a_minor(date(2010, 5, 1)), shift)) == (403, "GUARDIAN_REQUIRED")
    assert _sign_up(client, a_minor_with_consent(date(2010, 5, 1)), shift).status_code == 201
    assert _sign_up(client, a_minor_with_consent(date(2015, 5, 1)), shift).status_code == 201
    day = clock.day_of(shift.starts_at)
    assert _sign_up(client, a_minor(day.replace(year=day.year - 18)), shift).status_code == 201
    a_policy("min_age", 18)
    assert _sign_up(client, a_minor_with_consent(date(2010, 5, 1)), shift).status_code == 201
