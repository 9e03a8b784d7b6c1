"""Objections over HTTP: who may make them and until when, and what they hold up."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.attendance import post_once, refusal_of
from tests.factories.identity import a_coordinator, a_person, a_staff_member, signed_in
from tests.factories.notices import NOTICE_OVER, a_record_on_notice, an_objection, an_organisation_with_notice
from tests.factories.organisations import an_organisation
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record
from timebank import clock
from timebank.database import new_id
from timebank.identity.rules import Role
from timebank.records.account import account_of
from timebank.records.models import Revision

DURING = NINE_O_CLOCK + timedelta(days=1)
MOMENT = timedelta(microseconds=1)
WINDOW = timedelta(days=30)


def _object(
    client: FlaskClient, who: Any, record_id: UUID, reason: Any = "我服务了三个小时。", **more: Any
) -> TestResponse:
    return post_once(client, f"/records/{record_id}/objections", who, {"reason": reason}, **more)


def _state(client: FlaskClient, revision: Revision) -> Any:
    return client.get(f"/api/v1/records/{revision.record_id}", headers=signed_in(revision.volunteer_id)).json["state"]


@pytest.mark.rule("R08")
def test_volunteers_object_to_their_own_record(client: FlaskClient) -> None:
    """Final or pending: it is told by when the answer is due, and the record shows as frozen; no minutes move."""
    final = a_record()
    with clock.at(DURING):
        answer = _object(client, final.volunteer_id, final.record_id)
        assert answer.status_code == 201, answer.text
        shown = {name: answer.json[name] for name in ("record_id", "state", "reason", "due_on", "overdue", "answer")}
        assert shown == {
            "record_id": str(final.record_id),
            "state": "open",
            "reason": "我服务了三个小时。",
            "due_on": "2026-11-17",
            "overdue": False,
            "answer": None,
        }
        found = client.get(f"/api/v1/records/{final.record_id}", headers=signed_in(final.volunteer_id)).json
    assert (found["state"], found["credited_minutes"], found["service_minutes"]) == ("frozen", 120, 120)
    assert found["explanation"].endswith("有人对此提出异议，答复之前不作处理。")
    assert account_of(final.volunteer_id)["balance_minutes"] == 120


@pytest.mark.rule("R08")
@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_frozen_record_is_not_decided(client: FlaskClient, verb: str) -> None:
    """The coordinator is told to answer first, and by when."""
    organisation = an_organisation()
    pending = a_pending_record(organisation=organisation)
    with clock.at(DURING):
        assert _object(client, pending.volunteer_id, pending.record_id).status_code == 201
        answer = client.post(
            f"/api/v1/records/{pending.record_id}/{verb}",
            json={"reason": "核实"},
            headers=signed_in(a_coordinator(organisation.id)),
        )
    assert refusal_of(answer) == (409, "RECORD_FROZEN")
    assert "2026-11-17" in answer.json["detail"]


@pytest.mark.rule("R07")
def test_anybody_objects_while_a_record_is_on_notice(client: FlaskClient) -> None:
    """Until the last moment of the notice; after it the record is nobody else's business."""
    early, late = a_record_on_notice(), a_record_on_notice()
    with clock.at(NOTICE_OVER - MOMENT):
        assert _object(client, a_person(), early.record_id).status_code == 201
    with clock.at(NOTICE_OVER):
        assert refusal_of(_object(client, a_person(), late.record_id)) == (404, "NOT_FOUND")
        assert _state(client, early) == "frozen"
        assert _state(client, late) == "pending"


def test_a_record_that_is_not_theirs_is_no_business_of_others(client: FlaskClient) -> None:
    """Strangers find nothing, an unknown id is nothing, and staff who may see it have other ways."""
    organisation = an_organisation()
    final = a_record(organisation=organisation)
    with clock.at(DURING):
        strangers = [a_person(), a_coordinator(an_organisation().id), a_staff_member(Role.COUNTER, area_path="")]
        answers = [_object(client, who, final.record_id) for who in strangers]
        assert {refusal_of(answer) for answer in answers} == {(404, "NOT_FOUND")}
        assert refusal_of(_object(client, a_person(), new_id())) == (404, "NOT_FOUND")
        assert refusal_of(_object(client, a_coordinator(organisation.id), final.record_id)) == (403, "FORBIDDEN")
        assert _state(client, final) == "final"


def test_objections_have_a_deadline(client: FlaskClient) -> None:
    """Thirty days after what the record says now, to the microsecond."""
    in_time, late = a_record(), a_record()
    with clock.at(in_time.recorded_at + WINDOW - MOMENT):
        assert _object(client, in_time.volunteer_id, in_time.record_id).status_code == 201
    with clock.at(late.recorded_at + WINDOW):
        answer = _object(client, late.volunteer_id, late.record_id)
    assert refusal_of(answer) == (409, "OBJECTION_TOO_LATE")
    assert "2026-12-02 11:00" in answer.json["detail"]


