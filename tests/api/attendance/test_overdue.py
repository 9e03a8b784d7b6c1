"""What is not on the record within ten working days after the service is listed, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import an_activity
from tests.factories.attendance import NINE, a_morning_shift, checked_in, refusal_of
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.notices import a_record_on_notice, an_objection, an_organisation_with_notice
from tests.factories.organisations import an_organisation
from tests.factories.records import a_pending_record, a_record
from tests.factories.supplements import a_past_shift, a_supplement, reviewed
from timebank import clock
from timebank.clock import start_of
from timebank.identity.rules import Role
from timebank.records.supplement_rules import Verdict
from timebank.working_days import DAY, after, day_of

DUE = after(day_of(NINE), 10)
LATE = start_of(DUE.on + DAY)


def _listed(client: FlaskClient, who: Any, query: str = "", *, at: Any = LATE) -> list[dict[str, Any]]:
    with clock.at(at):
        answer = client.get(f"/api/v1/records/overdue{query}", headers=signed_in(who))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


@pytest.mark.rule("R06")
def test_a_record_that_waits_is_late_after_ten_working_days(client: FlaskClient) -> None:
    """Not on the last day, but from the first moment after it; decided records never are."""
    organisation, volunteer = an_organisation(), a_person("王秀英")
    coordinator = a_coordinator(organisation.id)
    pending = a_pending_record(organisation=organisation, volunteer_id=volunteer.id)
    a_record(organisation=organisation)
    assert _listed(client, coordinator, at=LATE - timedelta(microseconds=1)) == []
    (item,) = _listed(client, coordinator, at=LATE + timedelta(days=2))
    assert item == {
        "kind": "record",
        "id": str(pending.record_id),
        "waits_for": "review",
        "organisation_id": str(organisation.id),
        "organisation_name": organisation.name,
        "activity_id": str(pending.activity_id),
        "activity_name": "社区食堂帮厨",
        "shift_id": None,
        "ended_on": "2026-11-02",
        "due_on": "2026-11-16",
        "provisional": False,
        "days_late": 3,
        "volunteer_no": volunteer.volunteer_no,
        "volunteer_name": "王**",
    }


@pytest.mark.rule("R06")
def test_what_holds_a_service_up_is_told(client: FlaskClient) -> None:
    """A review, a notice, an objection, or a check-out that never came."""
    organisation = an_organisation_with_notice()
    activity = an_activity(organisation_id=organisation.id)
    shift = a_morning_shift(activity_id=activity.id)
    with clock.at(NINE):
        inside = checked_in(a_person().id, shift).attendance
    review = a_pending_record(organisation=organisation)
    notice, frozen = (a_record_on_notice(organisation=organisation) for _ in range(2))
    with clock.at(NINE + timedelta(days=1)):
        an_objection(frozen.record_id)
    items = _listed(client, a_coordinator(organisation.id))
    assert {(item["kind"], item["id"], item["waits_for"]) for item in items} == {
        ("attendance", str(inside.id), "check_out"),
        ("record", str(review.record_id), "review"),
        ("record", str(notice.record_id), "notice"),
        ("record", str(frozen.record_id), "objection"),
    }
    assert [item["id"] for item in items][-1] == str(inside.id)  # its shift ended an hour after the records


def test_the_list_is_cut_by_scope_and_organisation_and_paged(client: FlaskClient) -> None:
    """The longest overdue first; a coordinator sees their own, an auditor of the bank everything."""
    one, other = an_organisation(), an_organisation()
    made = [a_pending_record(organisation=organisation).record_id for organisation in (one, other, one, one)]
    mine = {str(made[0]), str(made[2]), str(made[3])}
    assert {item["id"] for item in _listed(client, a_coordinator(one.id))} == mine
    assert _listed(client, a_coordinator(one.id), f"?organisation={other.id}") == []
    assert [item["id"] for item in _listed(client, an_admin(), f"?organisation={other.id}")] == [str(made[1])]
    auditor = signed_in(a_staff_member(Role.AUDITOR, area_path=""))
    seen: list[str] = []
    following = "/api/v1/records/overdue?limit=2"
    with clock.at(LATE):
        while following:
            answer = client.get(following, headers=auditor).json
            seen += [item["id"] for item in answer["items"]]
            following = answer["next"]
    assert sorted(seen) == sorted(map(str, made))


def test_the_list_is_for_staff(client: FlaskClient) -> None:
    """Volunteers see in their own records by when they are due."""
    answer = client.get("/api/v1/records/overdue", headers=signed_in(a_person()))
    assert refusal_of(answer) == (403, "FORBIDDEN")


@pytest.mark.rule("R06")
def test_a_supplement_that_nobody_reviews_is_late_like_a_record(client: FlaskClient) -> None:
    """It waits for its reviewers; once one of them has said no, it waits for nobody."""
    organisation = an_organisation()
    coordinator = a_coordinator(organisation.id)
    waits, refused = (a_supplement(a_past_shift(organisation_id=organisation.id)) for _ in range(2))
    reviewed(coordinator, refused, Verdict.REJECT)
    items = _listed(client, coordinator)
    assert [(item["kind"], item["id"], item["waits_for"]) for item in items] == [
        ("supplement", str(waits.id), "reviewers")
    ]
