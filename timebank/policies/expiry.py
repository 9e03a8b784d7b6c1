"""When a bank's minutes expire: what came in before a cut-off goes, on a day that everybody was told of (rule R25).

Cities differ: 黄山's points live three years (rolling), 志愿黄石's die on 31 December, most places keep them for good.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from timebank.policies.values import Refused

WARNED_DAYS = 30
"""Nothing expires before it was foreseeable for so long, nor sooner after the rule itself took effect (rule R25)."""
LONGEST_MONTHS = 600
_LEAP_YEAR = 2024
"""Any leap year: 29 February is a day that a rule may name."""


@dataclass(frozen=True, slots=True)
class BalanceExpiry:
    """Minutes live ``rolling_months``, or until the end of the day ``on`` (``MM-DD``) of every year: one of the two."""

    rolling_months: int | None = None
    on: str | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"rolling_months": self.rolling_months} if self.on is None else {"on": self.on}

    def cut_off_on(self, day: date, *, since: date) -> date | None:
        """Return the day from whose first instant on (Asia/Shanghai) minutes live; what came in before it expires on ``day``.

        None while nobody has been warned long enough: ``since`` is the day on which the rule took effect.
        """
        first = since + timedelta(days=WARNED_DAYS)
        if self.on is None:
            return _months_before(day, self.rolling_months or 0) if day >= first else None
        after = self._after_last(day)
        return after if after >= first else None

    def _after_last(self, day: date) -> date:
        """Return the last day that follows a day of expiry: ``day`` itself on the morning after."""
        month, number = (int(part) for part in (self.on or "").split("-"))
        for year in (day.year, day.year - 1):
            after = _day(year, month, number) + timedelta(days=1)
            if after <= day:
                return after
        return _day(day.year - 2, month, number) + timedelta(days=1)


def read_balance_expiry(value: Any) -> dict[str, Any] | None:
    """Read null, ``{"rolling_months": 36}`` or ``{"on": "12-31"}``. Raises Refused, saying so."""
    if value is None:
        return None
    if isinstance(value, dict) and len(value) == 1:
        months, on = value.get("rolling_months"), value.get("on")
        if isinstance(months, int) and not isinstance(months, bool) and 1 <= months <= LONGEST_MONTHS:
            return {"rolling_months": months}
        if isinstance(on, str) and _is_day(on):
            return {"on": on}
    raise Refused(
        f"须为 null、{{rolling_months: 1–{LONGEST_MONTHS}}} 或 {{on: 月-日}}。 "
        f'Must be null, {{"rolling_months": 1–{LONGEST_MONTHS}}} or {{"on": "MM-DD"}}.'
    )


def balance_expiry(value: dict[str, Any] | None) -> BalanceExpiry | None:
    """Return what a Policy carries for a plain value."""
    return None if value is None else BalanceExpiry(**value)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(f"{_LEAP_YEAR}-{text}").strftime("%m-%d") == text
    except ValueError:
        return False


def _day(year: int, month: int, number: int) -> date:
    """Return a day of a year; 29 February is 28 February in most of them."""
    try:
        return date(year, month, number)
    except ValueError:
        return date(year, month, number - 1)


def _months_before(day: date, months: int) -> date:
    """Return the same day ``months`` earlier, or the last one of that month."""
    count = day.year * 12 + day.month - 1 - months
    year, month = count // 12, count % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, min(day.day, (following - timedelta(days=1)).day))
