"""Which star minutes are worth, and where a proposal stands."""

from datetime import timedelta
from typing import Any

import pytest

from tests.factories.records import NINE_O_CLOCK
from timebank.errors import Invalid
from timebank.policies.rules import BUILT_IN, KEYS, built_in, read_value
from timebank.stars.rules import State, level_of, review_due, undecided_state


@pytest.mark.rule("R17")
@pytest.mark.parametrize(
    ("hours", "level"), [(0, 0), (99, 0), (100, 1), (299, 1), (300, 2), (600, 3), (1_000, 4), (1_500, 5), (9_999, 5)]
)
def test_the_stars_of_2012_are_the_built_in_ones(hours: int, level: int) -> None:
    """100, 300, 600, 1000 and 1500 hours of service (民函〔2012〕340号); a minute less is not enough."""
    assert level_of(hours * 60, BUILT_IN.star_minutes) == level
    assert level_of(hours * 60 - 1, BUILT_IN.star_minutes) <= level


@pytest.mark.rule("R17")
def test_cities_set_their_own() -> None:
    """张家港 gives stars at 30, 60, 100, 200 and 300 hours; a bank may give none."""
    assert read_value("star_minutes", [1_800, 3_600, 6_000, 12_000, 18_000.0]) == [1_800, 3_600, 6_000, 12_000, 18_000]
    assert read_value("star_minutes", None) is None
    assert KEYS["star_minutes"].value_of(None) == ()
    assert KEYS["star_minutes"].bank_wide
    assert built_in("star_minutes") == [6_000, 18_000, 36_000, 60_000, 90_000]


@pytest.mark.parametrize(
    "value", [[], 6_000, [59], [60, 60], [120, 60], ["60"], [True], [60.5], list(range(60, 71)), [None]]
)
def test_thresholds_rise(value: Any) -> None:
    """One to ten whole numbers, each greater than the one before."""
    with pytest.raises(Invalid):
        read_value("star_minutes", value)


def test_an_open_objection_holds_a_star_whatever_the_time() -> None:
    """Without one, the notice is over in the instant that it names."""
    ends, before = NINE_O_CLOCK, NINE_O_CLOCK - timedelta(microseconds=1)

    assert undecided_state(objected=False, ends_at=ends, now=before) is State.ON_NOTICE
    assert undecided_state(objected=False, ends_at=ends, now=ends) is State.READY
    assert undecided_state(objected=True, ends_at=ends, now=ends) is State.OBJECTED


@pytest.mark.parametrize(
    ("minutes", "kept_at", "due"),
    [(100, None, False), (99, None, True), (99, 99, False), (98, 99, True), (100, 99, False)],
)
def test_a_star_is_looked_at_again_when_its_minutes_have_become_too_few(
    minutes: int, kept_at: int | None, due: bool
) -> None:
    """What somebody has let stand is not looked at again until there is less still."""
    assert review_due(minutes=minutes, threshold=100, kept_at=kept_at) is due
