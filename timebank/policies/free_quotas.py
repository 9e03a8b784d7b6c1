"""Free quotas for people in need: which kinds there are, and how much each gives in which time (rule R30).

姚庄: 100 points a year for 低保, 50 for those just above it; 漳州: five pieces a month.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from timebank.policies.limits import Period, first_day, following_first_day
from timebank.policies.values import Refused

MOST_KINDS = 10
MOST_AMOUNT = 1_000_000
_KIND = re.compile(r"[a-z][a-z0-9_]{0,29}")
_NAME_LENGTH = 20
_PERIODS = (Period.MONTH, Period.QUARTER, Period.YEAR)


class QuotaUnit(StrEnum):
    """``points``: goods cost as many as their price has minutes. ``pieces``: every piece costs one."""

    POINTS = "points"
    PIECES = "pieces"


@dataclass(frozen=True, slots=True)
class FreeQuota:
    """One kind of free quota: its name for people, its size, and how often it begins anew."""

    kind: str
    name: str
    period: Period
    unit: QuotaUnit
    size: int

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"kind": self.kind, "name": self.name, "period": str(self.period), str(self.unit): self.size}

    def period_on(self, day: date) -> date:
        """Return the first day of the period that ``day`` lies in."""
        return first_day(self.period, day) or day

    def renews_on(self, day: date) -> date:
        """Return the day on which the quota begins anew."""
        return following_first_day(self.period, day) or day


def read_free_quotas(value: Any) -> list[dict[str, Any]]:
    """Read a list of kinds, each named once. Raises Refused."""
    if not isinstance(value, list) or len(value) > MOST_KINDS:
        raise Refused(f"须为列表，最多 {MOST_KINDS} 项。 Must be a list of at most {MOST_KINDS} kinds.")
    found = [_kind(item) for item in value]
    if len({one.kind for one in found}) != len(found):
        raise Refused("同一种额度写了两次。 The same kind is there twice.")
    return [one.plain() for one in found]


def free_quotas(value: list[dict[str, Any]]) -> tuple[FreeQuota, ...]:
    """Return what a Policy carries for a plain value."""
    return tuple(_kind(item) for item in value)


def _kind(item: Any) -> FreeQuota:
    units = [unit for unit in QuotaUnit if isinstance(item, dict) and unit in item]
    if len(units) != 1 or item.keys() != {"kind", "name", "period", units[0]}:
        raise Refused(
            "须有 kind、name、period，以及 points 或 pieces 之一。 Give kind, name, period, and points or pieces."
        )
    kind, name, period, size = item["kind"], item["name"], item["period"], item[units[0]]
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise Refused("kind 须为小写字母、数字和下划线。 kind: small letters, digits and underscores.")
    if not isinstance(name, str) or not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
        raise Refused(f"name 须为 1 到 {_NAME_LENGTH} 个字。 name: 1 to {_NAME_LENGTH} characters.")
    if period not in [str(one) for one in _PERIODS]:
        raise Refused("period 须为 month、quarter、year 之一。 period: one of month, quarter, year.")
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MOST_AMOUNT:
        raise Refused(f"额度须为 1 到 {MOST_AMOUNT} 的整数。 The size: a whole number from 1 to {MOST_AMOUNT}.")
    return FreeQuota(kind, name, Period(period), units[0], size)
