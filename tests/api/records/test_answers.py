"""The answer to an objection: who may give it, what comes of it, and that another person has the last word."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.attendance import post_once, refusal_of
from tests.factories.corrections import revision_of
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member, signed_in
from tests.factories.notices import (
    NOTICE_OVER,
    a_record_on_notice,
    an_objection,
    an_organisation_with_notice,
    swept,
)
from tests.factories.organisations import an_organisation
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record
from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.identity.rules import Actor, Role
from timebank.records import corrections, objections, service
from timebank.records.account import account_of
from timebank.records.models import Revision
from timebank.records.objection_tables import Objection
from timebank.records.rules import State

DURING = NINE_O_CLOCK + timedelta(days=1)
REFUSED = {"outcome": "refused", "answer": "已核对签到表，记录无误。"}
UPHELD = {"outcome": "upheld", "answer": "核对监控，应为九十分钟。", "service_minutes": 90}
ANNULLED = {"outcome": "upheld", "answer": "当天未到场。", "annul": True}


def _answer(client: FlaskClient, who: Any, objection: Objection | UUID, body: dict[str, Any]) -> TestResponse:
    objection_id = objection if isinstance(objection, UUID) else objection.id
    with clock.at(DURING):
        return client.post(f"/api/v1/objections/{objection_id}/answer", json=body, headers=signed_in(who))


def _objected(revision: Revision, who: UUID | None = None) -> Objection:
    with clock.at(DURING):
        return an_objection(revision.record_id, who or revision.volunteer_id)


def _frozen(revision: Revision) -> bool:
    return in_unit_of_work(lambda: objections.is_frozen(revision.record_id), write=False)


def _balance(revision: Revision) -> int:
    return int(account_of(revision.volunteer_id)["balance_minutes"])


@pytest.mark.rule("R08")
def test_a_refused_objection_lets_the_record_go_on(client: FlaskClient) -> None:
    """The reason is told to whoever objected, and the record's notice ends as if nothing had been."""
    organisation, neighbour = an_organisation_with_notice(), a_person()
    pending = a_record_on_notice(organisation=organisation)
    objection = _objected(pending, neighbour.id)
    answer = _answer(client, a_coordinator(organisation.id), objection, REFUSED)
    assert (answer.status_code, answer.json["state"], answer.json["correction_id"]) == (200, "refused", None)
    mine = client.get("/api/v1/me/objections", headers=signed_in(neighbour)).json["items"]
    assert [(item["state"], item["answer"]) for item in mine] == [("refused", REFUSED["answer"])]
    assert not _frozen(pending)
    assert swept(at=NOTICE_OVER) == 1
    assert _balance(pending) == 120


@pytest.mark.rule("R08")
def test_an_upheld_objection_before_the_credit_changes_what_waits(client: FlaskClient) -> None:
    """Other minutes are a new revision that another coordinator reviews; then it goes on notice anew."""
    organisation = an_organisation_with_notice()
    first, second = a_coordinator(organisation.id), a_coordinator(organisation.id)
    pending = a_record_on_notice(organisation=organisation)
    answer = _answer(client, first, _objected(pending), UPHELD)
    assert (answer.status_code, answer.json["state"]) == (200, "upheld")
    changed = revision_of(pending.record_id)
    said = (changed.state, changed.service_minutes, changed.expected_minutes, changed.credited_minutes, changed.number)
    assert said == (State.PENDING_REVIEW, 90, 90, 0, 2)
    assert (changed.raw_minutes, changed.reason) == (120, UPHELD["answer"])
    assert swept(at=NOTICE_OVER) == 0

    def approve(who: Actor) -> TestResponse:
        with clock.at(DURING):
            address = f"/api/v1/records/{pending.record_id}/approve"
            return client.post(address, json={"reason": "属实"}, headers=signed_in(who))

    assert refusal_of(approve(first)) == (403, "SECOND_PERSON_NEEDED")
    assert approve(second).json["pending_for"] == "notice"
    assert swept(at=NOTICE_OVER + timedelta(days=1)) == 1
    assert _balance(pending) == 90


