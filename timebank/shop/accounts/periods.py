"""Months, quarters and years of Asia/Shanghai, as the instants at which they begin and end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from timebank import clock

MONTHS = 12
QUARTERS = (1, 2, 3, 4)
MONTHS_A_QUARTER = MONTHS // len(QUARTERS)
FIRST_YEAR, LAST_YEAR = 2000, 2199


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` on, before ``end``."""

    name: str
    start: datetime
    end: datetime


def _month_begins(year: int, month: int) -> datetime:
    """Return when a month of Asia/Shanghai begins; month 13 is the next January."""
    year, month = (year + 1, 1) if month > MONTHS else (year, month)
    return datetime(year, month, 1, tzinfo=clock.SHANGHAI).astimezone(UTC)


def month(year: int, number: int) -> Period:
    """Return a month."""
    return Period(f"{year}-{number:02}", _month_begins(year, number), _month_begins(year, number + 1))


def quarter(year: int, number: int) -> Period:
    """Return a quarter, 1 to 4."""
    first = MONTHS_A_QUARTER * (number - 1) + 1
    return Period(f"{year}Q{number}", _month_begins(year, first), _month_begins(year, first + MONTHS_A_QUARTER))


def quarters(year: int) -> list[Period]:
    """Return the four quarters of a year, one after the other."""
    return [quarter(year, number) for number in QUARTERS]


def bounds(periods: Sequence[Period]) -> list[datetime]:
    """Return the instants between which consecutive periods lie."""
    return [periods[0].start, *(period.end for period in periods)]
