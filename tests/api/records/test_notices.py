"""The public list of what is on notice: masked, for everybody who is signed in, over as a function of time."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import an_activity
from tests.factories.attendance import a_morning_shift, scan_in, scan_out
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.notices import (
    NOTICE_OVER,
    a_record_on_notice,
    a_record_to_review,
    an_organisation_with_notice,
    swept,
)
from tests.factories.organisations import an_area, an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import NINE_O_CLOCK
from timebank import clock
from timebank.database import new_id

DURING = NINE_O_CLOCK + timedelta(days=1)


def _listed(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/notices{query}", headers=signed_in(a_person()))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


@pytest.mark.rule("R07")
@pytest.mark.rule("R39")
def test_the_list_is_masked_and_names_no_person(client: FlaskClient) -> None:
    """First character of the name, what was done, how long, for whom, until when; the record's id to object by."""
    organisation, volunteer = an_organisation_with_notice(), a_person("王秀英")
    pending = a_record_on_notice(organisation=organisation, volunteer_id=volunteer.id)
    with clock.at(DURING):
        answer = client.get("/api/v1/notices", headers=signed_in(a_person()))
    assert answer.json["items"] == [
        {
            "record_id": str(pending.record_id),
            "volunteer_name": "王**",
            "activity_name": "社区食堂帮厨",
            "organisation_id": str(organisation.id),
            "organisation_name": organisation.name,
            "served_on": "2026-11-02",
            "service_minutes": 120,
            "ends_on": "2026-11-05",
            "provisional": False,
        }
    ]
    assert all(secret not in answer.text for secret in (str(volunteer.id), volunteer.volunteer_no, "秀英"))


def test_what_is_over_is_gone_before_the_sweep(client: FlaskClient) -> None:
    """Nothing is shown a moment too long merely because nobody has swept."""
    a_record_on_notice()
    with clock.at(NOTICE_OVER - timedelta(microseconds=1)):
        assert len(_listed(client)) == 1
    with clock.at(NOTICE_OVER):
        assert _listed(client) == []


def test_the_list_is_cut_by_organisation_and_area_and_paged(client: FlaskClient) -> None:
    """An area means all below it; pages follow the end of the notice and lose nothing."""
    first, second = an_organisation_with_notice(), an_organisation_with_notice()
    made = [str(a_record_on_notice(organisation=one).record_id) for one in (first, second, first)]
    district = an_area(code="8888")
    with clock.at(DURING):
        assert {item["record_id"] for item in _listed(client, f"?organisation={first.id}")} == {made[0], made[2]}
        assert _listed(client, f"?area={district.id}") == []
        unknown = client.get(f"/api/v1/notices?area={new_id()}", headers=signed_in(a_person()))
        assert unknown.status_code == 404
        seen, following = [], "/api/v1/notices?limit=2"
        while following:
            page = client.get(following, headers=signed_in(a_person())).json
            seen += [item["record_id"] for item in page["items"]]
            following = page["next"]
    assert sorted(seen) == sorted(made)


def test_an_area_holds_the_notices_of_all_areas_below_it(client: FlaskClient) -> None:
    """And none of an area whose path only begins alike."""
    district = an_area(code="77")
    street = an_area(parent_id=district.id, code="01")
    organisation = an_organisation(area_id=street.id)
    with clock.at(NINE_O_CLOCK - timedelta(days=1)):
        a_policy("notice_days", 3, organisation_id=organisation.id)
    activity = an_activity(organisation_id=organisation.id)
    volunteer, shift = a_person(), a_morning_shift(activity_id=activity.id)
    scan_in(client, volunteer, shift, at=0)
    left = scan_out(client, volunteer, shift, at=60).json
    assert left["record"]["pending_for"] == "notice"
    assert left["record"]["notice_ends_on"] == "2026-11-05"
    assert "公示期满" in left["attendance"]["message"]
    with clock.at(DURING):
        for area in (district, street):
            assert [item["record_id"] for item in _listed(client, f"?area={area.id}")] == [left["record"]["id"]]
        assert _listed(client, f"?area={an_area(code='7').id}") == []


def test_a_pending_record_says_by_when_it_has_to_be_decided(client: FlaskClient) -> None:
    """The last day of its notice, and ten working days after the service; a final one owes nothing any more."""
    pending = a_record_on_notice()
    who = signed_in(pending.volunteer_id)
    address = f"/api/v1/records/{pending.record_id}"
    names = ("state", "pending_for", "notice_ends_on", "due_on", "days_late", "provisional")

    def told() -> tuple[Any, ...]:
        found = client.get(address, headers=who).json
        return tuple(found[name] for name in names)

    with clock.at(DURING):
        assert told() == ("pending", "notice", "2026-11-05", "2026-11-16", 0, False)
    with clock.at(NINE_O_CLOCK + timedelta(days=16)):
        assert told() == ("pending", "notice", "2026-11-05", "2026-11-16", 2, False)
    swept(at=NOTICE_OVER)
    assert told() == ("final", None, None, None, 0, False)


def test_the_policy_of_notices_is_set_over_http(client: FlaskClient) -> None:
    """Thirty working days at most."""
    organisation = an_organisation()
    body = {"key": "notice_days", "organisation_id": str(organisation.id), "effective_on": "2100-01-01"}
    admin = signed_in(an_admin())
    assert client.post("/api/v1/policies", json=body | {"value": 31}, headers=admin).status_code == 422
    assert client.post("/api/v1/policies", json=body | {"value": 30}, headers=admin).status_code == 201
    items = client.get(f"/api/v1/policies?organisation={organisation.id}&on=2100-01-01", headers=admin).json["items"]
    (found,) = (item for item in items if item["key"] == "notice_days")
    assert found["value"] == 30


def test_an_approved_record_says_that_it_is_on_notice(client: FlaskClient) -> None:
    """Approving it again is refused with the day on which it becomes final by itself."""
    organisation = an_organisation_with_notice(approval="always")
    pending = a_record_to_review(organisation=organisation)
    coordinator = signed_in(a_coordinator(organisation.id))
    address = f"/api/v1/records/{pending.record_id}/approve"
    with clock.at(DURING):
        first = client.post(address, json={"reason": "属实"}, headers=coordinator)
        again = client.post(address, json={"reason": "属实"}, headers=coordinator)
    told = {name: first.json[name] for name in ("state", "pending_for", "credited_minutes", "notice_ends_on")}
    assert told == {"state": "pending", "pending_for": "notice", "credited_minutes": 0, "notice_ends_on": "2026-11-06"}
    assert (again.status_code, again.json["code"]) == (409, "RECORD_ON_NOTICE")
    assert "2026-11-06" in again.json["detail"]
