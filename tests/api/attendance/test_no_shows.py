"""Absences over HTTP: who had signed up and did not come."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import a_sign_up, an_activity
from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    kept_from_screen,
    minutes_past_nine,
    post_once,
    refusal_of,
    scan_in,
    send_batch,
)
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import an_organisation
from timebank import clock
from timebank.activities.models import Shift
from timebank.attendance import no_shows
from timebank.database import in_unit_of_work, session

API = "/api/v1"
A_DAY_LATER = 3 * 60 + 24 * 60
"""Minutes past nine: the shift ended at twelve, and phones may bring kept scans for a day."""


def signed_up(shift: Shift, person: Any) -> None:
    """Sign somebody up the day before."""
    with clock.at(NINE - timedelta(days=1)):
        a_sign_up(shift.id, person.id)


def mine(client: FlaskClient, person: Any, *, at: float) -> list[dict[str, Any]]:
    """Return somebody's own absences, so many minutes past nine."""
    with minutes_past_nine(at):
        answer = client.get(f"{API}/me/no-shows", headers=signed_in(person))
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def sweep(*, at: float) -> int:
    """Sweep, so many minutes past nine."""
    with minutes_past_nine(at):
        return in_unit_of_work(lambda: no_shows.sweep(limit=100))


def test_whoever_does_not_come_is_absent_a_day_later_and_told_once(client: FlaskClient) -> None:
    """Seen by themselves whether or not the sweep has run; it tells them, once, and bars them from nothing."""
    shift, li = a_morning_shift(activity_id=an_activity("助浴").id), a_person()
    signed_up(shift, li)
    assert mine(client, li, at=A_DAY_LATER - 1) == []
    (absence,) = mine(client, li, at=A_DAY_LATER)
    assert (absence["activity_name"], absence["explanation"], absence["lifted_at"]) == ("助浴", None, None)
    assert [sweep(at=A_DAY_LATER - 1), sweep(at=A_DAY_LATER), sweep(at=A_DAY_LATER + 1)] == [0, 1, 0]
    (news,) = client.get(f"{API}/me/notifications", headers=signed_in(li)).json["items"]
    assert (news["topic"], "记为缺席" in news["message"]) == ("no_show", True)
    with minutes_past_nine(A_DAY_LATER):
        tomorrow = clock.now() + timedelta(days=1)
    other = a_morning_shift()
    assert other.starts_at < tomorrow
    signed_up(other, li)


def test_an_absence_of_long_ago_is_listed_and_not_told(client: FlaskClient) -> None:
    """Nobody is sent a year of them on the day this begins."""
    shift, li = a_morning_shift(), a_person()
    signed_up(shift, li)
    assert sweep(at=A_DAY_LATER + 14 * 24 * 60) == 0
    assert len(mine(client, li, at=A_DAY_LATER + 14 * 24 * 60)) == 1


def test_whoever_came_withdrew_or_walked_in_is_not_absent(client: FlaskClient) -> None:
    """Nor anybody whose shift was cancelled."""
    shift, came, withdrew, walked_in = a_morning_shift(), a_person(), a_person(), a_person()
    for person in (came, withdrew):
        signed_up(shift, person)
    with minutes_past_nine(-600):
        client.delete(f"{API}/shifts/{shift.id}/sign-up", headers=signed_in(withdrew))
    for person in (came, walked_in):
        assert scan_in(client, person, shift, at=0).status_code == 201
    cancelled, waited = a_morning_shift(), a_person()
    signed_up(cancelled, waited)
    in_unit_of_work(lambda: setattr(session.get_one(Shift, cancelled.id), "state", "cancelled"))
    assert sweep(at=A_DAY_LATER + 60) == 0
    for person in (came, withdrew, walked_in, waited):
        assert mine(client, person, at=A_DAY_LATER + 60) == []


def test_a_scan_that_waits_for_a_decision_is_no_absence(client: FlaskClient) -> None:
    """A phone brought its scan after a day: as long as a coordinator has not dismissed it, its owner was there."""
    shift, li = a_morning_shift(), a_person()
    signed_up(shift, li)
    scan = kept_from_screen("check_in", shift, at=0)
    assert send_batch(client, li, [scan], at=A_DAY_LATER).json["results"][0]["status"] == "review"
    assert mine(client, li, at=A_DAY_LATER + 60) == []
    assert sweep(at=A_DAY_LATER + 60) == 0


