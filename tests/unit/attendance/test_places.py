"""Distances, and what is kept of them."""

from datetime import timedelta

import pytest

from timebank.attendance.places import Located, Spot, Whereabouts, metres_between, too_fast, whereabouts

XIASHI = Spot(latitude=30_535_000, longitude=120_692_000)
HANGZHOU = Spot(latitude=30_250_000, longitude=120_165_000)
"""Sixty kilometres away."""


def _north(metres: float, accuracy_m: float | None = None) -> Located:
    return Located(latitude=30.535 + metres / 111_195, longitude=120.692, accuracy_m=accuracy_m)


def test_a_degree_of_latitude_is_a_hundred_and_eleven_kilometres() -> None:
    """As on every globe; and half around it is no further than that."""
    assert metres_between(30, 120, 31, 120) == pytest.approx(111_195, rel=0.001)
    assert metres_between(0, 0, 0, 180) == pytest.approx(20_015_087, rel=0.001)
    assert metres_between(0, 179.999, 0, -179.999) == pytest.approx(222, rel=0.01)


@pytest.mark.rule("R37")
@pytest.mark.parametrize(
    ("located", "seen"),
    [
        (_north(0), Whereabouts(inside=True, distance_m=0)),
        (_north(49), Whereabouts(inside=True, distance_m=0)),
        (_north(299), Whereabouts(inside=True, distance_m=300)),
        (_north(301), Whereabouts(inside=False, distance_m=300)),
        (_north(390, accuracy_m=95), Whereabouts(inside=True, distance_m=400)),
        (_north(410, accuracy_m=300), Whereabouts(inside=False, distance_m=400)),
        (_north(1_260), Whereabouts(inside=False, distance_m=1_300)),
        (_north(0, accuracy_m=301), None),
    ],
)
def test_only_inside_and_a_rounded_distance_are_seen(located: Located, seen: Whereabouts | None) -> None:
    """A phone's inaccuracy counts in its favour up to a hundred metres; one wider than the fence says nothing."""
    assert whereabouts(located, XIASHI, metres=300) == seen


def test_a_place_does_not_show_itself() -> None:
    """What would put it into a log shows no coordinate."""
    assert "30.5" not in repr(_north(0, accuracy_m=5))


@pytest.mark.parametrize(
    ("start", "end", "minutes", "doubtful"),
    [
        (HANGZHOU, XIASHI, 25, True),
        (HANGZHOU, XIASHI, 35, False),
        (HANGZHOU, XIASHI, -1, True),
        (XIASHI, Spot(latitude=30_543_000, longitude=120_692_000), 0, False),
        (None, XIASHI, 0, False),
        (XIASHI, None, 0, False),
    ],
)
def test_nobody_travels_faster_than_a_car(start: Spot | None, end: Spot | None, minutes: int, doubtful: bool) -> None:
    """120 km/h; sites within a kilometre are as good as one, and unknown places raise no doubt."""
    assert too_fast(start, end, timedelta(minutes=minutes)) is doubtful