def test_an_upheld_objection_may_end_a_record_that_waits(client: FlaskClient) -> None:
    """There was no such service: rejected with the answer as its reason, and never credited."""
    organisation = an_organisation_with_notice()
    pending = a_record_on_notice(organisation=organisation)
    assert (
        _answer(client, a_coordinator(organisation.id), _objected(pending, a_person().id), ANNULLED).status_code == 200
    )
    ended = revision_of(pending.record_id)
    assert (ended.state, ended.reason, ended.credited_minutes) == (State.REJECTED, "当天未到场。", 0)
    assert swept(at=NOTICE_OVER) == 0


@pytest.mark.rule("R08")
def test_an_upheld_objection_after_the_credit_is_a_correction_that_another_approves(client: FlaskClient) -> None:
    """Nothing moves with the answer; the colleague's approval moves the minutes."""
    organisation = an_organisation()
    first, second = a_coordinator(organisation.id), a_coordinator(organisation.id)
    final = a_record(organisation=organisation)
    answer = _answer(client, first, _objected(final), UPHELD)
    correction_id = UUID(answer.json["correction_id"])
    assert _balance(final) == 120
    by_first = post_once(client, f"/corrections/{correction_id}/approve", first, {})
    assert refusal_of(by_first) == (403, "SECOND_PERSON_NEEDED")
    in_unit_of_work(lambda: corrections.approve(actor=second, correction_id=correction_id))
    assert (revision_of(final.record_id).service_minutes, _balance(final)) == (90, 90)


def test_whoever_was_rejected_wrongly_gets_their_service_back(client: FlaskClient) -> None:
    """A rejected record, objected to and upheld with the very minutes that it says, is final after the second person."""
    organisation = an_organisation()
    first, second = a_coordinator(organisation.id), a_coordinator(organisation.id)
    pending = a_pending_record(organisation=organisation)
    with clock.at(pending.recorded_at):
        in_unit_of_work(lambda: service.reject(actor=first, record_id=pending.record_id, reason="未到场"))
    answer = _answer(client, first, _objected(pending), UPHELD | {"service_minutes": 120})
    assert answer.status_code == 200, answer.text
    in_unit_of_work(lambda: corrections.approve(actor=second, correction_id=UUID(answer.json["correction_id"])))
    assert (revision_of(pending.record_id).state, _balance(pending)) == (State.FINAL, 120)


def test_no_correction_is_approved_while_the_record_is_frozen(client: FlaskClient) -> None:
    """A correction that was asked for before waits until the objection is answered."""
    organisation = an_organisation()
    first, second = a_coordinator(organisation.id), a_coordinator(organisation.id)
    final = a_record(organisation=organisation)
    asked = in_unit_of_work(
        lambda: corrections.request(actor=first, record_id=final.record_id, reason="晚签退", service_minutes=100)
    )
    objection = _objected(final)
    frozen = post_once(client, f"/corrections/{asked.id}/approve", second, {})
    assert refusal_of(frozen) == (409, "RECORD_FROZEN")
    _answer(client, first, objection, REFUSED)
    assert post_once(client, f"/corrections/{asked.id}/approve", second, {}).status_code == 200
    assert _balance(final) == 100


def test_times_are_put_right_within_the_shift_and_apart_from_other_services(client: FlaskClient) -> None:
    """Both times make the minutes; times outside what was recorded or planned are refused."""
    organisation = an_organisation()
    coordinator = a_coordinator(organisation.id)
    pending = a_pending_record(organisation=organisation)
    objection = _objected(pending)
    body = {"outcome": "upheld", "answer": "核对签到表。", "started_at": "2026-11-02T09:30:00+08:00"}
    outside = body | {"ended_at": "2026-11-02T13:00:00+08:00"}
    assert refusal_of(_answer(client, coordinator, objection, outside)) == (422, "MORE_THAN_PLANNED")
    assert refusal_of(_answer(client, coordinator, objection, body)) == (422, "INVALID")
    assert _frozen(pending)
    right = body | {"ended_at": "2026-11-02T10:30:00+08:00"}
    assert _answer(client, coordinator, objection, right).status_code == 200
    changed = revision_of(pending.record_id)
    assert (changed.service_minutes, changed.started_at) == (60, NINE_O_CLOCK + timedelta(minutes=30))


