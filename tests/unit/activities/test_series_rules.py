"""On which days a recurring shift takes place, where months end."""

from datetime import date

import pytest

from timebank.activities.series_rules import Frequency, MonthlyBy, Rule


def days_of(first_on: date, by: MonthlyBy, *, every: int = 1, count: int | None = None) -> list[tuple[int, int]]:
    """Return month and day on which a monthly shift takes place within a year."""
    rule = Rule(frequency=Frequency.MONTHLY, first_on=first_on, monthly_by=by, every=every, count=count)
    return [(day.month, day.day) for day in rule.days(first_on.replace(year=first_on.year + 1))]


@pytest.mark.parametrize(
    ("first_on", "every", "days"),
    [
        (date(2027, 1, 31), 1, [(1, 31), (3, 31), (5, 31), (7, 31), (8, 31), (10, 31), (12, 31), (1, 31)]),
        (date(2027, 1, 30), 2, [(1, 30), (3, 30), (5, 30), (7, 30), (9, 30), (11, 30), (1, 30)]),
        (date(2027, 12, 29), 1, [(12, 29), (1, 29), (2, 29), *((month, 29) for month in range(3, 13))]),
    ],
)
def test_a_month_without_the_day_is_left_out(first_on: date, every: int, days: list[tuple[int, int]]) -> None:
    """The 31st is not moved to the 30th or to the next month; the 29th of February is there in a leap year."""
    assert days_of(first_on, MonthlyBy.DAY, every=every) == days


def test_a_month_without_a_fifth_weekday_is_left_out_and_not_counted() -> None:
    """Four fifth Fridays are four times, however many months lie between."""
    assert days_of(date(2027, 1, 29), MonthlyBy.WEEKDAY, count=4) == [(1, 29), (4, 30), (7, 30), (10, 29)]
