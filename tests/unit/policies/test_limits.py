"""Limits, redemption days and free quotas as a policy has them: what may be set, and what periods they mean."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from timebank.errors import Invalid
from timebank.policies.free_quotas import QuotaUnit, free_quotas
from timebank.policies.keys import KEYS, read_value
from timebank.policies.limits import Limit, Of, Per, Period, Unit, first_day, following_first_day, limits
from timebank.policies.redemption_days import redemption_days
from timebank.policies.rules import BUILT_IN, plain

NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)
"""Noon of a Wednesday in Shanghai."""
GOOD = {"per": "person", "of": "item", "window": "month", "pieces": 2}


@pytest.mark.rule("R30")
@pytest.mark.parametrize(
    "value",
    [
        [],
        [GOOD],
        [GOOD, GOOD | {"per": "household"}],
        [{"per": "household", "of": "category", "category": "粮油", "window": {"days": 30}, "minutes": 600}],
        [
            {
                "per": "person",
                "of": "item",
                "goods_id": "0199f000-0000-7000-8000-000000000001",
                "window": "ever",
                "pieces": 1,
            }
        ],
        [{"per": "person", "of": of, "window": window, "pieces": 1} for of in ("shop", "all") for window in Period],
    ],
)
def test_limits_that_can_be_counted_are_taken(value: Any) -> None:
    """Whoever, whatever, in pieces or minutes, in a calendar period, so many days or ever; they come back as they were."""
    assert read_value("redeem_limits", value) == value
    assert plain(KEYS["redeem_limits"].value_of(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        None,
        GOOD,
        ["每人两件"],
        [GOOD | {"pieces": 0}],
        [GOOD | {"pieces": -1}],
        [GOOD | {"pieces": 10**12}],
        [GOOD | {"pieces": 1.5}],
        [GOOD | {"pieces": True}],
        [GOOD | {"pieces": "2"}],
        [GOOD | {"minutes": 60}],
        [{"per": "person", "of": "item", "window": "month"}],
        [GOOD | {"per": "family"}],
        [GOOD | {"per": ["person"]}],
        [GOOD | {"of": "lot"}],
        [GOOD | {"window": "decade"}],
        [GOOD | {"window": {"days": 0}}],
        [GOOD | {"window": {"days": 3_661}}],
        [GOOD | {"window": {"weeks": 2}}],
        [GOOD | {"category": "粮油"}],
        [GOOD | {"of": "category", "category": ""}],
        [GOOD | {"of": "category", "category": "粮\x00油"}],
        [GOOD | {"of": "category", "category": "粮" * 41}],
        [GOOD | {"goods_id": "soap"}],
        [GOOD | {"goods_id": 7}],
        [GOOD | {"of": "shop", "goods_id": "0199f000-0000-7000-8000-000000000001"}],
        [GOOD | {"most": 2}],
        [GOOD, GOOD | {"pieces": 3}],
        [GOOD | {"window": {"days": days}} for days in range(1, 22)],
    ],
)
def test_limits_that_make_no_sense_are_refused(value: Any) -> None:
    """Nothing, less than nothing, without end, of something else, twice the same, too many: each points at the value."""
    with pytest.raises(Invalid) as refused:
        read_value("redeem_limits", value)
    assert [error["pointer"] for error in refused.value.errors] == ["/value"]


@pytest.mark.parametrize(
    ("period", "day", "first", "following"),
    [
        (Period.DAY, date(2026, 12, 31), date(2026, 12, 31), date(2027, 1, 1)),
        (Period.WEEK, date(2026, 11, 16), date(2026, 11, 16), date(2026, 11, 23)),
        (Period.WEEK, date(2026, 11, 22), date(2026, 11, 16), date(2026, 11, 23)),
        (Period.MONTH, date(2024, 2, 29), date(2024, 2, 1), date(2024, 3, 1)),
        (Period.MONTH, date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1)),
        (Period.QUARTER, date(2026, 11, 18), date(2026, 10, 1), date(2027, 1, 1)),
        (Period.QUARTER, date(2026, 1, 1), date(2026, 1, 1), date(2026, 4, 1)),
        (Period.YEAR, date(2024, 12, 31), date(2024, 1, 1), date(2025, 1, 1)),
        (Period.EVER, date(2026, 11, 18), None, None),
    ],
)
def test_periods_begin_with_the_calendar(period: Period, day: date, first: date | None, following: date | None) -> None:
    """A week on Monday, a quarter in January, April, July and October; ``ever`` neither begins nor ends."""
    assert (first_day(period, day), following_first_day(period, day)) == (first, following)


def test_a_period_begins_at_midnight_in_shanghai_and_a_rolling_one_at_every_moment() -> None:
    """The month of a limit is Shanghai's; thirty days are thirty days back, and free again what came first."""
    month = Limit(Per.PERSON, Of.ITEM, Period.MONTH, Unit.PIECES, 2)
    rolling = Limit(Per.PERSON, Of.ITEM, 30, Unit.PIECES, 2)
    assert month.starts_at(NOON) == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert month.resets_at(NOON, NOON) == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert rolling.starts_at(NOON) == NOON - timedelta(days=30) + timedelta(microseconds=1)
    assert rolling.resets_at(NOON, NOON - timedelta(days=12)) == NOON + timedelta(days=18)
    assert rolling.resets_at(NOON, None) is None


