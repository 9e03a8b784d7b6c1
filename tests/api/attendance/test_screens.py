"""A venue's screen fetches the codes of the shifts that run there, with nobody signed in."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import a_shift, an_activity, an_open_shift
from tests.factories.calls import body_of, get, problem
from tests.factories.devices import OnDevice, a_screen
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.organisations import a_site
from timebank import clock
from timebank.activities.models import Shift
from timebank.database import new_id
from timebank.organisations.models import Site


@pytest.fixture
def venue(client: FlaskClient) -> Site:
    """Where the screen hangs."""
    return a_site("邻里中心")


@pytest.fixture
def screen(venue: Site) -> OnDevice:
    """The screen."""
    return a_screen(venue)


@pytest.fixture
def shift(venue: Site) -> Shift:
    """A shift that runs there now."""
    return an_open_shift(activity_id=an_activity(organisation_id=venue.organisation_id).id, site_id=venue.id)


def shown(client: FlaskClient, screen: OnDevice) -> list[str]:
    """Return the shifts that the screen is told of."""
    return [one["shift_id"] for one in body_of(get(client, "/device/shifts", None, on=screen), 200)["items"]]


def test_a_screen_shows_what_runs_at_its_venue(client: FlaskClient, screen: OnDevice, shift: Shift) -> None:
    """It lists the shift without anybody's name, and its code is the one that a coordinator gets; it checks people in."""
    [one] = body_of(get(client, "/device/shifts", None, on=screen), 200)["items"]
    assert (one["shift_id"], one["place"]) == (str(shift.id), "邻里中心")
    assert set(one) == {"shift_id", "activity_name", "organisation_name", "place", "starts_at", "ends_at"}
    now = clock.now()
    with clock.at(now):
        mine = body_of(get(client, f"/shifts/{shift.id}/code", None, on=screen), 200)
        assert mine == body_of(get(client, f"/shifts/{shift.id}/code", an_admin()), 200)
    picture = client.get(f"/api/v1/shifts/{shift.id}/code?format=svg", headers=screen.headers)
    assert picture.mimetype == "image/svg+xml"
    scanned = client.post("/api/v1/scans", headers=signed_in(a_person()), json={"token": mine["token"]})
    assert body_of(scanned, 200)["suggested_action"] == "check_in"


def test_only_shifts_that_run_are_shown(client: FlaskClient, venue: Site, screen: OnDevice) -> None:
    """Not before check-in opens, not after check-out closes, not after the leader has closed it."""
    activity = an_activity(organisation_id=venue.organisation_id)
    starts_at = clock.now() + timedelta(hours=5)
    shift = a_shift(
        starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), activity_id=activity.id, site_id=venue.id
    )

    def state(at: Any) -> tuple[bool, int]:
        with clock.at(at):
            answer = get(client, f"/shifts/{shift.id}/code", None, on=screen)
            return str(shift.id) in shown(client, screen), answer.status_code

    minute = timedelta(minutes=1)
    assert state(starts_at - 31 * minute) == (False, 404)
    assert state(starts_at - 30 * minute) == (True, 200)
    assert state(starts_at + 119 * minute) == (True, 200)
    assert state(starts_at + 120 * minute) == (False, 404)
    with clock.at(starts_at + minute):
        coordinator = a_coordinator(venue.organisation_id)
        headers = signed_in(coordinator) | {"Idempotency-Key": "close"}
        assert client.post(f"/api/v1/shifts/{shift.id}/close", headers=headers, json={}).status_code == 200
    assert state(starts_at + 2 * minute) == (False, 404)


def test_shifts_of_another_venue_do_not_exist_for_a_screen(client: FlaskClient, screen: OnDevice, venue: Site) -> None:
    """Nor do shifts without a site, nor ids of nothing."""
    activity = an_activity(organisation_id=venue.organisation_id)
    other = an_open_shift(activity_id=activity.id, site_id=a_site("别处", organisation_id=venue.organisation_id).id)
    nowhere = an_open_shift(activity_id=activity.id)
    assert shown(client, screen) == []
    for shift_id in (other.id, nowhere.id, new_id()):
        assert problem(get(client, f"/shifts/{shift_id}/code", None, on=screen)) == (404, "NOT_FOUND")


def test_a_screen_sees_nothing_else(client: FlaskClient, screen: OnDevice, shift: Shift) -> None:
    """Who is there, who one is, the goods: each asks for somebody who is signed in."""
    for path in (f"/shifts/{shift.id}/presence", "/me", "/goods", f"/shifts/{shift.id}"):
        assert problem(get(client, path, None, on=screen)) == (401, "UNAUTHENTICATED")


def test_a_person_on_the_screens_browser_is_asked_for_their_own_right(
    client: FlaskClient, screen: OnDevice, shift: Shift
) -> None:
    """With somebody's token beside the screen's it is their scope that counts, and a screen is nobody's counter."""
    volunteer = a_person()
    answer = get(client, f"/shifts/{shift.id}/code", volunteer, on=screen)
    assert problem(answer) == (403, "DEVICE_NOT_FOR_THIS")
