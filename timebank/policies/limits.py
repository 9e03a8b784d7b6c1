"""How much of what somebody may take from a shop in which time: the limits of a policy, or of one goods (rule R30).

嵊州: two of each gift for ever; 温州: two pieces of bread a day. All periods are periods of Asia/Shanghai.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from timebank import clock
from timebank.policies.values import Refused

MOST_LIMITS = 20
MOST_AMOUNT = 1_000_000
MOST_DAYS = 3_660
_CATEGORY_LENGTH = 40
_TICK = timedelta(microseconds=1)


class Per(StrEnum):
    """Whose takings are counted together."""

    PERSON = "person"
    HOUSEHOLD = "household"


class Of(StrEnum):
    """Which takings: of each goods by itself, of each category, of all goods of the shop, or of all shops of the bank."""

    ITEM = "item"
    CATEGORY = "category"
    SHOP = "shop"
    ALL = "all"


class Unit(StrEnum):
    """What is counted; what costs nothing has no minutes but pieces."""

    PIECES = "pieces"
    MINUTES = "minutes"


class Period(StrEnum):
    """A time that begins anew with the calendar."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    EVER = "ever"


_ZH = {
    Per.PERSON: "每人",
    Per.HOUSEHOLD: "每户",
    Of.ITEM: "此物品",
    Of.CATEGORY: "此类物品",
    Of.SHOP: "本公益仓物品",
    Of.ALL: "各公益仓物品合计",
    Period.DAY: "每天",
    Period.WEEK: "每周",
    Period.MONTH: "每月",
    Period.QUARTER: "每季度",
    Period.YEAR: "每年",
    Period.EVER: "累计",
    Unit.PIECES: "件",
    Unit.MINUTES: "分钟",
}
_EN = {Of.ITEM: "these goods", Of.CATEGORY: "this kind of goods", Of.SHOP: "this shop", Of.ALL: "all shops"}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` pieces or minutes ``per`` person or household ``of`` something in a time.

    ``window`` is a calendar period, or so many days back from each moment. ``category`` and ``goods_id`` say which
    ones are meant; without them each category or goods is counted by itself.
    """

    per: Per
    of: Of
    window: Period | int
    unit: Unit
    most: int
    category: str | None = None
    goods_id: UUID | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        found: dict[str, Any] = {"per": str(self.per), "of": str(self.of)}
        if self.category is not None:
            found["category"] = self.category
        if self.goods_id is not None:
            found["goods_id"] = str(self.goods_id)
        window = {"days": self.window} if isinstance(self.window, int) else str(self.window)
        return found | {"window": window, str(self.unit): self.most}

    @property
    def span(self) -> str:
        """Return the window in one word: ``day``, ``days:30``."""
        return f"days:{self.window}" if isinstance(self.window, int) else str(self.window)

    @property
    def is_rolling(self) -> bool:
        """Whether the window is so many days back from each moment."""
        return isinstance(self.window, int)

    def starts_at(self, now: datetime) -> datetime | None:
        """Return since when takings count at ``now``; None: since ever."""
        if isinstance(self.window, int):
            return now - timedelta(days=self.window) + _TICK  # what is exactly so old is free again
        day = first_day(self.window, clock.day_of(now))
        return None if day is None else clock.start_of(day)

    def resets_at(self, now: datetime, first_taken_at: datetime | None) -> datetime | None:
        """Return when something of it is free again; None: never by itself. A rolling window frees what came first."""
        if isinstance(self.window, int):
            return first_taken_at + timedelta(days=self.window) if first_taken_at else None
        day = following_first_day(self.window, clock.day_of(now))
        return None if day is None else clock.start_of(day)

    def told(self) -> str:
        """Return it in words for the one who is refused."""
        when = f"每 {self.window} 天" if isinstance(self.window, int) else _ZH[self.window]
        return f"{_ZH[self.of]}{_ZH[self.per]}{when}最多 {self.most} {_ZH[self.unit]}"

    def told_in_english(self) -> str:
        """Return the same in English."""
        when = f"in {self.window} days" if isinstance(self.window, int) else f"({self.window})"
        return f"at most {self.most} {self.unit} per {self.per} {when} of {_EN[self.of]}"


def first_day(period: Period, day: date) -> date | None:
    """Return the first day of the period that ``day`` lies in; None of ``ever``. A week begins on Monday."""
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)
        case Period.QUARTER:
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case Period.YEAR:
            return date(day.year, 1, 1)
        case _:
            return None


_LONGEST = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 31, Period.QUARTER: 92, Period.YEAR: 366}


def following_first_day(period: Period, day: date) -> date | None:
    """Return the first day of the next period; None of ``ever``."""
    first = first_day(period, day)
    # A day that is as far away as the longest period lies in the next one.
    return None if first is None else first_day(period, first + timedelta(days=_LONGEST[period]))


def read_limits(value: Any) -> list[dict[str, Any]]:
    """Read a list of limits. Raises Refused, saying what is wrong with the first bad one."""
    if not isinstance(value, list) or len(value) > MOST_LIMITS:
        raise Refused(f"须为列表，最多 {MOST_LIMITS} 项。 Must be a list of at most {MOST_LIMITS} limits.")
    found = [_limit(item, f"第 {place} 项：") for place, item in enumerate(value, start=1)]
    kinds = [{**one.plain(), str(one.unit): None}.items() for one in found]
    if any(kind in kinds[:place] for place, kind in enumerate(kinds)):
        raise Refused("同样的限额写了两次。 The same limit is there twice.")
    return [one.plain() for one in found]


def limits(value: list[dict[str, Any]]) -> tuple[Limit, ...]:
    """Return what a Policy carries for a plain value."""
    return tuple(_limit(item, "") for item in value)


def _limit(item: Any, where: str) -> Limit:
    if not isinstance(item, dict):
        raise Refused(f"{where}须为对象。 Must be an object.")
    units = [unit for unit in Unit if unit in item]
    if len(units) != 1 or item.keys() - {"per", "of", "window", "category", "goods_id", *units}:
        raise Refused(
            f"{where}须有 per、of、window，以及 pieces 或 minutes 之一。 Give per, of, window, and pieces or minutes."
        )
    return Limit(
        per=_word(Per, item.get("per"), where),
        of=_word(Of, item.get("of"), where),
        window=_window(item.get("window"), where),
        unit=units[0],
        most=_whole(item[units[0]], MOST_AMOUNT, where),
        category=_category(item, where),
        goods_id=_goods(item, where),
    )


def _word(kind: type[Any], value: Any, where: str) -> Any:
    words = [str(word) for word in kind]
    if not isinstance(value, str) or value not in words:
        raise Refused(f"{where}须为 {'、'.join(words)} 之一。 Must be one of {', '.join(words)}.")
    return kind(value)


def _whole(value: Any, most: int, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise Refused(f"{where}须为 1 到 {most} 的整数。 Must be a whole number from 1 to {most}.")
    return value


def _window(value: Any, where: str) -> Period | int:
    if isinstance(value, dict) and value.keys() == {"days"}:
        return _whole(value["days"], MOST_DAYS, where)
    period: Period = _word(Period, value, where)
    return period


def _category(item: dict[str, Any], where: str) -> str | None:
    value = item.get("category")
    if value is None:
        return None
    told = isinstance(value, str) and value.isprintable() and 1 <= len(value) <= _CATEGORY_LENGTH
    if item.get("of") != Of.CATEGORY or not told:
        raise Refused(f"{where}category 只用于 of=category。 A category goes with of=category.")
    return str(value)


def _goods(item: dict[str, Any], where: str) -> UUID | None:
    value = item.get("goods_id")
    if value is None:
        return None
    try:
        if item.get("of") == Of.ITEM and isinstance(value, str):
            return UUID(value)
    except ValueError:
        pass
    raise Refused(f"{where}goods_id 须为物品编号，且 of=item。 The id of goods goes with of=item.")
