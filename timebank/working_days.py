"""The working days of China: weekdays without the holidays, and the weekends that are worked in their place.

The State Council announces a year's holidays and the weekends worked for them in the November before; ``chinesecalendar``
carries what is announced. Of a year that it does not know yet only the weekends are known: whatever is counted through
such a year is ``provisional`` and may move when the library is brought up to date, never silently.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import chinese_calendar

from timebank.clock import day_of, start_of

DAY = timedelta(days=1)
_HOLIDAYS: frozenset[date] = frozenset(chinese_calendar.holidays)
_WORKED_WEEKENDS: frozenset[date] = frozenset(chinese_calendar.workdays)
_FIRST_YEAR, _LAST_YEAR = min(_HOLIDAYS).year, max(_HOLIDAYS).year


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a time limit, in Asia/Shanghai. ``provisional``: it runs through a year not announced yet."""

    on: date
    provisional: bool

    @property
    def ends_at(self) -> datetime:
        """The first instant after the last day, UTC."""
        return start_of(self.on + DAY)


def is_announced(day: date) -> bool:
    """Whether the holidays of the year of ``day`` are known; otherwise only its weekends are."""
    return _FIRST_YEAR <= day.year <= _LAST_YEAR


def is_working_day(day: date) -> bool:
    """Whether offices work on ``day``; in a year that is not announced, every day from Monday to Friday."""
    return day in _WORKED_WEEKENDS or (day.weekday() < 5 and day not in _HOLIDAYS)


def is_public_holiday(day: date) -> bool:
    """Whether ``day`` is part of a public holiday, its weekends included; not known of a year that is not announced."""
    return day in _HOLIDAYS


@lru_cache(maxsize=4_096)
def after(day: date, count: int) -> Deadline:
    """Return the ``count``-th working day after ``day``: a time limit does not count the day on which it begins.

    Of 0 working days the last one is ``day`` itself.
    """
    last, known = day, is_announced(day)
    for last in _working_days_after(day, count):
        known = known and is_announced(last)
    return Deadline(last, provisional=not known)


def _working_days_after(day: date, count: int) -> Iterator[date]:
    while count > 0:
        day += DAY
        if is_working_day(day):
            count -= 1
            yield day


def deadline(began: datetime, count: int) -> Deadline:
    """Return the last day of a limit of ``count`` working days that began at an instant."""
    return after(day_of(began), count)


def latest_overdue(now: datetime, count: int) -> date:
    """Return the latest day whose limit of ``count`` working days was over before today: what began then is late."""
    today = day_of(now)
    day = today - DAY
    while after(day, count).on >= today:
        day -= DAY
    return day
