"""Many who correct, review and spend at once: one decision stands, the others are told why not, and the books agree."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.concurrency.test_attendance import RACERS, count, race
from tests.factories.attendance import post_once
from tests.factories.corrections import a_correction, revision_of
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.ledger import redeemed, state_of
from tests.factories.organisations import an_organisation
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record, a_service
from tests.factories.supplements import EVENING, a_finding, a_past_shift, a_request, a_supplement
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.ledger import proof
from timebank.ledger.errors import DebtOutstanding, InsufficientMinutes
from timebank.policies.rules import Policy
from timebank.records import queries, service
from timebank.records.account import account_of
from timebank.records.models import Revision, ServiceRecord
from timebank.records.supplement_tables import Supplement, SupplementReview


def test_one_correction_is_decided_once(app: Flask) -> None:
    """Half of them approve, half reject: one decision stands, and record and credit agree with it."""
    organisation = an_organisation()
    record = a_record(organisation=organisation)
    asked = a_correction(a_coordinator(organisation.id), record.record_id, 90)
    others = [signed_in(a_coordinator(organisation.id)) for _ in range(RACERS)]

    def decide(client: FlaskClient, index: int) -> Any:
        verb = "approve" if index % 2 else "reject"
        return client.post(f"/api/v1/corrections/{asked.id}/{verb}", json={"reason": "核实"}, headers=others[index])

    assert race(app, decide) == {(200, ""): 1, (409, "CORRECTION_DECIDED"): RACERS - 1}
    account = in_unit_of_work(lambda: account_of(record.volunteer_id), write=False)
    assert account["balance_minutes"] == account["service_minutes"] == revision_of(record.record_id).service_minutes
    assert in_unit_of_work(proof.verify, write=False).ok


def test_of_many_corrections_of_one_record_one_counts(app: Flask) -> None:
    """All were asked for on the same revision: the first that is approved makes the others void."""
    organisation = an_organisation()
    record, first = a_record(organisation=organisation), a_coordinator(organisation.id)
    asked = [a_correction(first, record.record_id, 60 + index) for index in range(RACERS)]
    others = [signed_in(a_coordinator(organisation.id)) for _ in range(RACERS)]

    def approve(client: FlaskClient, index: int) -> Any:
        return client.post(f"/api/v1/corrections/{asked[index].id}/approve", json={}, headers=others[index])

    assert race(app, approve) == {(200, ""): 1, (409, "RECORD_SUPERSEDED"): RACERS - 1}
    assert count(Revision, Revision.record_id == record.record_id) == 2
    account = in_unit_of_work(lambda: account_of(record.volunteer_id), write=False)
    assert account["balance_minutes"] == account["service_minutes"] == revision_of(record.record_id).service_minutes


def test_of_many_records_of_one_time_one_is_approved(app: Flask) -> None:
    """All are approved at once: one counts, the others are told what takes the time."""
    volunteer, organisation = a_person(), an_organisation()
    waiting = [a_pending_record(volunteer_id=volunteer.id, organisation=organisation) for _ in range(RACERS)]
    staff = [signed_in(a_coordinator(organisation.id)) for _ in range(RACERS)]

    def approve(client: FlaskClient, index: int) -> Any:
        path = f"/api/v1/records/{waiting[index].record_id}/approve"
        return client.post(path, json={"reason": "核实"}, headers=staff[index])

    assert race(app, approve) == {(200, ""): 1, (409, "SERVICE_OVERLAP"): RACERS - 1}
    assert in_unit_of_work(lambda: account_of(volunteer.id), write=False)["balance_minutes"] == 120


def test_minutes_are_corrected_while_they_are_spent(app: Flask) -> None:
    """Whoever comes first: what was spent and what is left are what was served, and the rest is owed."""
    organisation = an_organisation()
    record = a_record(organisation=organisation)
    asked = a_correction(a_coordinator(organisation.id), record.record_id, 60)
    other = signed_in(a_coordinator(organisation.id))

    def act(client: FlaskClient, index: int) -> Any:
        if index == RACERS // 2:
            return client.post(f"/api/v1/corrections/{asked.id}/approve", json={}, headers=other)
        try:
            redeemed(record.volunteer_id, 50)
        except (InsufficientMinutes, DebtOutstanding) as refusal:
            return _Answer(409, refusal.code)
        return _Answer(201, "")

    outcome = race(app, act)
    assert outcome[200, ""] == 1
    spent = outcome[201, ""] * 50
    state = state_of(record.volunteer_id)
    assert state.balance_minutes - state.debt_minutes == 60 - spent
    assert spent in {50, 100}
    assert in_unit_of_work(proof.verify, write=False).ok


class _Answer:
    """What the race counts of a call that was no request."""

    def __init__(self, status_code: int, code: str) -> None:
        self.status_code = status_code
        self.json = {"code": code}


def test_two_of_many_reviewers_make_one_record(app: Flask) -> None:
    """All approve at once: two are heard, one record is made and credited once."""
    organisation = an_organisation()
    asked = a_supplement(a_past_shift(organisation_id=organisation.id))
    reviewers = [signed_in(a_coordinator(organisation.id)) for _ in range(RACERS)]

    def approve(client: FlaskClient, index: int) -> Any:
        with clock.at(EVENING):
            body = {"decision": "approve", "reason": "属实"}
            return client.post(f"/api/v1/supplements/{asked.id}/reviews", json=body, headers=reviewers[index])

    assert race(app, approve) == {(201, ""): 2, (409, "SUPPLEMENT_DECIDED"): RACERS - 2}
    assert (count(SupplementReview), count(ServiceRecord)) == (2, 1)
    assert in_unit_of_work(lambda: account_of(asked.volunteer_id), write=False)["balance_minutes"] == 120


def test_one_reviewer_is_heard_once(app: Flask) -> None:
    """However often one person taps, it is one review."""
    organisation = an_organisation()
    asked = a_supplement(a_past_shift(organisation_id=organisation.id))
    reviewer = signed_in(a_coordinator(organisation.id))

    def approve(client: FlaskClient, _index: int) -> Any:
        with clock.at(EVENING):
            body = {"decision": "approve", "reason": "属实"}
            return client.post(f"/api/v1/supplements/{asked.id}/reviews", json=body, headers=reviewer)

    assert race(app, approve) == {(201, ""): 1, (409, "ALREADY_REVIEWED"): RACERS - 1}
    assert (count(SupplementReview), count(ServiceRecord)) == (1, 0)


def test_a_yes_and_a_no_at_once_end_in_one_outcome(app: Flask) -> None:
    """Half of them say yes, half no: there is a record exactly if nobody was heard saying no."""
    organisation = an_organisation()
    asked = a_supplement(a_past_shift(organisation_id=organisation.id))
    reviewers = [signed_in(a_coordinator(organisation.id)) for _ in range(RACERS)]

    def review(client: FlaskClient, index: int) -> Any:
        with clock.at(EVENING):
            body = {"decision": "approve" if index % 2 else "reject", "reason": "核实"}
            return client.post(f"/api/v1/supplements/{asked.id}/reviews", json=body, headers=reviewers[index])

    outcome = race(app, review)
    heard = outcome[201, ""]
    assert outcome == {(201, ""): heard, (409, "SUPPLEMENT_DECIDED"): RACERS - heard}
    refused = count(SupplementReview, SupplementReview.verdict == "reject")
    assert count(SupplementReview) == heard in {1, 2}
    assert count(ServiceRecord) == (1 if refused == 0 else 0)


def test_one_service_is_asked_for_once(app: Flask) -> None:
    """Fifty taps with keys of their own, one open supplement; the others learn that the time is taken."""
    volunteer, shift = a_person(), a_past_shift()

    def ask(client: FlaskClient, _index: int) -> Any:
        with clock.at(EVENING):
            return post_once(client, "/supplements", volunteer, a_request(shift))

    assert race(app, ask) == {(201, ""): 1, (409, "SERVICE_OVERLAP"): RACERS - 1}
    assert count(Supplement) == 1


def test_one_finding_is_lifted_once(app: Flask) -> None:
    """Fifty colleagues lift it at once: one reason stands."""
    organisation = an_organisation()
    record = a_record(organisation=organisation)
    finding = a_finding(a_coordinator(organisation.id), person_id=record.volunteer_id, record_id=record.record_id)
    others = [signed_in(a_coordinator(organisation.id)) for _ in range(RACERS)]

    def lift(client: FlaskClient, index: int) -> Any:
        address = f"/api/v1/fraud-findings/{finding.id}/lift"
        return client.post(address, json={"reason": "误判"}, headers=others[index])

    assert race(app, lift) == {(200, ""): 1, (409, "ALREADY_LIFTED"): RACERS - 1}


@pytest.mark.rule("R20")
def test_a_capped_day_is_recorded_one_after_the_other(app: Flask) -> None:
    """Two services of one day that are recorded at once earn the cap together, not each; without a cap nothing waits."""
    capped = Policy(daily_credit_cap_minutes=150)
    volunteer, first_is_in = a_person(), Event()

    def first() -> int:
        with app.app_context():
            return in_unit_of_work(slow_one)

    def slow_one() -> int:
        credited = _recorded_now(volunteer.id, NINE_O_CLOCK, capped)
        first_is_in.set()
        time.sleep(0.3)  # so long nobody else can see it
        return credited

    def second() -> int:
        first_is_in.wait()
        with app.app_context():
            return in_unit_of_work(lambda: _recorded_now(volunteer.id, NINE_O_CLOCK + timedelta(hours=3), capped))

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(first), pool.submit(second)]
        assert [one.result() for one in both] == [120, 30]


def _recorded_now(volunteer_id: UUID, started_at: datetime, policy: Policy) -> int:
    served = a_service(volunteer_id=volunteer_id, started_at=started_at)
    found = queries.so_far(volunteer_id=volunteer_id, day=served.served_on)
    recorded = service.record_service(
        served=served, policy=policy, actor_id=volunteer_id, now=served.ended_at, so_far=found
    )
    return recorded.revision.credited_minutes
