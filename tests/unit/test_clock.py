"""Business time and real time, and what day it is in the street."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from timebank import clock

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_offset() -> None:
    """Start every test with business time at the wall."""
    clock.set_offset(timedelta(0))


@time_machine.travel(NOON, tick=False)
def test_business_time_is_the_wall_plus_the_offset() -> None:
    """The offset moves business time and leaves real time alone; both are UTC."""
    assert clock.now() == clock.wall() == NOON
    clock.set_offset(timedelta(minutes=90))
    assert clock.now() == NOON + timedelta(minutes=90)
    assert clock.wall() == NOON
    assert clock.now().tzinfo is clock.wall().tzinfo is UTC
    clock.set_offset(timedelta(0))


@time_machine.travel(NOON, tick=False)
def test_a_fixed_instant_stands_above_the_offset_until_it_ends() -> None:
    """``at`` fixes business time, nests, and gives back what was before."""
    first, second = NOON - timedelta(days=400), NOON + timedelta(days=1)
    with clock.at(first):
        clock.set_offset(timedelta(minutes=5))
        assert clock.now() == first
        assert clock.wall() == NOON
        with clock.at(second):
            assert clock.now() == second
        assert clock.now() == first
    assert clock.now() == NOON + timedelta(minutes=5)
    clock.set_offset(timedelta(0))


@time_machine.travel(NOON, tick=False)
def test_a_fixed_instant_ends_with_an_error_too() -> None:
    """What goes wrong at a fixed instant does not leave the clock standing."""
    with pytest.raises(ZeroDivisionError), clock.at(NOON - timedelta(days=1)):
        _ = 1 // 0
    assert clock.now() == NOON


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 3, 1, 15, 59, 59, 999999, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 16, 0, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2025, 12, 31, 16, 0, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2026, 3, 1, 23, 30, tzinfo=ZoneInfo("America/New_York")), date(2026, 3, 2)),
    ],
    ids=["before midnight", "midnight", "new year", "another zone"],
)
def test_a_day_is_a_day_in_shanghai(instant: datetime, day: date) -> None:
    """Midnight in the street is 16:00 UTC, whatever zone the instant is written in."""
    assert clock.day_of(instant) == day


@given(st.dates(date(1995, 1, 1), date(2100, 1, 1)))
def test_a_day_starts_with_its_first_instant(day: date) -> None:
    """The start of a day lies on it, a microsecond earlier does not, and it is UTC."""
    start = clock.start_of(day)
    assert clock.day_of(start) == day
    assert clock.day_of(start - timedelta(microseconds=1)) == day - timedelta(days=1)
    assert start.tzinfo is UTC


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_microseconds_are_exact(instant: datetime) -> None:
    """No microsecond is lost on the way to a whole number and back."""
    found = clock.microseconds(instant)
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=found) == instant


def test_microseconds_do_not_depend_on_the_zone() -> None:
    """The same instant gives the same number in every zone."""
    assert clock.microseconds(NOON.astimezone(clock.SHANGHAI)) == clock.microseconds(NOON) == 1_772_366_400_000_000
