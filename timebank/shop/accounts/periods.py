"""Months, quarters and years of Asia/Shanghai, as the instants at which they begin and end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from timebank.shop.months import Month

QUARTERS = (1, 2, 3, 4)
MONTHS_A_QUARTER = 3
FIRST_YEAR, LAST_YEAR = 2000, 2199


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` on, before ``end``."""

    name: str
    start: datetime
    end: datetime


def month(of: Month) -> Period:
    """Return a month as a period."""
    return Period(str(of), of.starts_at, of.ends_at)


def quarter(year: int, number: int) -> Period:
    """Return a quarter, 1 to 4."""
    last = MONTHS_A_QUARTER * number
    return Period(f"{year}Q{number}", Month(year, last - MONTHS_A_QUARTER + 1).starts_at, Month(year, last).ends_at)


def quarters(year: int) -> list[Period]:
    """Return the four quarters of a year, one after the other."""
    return [quarter(year, number) for number in QUARTERS]


def bounds(periods: Sequence[Period]) -> list[datetime]:
    """Return the instants between which consecutive periods lie."""
    return [periods[0].start, *(period.end for period in periods)]
