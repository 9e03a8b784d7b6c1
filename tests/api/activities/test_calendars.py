"""Calendars by secret link, as a phone reads them."""

import io
from contextlib import redirect_stdout
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select

from tests.factories.activities import a_coming_shift, a_full_shift, a_sign_up, a_turn, an_activity
from tests.factories.attendance import post_once, refusal_of
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.organisations import a_site, an_organisation
from timebank import clock
from timebank.activities.calendar_tables import CalendarFeed
from timebank.database import in_unit_of_work, session
from timebank.identity.models import Person

API = "/api/v1"


def link(client: FlaskClient, who: Any, path: str = "/me/calendar") -> str:
    """Make a link and return it."""
    answer = client.post(f"{API}{path}", headers=signed_in(who))
    assert answer.status_code == 201
    address: str = answer.json["path"]
    return address


def events(client: FlaskClient, address: str) -> list[Any]:
    """Read a calendar as a phone does, without a token of its own."""
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    calendar = Calendar.from_ical(answer.data)
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == (
        ["Asia/Shanghai"] if calendar.walk("VEVENT") else []
    )
    return list(calendar.walk("VEVENT"))


def test_ones_own_shifts(client: FlaskClient) -> None:
    """What one has signed up for, at its hours in Shanghai; nothing of anybody else, and nothing one only waits for."""
    activity = an_activity("奶奶的厨房")
    site = a_site("邻里中心", organisation_id=activity.organisation_id)
    shift, li = a_coming_shift(activity_id=activity.id, site_id=site.id), a_person("李桂兰")
    a_sign_up(shift.id, li.id)
    a_sign_up(a_coming_shift().id)
    a_turn(a_full_shift()[0].id, li.id)
    address = link(client, li)
    (event,) = events(client, address)
    assert (str(event["UID"]), str(event["SUMMARY"]), str(event["LOCATION"])) == (
        f"{shift.id}@timebank",
        "奶奶的厨房",
        "邻里中心",
    )
    assert event.start == shift.starts_at.replace(microsecond=0)
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert (str(event["STATUS"]), event["SEQUENCE"]) == ("CONFIRMED", 0)
    text = client.get(address).text
    assert "李桂兰" not in text
    assert str(li.id) not in text
    assert client.get(address).data == client.get(address).data


def test_what_was_given_up_or_cancelled_stays_as_cancelled(client: FlaskClient) -> None:
    """Each change makes the sequence grow, so that a phone takes the newest."""
    given_up, cancelled, li = a_coming_shift(), a_coming_shift(), a_person()
    for shift in (given_up, cancelled):
        a_sign_up(shift.id, li.id)
    address = link(client, li)
    client.delete(f"{API}/shifts/{given_up.id}/sign-up", headers=signed_in(li))
    post_once(client, f"/shifts/{cancelled.id}/cancel", an_admin(), {"reason": "雨"})
    assert {str(event["STATUS"]): event["SEQUENCE"] for event in events(client, address)} == {"CANCELLED": 1}
    a_sign_up(given_up.id, li.id)
    again = next(event for event in events(client, address) if str(event["UID"]).startswith(str(given_up.id)))
    assert (str(again["STATUS"]), again["SEQUENCE"]) == ("CONFIRMED", 2)


def test_what_is_over_goes_after_a_while(client: FlaskClient) -> None:
    """Three months later the calendar is empty."""
    shift, li = a_coming_shift(), a_person()
    a_sign_up(shift.id, li.id)
    address = link(client, li)
    with clock.at(shift.ends_at + timedelta(days=90)):
        assert events(client, address) == []


def test_a_link_is_revoked_by_a_new_one_and_by_its_owner(client: FlaskClient) -> None:
    """An old link is 404 like one that never was; only the hash of a token is kept."""
    li = a_person()
    first = link(client, li)
    second = link(client, li)
    assert refusal_of(client.get(first)) == (404, "NOT_FOUND")
    assert events(client, second) == []
    assert client.get(f"{API}/me/calendar", headers=signed_in(li)).json["issued_at"] is not None
    kept = in_unit_of_work(lambda: list(session.scalars(select(CalendarFeed.token_hash))), write=False)
    assert len(kept) == 2
    assert not any(token.hex() in second for token in kept)
    assert client.delete(f"{API}/me/calendar", headers=signed_in(li)).status_code == 204
    assert refusal_of(client.get(second)) == (404, "NOT_FOUND")
    assert client.get(f"{API}/me/calendar", headers=signed_in(li)).json["issued_at"] is None
    for nonsense in ("x", "%00", "a" * 43, "%F0%9F%98%80" * 43):
        assert refusal_of(client.get(f"{API}/calendars/{nonsense}.ics")) == (404, "NOT_FOUND")


def test_whoever_is_not_active_has_no_calendar(client: FlaskClient) -> None:
    """A frozen or closed account shows nothing any more."""
    li = a_person()
    address = link(client, li)
    in_unit_of_work(lambda: setattr(session.get_one(Person, li.id), "state", "frozen"))
    assert refusal_of(client.get(address)) == (404, "NOT_FOUND")


def test_the_shifts_of_an_organisation(client: FlaskClient) -> None:
    """All of them and no other's, cancelled ones as such; made by its staff only, and nobody is named."""
    organisation, other = an_organisation("三色堇"), an_organisation()
    holder = a_person("李桂兰")
    shifts = [a_coming_shift(activity_id=an_activity(organisation_id=organisation.id).id) for _ in range(2)]
    a_coming_shift(activity_id=an_activity(organisation_id=other.id).id)
    a_sign_up(shifts[0].id, holder.id)
    path, clerk = f"/organisations/{organisation.id}/calendar", a_coordinator(organisation.id)
    address = link(client, clerk, path)
    assert {str(event["UID"]) for event in events(client, address)} == {f"{shift.id}@timebank" for shift in shifts}
    assert "李桂兰" not in client.get(address).text
    for method in ("POST", "DELETE"):
        stranger = client.open(f"{API}{path}", method=method, headers=signed_in(a_coordinator(other.id)))
        assert refusal_of(stranger) == (404, "NOT_FOUND")
        assert refusal_of(client.open(f"{API}{path}", method=method, headers=signed_in(holder))) == (403, "FORBIDDEN")
    assert client.delete(f"{API}{path}", headers=signed_in(clerk)).status_code == 204
    assert refusal_of(client.get(address)) == (404, "NOT_FOUND")


def test_the_token_is_in_no_log(client: FlaskClient) -> None:
    """A line is written for each reading, with the route's pattern and not its address."""
    address = link(client, a_person())
    token = address.rsplit("/", 1)[1].removesuffix(".ics")
    written = io.StringIO()
    with redirect_stdout(written):
        client.get(address)
        client.get(f"{API}/calendars/{token[::-1]}.ics")
    lines = written.getvalue()
    assert lines.count("/api/v1/calendars/<string(maxlength=64):token>.ics") == 2
    assert token not in lines
    assert token[::-1] not in lines