def test_one_objects_once(client: FlaskClient) -> None:
    """The same click again is answered alike; another one is refused, also after a lost answer with another key."""
    final = a_record()
    with clock.at(DURING):
        first = _object(client, final.volunteer_id, final.record_id, key="k1")
        replayed = _object(client, final.volunteer_id, final.record_id, key="k1")
        assert (replayed.status_code, replayed.json) == (201, first.json)
        assert refusal_of(_object(client, final.volunteer_id, final.record_id)) == (409, "OBJECTION_MADE")


def test_nobody_freezes_a_whole_notice(client: FlaskClient) -> None:
    """Ten objections of one person wait for an answer at most."""
    organisation, who = an_organisation_with_notice(), a_person()
    records = [a_record_on_notice(organisation=organisation) for _ in range(11)]
    with clock.at(DURING):
        for record in records[:10]:
            an_objection(record.record_id, who.id)
        answer = _object(client, who, records[10].record_id)
        assert refusal_of(answer) == (409, "TOO_MANY_OBJECTIONS")
        assert answer.json["context"]["limit"] == 10
        assert _object(client, a_person(), records[10].record_id).status_code == 201


@pytest.mark.parametrize("reason", ["", "  ", "a\x00b", "长" * 501, None])
def test_a_reason_is_needed_and_no_nonsense(client: FlaskClient, reason: Any) -> None:
    """Empty, too long, or with a NUL byte: 422, and nothing is frozen."""
    final = a_record()
    with clock.at(DURING):
        assert refusal_of(_object(client, final.volunteer_id, final.record_id, reason)) == (422, "INVALID")
        assert _state(client, final) == "final"
        assert _object(client, final.volunteer_id, final.record_id, "我服务了三个小时😀").status_code == 201


def test_my_objections_are_mine_newest_first(client: FlaskClient) -> None:
    """With what they are about; nobody else's."""
    volunteer = a_person()
    records = [a_record(volunteer_id=volunteer.id) for _ in range(2)]
    for day, record in enumerate(records, start=1):
        with clock.at(NINE_O_CLOCK + timedelta(days=day)):
            an_objection(record.record_id, volunteer.id)
    other = a_record()
    with clock.at(DURING):
        an_objection(other.record_id, other.volunteer_id)
    first = client.get("/api/v1/me/objections?limit=1", headers=signed_in(volunteer)).json
    second = client.get(first["next"], headers=signed_in(volunteer)).json
    items = first["items"] + second["items"]
    assert [item["record_id"] for item in items] == [str(record.record_id) for record in reversed(records)]
    assert (items[0]["activity_name"], items[0]["served_on"]) == ("社区食堂帮厨", "2026-11-02")
    assert second["next"] is None


def test_staff_see_what_lies_in_their_scope_overdue_first(client: FlaskClient) -> None:
    """Filtered by state and organisation, with number and masked name of the record's volunteer."""
    organisation, volunteer = an_organisation_with_notice(), a_person("王秀英")
    coordinator = a_coordinator(organisation.id)
    older = a_record_on_notice(organisation=organisation, volunteer_id=volunteer.id)
    newer = a_record(organisation=organisation)
    with clock.at(DURING + timedelta(days=7)):
        late = an_objection(newer.record_id, newer.volunteer_id)
    with clock.at(DURING):
        early = an_objection(older.record_id)
    elsewhere = a_record()
    with clock.at(DURING):
        an_objection(elsewhere.record_id, elsewhere.volunteer_id)

    def listed(query: str = "") -> list[dict[str, Any]]:
        with clock.at(NINE_O_CLOCK + timedelta(days=16)):
            answer = client.get(f"/api/v1/objections{query}", headers=signed_in(coordinator))
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    assert [(item["id"], item["overdue"], item["by_volunteer"]) for item in listed()] == [
        (str(early.id), True, False),
        (str(late.id), False, True),
    ]
    assert (listed()[0]["volunteer_no"], listed()[0]["volunteer_name"]) == (volunteer.volunteer_no, "王**")
    assert len(listed("?state=open")) == 2
    assert listed("?state=upheld") == []
    assert listed(f"?organisation={elsewhere.organisation_id}") == []
    assert client.get("/api/v1/objections", headers=signed_in(volunteer)).status_code == 403


def test_the_list_of_records_knows_frozen_ones(client: FlaskClient) -> None:
    """A frozen record is in the list of the frozen, and in no other."""
    organisation = an_organisation()
    coordinator = signed_in(a_coordinator(organisation.id))
    frozen, final = a_record(organisation=organisation), a_record(organisation=organisation)
    with clock.at(DURING):
        an_objection(frozen.record_id, frozen.volunteer_id)

    def ids(state: str) -> list[str]:
        items = client.get(f"/api/v1/records?state={state}", headers=coordinator).json["items"]
        assert {item["state"] for item in items} <= {state}
        return [item["id"] for item in items]

    assert ids("frozen") == [str(frozen.record_id)]
    assert ids("final") == [str(final.record_id)]
    assert ids("pending") == []
