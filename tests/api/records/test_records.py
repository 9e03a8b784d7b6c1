"""Service records over HTTP: one's own, those in scope, and the decision on them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tests.conftest import Statements
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record
from timebank.database import new_id
from timebank.identity.rules import Actor, RelationState, Role
from timebank.organisations.models import Organisation
from timebank.policies.rules import Policy
from timebank.records.account import account_of
from timebank.records.rules import Flag


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """An organisation whose records are looked at."""
    return an_organisation()


@pytest.fixture
def coordinator(organisation: Organisation) -> Actor:
    """A coordinator of it."""
    return a_coordinator(organisation.id)


def _decide(client: FlaskClient, who: Actor, record_id: UUID, verb: str, body: dict[str, Any] | None = None) -> Any:
    json = {"reason": "现场核实"} if body is None else body
    return client.post(f"/api/v1/records/{record_id}/{verb}", json=json, headers=signed_in(who))


def test_a_volunteer_sees_their_own_records_newest_first(client: FlaskClient) -> None:
    """Only their own, page by page, each with a sentence that explains it."""
    volunteer = a_person()
    for day in range(3):
        a_record(volunteer_id=volunteer.id, started_at=NINE_O_CLOCK + timedelta(days=day))
    a_record()
    first = client.get("/api/v1/me/records?limit=2", headers=signed_in(volunteer)).json
    second = client.get(first["next"], headers=signed_in(volunteer)).json
    days = [item["served_on"] for item in first["items"] + second["items"]]
    assert days == ["2026-11-04", "2026-11-03", "2026-11-02"]
    assert second["next"] is None
    assert first["items"][0]["explanation"].endswith("计入 120 分钟。")


def test_a_record_says_all_that_it_must(client: FlaskClient, organisation: Organisation) -> None:
    """The fields of the contract, with the credit apart from what is expected."""
    volunteer = a_person()
    pending = a_pending_record(volunteer_id=volunteer.id, organisation=organisation)
    found = client.get(f"/api/v1/records/{pending.record_id}", headers=signed_in(volunteer)).json
    expected = {
        "id": str(pending.record_id),
        "state": "pending",
        "pending_for": "review",
        "provenance": "self_scan",
        "flags": ["LATE"],
        "service_minutes": 120,
        "credited_minutes": 0,
        "expected_minutes": 120,
        "served_on": "2026-11-02",
        "activity_name": "社区食堂帮厨",
        "place": "邻里中心",
        "organisation_name": organisation.name,
        "shift_id": None,
        "policy_number": 0,
        "reason": None,
    }
    assert {name: found[name] for name in expected} == expected
    assert "协调员审核" in found["explanation"]


def test_staff_in_scope_may_look_and_others_find_nothing(client: FlaskClient, organisation: Organisation) -> None:
    """A record is its volunteer's and its organisation's; for everyone else it does not exist."""
    pending = a_pending_record(organisation=organisation)
    address = f"/api/v1/records/{pending.record_id}"
    insiders = [a_coordinator(organisation.id), a_staff_member(Role.AUDITOR, area_path=""), an_admin()]
    outsiders = [a_coordinator(an_organisation().id), a_person(), a_staff_member(Role.COUNTER, area_path="")]
    assert [client.get(address, headers=signed_in(who)).status_code for who in insiders] == [200, 200, 200]
    assert [client.get(address, headers=signed_in(who)).status_code for who in outsiders] == [404, 404, 404]
    assert client.get(f"/api/v1/records/{new_id()}", headers=signed_in(insiders[0])).status_code == 404


def test_the_list_holds_what_lies_in_scope(client: FlaskClient, organisation: Organisation, coordinator: Actor) -> None:
    """Filtered by state and organisation, with number and masked name of the volunteer."""
    volunteer = a_person("王秀英")
    pending = a_pending_record(volunteer_id=volunteer.id, organisation=organisation)
    final = a_record(organisation=organisation, started_at=NINE_O_CLOCK + timedelta(days=1))
    elsewhere = a_record(started_at=NINE_O_CLOCK + timedelta(days=2))

    def ids(query: str, who: Actor = coordinator) -> list[str]:
        answer = client.get(f"/api/v1/records{query}", headers=signed_in(who))
        assert answer.status_code == 200
        return [item["id"] for item in answer.json["items"]]

    assert ids("") == [str(final.record_id), str(pending.record_id)]
    assert ids("?state=pending") == [str(pending.record_id)]
    assert ids("?state=final") == [str(final.record_id)]
    assert ids("?state=rejected") == []
    assert ids(f"?organisation={elsewhere.organisation_id}") == []
    assert ids(f"?organisation={elsewhere.organisation_id}", an_admin()) == [str(elsewhere.record_id)]
    item = client.get("/api/v1/records?state=pending", headers=signed_in(coordinator)).json["items"][0]
    assert (item["volunteer_no"], item["volunteer_name"]) == (volunteer.volunteer_no, "王**")


def test_the_list_goes_on_page_by_page(client: FlaskClient, organisation: Organisation, coordinator: Actor) -> None:
    """Records that began at the same instant are told apart, none is lost or shown twice."""
    made = {str(a_record(organisation=organisation).record_id) for _ in range(5)}
    seen: list[str] = []
    following = "/api/v1/records?limit=2"
    while following:
        listed = client.get(following, headers=signed_in(coordinator)).json
        seen += [item["id"] for item in listed["items"]]
        following = listed["next"]
    assert len(seen) == 5
    assert set(seen) == made


def test_the_list_is_for_staff(client: FlaskClient) -> None:
    """A volunteer has /me/records; the register of all is not theirs."""
    answer = client.get("/api/v1/records", headers=signed_in(a_person()))
    assert (answer.status_code, answer.json["code"]) == (403, "FORBIDDEN")


def test_approval_makes_a_record_final_and_pays(
    client: FlaskClient, organisation: Organisation, coordinator: Actor
) -> None:
    """The answer is the record as it is now; the volunteer's account shows the minutes."""
    pending = a_pending_record(organisation=organisation)
    answer = _decide(client, coordinator, pending.record_id, "approve")
    assert answer.status_code == 200
    shown = {name: answer.json[name] for name in ("id", "state", "pending_for", "credited_minutes", "reason")}
    assert shown == {
        "id": str(pending.record_id),
        "state": "final",
        "pending_for": None,
        "credited_minutes": 120,
        "reason": "现场核实",
    }
    account = account_of(pending.volunteer_id)
    assert (account["balance_minutes"], account["service_minutes"]) == (120, 120)


