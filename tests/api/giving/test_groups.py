"""Group accounts: members serve for their group, its account earns, and all that it can do with it is donate."""

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.activities import a_sign_up, an_activity
from tests.factories.attendance import (
    a_morning_shift,
    minutes_past_nine,
    post_once,
    refusal_of,
    scan_in,
    scan_out,
)
from tests.factories.corrections import corrected, revision_of
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.ledger import state_of
from tests.factories.organisations import an_area, an_organisation
from tests.factories.policies import a_policy
from timebank.activities.models import Shift
from timebank.identity.models import Person
from timebank.ledger import proof
from timebank.organisations.models import Organisation

pytestmark = pytest.mark.rule("R24")


def serve_for(
    client: FlaskClient, who: Person, shift: Shift, group: Organisation | None, at: float = -20
) -> TestResponse:
    """Say for which group somebody serves."""
    body = {"organisation_id": str(group.id) if group else None}
    with minutes_past_nine(at):
        return client.put(f"/api/v1/shifts/{shift.id}/sign-up/group", headers=signed_in(who), json=body)


def a_member(client: FlaskClient, group: Organisation) -> Person:
    """Enrol somebody who asks to belong to a group, and is admitted."""
    person = a_person()
    asked = client.post("/api/v1/me/groups", headers=signed_in(person), json={"organisation_id": str(group.id)})
    assert (asked.status_code, asked.json["state"]) == (201, "asked")
    staff = signed_in(a_coordinator(group.id))
    admitted = client.post(f"/api/v1/members/{asked.json['id']}/admit", headers=staff)
    assert (admitted.status_code, admitted.json["state"]) == (200, "member")
    return person


def a_stay(client: FlaskClient, person: Person, shift: Shift) -> dict[str, Any]:
    """Serve for two hours, and return the answer of the check-out."""
    assert scan_in(client, person, shift, at=0).status_code == 201
    left = scan_out(client, person, shift, at=120)
    assert left.status_code == 201
    return dict(left.json)


@pytest.fixture
def group(client: FlaskClient) -> Organisation:
    """A team of volunteers that is registered as an organisation."""
    return an_organisation("红枫志愿服务队")


@pytest.fixture
def shift(client: FlaskClient, group: Organisation) -> Shift:
    """A morning at another organisation."""
    with minutes_past_nine(-60):
        return a_morning_shift(activity_id=an_activity().id)


@pytest.fixture
def member(client: FlaskClient, group: Organisation, shift: Shift) -> Person:
    """A member of the group who has signed up."""
    person = a_member(client, group)
    with minutes_past_nine(-30):
        a_sign_up(shift.id, person.id)
    return person


def test_what_a_member_does_for_the_group_is_theirs_and_the_minutes_are_the_groups(
    client: FlaskClient, group: Organisation, shift: Shift, member: Person
) -> None:
    """Two books: the service is the volunteer's for good, the balance is the group's."""
    assert serve_for(client, member, shift, group).json["group_id"] == str(group.id)
    left = a_stay(client, member, shift)
    assert (left["account"]["balance_minutes"], left["account"]["service_minutes"]) == (0, 120)
    record = left["record"]
    assert (record["group_id"], record["credited_minutes"]) == (str(group.id), 120)
    assert "计入所服务团体的账户 120 分钟" in record["explanation"]
    assert (state_of(group.id).balance_minutes, state_of(member.id).balance_minutes) == (120, 0)
    assert proof.verify().ok


def test_ones_sign_ups_say_for_whom_and_a_renewed_one_keeps_it(
    client: FlaskClient, group: Organisation, shift: Shift, member: Person
) -> None:
    """Given up and taken again it is for the same group, as long as one belongs to it; for oneself it stays for oneself."""
    url = f"/api/v1/shifts/{shift.id}/sign-up"

    def shown() -> tuple[Any, Any]:
        with minutes_past_nine(-15):
            (mine,) = client.get("/api/v1/me/sign-ups", headers=signed_in(member)).json["items"]
        return mine["group_id"], mine["group_name"]

    def renewed() -> Any:
        with minutes_past_nine(-15):
            assert client.delete(url, headers=signed_in(member)).status_code == 204
            return client.post(url, headers=signed_in(member)).json["group_id"]

    assert (shown(), renewed()) == ((None, None), None)
    serve_for(client, member, shift, group)
    assert (renewed(), shown()) == (str(group.id), (str(group.id), "红枫志愿服务队"))
    serve_for(client, member, shift, None)
    assert renewed() is None
    serve_for(client, member, shift, group)
    (membership,) = client.get("/api/v1/me/groups", headers=signed_in(member)).json["items"]
    client.post(f"/api/v1/me/groups/{membership['id']}/leave", headers=signed_in(member))
    assert renewed() is None