@pytest.mark.rule("R08")
def test_who_has_an_interest_does_not_answer(client: FlaskClient) -> None:
    """Neither the volunteer, nor the objector, nor a relative of either; nobody outside the scope, no auditor."""
    organisation = an_organisation_with_notice()
    volunteer, objector = a_coordinator(organisation.id), a_coordinator(organisation.id)
    family = [a_coordinator(organisation.id) for _ in range(2)]
    a_relation(volunteer.person_id, family[0].person_id)
    a_relation(family[1].person_id, objector.person_id)
    pending = a_record_on_notice(organisation=organisation, volunteer_id=volunteer.person_id)
    objection = _objected(pending, objector.person_id)
    others = [a_coordinator(an_organisation().id), a_staff_member(Role.AUDITOR, area_path=""), a_person()]
    answers = [_answer(client, who, objection, REFUSED) for who in (volunteer, family[0], objector, family[1], *others)]
    assert [refusal_of(answer) for answer in answers] == [
        (403, "OWN_RECORD"),
        (403, "RELATIVES_RECORD"),
        (403, "OWN_OBJECTION"),
        (403, "OWN_OBJECTION"),
        (404, "NOT_FOUND"),
        (403, "FORBIDDEN"),
        (403, "FORBIDDEN"),
    ]
    assert _frozen(pending)
    assert refusal_of(_answer(client, a_coordinator(organisation.id), new_id(), REFUSED)) == (404, "NOT_FOUND")


def test_an_objection_is_answered_once(client: FlaskClient) -> None:
    """The second answer is refused, whatever it says; the first one stands."""
    organisation = an_organisation()
    coordinators = [a_coordinator(organisation.id) for _ in range(2)]
    pending = a_pending_record(organisation=organisation)
    objection = _objected(pending)
    assert _answer(client, coordinators[0], objection, REFUSED).status_code == 200
    for body in (REFUSED, UPHELD):
        assert refusal_of(_answer(client, coordinators[1], objection, body)) == (409, "OBJECTION_ANSWERED")
    assert revision_of(pending.record_id).number == 1


@pytest.mark.parametrize(
    "body",
    [
        REFUSED | {"service_minutes": 90},
        REFUSED | {"annul": True},
        {"outcome": "upheld", "answer": "属实"},
        UPHELD | {"annul": True},
        UPHELD | {"service_minutes": 0},
        UPHELD | {"service_minutes": 121},
        UPHELD | {"service_minutes": 120},
        UPHELD | {"answer": " "},
        {"outcome": "maybe", "answer": "属实"},
        {"answer": "属实"},
    ],
)
def test_an_answer_says_one_thing(client: FlaskClient, body: dict[str, Any]) -> None:
    """Refused without a change, upheld with exactly one that changes something: else 422, and the record stays frozen."""
    organisation = an_organisation()
    pending = a_pending_record(organisation=organisation)
    objection = _objected(pending)
    answer = _answer(client, a_coordinator(organisation.id), objection, body)
    assert answer.status_code == 422, answer.text
    assert _frozen(pending)


def test_a_record_stays_frozen_until_the_last_objection_is_answered(client: FlaskClient) -> None:
    """Two people objected: one answer is not enough for the credit."""
    organisation = an_organisation_with_notice()
    coordinator = a_coordinator(organisation.id)
    pending = a_record_on_notice(organisation=organisation)
    first, second = _objected(pending), _objected(pending, a_person().id)
    assert _answer(client, coordinator, first, REFUSED).status_code == 200
    assert swept(at=NOTICE_OVER) == 0
    assert _answer(client, coordinator, second, REFUSED).status_code == 200
    assert swept(at=NOTICE_OVER) == 1
