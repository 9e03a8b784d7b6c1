"""Corrections over HTTP: who may ask, who may decide, and each refusal."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tests.factories.attendance import post_once, refusal_of
from tests.factories.corrections import a_correction, approved
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role, masked_name
from timebank.organisations.models import Organisation
from timebank.records.account import account_of

REASON = {"reason": "签到表上是一个半小时"}


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """An organisation whose records are corrected."""
    return an_organisation()


@pytest.fixture
def two(organisation: Organisation) -> tuple[Actor, Actor]:
    """Two coordinators of it."""
    return a_coordinator(organisation.id), a_coordinator(organisation.id)


def _ask(client: FlaskClient, who: Actor, record_id: UUID, **body: Any) -> Any:
    return post_once(client, f"/records/{record_id}/corrections", who, REASON | body)


def _decide(client: FlaskClient, who: Any, correction_id: Any, verb: str = "approve", **body: Any) -> Any:
    return client.post(f"/api/v1/corrections/{correction_id}/{verb}", json=body, headers=signed_in(who))


@pytest.mark.rule("R08")
def test_one_asks_and_another_approves(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """The answers say what was, what shall be and who; the record and the account follow the approval."""
    record = a_record(organisation=organisation)
    asked = _ask(client, two[0], record.record_id, service_minutes=90)
    assert asked.status_code == 201
    expected = {
        "state": "open",
        "record_id": str(record.record_id),
        "activity_name": "社区食堂帮厨",
        "minutes_before": 120,
        "service_minutes": 90,
        "started_at": None,
        "reason": REASON["reason"],
        "requested_by": str(two[0].person_id),
        "decided_by": None,
    }
    assert {name: asked.json[name] for name in expected} == expected

    done = _decide(client, two[1], asked.json["id"], reason="核对过签到表")

    assert (done.status_code, done.json["state"], done.json["decision_reason"]) == (200, "approved", "核对过签到表")
    assert done.json["decided_by"] == str(two[1].person_id)
    shown = client.get(f"/api/v1/records/{record.record_id}", headers=signed_in(two[0])).json
    assert (shown["state"], shown["service_minutes"], shown["credited_minutes"]) == ("final", 90, 90)
    assert shown["correction_id"] == asked.json["id"]
    assert "原记录 120 分钟，经两人更正" in shown["explanation"]
    assert "first recorded as 120" in shown["explanation_en"]
    assert account_of(record.volunteer_id)["balance_minutes"] == 90


def test_a_rejected_correction_leaves_the_record_alone(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """The reason is kept; nothing has moved."""
    record = a_record(organisation=organisation)
    asked = a_correction(two[0], record.record_id, 90)
    done = _decide(client, two[1], asked.id, "reject", reason="签到表无误")
    assert (done.status_code, done.json["state"], done.json["decision_reason"]) == (200, "rejected", "签到表无误")
    assert account_of(record.volunteer_id)["balance_minutes"] == 120
    assert _decide(client, two[1], asked.id, "reject").json["code"] == "INVALID"


def test_a_correction_by_times_and_one_to_nothing(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """Both instants instead of minutes; zero minutes annul, and the record says so."""
    record = a_record(organisation=organisation)
    times = {
        "started_at": (NINE_O_CLOCK + timedelta(minutes=30)).isoformat(),
        "ended_at": (NINE_O_CLOCK + timedelta(minutes=90)).isoformat(),
    }
    asked = _ask(client, two[0], record.record_id, **times)
    assert (asked.status_code, asked.json["service_minutes"]) == (201, 60)
    assert _decide(client, two[1], asked.json["id"]).status_code == 200
    nothing = _ask(client, two[0], record.record_id, service_minutes=0)
    assert _decide(client, two[1], nothing.json["id"]).status_code == 200
    shown = client.get(f"/api/v1/records/{record.record_id}", headers=signed_in(two[0])).json
    assert (shown["state"], shown["service_minutes"], shown["credited_minutes"]) == ("rejected", 0, 0)
    assert "更正作废" in shown["explanation"]
    assert refusal_of(_ask(client, two[0], record.record_id, service_minutes=30)) == (409, "RECORD_ANNULLED")


@pytest.mark.rule("R08")
def test_who_may_not_ask_and_who_may_not_decide(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """Not the subject, not a relative, not the requester; others' organisations find nothing, volunteers may not."""
    record = a_record(organisation=organisation)
    relative = a_coordinator(organisation.id)
    a_relation(relative.person_id, record.volunteer_id)
    own = a_record(volunteer_id=two[1].person_id, organisation=organisation)
    asked, of_own = a_correction(two[0], record.record_id, 90), a_correction(two[0], own.record_id, 90)
    foreign, auditor = a_coordinator(an_organisation().id), a_staff_member(Role.AUDITOR, area_path="")

    answers = [
        _ask(client, relative, record.record_id, service_minutes=90),
        _ask(client, two[1], own.record_id, service_minutes=90),
        _ask(client, foreign, record.record_id, service_minutes=90),
        _ask(client, auditor, record.record_id, service_minutes=90),
        _ask(client, two[0], new_id(), service_minutes=90),
        _decide(client, two[0], asked.id),
        _decide(client, two[0], asked.id, "reject", **REASON),
        _decide(client, relative, asked.id),
        _decide(client, two[1], of_own.id),
        _decide(client, foreign, asked.id),
        _decide(client, a_person(), asked.id),
        _decide(client, two[1], new_id()),
    ]

    assert [refusal_of(answer) for answer in answers] == [
        (403, "RELATIVES_RECORD"),
        (403, "OWN_RECORD"),
        (404, "NOT_FOUND"),
        (403, "FORBIDDEN"),
        (404, "NOT_FOUND"),
        (403, "SECOND_PERSON_NEEDED"),
        (403, "SECOND_PERSON_NEEDED"),
        (403, "RELATIVES_RECORD"),
        (403, "OWN_RECORD"),
        (404, "NOT_FOUND"),
        (403, "FORBIDDEN"),
        (404, "NOT_FOUND"),
    ]
    assert account_of(record.volunteer_id)["balance_minutes"] == 120


