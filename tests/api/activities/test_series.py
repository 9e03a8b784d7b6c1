"""Shifts that recur, over HTTP."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories import kept
from tests.factories.activities import a_sign_up, an_activity
from tests.factories.attendance import checked_in, post_once, refusal_of
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.organisations import a_site, an_organisation
from timebank import clock
from timebank.activities import series
from timebank.activities.models import Activity, Shift
from timebank.activities.shift_tables import ShiftOccurrence
from timebank.clock import SHANGHAI
from timebank.database import in_unit_of_work, new_id, session

API = "/api/v1"
MONDAY = datetime(2026, 9, 7, 1, tzinfo=UTC)
"""Nine in the morning in Shanghai."""
LUNCH = {
    "frequency": "weekly",
    "weekdays": [3],
    "first_on": "2026-09-09",
    "start_minute": 630,
    "length_minutes": 120,
    "capacity": 4,
}
"""奶奶的厨房: every Wednesday, half past ten to half past twelve."""


def begin(client: FlaskClient, activity: Activity, **given: Any) -> Any:
    """Begin a series on a Monday in September."""
    with clock.at(MONDAY):
        return post_once(client, f"/activities/{activity.id}/series", an_admin(), LUNCH | given)


def days_of(series_id: Any, *, state: str = "open") -> list[date]:
    """Return the days in Shanghai on which shifts of a series take place."""
    found = (
        select(Shift.starts_at)
        .join(ShiftOccurrence, ShiftOccurrence.shift_id == Shift.id)
        .where(ShiftOccurrence.series_id == series_id_of(series_id), Shift.state == state)
        .order_by(Shift.starts_at)
    )
    return in_unit_of_work(lambda: [at.astimezone(SHANGHAI).date() for at in session.scalars(found)], write=False)


def series_id_of(answer: Any) -> Any:
    """Return the id in an answer."""
    return UUID(answer if isinstance(answer, str) else answer.json["id"])


def shift_on(series_id: Any, day: date) -> Shift:
    """Return the shift of a day."""
    found = (
        select(Shift)
        .join(ShiftOccurrence, ShiftOccurrence.shift_id == Shift.id)
        .where(ShiftOccurrence.series_id == series_id_of(series_id), ShiftOccurrence.on_day == day)
    )
    return kept(lambda: session.scalars(found).one())


def sweep(at: datetime) -> int:
    """Publish what is missing."""
    with clock.at(at):
        return in_unit_of_work(lambda: series.sweep(limit=10))[0]


# --- recurring --------------------------------------------------------------------------------------------------------


def test_every_wednesday_is_published_ahead_and_once(client: FlaskClient) -> None:
    """Five weeks at once; each sweep adds the weeks that have come near, and a second one nothing."""
    made = begin(client, an_activity("奶奶的厨房"))
    assert made.status_code == 201
    assert days_of(made) == [date(2026, 9, 9) + timedelta(days=7 * week) for week in range(5)]
    shift = shift_on(made, date(2026, 9, 9))
    assert (shift.starts_at, shift.ends_at - shift.starts_at) == (
        datetime(2026, 9, 9, 2, 30, tzinfo=UTC),
        timedelta(hours=2),
    )
    assert [sweep(MONDAY), sweep(MONDAY + timedelta(days=14)), sweep(MONDAY + timedelta(days=14))] == [0, 2, 0]
    assert len(days_of(made)) == 7


@pytest.mark.rule("R10")
def test_no_day_that_has_begun_is_published(client: FlaskClient) -> None:
    """A sweep that was off for months publishes what is to come, and nothing afterwards."""
    made = begin(client, an_activity())
    then = datetime(2026, 12, 16, 2, 30, tzinfo=UTC)
    assert sweep(then) == 5
    assert date(2026, 12, 16) not in days_of(made)
    assert next(day for day in days_of(made) if day > date(2026, 10, 14)) == date(2026, 12, 23)
    with clock.at(MONDAY):
        past = post_once(
            client, f"/activities/{an_activity().id}/series", an_admin(), LUNCH | {"first_on": "2026-09-06"}
        )
    assert (past.status_code, past.json["errors"][0]["pointer"]) == (422, "/first_on")


def test_holidays_are_skipped_by_choice(client: FlaskClient) -> None:
    """The National Day week of 2026: Wednesday 7 October is one; skipped, it is not counted either."""
    held = begin(client, an_activity(), first_on="2026-09-30", count=2)
    skipped = begin(client, an_activity(), first_on="2026-09-30", count=2, skips_holidays=True)
    sweep(MONDAY + timedelta(days=14))
    assert days_of(held) == [date(2026, 9, 30), date(2026, 10, 7)]
    assert days_of(skipped) == [date(2026, 9, 30), date(2026, 10, 14)]


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ({"weekdays": [2, 4], "until_on": "2026-09-17"}, [(9, 10), (9, 15), (9, 17)]),
        ({"weekdays": [], "every": 2}, [(9, 9), (9, 23), (10, 7)]),
        ({"frequency": "monthly", "weekdays": []}, [(9, 9), (10, 9)]),
        ({"frequency": "monthly", "monthly_by": "weekday", "first_on": "2026-09-09"}, [(9, 9)]),
        ({"count": 2}, [(9, 9), (9, 16)]),
    ],
)
def test_rules_say_on_which_days(client: FlaskClient, given: dict[str, Any], days: list[tuple[int, int]]) -> None:
    """Two weekdays, every second week, the 9th, the second Wednesday, so many times."""
    assert days_of(begin(client, an_activity(), **given)) == [date(2026, month, day) for month, day in days]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"until_on": "2026-09-08"}, "INVALID"),
        ({"until_on": "2026-09-10", "count": 2}, "INVALID"),
        ({"weekdays": [4], "until_on": "2026-09-09"}, "NO_DAYS_LEFT"),
        ({"weekdays": [8]}, "INVALID"),
        ({"first_on": "9999-12-31"}, "INVALID"),
        ({"frequency": "yearly"}, "INVALID"),
        ({"length_minutes": 1_441}, "INVALID"),
        ({"capacity": None}, "INVALID"),
    ],
)
def test_rules_that_make_no_sense_are_refused(client: FlaskClient, given: dict[str, Any], code: str) -> None:
    """Nothing is begun."""
    assert refusal_of(begin(client, an_activity(), **given)) == (422, code)


def test_a_series_with_roles_publishes_them_each_time(client: FlaskClient) -> None:
    """Three cooks and a driver, every week."""
    team = [{"name": "掌勺", "capacity": 3, "required": ["cooking"]}, {"name": "送餐", "capacity": 1}]
    made = begin(client, an_activity(), roles=team, capacity=4)
    shift = shift_on(made, date(2026, 9, 16))
    shown = client.get(f"{API}/shifts/{shift.id}", headers=signed_in(a_person())).json
    assert [(role["name"], role["capacity"], role["required"]) for role in shown["roles"]] == [
        ("掌勺", 3, ["cooking"]),
        ("送餐", 1, []),
    ]


def test_one_day_is_cancelled_and_stays_so(client: FlaskClient) -> None:
    """The sweep does not publish it again; whoever had signed up is told."""
    activity = an_activity("奶奶的厨房")
    made = begin(client, activity)
    shift = shift_on(made, date(2026, 9, 16))
    with clock.at(MONDAY):
        holder = a_sign_up(shift.id).volunteer_id
        answer = post_once(
            client, f"/shifts/{shift.id}/cancel", a_coordinator(activity.organisation_id), {"reason": "停电"}
        )
        assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    assert sweep(MONDAY) == 0
    assert date(2026, 9, 16) not in days_of(made)
    (news,) = client.get(f"{API}/me/notifications", headers=signed_in(holder)).json["items"]
    assert (news["topic"], "9月16日 10:30" in news["message"]) == ("shift_cancelled", True)


def test_a_series_ends_and_leaves_alone_what_is_attended(client: FlaskClient) -> None:
    """From a day on everything is cancelled, except where somebody is inside already; nothing is published after it."""
    activity = an_activity()
    made = begin(client, activity)
    today = shift_on(made, date(2026, 9, 23))
    volunteer = a_person()
    with clock.at(today.starts_at - timedelta(minutes=20)):
        checked_in(volunteer.id, today)
        body = {"from_on": "2026-09-23", "reason": "经费用完"}
        stranger = a_coordinator(an_organisation().id)
        url = f"/series/{made.json['id']}/end"
        assert refusal_of(post_once(client, url, stranger, body)) == (404, "NOT_FOUND")
        assert refusal_of(post_once(client, url, a_person(), body)) == (403, "FORBIDDEN")
        ended = post_once(client, url, a_coordinator(activity.organisation_id), body)
    assert (ended.status_code, ended.json["touched"], ended.json["left_alone"]) == (200, 2, [str(today.id)])
    assert days_of(made) == [date(2026, 9, 9), date(2026, 9, 16), date(2026, 9, 23)]
    assert sweep(MONDAY + timedelta(days=60)) == 0


def test_the_following_get_other_hours_and_the_earlier_ones_keep_theirs(client: FlaskClient) -> None:
    """Also the ones that are not published yet; people who have signed up are told; nobody loses a place."""
    activity = an_activity()
    made = begin(client, activity)
    shift = shift_on(made, date(2026, 9, 23))
    with clock.at(MONDAY):
        holders = [a_sign_up(shift.id).volunteer_id for _ in range(2)]
        body = {"from_on": "2026-09-23", "start_minute": 660, "length_minutes": 60, "capacity": 1}
        url, who = f"/series/{made.json['id']}/change", a_coordinator(activity.organisation_id)
        wrong = post_once(client, url, who, body | {"from_on": "2026-09-24"})
        assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/from_on")
        changed = post_once(client, url, who, body)
    assert (changed.status_code, changed.json["touched"], changed.json["left_alone"]) == (200, 3, [])
    later = changed.json["series"]["id"]
    assert days_of(made) == [date(2026, 9, 9), date(2026, 9, 16)]
    assert days_of(later) == [date(2026, 9, 23), date(2026, 9, 30), date(2026, 10, 7)]
    moved = shift_on(later, date(2026, 9, 23))
    assert (moved.id, moved.starts_at.hour, moved.capacity, moved.version) == (shift.id, 3, 2, 2)
    assert shift_on(later, date(2026, 9, 30)).capacity == 1
    assert sweep(MONDAY + timedelta(days=7)) == 1
    assert shift_on(later, date(2026, 10, 14)).starts_at == datetime(2026, 10, 14, 3, tzinfo=UTC)
    for holder in holders:
        (news,) = client.get(f"{API}/me/notifications", headers=signed_in(holder)).json["items"]
        assert (news["topic"], "11:00" in news["message"]) == ("shift_changed", True)


def test_what_is_not_given_stays_also_where_one_day_differs(client: FlaskClient) -> None:
    """Only the hours change: each shift keeps its number and its site; an explicit null takes the site away."""
    activity = an_activity()
    hall, yard = (a_site(organisation_id=activity.organisation_id) for _ in range(2))
    made = begin(client, activity, site_id=str(hall.id))
    feast = shift_on(made, date(2026, 9, 23))
    body = {"from_on": "2026-09-16", "start_minute": 660, "length_minutes": 60}

    def as_they_are(series_id: Any) -> list[tuple[int, UUID | None]]:
        days = (date(2026, 9, 16), date(2026, 9, 23))
        return [(one.capacity, one.site_id) for one in (shift_on(series_id, day) for day in days)]

    with clock.at(MONDAY):
        hours = {"starts_at": feast.starts_at.isoformat(), "ends_at": feast.ends_at.isoformat()}
        alone = hours | {"capacity": 9, "site_id": str(yard.id)}
        assert client.put(f"{API}/shifts/{feast.id}", json=alone, headers=signed_in(an_admin())).status_code == 200
        later = post_once(client, f"/series/{made.json['id']}/change", an_admin(), body).json["series"]
        assert (later["site_id"], later["capacity"]) == (str(hall.id), 4)
        assert as_they_are(later["id"]) == [(4, hall.id), (9, yard.id)]
        body |= {"site_id": None, "capacity": 6}
        last = post_once(client, f"/series/{later['id']}/change", an_admin(), body).json["series"]
    assert (last["site_id"], as_they_are(last["id"])) == (None, [(6, None), (6, None)])


@pytest.mark.rule("R14")
def test_a_change_publishes_nothing_risky_that_is_not_insured(client: FlaskClient) -> None:
    """The insurance has run out: what is published is moved, what is missing waits until there is a new one."""
    activity = an_activity(risky=True)
    made = begin(client, activity)
    insured = {
        name: str(getattr(activity, name)) for name in ("organisation_id", "area_id", "name", "category", "content")
    } | {"risky": True, "risk_notice": activity.risk_notice}
    body = {"from_on": "2026-09-16", "start_minute": 660, "length_minutes": 60}
    two_weeks_later = MONDAY + timedelta(days=14)
    with clock.at(two_weeks_later):
        client.put(f"{API}/activities/{activity.id}", json=insured, headers=signed_in(an_admin()))
        body["from_on"] = "2026-09-23"
        later = post_once(client, f"/series/{made.json['id']}/change", an_admin(), body).json
    assert later["touched"] == len(days_of(later["series"]["id"])) == 3
    assert sweep(two_weeks_later) == 0
    with clock.at(two_weeks_later):
        insured["insurance_ref"] = "平安-2026-0018"
        client.put(f"{API}/activities/{activity.id}", json=insured, headers=signed_in(an_admin()))
    assert sweep(two_weeks_later) == 2


@pytest.mark.parametrize("from_on", ["0001-01-01", "9999-12-31", "2199-12-31", "2026-09-10", "soon", None])
def test_a_day_that_is_none_of_it_changes_nothing(client: FlaskClient, from_on: str | None) -> None:
    """Neither out of the calendar, nor far away, nor between two Wednesdays; and never a 500."""
    made = begin(client, an_activity())
    body = {"from_on": from_on, "start_minute": 660, "length_minutes": 60}
    with clock.at(MONDAY):
        refused = post_once(client, f"/series/{made.json['id']}/change", an_admin(), body)
    assert refusal_of(refused) == (422, "INVALID")
    assert len(days_of(made)) == 5


def test_series_are_listed(client: FlaskClient) -> None:
    """With their rule; of an activity that does not exist there are none."""
    activity = an_activity()
    made = begin(client, activity)
    url = f"{API}/activities/{activity.id}/series"
    assert client.get(url, headers=signed_in(a_person())).json["items"] == [made.json]
    assert client.get(f"{API}/activities/{new_id()}/series", headers=signed_in(a_person())).status_code == 404
