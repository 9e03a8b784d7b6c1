"""What a scan itself gives away: one phone for several people, leaders in a hurry, journeys that nobody makes (rule R13)."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import an_activity
from tests.factories.attendance import (
    a_morning_shift,
    kept_from_screen,
    member_code_of,
    minutes_past_nine,
    post_once,
    scan_in,
    scan_out,
    screen_of,
)
from tests.factories.identity import a_person
from tests.factories.organisations import a_site
from timebank.activities.models import Shift
from timebank.organisations.rules import Place

pytestmark = pytest.mark.rule("R13")

XIASHI, HANGZHOU = Place(30_535_000, 120_692_000), Place(30_250_000, 120_165_000)


def _by_phone(client: FlaskClient, path: str, who: Any, shift: Shift, device: str | None, *, at: float) -> Any:
    with minutes_past_nine(at):
        return post_once(client, path, who, {"token": screen_of(shift)}, device=device)


def _flags(answer: Any) -> list[str]:
    flags: list[str] = (answer.json.get("attendance") or answer.json)["flags"]
    return flags


def test_a_phone_that_scans_for_two_is_flagged(client: FlaskClient) -> None:
    """The second one's check-in waits for a coordinator, and so does the first one's check-out."""
    shift, first, second = a_morning_shift(), a_person(), a_person()
    assert _flags(_by_phone(client, "/check-ins", first, shift, "phone-1", at=0)) == []
    assert _flags(_by_phone(client, "/check-ins", second, shift, "phone-1", at=1)) == ["SHARED_DEVICE"]
    left = _by_phone(client, "/check-outs", first, shift, "phone-1", at=60)
    assert (_flags(left), left.json["record"]["state"]) == (["SHARED_DEVICE"], "pending")


def test_a_phone_of_ones_own_is_no_doubt(client: FlaskClient) -> None:
    """The same phone in and out, another's phone, and no phone at all."""
    shift, first, second, third = a_morning_shift(), a_person(), a_person(), a_person()
    for who, phone in ((first, "phone-1"), (second, "phone-2"), (third, None), (a_person(), None)):
        assert _flags(_by_phone(client, "/check-ins", who, shift, phone, at=0)) == []
    left = _by_phone(client, "/check-outs", first, shift, "phone-1", at=60)
    assert (_flags(left), left.json["record"]["state"]) == ([], "final")


def test_a_phone_is_remembered_for_twelve_hours(client: FlaskClient) -> None:
    """To the minute."""
    shift, long_after = a_morning_shift(), a_morning_shift(hours=14)
    _by_phone(client, "/check-ins", a_person(), shift, "phone-1", at=0)
    assert _flags(_by_phone(client, "/check-ins", a_person(), long_after, "phone-1", at=720)) == ["SHARED_DEVICE"]
    later = _by_phone(client, "/check-ins", a_person(), a_morning_shift(hours=14), "phone-2", at=0)
    assert _flags(later) == []
    assert _flags(_by_phone(client, "/check-ins", a_person(), long_after, "phone-2", at=720.1)) == []


def test_a_leaders_phone_is_not_a_volunteers(client: FlaskClient) -> None:
    """A leader scans cards with the phone that they have checked in with themselves."""
    leader, elder = a_person(), a_person()
    shift = a_morning_shift(activity_id=an_activity(leader_id=leader.id).id)
    _by_phone(client, "/check-ins", leader, shift, "phone-1", at=0)
    with minutes_past_nine(1):
        card = {"token": member_code_of(elder), "shift_id": str(shift.id)}
        assert _flags(post_once(client, "/check-ins", leader, card, device="phone-1")) == []
    left = _by_phone(client, "/check-outs", leader, shift, "phone-1", at=60)
    assert _flags(left) == ["MANUAL"]