def test_what_cannot_be_corrected_says_why(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """Pending, changed, decided, beyond what was recorded, over another service: each has a code of its own."""
    pending = a_pending_record(organisation=organisation)
    record = a_record(organisation=organisation)
    first, second = a_correction(two[0], record.record_id, 90), a_correction(two[0], record.record_id, 60)
    approved(two[1], first)
    busy = a_record(organisation=organisation)
    shorter = {
        "started_at": NINE_O_CLOCK.isoformat(),
        "ended_at": (NINE_O_CLOCK + timedelta(minutes=30)).isoformat(),
    }
    a_record(volunteer_id=busy.volunteer_id)

    answers = [
        _ask(client, two[0], pending.record_id, service_minutes=60),
        _decide(client, two[1], second.id),
        _decide(client, two[1], first.id),
        _decide(client, two[1], first.id, "reject", **REASON),
        _ask(client, two[0], record.record_id, service_minutes=121),
        _ask(client, two[0], busy.record_id, **shorter),
        _ask(client, two[0], record.record_id),
        _ask(client, two[0], record.record_id, service_minutes=30, **shorter),
        _ask(client, two[0], record.record_id, service_minutes=90),
        _ask(client, two[0], record.record_id, service_minutes=-1),
        _ask(client, two[0], record.record_id, service_minutes=60, reason="\x00"),
    ]

    assert [refusal_of(answer) for answer in answers] == [
        (409, "RECORD_UNDECIDED"),
        (409, "RECORD_SUPERSEDED"),
        (409, "CORRECTION_DECIDED"),
        (409, "CORRECTION_DECIDED"),
        (422, "MORE_THAN_PLANNED"),
        (409, "SERVICE_OVERLAP"),
        (422, "INVALID"),
        (422, "INVALID"),
        (422, "INVALID"),
        (422, "INVALID"),
        (422, "INVALID"),
    ]
    assert answers[4].json["context"] == {"longest_minutes": 120}
    assert "11-02 09:00 至 11-02 11:00" in answers[5].json["detail"]


def test_asking_twice_with_one_key_asks_once(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """A lost answer is asked for again, and is the same."""
    record = a_record(organisation=organisation)
    body = REASON | {"service_minutes": 90}
    answers = [post_once(client, f"/records/{record.record_id}/corrections", two[0], body, key="k") for _ in range(2)]
    assert answers[0].json == answers[1].json
    listed = client.get("/api/v1/corrections", headers=signed_in(two[0])).json
    assert len(listed["items"]) == 1


def test_the_list_holds_what_lies_in_scope_by_state(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """Oldest first; what was overtaken by another correction is told from what is open."""
    records = [a_record(organisation=organisation) for _ in range(3)]
    open_, rejected = (a_correction(two[0], one.record_id, 90) for one in records[:2])
    won, overtaken = (a_correction(two[0], records[2].record_id, minutes) for minutes in (90, 60))
    _decide(client, two[1], rejected.id, "reject", **REASON)
    approved(two[1], won)

    def ids(query: str, who: Actor = two[0]) -> list[str]:
        answer = client.get(f"/api/v1/corrections{query}", headers=signed_in(who))
        assert answer.status_code == 200
        return [item["id"] for item in answer.json["items"]]

    assert ids("") == [str(one.id) for one in (open_, rejected, won, overtaken)]
    by_state = {state: ids(f"?state={state}") for state in ("open", "approved", "rejected", "superseded")}
    assert by_state == {
        "open": [str(open_.id)],
        "approved": [str(won.id)],
        "rejected": [str(rejected.id)],
        "superseded": [str(overtaken.id)],
    }
    listed = client.get("/api/v1/corrections", headers=signed_in(two[0])).json["items"][0]
    volunteer = in_unit_of_work(lambda: session.get_one(Person, open_.volunteer_id), write=False)
    assert (listed["volunteer_no"], listed["volunteer_name"]) == (
        volunteer.volunteer_no,
        masked_name(volunteer.display_name),
    )
    assert ids("", a_coordinator(an_organisation().id)) == []
    assert len(ids("", an_admin())) == len(ids("", a_staff_member(Role.AUDITOR, area_path=""))) == 4
    first = client.get("/api/v1/corrections?limit=3", headers=signed_in(two[0])).json
    second = client.get(first["next"], headers=signed_in(two[0])).json
    assert [item["id"] for item in first["items"] + second["items"]] == ids("")
    assert refusal_of(client.get("/api/v1/corrections", headers=signed_in(a_person()))) == (403, "FORBIDDEN")
