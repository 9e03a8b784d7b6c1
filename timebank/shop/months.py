"""Months of Asia/Shanghai, as merchants are settled with and accounts are kept."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from timebank import clock

MARGIN = timedelta(minutes=5)
"""So long after its end a month, and whatever ends with one, is over for sure: whatever was begun in it has been committed or given up."""

_MONTH = re.compile(r"(2[01][0-9]{2})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month in Asia/Shanghai."""

    year: int
    month: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read ``2026-09``. Raises ValueError."""
        found = _MONTH.fullmatch(text)
        if found is None:
            raise ValueError(text)
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, instant: datetime) -> Self:
        """Return the month that an instant falls in."""
        day = clock.day_of(instant)
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def first_day(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def following(self) -> "Month":
        """The month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def starts_at(self) -> datetime:
        """Its first instant."""
        return clock.start_of(self.first_day)

    @property
    def ends_at(self) -> datetime:
        """The first instant after it."""
        return self.following.starts_at

    @property
    def can_be_settled_at(self) -> datetime:
        """From when on nothing of it is under way any more."""
        return self.ends_at + MARGIN
