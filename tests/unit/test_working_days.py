"""Time limits count the working days of China: holidays do not count, the weekends worked for them do."""

from datetime import UTC, date, datetime

import pytest

from timebank import working_days
from timebank.working_days import Deadline, after, deadline, is_working_day, latest_overdue


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 11, 2), True),  # a Monday
        (date(2026, 11, 7), False),  # a Saturday
        (date(2026, 10, 1), False),  # national day, a Thursday
        (date(2026, 9, 20), True),  # a Sunday, worked for the national holidays
        (date(2026, 2, 16), False),  # a Monday in the Spring Festival
    ],
)
def test_holidays_are_none_and_weekends_worked_in_their_place_are(day: date, worked: bool) -> None:
    """As the State Council has announced it for 2026."""
    assert is_working_day(day) is worked


@pytest.mark.rule("R06")
@pytest.mark.parametrize(
    ("began", "count", "ends"),
    [
        (date(2026, 11, 2), 10, date(2026, 11, 16)),
        (date(2026, 11, 7), 10, date(2026, 11, 20)),  # begun on a Saturday
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # eight days of holiday, then a Saturday that is worked
        (date(2026, 11, 7), 0, date(2026, 11, 7)),
    ],
)
def test_the_day_on_which_a_limit_begins_does_not_count(began: date, count: int, ends: date) -> None:
    """Ten working days are the ten after it."""
    assert after(began, count) == Deadline(ends, provisional=False)


def test_a_year_that_is_not_announced_counts_its_weekdays_and_says_so() -> None:
    """Nobody knows the holidays of 2090 yet: a limit through it is provisional, also if it begins before."""
    assert is_working_day(date(2090, 10, 2))
    assert not is_working_day(date(2090, 10, 1 + 6))
    assert after(date(2090, 10, 2), 1) == Deadline(date(2090, 10, 3), provisional=True)
    last = date(working_days._LAST_YEAR, 12, 31)
    assert after(last, 1).provisional
    assert not after(last, 0).provisional


def test_the_day_is_the_one_in_shanghai() -> None:
    """A quarter past midnight there is still the day before in UTC; the limit ends with its last day there."""
    began = datetime(2026, 11, 2, 16, 15, tzinfo=UTC)
    assert deadline(began, 3) == Deadline(date(2026, 11, 6), provisional=False)
    assert deadline(began, 3).ends_at == datetime(2026, 11, 6, 16, tzinfo=UTC)


@pytest.mark.parametrize("today", [date(2026, 10, day) for day in range(1, 32)])
def test_what_is_late_is_what_was_due_before_today(today: date) -> None:
    """The cut-off and the due day say the same of every day around a long holiday."""
    now = working_days.start_of(today)
    cut = latest_overdue(now, 10)
    days = [date(2026, month, day) for month, day in [(9, 28), (9, 30), (10, 1), (10, 8), (10, 12), (10, 16), (10, 20)]]
    for day in days:
        assert (after(day, 10).on < today) is (day <= cut)