def test_a_rejection_is_told_with_its_reason(
    client: FlaskClient, organisation: Organisation, coordinator: Actor
) -> None:
    """The record stays and says why; nothing is paid."""
    pending = a_pending_record(organisation=organisation)
    answer = _decide(client, coordinator, pending.record_id, "reject", {"reason": "当天未到场"})
    assert (answer.status_code, answer.json["state"], answer.json["credited_minutes"]) == (200, "rejected", 0)
    assert "当天未到场" in answer.json["explanation"]
    assert account_of(pending.volunteer_id)["balance_minutes"] == 0


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_what_is_decided_stays_decided(
    client: FlaskClient, organisation: Organisation, coordinator: Actor, verb: str
) -> None:
    """The second of two coordinators learns that a colleague was faster; the credit is posted once."""
    pending = a_pending_record(organisation=organisation)
    assert _decide(client, coordinator, pending.record_id, "approve").status_code == 200
    again = _decide(client, a_coordinator(organisation.id), pending.record_id, verb)
    assert (again.status_code, again.json["code"]) == (409, "RECORD_NOT_PENDING")
    assert account_of(pending.volunteer_id)["balance_minutes"] == 120


def test_a_decision_needs_a_reason_a_role_and_somebody_else(
    client: FlaskClient, organisation: Organisation, coordinator: Actor
) -> None:
    """Without a reason 422, without the role 403, outside the scope 404, on oneself 403: and nothing has changed."""
    pending = a_pending_record(organisation=organisation)
    own = a_pending_record(volunteer_id=coordinator.person_id, organisation=organisation)
    foreign = a_coordinator(an_organisation().id)
    auditor = a_staff_member(Role.AUDITOR, area_path="")
    answers = [
        _decide(client, coordinator, pending.record_id, "approve", {}),
        _decide(client, coordinator, pending.record_id, "approve", {"reason": " "}),
        _decide(client, auditor, pending.record_id, "approve"),
        _decide(client, foreign, pending.record_id, "reject"),
        _decide(client, coordinator, own.record_id, "approve"),
        _decide(client, coordinator, own.record_id, "reject"),
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [
        (422, "INVALID"),
        (422, "INVALID"),
        (403, "FORBIDDEN"),
        (404, "NOT_FOUND"),
        (403, "OWN_RECORD"),
        (403, "OWN_RECORD"),
    ]
    listed = client.get("/api/v1/records?state=pending", headers=signed_in(coordinator)).json["items"]
    assert {item["id"] for item in listed} == {str(pending.record_id), str(own.record_id)}


def test_the_account_costs_two_statements(client: FlaskClient, statements: Statements) -> None:
    """One for the ledger and one for the service minutes, however many records there are."""
    volunteer = a_person()
    for _ in range(3):
        a_record(volunteer_id=volunteer.id)
    with statements() as sent:
        account_of(volunteer.id)
    assert len(sent) == 2


@pytest.mark.rule("R08")
def test_nobody_decides_on_a_relatives_record(
    client: FlaskClient, organisation: Organisation, coordinator: Actor
) -> None:
    """A verified relative's record is a colleague's to decide, also after one of the two has ended the relation."""
    pending = a_pending_record(organisation=organisation)
    a_relation(pending.volunteer_id, coordinator.person_id)
    for verb in ("approve", "reject"):
        answer = _decide(client, coordinator, pending.record_id, verb)
        assert (answer.status_code, answer.json["code"]) == (403, "RELATIVES_RECORD")
    former = a_pending_record(organisation=organisation)
    a_relation(former.volunteer_id, coordinator.person_id, state=RelationState.ENDED, decided=True)
    assert _decide(client, coordinator, former.record_id, "approve").json["code"] == "RELATIVES_RECORD"
    declined = a_pending_record(organisation=organisation)
    a_relation(declined.volunteer_id, coordinator.person_id, state=RelationState.ENDED)
    assert _decide(client, coordinator, declined.record_id, "approve").status_code == 200


def test_a_review_may_approve_fewer_minutes(
    client: FlaskClient, organisation: Organisation, coordinator: Actor
) -> None:
    """Who forgot to check out is credited what they served; more than was recorded or nothing at all is no approval."""
    pending = a_pending_record(organisation=organisation)
    for minutes in (121, 0, 1.5, "60"):
        answer = _decide(client, coordinator, pending.record_id, "approve", {"reason": "x", "service_minutes": minutes})
        assert (answer.status_code, answer.json["code"]) == (422, "INVALID")
    answer = _decide(client, coordinator, pending.record_id, "approve", {"reason": "早退", "service_minutes": 75})
    assert (answer.status_code, answer.json["service_minutes"], answer.json["credited_minutes"]) == (200, 75, 75)
    account = account_of(pending.volunteer_id)
    assert (account["balance_minutes"], account["service_minutes"]) == (75, 75)


def test_the_review_queue_says_why_each_record_waits(
    client: FlaskClient, organisation: Organisation, coordinator: Actor
) -> None:
    """The oldest first on demand; doubts, a policy that reviews everything, a public notice, or nothing any more."""
    always, notice = Policy(approval="always"), Policy(notice_days=3)
    days = [NINE_O_CLOCK + timedelta(days=day) for day in range(4)]
    made = [
        a_record(organisation=organisation, started_at=days[0], flags=frozenset({Flag.AUTO_CLOSED, Flag.LATE})),
        a_record(organisation=organisation, started_at=days[1], policy=always),
        a_record(organisation=organisation, started_at=days[2], policy=notice),
        a_record(organisation=organisation, started_at=days[3]),
    ]
    listed = client.get("/api/v1/records?order=oldest", headers=signed_in(coordinator)).json["items"]
    assert [item["id"] for item in listed] == [str(one.record_id) for one in made]
    assert [item["waits_because"] for item in listed] == [
        "忘记签退、签到或签退过晚，或离线补传，请核实后决定。",
        "没有疑点，按规则须由协调员审核。",
        "公示中，期满无异议即计入。",
        None,
    ]
    assert listed[0]["waits_because_en"] == "No check-out, scanned late, or uploaded late: check, then decide."
    newest = client.get("/api/v1/records?state=pending", headers=signed_in(coordinator)).json["items"]
    assert [item["id"] for item in newest] == [str(one.record_id) for one in reversed(made[:3])]
    pages = client.get("/api/v1/records?order=oldest&limit=3", headers=signed_in(coordinator)).json
    assert [item["id"] for item in client.get(pages["next"], headers=signed_in(coordinator)).json["items"]] == [
        str(made[3].record_id)
    ]
