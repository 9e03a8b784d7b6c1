"""On which days and at which hours goods may be redeemed (rule R29; 唐山: the 15th of every month)."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any

from timebank import clock
from timebank.policies.values import Refused

_HOURS = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_END_OF_DAY = "24:00"


@dataclass(frozen=True, slots=True)
class RedemptionDays:
    """Days of the month or weekdays (1 is Monday) on which it is open, either of both; none: every day.

    ``hours`` are from and until in Asia/Shanghai; none: all day.
    """

    days_of_month: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[str, str] | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        found = {"days_of_month": self.days_of_month, "weekdays": self.weekdays, "hours": self.hours}
        return {name: list(value) for name, value in found.items() if value}

    def opens_at(self, now: datetime) -> datetime:
        """Return when it opens next, UTC; ``now`` itself while it is open."""
        today = clock.day_of(now)
        # Every number of a month comes again within two months, so there always is a next day.
        days = (today + timedelta(days=ahead) for ahead in count())
        open_days = (day for day in days if self._is_on(day.day, day.isoweekday()))
        return next(max(opens, now) for opens, closes in map(self._times, open_days) if now < closes)

    def _times(self, day: date) -> tuple[datetime, datetime]:
        midnight = clock.start_of(day)
        opens, closes = self.hours or ("00:00", _END_OF_DAY)
        return _at(midnight, opens), _at(midnight, closes)

    def _is_on(self, day_of_month: int, weekday: int) -> bool:
        if not self.days_of_month and not self.weekdays:
            return True
        return day_of_month in self.days_of_month or weekday in self.weekdays


def _at(midnight: datetime, hour: str) -> datetime:
    if hour == _END_OF_DAY:
        return midnight + timedelta(days=1)
    given = time.fromisoformat(hour)
    return midnight + timedelta(hours=given.hour, minutes=given.minute)


def read_redemption_days(value: Any) -> dict[str, Any] | None:
    """Read null or ``{"days_of_month": [15], "weekdays": [6, 7], "hours": ["09:00", "16:30"]}``. Raises Refused."""
    if value is None:
        return None
    if not isinstance(value, dict) or not value or value.keys() - {"days_of_month", "weekdays", "hours"}:
        raise Refused(
            "须为 null，或 days_of_month、weekdays、hours 中的几项。 "
            "Must be null, or some of days_of_month, weekdays and hours."
        )
    days = RedemptionDays(
        days_of_month=_numbers(value, "days_of_month", 31),
        weekdays=_numbers(value, "weekdays", 7),
        hours=_hours(value),
    )
    return days.plain()


def redemption_days(value: dict[str, Any] | None) -> RedemptionDays | None:
    """Return what a Policy carries for a plain value."""
    if value is None:
        return None
    hours = value.get("hours")
    return RedemptionDays(
        tuple(value.get("days_of_month", ())), tuple(value.get("weekdays", ())), (hours[0], hours[1]) if hours else None
    )


def _numbers(value: dict[str, Any], name: str, most: int) -> tuple[int, ...]:
    if name not in value:
        return ()
    given = value[name]
    whole = isinstance(given, list) and all(type(one) is int and 1 <= one <= most for one in given)
    if not whole or not given or len(set(given)) != len(given):
        raise Refused(f"{name} 须为 1 到 {most} 的不重复整数。 {name}: different whole numbers from 1 to {most}.")
    return tuple(sorted(given))


def _hours(value: dict[str, Any]) -> tuple[str, str] | None:
    if "hours" not in value:
        return None
    given = value["hours"]
    told = isinstance(given, list) and len(given) == 2 and all(isinstance(one, str) for one in given)
    if not told or not all(_HOURS.fullmatch(one) for one in given) or given[0] >= given[1]:
        raise Refused('hours 须如 ["09:00", "16:30"]。 hours: from and until, like ["09:00", "16:30"].')
    return given[0], given[1]