def test_explained_lifted_and_told(client: FlaskClient) -> None:
    """What somebody says is kept; a coordinator lifts it with a reason; both once, and it stays visible."""
    organisation = an_organisation()
    shift, li = a_morning_shift(activity_id=an_activity(organisation_id=organisation.id).id), a_person("李桂兰")
    coordinator = a_coordinator(organisation.id)
    signed_up(shift, li)
    (absence,) = mine(client, li, at=A_DAY_LATER)
    explain, lift = f"/me/no-shows/{absence['id']}/explanation", f"/no-shows/{absence['id']}/lift"
    with minutes_past_nine(A_DAY_LATER):
        assert client.get(f"{API}/no-shows?explained=yes", headers=signed_in(coordinator)).json["items"] == []
        assert refusal_of(post_once(client, explain, a_person(), {"reason": "?"})) == (404, "NOT_FOUND")
        assert post_once(client, explain, li, {"reason": "在场，手机没电"}).status_code == 204
        assert refusal_of(post_once(client, explain, li, {"reason": "又"})) == (409, "NO_SHOW_EXPLAINED")
        (listed,) = client.get(f"{API}/no-shows?explained=yes", headers=signed_in(coordinator)).json["items"]
        assert (listed["volunteer_name"], listed["explanation"]) == ("李**", "在场，手机没电")
        stranger = a_coordinator(an_organisation().id)
        assert client.get(f"{API}/no-shows", headers=signed_in(stranger)).json["items"] == []
        assert refusal_of(post_once(client, lift, stranger, {"reason": "核实"})) == (404, "NOT_FOUND")
        assert refusal_of(post_once(client, lift, li, {"reason": "核实"})) == (403, "FORBIDDEN")
        assert post_once(client, lift, coordinator, {"reason": "签到表上有名"}).status_code == 204
        assert refusal_of(post_once(client, lift, coordinator, {"reason": "再来"})) == (409, "NO_SHOW_LIFTED")
        assert refusal_of(post_once(client, explain, li, {"reason": "迟了"})) == (409, "NO_SHOW_LIFTED")
        assert client.get(f"{API}/no-shows", headers=signed_in(coordinator)).json["items"] == []
    (absence,) = mine(client, li, at=A_DAY_LATER)
    assert (absence["lift_reason"], absence["lifted_at"] is None) == ("签到表上有名", False)
    assert sweep(at=A_DAY_LATER + 60) == 0
    (news,) = client.get(f"{API}/me/notifications", headers=signed_in(li)).json["items"]
    assert news["topic"] == "no_show_lifted"


def test_a_coordinator_reads_the_last_year_page_by_page_and_earlier_ones_on_demand(client: FlaskClient) -> None:
    """Each absence stands on one page, the newest first; whoever names a day sees what lies behind the year."""
    organisation = an_organisation()
    activity = an_activity(organisation_id=organisation.id)
    shift, coordinator = a_morning_shift(activity_id=activity.id), a_coordinator(organisation.id)
    people = [a_person() for _ in range(3)]
    for person in people:
        signed_up(shift, person)

    def listed(query: str, *, at: float = A_DAY_LATER) -> list[str]:
        found, url = [], f"{API}/no-shows?limit=2{query}"
        while url:
            with minutes_past_nine(at):
                answer = client.get(url, headers=signed_in(coordinator)).json
            assert len(answer["items"]) <= 2
            found += [item["volunteer_no"] for item in answer["items"]]
            url = answer["next"]
        return found

    assert sorted(listed("")) == sorted(person.volunteer_no for person in people)
    in_two_years = A_DAY_LATER + 2 * 365 * 24 * 60
    assert listed("", at=in_two_years) == []
    assert len(listed("&from=2026-01-01T00:00:00Z", at=in_two_years)) == 3


def test_nobody_lifts_their_own(client: FlaskClient) -> None:
    """A coordinator who did not come asks another one."""
    organisation = an_organisation()
    shift = a_morning_shift(activity_id=an_activity(organisation_id=organisation.id).id)
    coordinator = a_coordinator(organisation.id)
    with clock.at(NINE - timedelta(days=1)):
        sign_up = a_sign_up(shift.id, coordinator.person_id)
    with minutes_past_nine(A_DAY_LATER):
        own = post_once(client, f"/no-shows/{sign_up.id}/lift", coordinator, {"reason": "我在"})
    assert refusal_of(own) == (403, "OWN_RECORD")


@pytest.mark.parametrize("reason", ["", "x" * 501, None, 7])
def test_a_reason_is_needed(client: FlaskClient, reason: Any) -> None:
    """And not a novel."""
    shift, li = a_morning_shift(), a_person()
    signed_up(shift, li)
    (absence,) = mine(client, li, at=A_DAY_LATER)
    with minutes_past_nine(A_DAY_LATER):
        refused = post_once(client, f"/me/no-shows/{absence['id']}/explanation", li, {"reason": reason})
    assert refusal_of(refused) == (422, "INVALID")
