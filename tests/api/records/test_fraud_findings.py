"""Findings of fraud over HTTP: a human finds, another may take it back, and meanwhile nothing is supplemented."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.attendance import NINE, post_once, refusal_of
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.records import a_record
from tests.factories.supplements import EVENING, a_finding, a_past_shift, ask, review
from timebank import clock
from timebank.activities.models import Shift
from timebank.database import new_id
from timebank.identity.rules import Actor
from timebank.organisations.models import Organisation


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """An organisation whose shifts people have served at."""
    return an_organisation()


@pytest.fixture
def two(organisation: Organisation) -> tuple[Actor, Actor]:
    """Two coordinators of it."""
    return a_coordinator(organisation.id), a_coordinator(organisation.id)


@pytest.fixture
def shift(organisation: Organisation) -> Shift:
    """A shift of it, from nine to twelve."""
    return a_past_shift(organisation_id=organisation.id)


@pytest.mark.rule("R13")
def test_after_a_finding_of_fraud_nothing_is_supplemented_for_a_year(
    client: FlaskClient, organisation: Organisation, shift: Shift, two: tuple[Actor, Actor]
) -> None:
    """A human finds and says why; also what was asked before is not granted; another person may take it back."""
    volunteer = a_person()
    record = a_record(volunteer_id=volunteer.id, organisation=organisation, started_at=NINE - timedelta(days=9))
    waiting = ask(client, volunteer, shift).json["id"]
    assert review(client, two[0], waiting).status_code == 201
    path, body = f"/people/{volunteer.id}/fraud-findings", {"record_id": str(record.record_id), "reason": "时长系购买"}
    with clock.at(EVENING):
        found = post_once(client, path, two[0], body)
    assert found.status_code == 201
    assert found.json["banned_until"] == "2027-11-02T11:00:00Z"

    answer = review(client, two[1], waiting)
    assert refusal_of(answer) == (403, "SUPPLEMENT_BANNED")
    assert answer.json["context"] == {"until": "2027-11-02"}
    assert refusal_of(ask(client, volunteer, a_past_shift())) == (403, "SUPPLEMENT_BANNED")
    assert refusal_of(ask(client, two[0], shift, volunteer_id=str(volunteer.id))) == (403, "SUPPLEMENT_BANNED")
    after = a_past_shift(days_later=365)
    year_later = EVENING + timedelta(days=365)
    assert refusal_of(ask(client, volunteer, after, at=year_later - timedelta(seconds=1), **_first_hour(after))) == (
        403,
        "SUPPLEMENT_BANNED",
    )
    assert ask(client, volunteer, after, at=year_later, **_first_hour(after)).status_code == 201

    lifted = client.post(
        f"/api/v1/fraud-findings/{found.json['id']}/lift", json={"reason": "复核属实"}, headers=signed_in(two[1])
    )
    assert (lifted.status_code, lifted.json["lift_reason"]) == (200, "复核属实")
    assert review(client, two[1], waiting).json["state"] == "approved"


def _first_hour(shift: Shift) -> dict[str, str]:
    return {
        "started_at": shift.starts_at.isoformat(),
        "ended_at": (shift.starts_at + timedelta(hours=1)).isoformat(),
    }


@pytest.mark.rule("R13")
def test_who_may_find_fraud_and_who_may_lift_it(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """Not about oneself or a relative, about nobody's record but theirs, in scope; lifted by another person, once."""
    record = a_record(organisation=organisation)
    own = a_record(volunteer_id=two[0].person_id, organisation=organisation)
    relative = a_coordinator(organisation.id)
    a_relation(record.volunteer_id, relative.person_id)
    finding = a_finding(two[0], person_id=record.volunteer_id, record_id=record.record_id)

    def find(who: Any, person_id: Any, record_id: Any) -> Any:
        body = {"record_id": str(record_id), "reason": "时长系购买"}
        return post_once(client, f"/people/{person_id}/fraud-findings", who, body)

    def lift(who: Any, finding_id: Any = finding.id, reason: str = "误判") -> Any:
        address = f"/api/v1/fraud-findings/{finding_id}/lift"
        return client.post(address, json={"reason": reason}, headers=signed_in(who))

    foreign = a_coordinator(an_organisation().id)
    answers = [
        find(relative, record.volunteer_id, record.record_id),
        find(two[0], two[0].person_id, own.record_id),
        find(two[1], record.volunteer_id, own.record_id),
        find(foreign, record.volunteer_id, record.record_id),
        find(a_person(), record.volunteer_id, record.record_id),
        lift(two[0]),
        lift(relative),
        lift(foreign),
        lift(a_person()),
        lift(two[1], new_id()),
        lift(two[1], reason=""),
    ]
    assert lift(two[1]).status_code == 200
    answers.append(lift(two[1]))

    assert [refusal_of(answer) for answer in answers] == [
        (403, "RELATIVES_RECORD"),
        (403, "OWN_RECORD"),
        (404, "NOT_FOUND"),
        (404, "NOT_FOUND"),
        (403, "FORBIDDEN"),
        (403, "SECOND_PERSON_NEEDED"),
        (403, "RELATIVES_RECORD"),
        (404, "NOT_FOUND"),
        (403, "FORBIDDEN"),
        (404, "NOT_FOUND"),
        (422, "INVALID"),
        (409, "ALREADY_LIFTED"),
    ]
    listed = client.get(f"/api/v1/fraud-findings?person={record.volunteer_id}", headers=signed_in(two[0])).json
    assert [(item["id"], item["lifted_by"]) for item in listed["items"]] == [(str(finding.id), str(two[1].person_id))]
    assert client.get("/api/v1/fraud-findings", headers=signed_in(foreign)).json["items"] == []