def test_a_limit_says_itself_in_words() -> None:
    """A person who is refused reads what the rule is."""
    [month, days] = limits([GOOD, {"per": "household", "of": "all", "window": {"days": 30}, "minutes": 600}])
    assert month.told() == "此物品每人每月最多 2 件"
    assert days.told() == "各公益仓物品合计每户每 30 天最多 600 分钟"
    assert month.told_in_english() == "at most 2 pieces per person (month) of these goods"
    assert days.told_in_english() == "at most 600 minutes per household in 30 days of all shops"


@pytest.mark.rule("R29")
@pytest.mark.parametrize(
    ("value", "now", "opens"),
    [
        ({"days_of_month": [15]}, "2026-11-18 12:00", "2026-12-15 00:00"),
        ({"days_of_month": [15]}, "2026-12-15 23:59", "2026-12-15 23:59"),
        ({"days_of_month": [31]}, "2027-02-01 00:00", "2027-03-31 00:00"),
        ({"weekdays": [6, 7]}, "2026-11-18 12:00", "2026-11-21 00:00"),
        ({"days_of_month": [15], "weekdays": [6]}, "2026-11-22 12:00", "2026-11-28 00:00"),
        ({"hours": ["09:00", "16:30"]}, "2026-11-18 08:59", "2026-11-18 09:00"),
        ({"hours": ["09:00", "16:30"]}, "2026-11-18 16:29", "2026-11-18 16:29"),
        ({"hours": ["09:00", "16:30"]}, "2026-11-18 16:30", "2026-11-19 09:00"),
        ({"days_of_month": [15], "hours": ["09:00", "24:00"]}, "2026-12-15 23:59", "2026-12-15 23:59"),
    ],
)
def test_redemption_days_say_when_it_opens_next(value: Any, now: str, opens: str) -> None:
    """The 15th, the weekend, either of both, from nine to half past four: by the clock of Shanghai."""
    assert read_value("redeem_days", value) == value
    days = redemption_days(value)
    assert days is not None
    shanghai = [datetime.fromisoformat(f"{text}:00+08:00") for text in (now, opens)]
    assert days.opens_at(shanghai[0]) == shanghai[1]
    assert plain(days) == value


@pytest.mark.parametrize(
    "value",
    [
        {},
        [15],
        {"days_of_month": []},
        {"days_of_month": [0]},
        {"days_of_month": [32]},
        {"days_of_month": [15, 15]},
        {"days_of_month": [True]},
        {"weekdays": [8]},
        {"weekdays": "weekend"},
        {"hours": ["09:00"]},
        {"hours": ["16:30", "09:00"]},
        {"hours": ["9:00", "16:30"]},
        {"hours": ["09:00", "24:01"]},
        {"hours": [9, 16]},
        {"holidays": True},
    ],
)
def test_redemption_days_that_never_come_are_refused(value: Any) -> None:
    """No day, a day that no month has, hours that end before they begin."""
    with pytest.raises(Invalid):
        read_value("redeem_days", value)


@pytest.mark.rule("R30")
def test_a_free_quota_has_a_size_a_unit_and_a_period() -> None:
    """100 points a year, or five pieces a month."""
    value = [
        {"kind": "low_income", "name": "低保", "period": "year", "points": 100},
        {"kind": "poor_card", "name": "帮扶卡", "period": "month", "pieces": 5},
    ]
    assert read_value("free_quota", value) == value
    points, pieces = free_quotas(value)
    assert (points.unit, pieces.unit) == (QuotaUnit.POINTS, QuotaUnit.PIECES)
    assert (points.period_on(NOON.date()), points.renews_on(NOON.date())) == (date(2026, 1, 1), date(2027, 1, 1))
    assert (pieces.period_on(NOON.date()), pieces.renews_on(NOON.date())) == (date(2026, 11, 1), date(2026, 12, 1))
    assert plain((points, pieces)) == value


@pytest.mark.parametrize(
    "change",
    [
        {"points": 0},
        {"points": -1},
        {"points": 10**12},
        {"points": 1.5},
        {"pieces": 5},
        {"kind": "低保"},
        {"kind": "x" * 31},
        {"kind": 1},
        {"name": ""},
        {"name": "低\x00保"},
        {"name": "低" * 21},
        {"period": "day"},
        {"period": "ever"},
        {"period": ["year"]},
        {"reason": "困难"},
    ],
)
def test_a_free_quota_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    """No size, no end, two units, no name, a period that is none."""
    with pytest.raises(Invalid):
        read_value("free_quota", [{"kind": "low_income", "name": "低保", "period": "year", "points": 100} | change])


@pytest.mark.parametrize("value", [None, {}, ["low_income"], [[]]])
def test_free_quotas_are_a_list(value: Any) -> None:
    """Each kind is an object of the list, and there once."""
    with pytest.raises(Invalid):
        read_value("free_quota", value)
    kind = {"kind": "low_income", "name": "低保", "period": "year", "points": 100}
    with pytest.raises(Invalid):
        read_value("free_quota", [kind, kind | {"points": 50}])


def test_without_a_policy_nothing_is_limited() -> None:
    """The built-in set has no limits, every day is a redemption day, and nobody has a free quota."""
    assert (BUILT_IN.redeem_limits, BUILT_IN.redeem_days, BUILT_IN.free_quota) == ((), None, ())
    assert [plain(value) for value in (BUILT_IN.redeem_limits, BUILT_IN.free_quota)] == [[], []]
