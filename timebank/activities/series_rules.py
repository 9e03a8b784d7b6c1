"""On which days a recurring shift takes place. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice

from dateutil.rrule import MONTHLY, WEEKLY, rrule, weekday

from timebank import working_days

MAX_INTERVAL = 12
MAX_COUNT = 500
AHEAD = timedelta(days=35)
"""So far ahead shifts are published: people see the next month."""
DAYS_OF_WEEK = 7


class Frequency(StrEnum):
    """How shifts recur."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"


class MonthlyBy(StrEnum):
    """What stays the same from month to month: the day (the 15th), or the weekday (the second Wednesday)."""

    DAY = "day"
    WEEKDAY = "weekday"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of recurrence. ``count`` counts the days on which it takes place: a holiday that is skipped is none."""

    frequency: str
    first_on: date
    every: int = 1
    weekdays: tuple[int, ...] = ()
    monthly_by: str = MonthlyBy.DAY
    until_on: date | None = None
    count: int | None = None
    skips_holidays: bool = False

    def days(self, until: date) -> Iterator[date]:
        """Yield the days up to and including ``until`` on which the shift takes place."""
        found = (day for day in self._all(until) if not (self.skips_holidays and working_days.is_public_holiday(day)))
        return islice(found, self.count)

    def _all(self, until: date) -> Iterator[date]:
        last = min(until, self.until_on or until)
        start = datetime.combine(self.first_on, time.min)
        end = datetime.combine(last, time.min)
        if self.frequency == Frequency.WEEKLY:
            days = [day - 1 for day in self.weekdays or (self.first_on.isoweekday(),)]
            found = rrule(WEEKLY, dtstart=start, until=end, interval=self.every, byweekday=days)
        elif self.monthly_by == MonthlyBy.DAY:
            found = rrule(MONTHLY, dtstart=start, until=end, interval=self.every, bymonthday=self.first_on.day)
        else:
            which = (self.first_on.day - 1) // DAYS_OF_WEEK + 1
            nth = weekday(self.first_on.weekday(), which)
            found = rrule(MONTHLY, dtstart=start, until=end, interval=self.every, byweekday=nth)
        return (at.date() for at in found)
