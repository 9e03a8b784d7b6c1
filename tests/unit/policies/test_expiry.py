"""When minutes expire: the rule as arithmetic of days."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.policies.expiry import BalanceExpiry, balance_expiry, read_balance_expiry
from timebank.policies.values import Refused

LONG_AGO = date(2000, 1, 1)


@pytest.mark.rule("R25")
@pytest.mark.parametrize(
    ("day", "months", "cut_off"),
    [
        (date(2026, 11, 22), 36, date(2023, 11, 22)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 12, 31), 12, date(2025, 12, 31)),
    ],
)
def test_rolling_minutes_live_so_many_months(day: date, months: int, cut_off: date) -> None:
    """What came in before the same day so many months ago expires; a month without that day counts to its last."""
    assert BalanceExpiry(rolling_months=months).cut_off_on(day, since=LONG_AGO) == cut_off


@pytest.mark.rule("R25")
@pytest.mark.parametrize(
    ("on", "day", "cut_off"),
    [
        ("12-31", date(2026, 12, 31), date(2026, 1, 1)),
        ("12-31", date(2027, 1, 1), date(2027, 1, 1)),
        ("12-31", date(2027, 6, 30), date(2027, 1, 1)),
        ("06-30", date(2027, 6, 30), date(2026, 7, 1)),
        ("02-29", date(2026, 3, 1), date(2026, 3, 1)),
        ("02-29", date(2028, 2, 29), date(2027, 3, 1)),
        ("02-29", date(2028, 3, 1), date(2028, 3, 1)),
    ],
)
def test_yearly_minutes_live_to_the_end_of_the_day(on: str, day: date, cut_off: date) -> None:
    """On the day itself everything may still be spent; from the next morning on, what came in before it is gone."""
    assert BalanceExpiry(on=on).cut_off_on(day, since=LONG_AGO) == cut_off


@pytest.mark.rule("R25")
def test_nobody_loses_minutes_without_thirty_days_of_warning() -> None:
    """A rule of today takes nothing for 30 days; a yearly day that is nearer than that is passed over."""
    since = date(2026, 12, 10)
    rolling, yearly = BalanceExpiry(rolling_months=1), BalanceExpiry(on="12-31")
    assert rolling.cut_off_on(date(2027, 1, 8), since=since) is None
    assert rolling.cut_off_on(date(2027, 1, 9), since=since) == date(2026, 12, 9)
    assert yearly.cut_off_on(date(2027, 1, 1), since=since) is None
    assert yearly.cut_off_on(date(2027, 12, 31), since=since) is None
    assert yearly.cut_off_on(date(2028, 1, 1), since=since) == date(2028, 1, 1)


@given(day=st.dates(date(2001, 1, 1), date(2100, 1, 1)), months=st.integers(1, 600), on=st.dates(LONG_AGO))
def test_a_cut_off_never_lies_ahead_and_never_goes_back(day: date, months: int, on: date) -> None:
    """Whatever the rule, tomorrow's cut-off is today's or a later one, and none lies after its own day."""
    tomorrow = date.fromordinal(day.toordinal() + 1)
    for rule in (BalanceExpiry(rolling_months=months), BalanceExpiry(on=f"{on:%m-%d}")):
        first, second = (rule.cut_off_on(each, since=date(1, 1, 1)) for each in (day, tomorrow))
        assert first is not None
        assert second is not None
        assert first <= second <= tomorrow
        assert first <= day


@pytest.mark.parametrize("value", [None, {"rolling_months": 36}, {"on": "12-31"}, {"on": "02-29"}])
def test_a_rule_survives_being_stored(value: dict[str, Any] | None) -> None:
    """What is read comes back as the plain value that it was."""
    read = balance_expiry(read_balance_expiry(value))
    assert (read.plain() if read else None) == value


@pytest.mark.parametrize(
    "value",
    [
        {}, {"rolling_months": 0}, {"rolling_months": 601}, {"rolling_months": True}, {"rolling_months": "36"},
        {"on": "13-01"}, {"on": "2-3"}, {"on": "02-30"}, {"on": 1231}, {"rolling_months": 1, "on": "12-31"}, 36, "12-31", [],
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused(value: Any) -> None:
    """A wrong shape, month or day is not taken."""
    with pytest.raises(Refused):
        read_balance_expiry(value)