def test_kept_scans_of_one_phone_are_flagged_as_well(client: FlaskClient) -> None:
    """Two people's batches from one phone."""
    shift = a_morning_shift()
    found = []
    for _ in range(2):
        items = {"items": [kept_from_screen("check_in", shift, at=0)]}
        with minutes_past_nine(0.1):
            sent = post_once(client, "/check-ins/batch", a_person(), items, device="phone-1")
        found.append(sent.json["results"][0]["attendance"]["flags"])
    assert found == [[], ["SHARED_DEVICE"]]


def test_a_leader_in_a_hurry_is_flagged(client: FlaskClient) -> None:
    """The fifth card within ten seconds; a minute later it is none."""
    leader = a_person()
    shift = a_morning_shift(activity_id=an_activity(leader_id=leader.id).id)

    def scanned(at: float) -> list[str]:
        with minutes_past_nine(at):
            card = {"token": member_code_of(a_person()), "shift_id": str(shift.id)}
            return _flags(post_once(client, "/check-ins", leader, card))

    assert [scanned(second / 60) for second in range(5)] == [[], [], [], [], ["BULK"]]
    assert scanned(1) == []


def _served_elsewhere(client: FlaskClient, who: Any, place: Place | None, organisation: Any = None) -> Any:
    """Let somebody serve from nine to ten at a place, and return the organisation."""
    site = a_site(place=place, organisation_id=organisation)
    activity = an_activity(organisation_id=site.organisation_id)
    shift = a_morning_shift(activity_id=activity.id, site_id=site.id)
    scan_in(client, who, shift, at=0)
    scan_out(client, who, shift, at=60)
    return site.organisation_id


def _next(client: FlaskClient, who: Any, place: Place | None, *, at: float, organisation: Any = None) -> list[str]:
    site = a_site(place=place, organisation_id=organisation)
    activity = an_activity(organisation_id=site.organisation_id)
    return _flags(scan_in(client, who, a_morning_shift(activity_id=activity.id, site_id=site.id), at=at))


@pytest.mark.parametrize(
    ("place", "minutes_later", "flags"),
    [
        (XIASHI, 25, ["IMPOSSIBLE_TRAVEL"]),
        (XIASHI, 35, []),
        (None, 25, []),
        (HANGZHOU, 25, []),
    ],
)
def test_a_journey_that_nobody_makes_is_flagged(
    client: FlaskClient, place: Place | None, minutes_later: float, flags: list[str]
) -> None:
    """Sixty kilometres take half an hour at the very least."""
    who = a_person()
    _served_elsewhere(client, who, HANGZHOU)
    assert _next(client, who, place, at=60 + minutes_later) == flags


@pytest.mark.parametrize(("minutes_later", "flags"), [(4.9, ["OVERLAP_NEAR"]), (5, [])])
def test_from_one_organisation_to_the_next_takes_five_minutes(
    client: FlaskClient, minutes_later: float, flags: list[str]
) -> None:
    """Less is a doubt."""
    who = a_person()
    _served_elsewhere(client, who, None)
    assert _next(client, who, None, at=60 + minutes_later) == flags


def test_within_an_organisation_one_may_go_on_at_once(client: FlaskClient) -> None:
    """From one of its shifts to the next in a minute."""
    who = a_person()
    organisation = _served_elsewhere(client, who, None)
    assert _next(client, who, None, at=61, organisation=organisation) == []


def test_a_stay_that_was_forgotten_counts_as_the_last_place(client: FlaskClient) -> None:
    """Whoever did not check out at ten in 杭州, and is in 硖石 a minute after they no longer could, was never there."""
    who = a_person()
    site = a_site(place=HANGZHOU)
    activity = an_activity(organisation_id=site.organisation_id)
    scan_in(client, who, a_morning_shift(activity_id=activity.id, site_id=site.id, hours=1), at=0)
    far_away = Place(39_900_000, 116_400_000)
    other = a_site(place=far_away)
    there = a_morning_shift(activity_id=an_activity(organisation_id=other.organisation_id).id, site_id=other.id)
    assert _flags(scan_in(client, who, there, at=121)) == ["IMPOSSIBLE_TRAVEL"]
