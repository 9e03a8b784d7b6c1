"""What somebody brings along, held against the rules: told apart without a database."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.unit.attendance.test_rules import NINE, OUTSIDE, SHIFT
from timebank.activities.errors import NotSignedUp, RiskNotAccepted
from timebank.attendance.arrivals import Background, Brought, Fenced, fenced, flags_of_journey
from timebank.attendance.errors import LocationRequired, OutOfRange, Overlap
from timebank.attendance.places import Located, Spot
from timebank.attendance.rules import Standing, refuse_check_in
from timebank.database import new_id
from timebank.errors import Refusal
from timebank.identity.errors import ConsentRequired, GuardianRequired, NotForMinors
from timebank.policies.rules import BUILT_IN, Policy
from timebank.records.rules import Flag

XIASHI = replace(SHIFT, latitude=30_535_000, longitude=120_692_000)
RISKY = replace(SHIFT, risky=True, risk_notice="高温")
THERE = Brought(located=Located(latitude=30.535, longitude=120.692))
AWAY = Brought(located=Located(latitude=31.535, longitude=120.692))
AGREED = Background(location_consent=True)
CHILD = Background(birth_on=date(2015, 1, 1))


def _standing(background: Background) -> Standing:
    return replace(OUTSIDE, background=background)


@pytest.mark.parametrize(
    ("standing", "policy", "refusal"),
    [
        (replace(OUTSIDE, busy_until=NINE + timedelta(minutes=1), background=CHILD), BUILT_IN, Overlap),
        (_standing(replace(CHILD, service_consent=False)), BUILT_IN, ConsentRequired),
        (OUTSIDE, replace(BUILT_IN, service_consent=True), ConsentRequired),
        (replace(_standing(CHILD), signed_up=False), replace(BUILT_IN, walk_in=False), GuardianRequired),
        (replace(OUTSIDE, signed_up=False), replace(BUILT_IN, walk_in=False), NotSignedUp),
    ],
)
def test_protection_stands_between_time_and_place(standing: Standing, policy: Policy, refusal: type[Refusal]) -> None:
    """What the clock refuses is told first; then consent and age; then whether one has a place."""
    with pytest.raises(refusal):
        refuse_check_in(standing=standing, context=SHIFT, policy=policy, at=NINE, by_staff=False)


@pytest.mark.rule("R14")
def test_the_risk_is_told_after_the_age_and_before_the_fence() -> None:
    """A child hears that it is too young, an adult what the risks are."""
    enforced = replace(BUILT_IN, geofence="enforce")
    for background, refusal in ((CHILD, NotForMinors), (Background(), RiskNotAccepted)):
        with pytest.raises(refusal):
            refuse_check_in(standing=_standing(background), context=RISKY, policy=enforced, at=NINE, by_staff=False)
    accepted = replace(AGREED, risk_accepted=True)
    refuse_check_in(standing=_standing(accepted), context=RISKY, policy=enforced, at=NINE, by_staff=True)


@pytest.mark.rule("R37")
@pytest.mark.parametrize(
    ("mode", "background", "brought", "seen"),
    [
        ("off", AGREED, AWAY, Fenced()),
        ("flag", AGREED, Brought(), frozenset({Flag.NO_LOCATION})),
        ("flag", Background(), THERE, frozenset({Flag.NO_LOCATION})),
        ("flag", AGREED, THERE, frozenset()),
        ("flag", AGREED, AWAY, frozenset({Flag.FAR})),
        ("enforce", AGREED, Brought(), LocationRequired),
        ("enforce", Background(), THERE, LocationRequired),
        ("enforce", AGREED, AWAY, OutOfRange),
        ("enforce", AGREED, replace(AWAY, kept=True), frozenset({Flag.FAR})),
        ("enforce", AGREED, Brought(kept=True), frozenset({Flag.NO_LOCATION})),
    ],
)
def test_what_the_fence_makes_of_a_place(
    mode: str, background: Background, brought: Brought, seen: frozenset[Flag] | Fenced | type[Refusal]
) -> None:
    """Off: nothing. Flag: a doubt. Enforce: a condition, but for scans that a phone has kept."""
    policy = replace(BUILT_IN, geofence=mode)

    def look() -> Fenced:
        return fenced(background=background, context=XIASHI, policy=policy, brought=brought, by_staff=False)

    if isinstance(seen, type):
        with pytest.raises(seen):
            look()
    elif isinstance(seen, Fenced):
        assert look() == seen
    else:
        assert look().flags == seen


def test_a_first_service_raises_no_doubt_about_a_journey() -> None:
    """Whoever has been nowhere came from nowhere; yet a shared phone and a leader in a hurry are seen."""
    assert flags_of_journey(background=Background(), context=XIASHI, left_at=None, at=NINE) == set()
    seen = Background(shared_device=True, scanned_by_leader=4)
    found = flags_of_journey(background=seen, context=XIASHI, left_at=None, at=NINE)
    assert found == {Flag.SHARED_DEVICE, Flag.BULK}
    calm = Background(scanned_by_leader=3)
    assert flags_of_journey(background=calm, context=XIASHI, left_at=None, at=NINE) == set()


def test_a_journey_may_be_too_near_and_too_far_at_once() -> None:
    """Another organisation a minute ago, and six hundred kilometres away."""
    came_from = Background(left_organisation_id=new_id(), left_from=Spot(latitude=36_000_000, longitude=120_692_000))
    found = flags_of_journey(background=came_from, context=XIASHI, left_at=NINE - timedelta(minutes=1), at=NINE)
    assert found == {Flag.OVERLAP_NEAR, Flag.IMPOSSIBLE_TRAVEL}
