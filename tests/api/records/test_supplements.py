"""Supplements over HTTP: two others look at it, then it is a record; and each refusal."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.attendance import NINE, checked_in, post_once, refusal_of
from tests.factories.family import a_relation
from tests.factories.files import a_file
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import a_record
from tests.factories.supplements import EVENING, EVIDENCE, a_past_shift, a_request, a_supplement, ask, review, reviewed
from timebank import clock
from timebank.activities.models import Shift
from timebank.activities.rules import ShiftState
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState, Role
from timebank.organisations.models import Organisation
from timebank.records.account import account_of
from timebank.records.supplement_rules import LIMIT, Verdict


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


@pytest.mark.rule("R09")
def test_two_reviewers_make_a_supplement_a_record(
    client: FlaskClient, organisation: Organisation, shift: Shift, two: tuple[Actor, Actor]
) -> None:
    """After the second yes it is final and credited, with its own provenance; no third review, whatever the policy."""
    with clock.at(NINE - timedelta(days=1)):
        a_policy("approval", "always", organisation_id=organisation.id)
    volunteer = a_person()
    asked = ask(client, volunteer, shift, evidence=[EVIDENCE, EVIDENCE, "f" * 64], evidence_note="纸质签到表照片")
    assert asked.status_code == 201
    assert (asked.json["state"], asked.json["approvals"], asked.json["record_id"]) == ("open", 0, None)
    assert asked.json["evidence"] == [EVIDENCE, "f" * 64]

    first = review(client, two[0], asked.json["id"])
    assert (first.status_code, first.json["state"], first.json["approvals"]) == (201, "open", 1)
    assert account_of(volunteer.id)["service_minutes"] == 0
    second = review(client, two[1], asked.json["id"])

    assert (second.json["state"], second.json["approvals"]) == ("approved", 2)
    assert [one["reviewer_id"] for one in second.json["reviews"]] == [str(who.person_id) for who in two]
    record = client.get(f"/api/v1/records/{second.json['record_id']}", headers=signed_in(volunteer)).json
    expected = {
        "state": "final",
        "provenance": "supplement",
        "flags": [],
        "service_minutes": 120,
        "credited_minutes": 120,
        "shift_id": str(shift.id),
        "served_on": "2026-11-02",
        "policy_number": 1,
    }
    assert {name: record[name] for name in expected} == expected
    account = account_of(volunteer.id)
    assert account["balance_minutes"] == account["by_provenance"]["supplement"] == 120


@pytest.mark.rule("R09")
def test_the_first_no_ends_it(client: FlaskClient, shift: Shift, two: tuple[Actor, Actor]) -> None:
    """Nothing is recorded, nothing more is said, and the same service may be asked for again."""
    volunteer = a_person()
    asked = ask(client, volunteer, shift).json["id"]
    answer = review(client, two[0], asked, "reject")
    assert (answer.status_code, answer.json["state"], answer.json["record_id"]) == (201, "rejected", None)
    assert refusal_of(review(client, two[1], asked)) == (409, "SUPPLEMENT_DECIDED")
    assert account_of(volunteer.id)["service_minutes"] == 0
    assert ask(client, volunteer, shift).status_code == 201


def test_a_day_that_becomes_too_long_is_looked_at_once_more(
    client: FlaskClient, organisation: Organisation, shift: Shift, two: tuple[Actor, Actor]
) -> None:
    """The two reviewers saw one service and not the day: over eight hours the record waits (rule R11)."""
    volunteer = a_person()
    a_record(volunteer_id=volunteer.id, started_at=NINE + timedelta(hours=3), minutes=400)
    asked = ask(client, volunteer, shift).json["id"]
    review(client, two[0], asked)
    record_id = review(client, two[1], asked).json["record_id"]
    record = client.get(f"/api/v1/records/{record_id}", headers=signed_in(volunteer)).json
    assert (record["state"], record["pending_for"], record["flags"]) == ("pending", "review", ["OVER_DAILY"])


@pytest.mark.rule("R09")
def test_who_has_asked_for_a_supplement_does_not_approve_its_record(
    client: FlaskClient, organisation: Organisation, shift: Shift, two: tuple[Actor, Actor]
) -> None:
    """Also when the record waits for a third look: whoever said when somebody served is not that third person."""
    volunteer, requester = a_person(), a_coordinator(organisation.id)
    a_record(volunteer_id=volunteer.id, started_at=NINE + timedelta(hours=3), minutes=400)
    asked = ask(client, requester, shift, volunteer_id=str(volunteer.id)).json["id"]
    review(client, two[0], asked)
    record_id = review(client, two[1], asked).json["record_id"]

    def approve(who: Actor) -> Any:
        path = f"/api/v1/records/{record_id}/approve"
        return client.post(path, json={"reason": "核对过"}, headers=signed_in(who))

    assert refusal_of(approve(requester)) == (403, "SECOND_PERSON_NEEDED")
    assert approve(two[0]).status_code == 200


@pytest.mark.rule("R09")
def test_who_may_notreview(client: FlaskClient, organisation: Organisation, shift: Shift) -> None:
    """Not the subject, a relative, the requester or the same person twice; not from outside, not without the role."""
    subject, requester, relative = (a_coordinator(organisation.id) for _ in range(3))
    a_relation(subject.person_id, relative.person_id)
    asked = ask(client, requester, shift, volunteer_id=str(subject.person_id)).json["id"]
    once = a_coordinator(organisation.id)
    assert review(client, once, asked).status_code == 201

    answers = [
        review(client, who, asked)
        for who in (
            subject,
            relative,
            requester,
            once,
            a_coordinator(an_organisation().id),
            a_person(),
            a_staff_member(Role.AUDITOR, area_path=""),
        )
    ]
    answers.append(review(client, once, new_id()))
    answers.append(review(client, a_coordinator(organisation.id), asked, "perhaps"))

    assert [refusal_of(answer) for answer in answers] == [
        (403, "OWN_RECORD"),
        (403, "RELATIVES_RECORD"),
        (403, "SECOND_PERSON_NEEDED"),
        (409, "ALREADY_REVIEWED"),
        (404, "NOT_FOUND"),
        (403, "FORBIDDEN"),
        (403, "FORBIDDEN"),
        (404, "NOT_FOUND"),
        (422, "INVALID"),
    ]
    assert review(client, a_coordinator(organisation.id), asked).json["state"] == "approved"
    assert refusal_of(review(client, a_coordinator(organisation.id), asked)) == (409, "SUPPLEMENT_DECIDED")


def test_who_may_ask_for_somebody_else(client: FlaskClient, organisation: Organisation) -> None:
    """The activity's leader and the organisation's coordinators; for anybody else there is no such thing."""
    leader = a_person()
    shift = a_past_shift(organisation_id=organisation.id, leader_id=leader.id)
    volunteers = [str(a_person().id) for _ in range(3)]
    assert ask(client, leader, shift, volunteer_id=volunteers[0]).status_code == 201
    assert ask(client, a_coordinator(organisation.id), shift, volunteer_id=volunteers[1]).status_code == 201
    answers = [
        ask(client, a_person(), shift, volunteer_id=volunteers[2]),
        ask(client, a_coordinator(an_organisation().id), shift, volunteer_id=volunteers[2]),
        ask(client, leader, shift, volunteer_id=str(new_id())),
        ask(client, leader, a_past_shift(), volunteer_id=volunteers[2]),
        ask(client, leader, shift, shift_id=str(new_id())),
    ]
    assert [refusal_of(answer) for answer in answers] == [(404, "NOT_FOUND")] * 5


@pytest.mark.rule("R09")
def test_a_supplement_lies_within_its_shift_and_a_month(client: FlaskClient, shift: Shift) -> None:
    """Longer than the shift, before it, after it, not over yet, empty, too late, cancelled: each is refused."""
    who = a_person()
    late = shift.ends_at + timedelta(days=30)

    def times(start: int, end: int) -> dict[str, str]:
        return {
            "started_at": (shift.starts_at + timedelta(minutes=start)).isoformat(),
            "ended_at": (shift.starts_at + timedelta(minutes=end)).isoformat(),
        }

    answers = [
        ask(client, who, shift, **times(0, 181)),
        ask(client, who, shift, **times(-1, 100)),
        ask(client, who, shift, **times(60, 61), at=shift.starts_at + timedelta(minutes=60)),
        ask(client, who, shift, **times(60, 60)),
        ask(client, who, shift, **times(60, 30)),
        ask(client, who, shift, at=late + timedelta(seconds=1)),
    ]
    assert ask(client, a_person(), shift, at=late, **times(0, 180)).status_code == 201
    with clock.at(EVENING):
        in_unit_of_work(lambda: setattr(session.get_one(Shift, shift.id), "state", ShiftState.CANCELLED))
    answers.append(ask(client, who, shift))

    assert [refusal_of(answer) for answer in answers] == [
        (422, "OUTSIDE_SHIFT"),
        (422, "OUTSIDE_SHIFT"),
        (422, "INVALID"),
        (422, "INVALID"),
        (422, "INVALID"),
        (409, "SUPPLEMENT_TOO_LATE"),
        (422, "OUTSIDE_SHIFT"),
    ]
    assert answers[5].json["context"] == {"days": 30}


@pytest.mark.parametrize(
    "broken",
    [
        {"evidence": []},
        {"evidence": ["xyz"]},
        {"evidence": [EVIDENCE.upper()]},
        {"evidence": [EVIDENCE[:-1]]},
        {"evidence": ["ab" * 32] * 11},
        {"evidence": None},
        {"reason": "  "},
        {"reason": "没\x00电"},
        {"evidence_note": "🎋" * 201},
    ],
)
def test_a_supplement_needs_a_reason_and_evidence(client: FlaskClient, shift: Shift, broken: dict[str, Any]) -> None:
    """Without either, or with a hash that is none, nothing is asked."""
    assert refusal_of(ask(client, a_person(), shift, **broken)) == (422, "INVALID")


def test_nothing_is_counted_twice(
    client: FlaskClient, organisation: Organisation, shift: Shift, two: tuple[Actor, Actor]
) -> None:
    """A record, an open attendance elsewhere and an open supplement each take the time; also if they come in between."""
    recorded, inside, asking, meanwhile = (a_person() for _ in range(4))
    a_record(volunteer_id=recorded.id, started_at=NINE + timedelta(hours=1), minutes=1)
    elsewhere = a_past_shift()
    with clock.at(NINE + timedelta(hours=1)):
        checked_in(inside.id, elsewhere)
    assert ask(client, asking, shift).status_code == 201
    pending = ask(client, meanwhile, shift).json["id"]
    assert review(client, two[0], pending).status_code == 201
    a_record(volunteer_id=meanwhile.id, started_at=NINE + timedelta(hours=1), minutes=1)

    answers = [
        ask(client, recorded, shift),
        ask(client, inside, shift),
        ask(client, asking, elsewhere),
        review(client, two[1], pending),
    ]

    assert [refusal_of(answer) for answer in answers] == [(409, "SERVICE_OVERLAP")] * 4
    before = {"ended_at": (NINE + timedelta(hours=1)).isoformat()}
    assert [ask(client, who, shift, **before).status_code for who in (recorded, inside)] == [201, 201]


def test_a_person_asks_for_five_in_thirty_days(client: FlaskClient, organisation: Organisation) -> None:
    """Rejected ones do not count, and after thirty days one may ask again."""
    volunteer, coordinator = Actor(a_person().id), a_coordinator(organisation.id)
    shifts = [a_past_shift(organisation_id=organisation.id, days_later=day) for day in range(LIMIT + 2)]
    made = [a_supplement(one, actor=volunteer) for one in shifts[:LIMIT]]
    at = shifts[LIMIT].ends_at
    answer = ask(client, volunteer, shifts[LIMIT], at=at)
    assert refusal_of(answer) == (409, "SUPPLEMENT_LIMIT")
    assert answer.json["context"] == {"limit": 5, "days": 30}
    reviewed(coordinator, made[0], Verdict.REJECT)
    assert ask(client, volunteer, shifts[LIMIT], at=at).status_code == 201
    last = shifts[LIMIT + 1]
    assert refusal_of(ask(client, volunteer, last, at=last.ends_at)) == (409, "SUPPLEMENT_LIMIT")
    assert ask(client, volunteer, last, at=made[1].requested_at + timedelta(days=30)).status_code == 201


def test_who_is_not_active_gets_none(client: FlaskClient, organisation: Organisation, shift: Shift) -> None:
    """A frozen account serves nowhere."""
    frozen = a_person()
    in_unit_of_work(lambda: setattr(session.get_one(Person, frozen.id), "state", PersonState.FROZEN))
    answer = ask(client, a_coordinator(organisation.id), shift, volunteer_id=str(frozen.id))
    assert refusal_of(answer) == (403, "PERSON_NOT_ACTIVE")


def test_asking_twice_with_one_key_asks_once(client: FlaskClient, shift: Shift) -> None:
    """The second answer is the first one; without a key nothing is asked."""
    volunteer = a_person()
    with clock.at(EVENING):
        answers = [post_once(client, "/supplements", volunteer, a_request(shift), key="k") for _ in range(2)]
        bare = client.post("/api/v1/supplements", json=a_request(shift), headers=signed_in(volunteer))
    assert answers[0].status_code == 201
    assert answers[0].json == answers[1].json
    assert refusal_of(bare) == (400, "IDEMPOTENCY_KEY_REQUIRED")


def test_lists_hold_ones_own_and_what_lies_in_scope(
    client: FlaskClient, organisation: Organisation, shift: Shift, two: tuple[Actor, Actor]
) -> None:
    """Mine newest first, staff's oldest first with masked names, both by state; a single one for those concerned."""
    volunteer = a_person("王秀英")
    mine = Actor(volunteer.id)
    first = a_supplement(shift, actor=mine, minutes=30)
    second = a_supplement(shift, actor=mine, started_at=shift.starts_at + timedelta(hours=1), minutes=30, at=EVENING)
    reviewed(two[0], second, Verdict.REJECT)
    foreign = a_supplement(a_past_shift())

    def ids(path: str, who: Any) -> list[str]:
        answer = client.get(f"/api/v1{path}", headers=signed_in(who))
        assert answer.status_code == 200
        return [item["id"] for item in answer.json["items"]]

    assert ids("/me/supplements", volunteer) == [str(second.id), str(first.id)]
    assert ids("/me/supplements?state=open", volunteer) == [str(first.id)]
    assert ids("/supplements", two[0]) == [str(first.id), str(second.id)]
    assert ids("/supplements?state=rejected", two[0]) == [str(second.id)]
    assert ids("/supplements?state=approved", two[0]) == []
    assert str(foreign.id) in ids("/supplements", an_admin())
    item = client.get("/api/v1/supplements", headers=signed_in(two[0])).json["items"][0]
    assert (item["volunteer_no"], item["volunteer_name"]) == (volunteer.volunteer_no, "王**")
    pages = client.get("/api/v1/supplements?limit=1", headers=signed_in(two[0])).json
    assert ids(pages["next"].removeprefix("/api/v1"), two[0]) == [str(second.id)]
    assert refusal_of(client.get("/api/v1/supplements", headers=signed_in(volunteer))) == (403, "FORBIDDEN")
    one = f"/api/v1/supplements/{second.id}"
    assert client.get(one, headers=signed_in(volunteer)).json["reviews"][0]["decision"] == "reject"
    assert client.get(one, headers=signed_in(two[1])).status_code == 200
    assert refusal_of(client.get(one, headers=signed_in(a_person()))) == (404, "NOT_FOUND")
    unknown = client.get(f"/api/v1/supplements/{new_id()}", headers=signed_in(two[0]))
    assert refusal_of(unknown) == (404, "NOT_FOUND")


def test_evidence_that_was_uploaded_is_seen_by_its_reviewers(
    client: FlaskClient, shift: Shift, two: tuple[Actor, Actor]
) -> None:
    """Whoever may see the supplement sees the photo; others do not, nor does a stranger's file become evidence."""
    volunteer, stranger = a_person(), a_person()
    photo, other = a_file(Actor(volunteer.id)), a_file(Actor(stranger.id))
    asked = ask(client, volunteer, shift, evidence=[photo.sha256, other.sha256, EVIDENCE])
    assert asked.json["evidence"] == [photo.sha256, other.sha256, EVIDENCE]
    assert asked.json["evidence_files"] == [str(photo.id)]
    address = f"/api/v1/files/{photo.id}"
    assert client.get(address, headers=signed_in(two[0])).mimetype == "image/jpeg"
    elsewhere = a_coordinator(an_organisation().id)
    for who in (elsewhere, stranger):
        assert client.get(address, headers=signed_in(who)).status_code == 404
    listed = client.get("/api/v1/supplements", headers=signed_in(two[1])).json["items"]
    assert [one["evidence_files"] for one in listed] == [[str(photo.id)]]