def test_a_close_of_the_shift_credits_each_to_whom_they_served_for(
    client: FlaskClient, group: Organisation, shift: Shift, member: Person
) -> None:
    """One for the group, one for themself, in one batch."""
    other = a_person()
    assert serve_for(client, member, shift, group).status_code == 200
    for person in (member, other):
        assert scan_in(client, person, shift, at=0).status_code == 201
    with minutes_past_nine(120):
        assert post_once(client, f"/shifts/{shift.id}/close", an_admin(), {}).status_code == 200
    balances = [state_of(owner.id).balance_minutes for owner in (group, member, other)]
    assert balances == [120, 0, 120]


def test_a_group_gives_to_the_pool(client: FlaskClient, group: Organisation, shift: Shift, member: Person) -> None:
    """Its staff say how much; again with the same key gives once; more than there is, nothing."""
    area = an_area()
    serve_for(client, member, shift, group)
    a_stay(client, member, shift)
    staff, url = a_coordinator(group.id), f"/organisations/{group.id}/donations"
    body = {"minutes": 100, "area_id": str(area.id)}
    answers = [post_once(client, url, staff, body, "one-key") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert answers[0].json["account"]["balance_minutes"] == 20
    assert refusal_of(post_once(client, url, staff, body)) == (409, "INSUFFICIENT_MINUTES")
    listed = client.get(f"/api/v1{url}", headers=signed_in(staff)).json["items"]
    assert [item["minutes"] for item in listed] == [100]
    account = client.get(f"/api/v1/organisations/{group.id}/account", headers=signed_in(staff)).json
    assert (account["balance_minutes"], account["available_minutes"]) == (20, 20)
    assert proof.verify().ok


def test_a_correction_moves_the_groups_minutes(
    client: FlaskClient, group: Organisation, shift: Shift, member: Person
) -> None:
    """Reversed and earned anew where they were credited; the volunteer's own account stays empty."""
    serve_for(client, member, shift, group)
    record_id = UUID(a_stay(client, member, shift)["record"]["id"])
    organisation_id = revision_of(record_id).organisation_id
    corrected(a_coordinator(organisation_id), a_coordinator(organisation_id), record_id, 90)
    assert (state_of(group.id).balance_minutes, state_of(member.id).seq) == (90, 0)
    assert proof.verify().ok


def test_whoever_has_left_the_group_serves_for_themself(
    client: FlaskClient, group: Organisation, shift: Shift, member: Person
) -> None:
    """What counts is whether they belong to it when the stay ends."""
    serve_for(client, member, shift, group)
    [mine] = client.get("/api/v1/me/groups", headers=signed_in(member)).json["items"]
    assert (mine["organisation_name"], mine["state"]) == ("红枫志愿服务队", "member")
    left = [client.post(f"/api/v1/me/groups/{mine['id']}/leave", headers=signed_in(member)) for _ in range(2)]
    assert [(answer.status_code, answer.json["state"]) for answer in left] == [(200, "ended")] * 2
    assert left[0].json == left[1].json
    a_stay(client, member, shift)
    assert (state_of(group.id).balance_minutes, state_of(member.id).balance_minutes) == (0, 120)


def test_one_may_think_again_until_the_stay_ends(
    client: FlaskClient, group: Organisation, shift: Shift, member: Person
) -> None:
    """The last word counts, also from inside."""
    serve_for(client, member, shift, group)
    assert scan_in(client, member, shift, at=0).status_code == 201
    assert serve_for(client, member, shift, None, at=60).json["group_id"] is None
    assert scan_out(client, member, shift, at=120).status_code == 201
    assert (state_of(group.id).balance_minutes, state_of(member.id).balance_minutes) == (0, 120)


def test_where_groups_have_no_accounts_the_volunteer_earns(
    client: FlaskClient, group: Organisation, shift: Shift, member: Person
) -> None:
    """Policy ``group_accounts``: nobody can choose a group, and an earlier choice credits nobody but the volunteer."""
    serve_for(client, member, shift, group)
    with minutes_past_nine(-25):
        a_policy("group_accounts", "none")
    assert refusal_of(serve_for(client, member, shift, group)) == (409, "GROUPS_EARN_NOTHING")
    a_stay(client, member, shift)
    assert (state_of(group.id).balance_minutes, state_of(member.id).balance_minutes) == (0, 120)


def test_only_members_with_a_place_serve_for_a_group(client: FlaskClient, group: Organisation, shift: Shift) -> None:
    """Strangers, those who have only asked, and those who have not signed up are told why not."""
    stranger = a_person()
    with minutes_past_nine(-30):
        a_sign_up(shift.id, stranger.id)
    assert refusal_of(serve_for(client, stranger, shift, group)) == (409, "NOT_A_MEMBER")
    asked = client.post("/api/v1/me/groups", headers=signed_in(stranger), json={"organisation_id": str(group.id)})
    assert refusal_of(serve_for(client, stranger, shift, group)) == (409, "NOT_A_MEMBER")
    again = client.post("/api/v1/me/groups", headers=signed_in(stranger), json={"organisation_id": str(group.id)})
    assert refusal_of(again) == (409, "MEMBER_ALREADY")
    unplaced = serve_for(client, a_member(client, group), shift, group)
    assert refusal_of(unplaced) == (404, "NOT_SIGNED_UP")
    staff = signed_in(a_coordinator(group.id))
    dismissed = client.post(f"/api/v1/members/{asked.json['id']}/dismiss", headers=staff)
    assert (dismissed.status_code, dismissed.json["state"]) == (200, "ended")
    late = client.post(f"/api/v1/members/{asked.json['id']}/admit", headers=staff)
    assert refusal_of(late) == (409, "MEMBER_ENDED")


def test_another_groups_staff_see_and_move_nothing(client: FlaskClient, group: Organisation) -> None:
    """For them there is no such group, member or account."""
    foreign, person = a_coordinator(an_organisation().id), a_person()
    asked = client.post("/api/v1/me/groups", headers=signed_in(person), json={"organisation_id": str(group.id)}).json
    for url in (f"organisations/{group.id}/account", f"organisations/{group.id}/members"):
        assert refusal_of(client.get(f"/api/v1/{url}", headers=signed_in(foreign))) == (404, "NOT_FOUND")
    for url in (f"members/{asked['id']}/admit", f"members/{asked['id']}/dismiss", f"me/groups/{asked['id']}/leave"):
        assert refusal_of(client.post(f"/api/v1/{url}", headers=signed_in(foreign))) == (404, "NOT_FOUND")
    given = post_once(client, f"/organisations/{group.id}/donations", foreign, {"minutes": 1})
    assert refusal_of(given) == (404, "NOT_FOUND")
    [listed] = client.get(f"/api/v1/organisations/{group.id}/members", headers=signed_in(a_coordinator(group.id))).json[
        "items"
    ]
    assert (listed["person_name"], listed["volunteer_no"], listed["state"]) == ("王**", person.volunteer_no, "asked")


def test_nobody_chooses_after_the_end(client: FlaskClient, group: Organisation, shift: Shift, member: Person) -> None:
    """Neither when the shift was closed, nor after the time to check out: the credit does not depend on the sweep."""
    assert scan_in(client, member, shift, at=0).status_code == 201
    assert refusal_of(serve_for(client, member, shift, group, at=180 + 61)) == (409, "SHIFT_OVER")
    with minutes_past_nine(120):
        assert post_once(client, f"/shifts/{shift.id}/close", an_admin(), {}).status_code == 200
    assert refusal_of(serve_for(client, member, shift, group, at=121)) == (409, "SHIFT_OVER")
    assert (state_of(group.id).balance_minutes, state_of(member.id).balance_minutes) == (0, 120)
