"""The shop's arithmetic."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.shop.rules import (
    Level,
    Line,
    RedemptionState,
    is_ean13,
    new_pickup_code,
    pick,
    receipt_number,
    state_at,
    summed,
)

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)
GOODS = [UUID(int=number) for number in range(1, 4)]

_hours = st.integers(-48, 48)
_levels = st.lists(
    st.builds(
        lambda number, goods, end, start, on_hand, reserved: Level(
            lot_id=UUID(int=number),
            goods_id=goods,
            expires_at=None if end is None else NOW + timedelta(hours=end),
            received_at=NOW - timedelta(hours=start + 48),
            seq=1,
            on_hand=on_hand,
            reserved=min(reserved, on_hand),
        ),
        st.integers(1, 10**6),
        st.sampled_from(GOODS),
        st.none() | _hours,
        _hours,
        st.integers(0, 6),
        st.integers(0, 6),
    ),
    max_size=12,
    unique_by=lambda level: level.lot_id,
)
_wanted = st.lists(st.builds(Line, st.sampled_from(GOODS), st.integers(1, 9)), min_size=1, max_size=5).map(summed)


@given(_levels, _wanted)
def test_picks_take_first_what_expires_first(levels: list[Level], wanted: list[Line]) -> None:
    """Picks never exceed a lot, never touch an expired one, and skip no available lot that would expire earlier."""
    picks, short = pick(levels, wanted, NOW)
    by_id = {level.lot_id: level for level in levels}
    taken = {one.lot_id: one.quantity for one in picks}
    assert len(taken) == len(picks)
    for line_no, line in enumerate(wanted, start=1):
        lots = [level for level in levels if level.goods_id == line.goods_id and level.good_at(NOW)]
        got = sum(one.quantity for one in picks if one.line_no == line_no)
        assert got == min(line.quantity, sum(level.available for level in lots))
        assert (line.goods_id in short) == (got < line.quantity)
        assert short.get(line.goods_id, got) == got
        never = datetime.max.replace(tzinfo=UTC)
        last = max(
            ((by_id[i].expires_at or never, by_id[i].received_at) for i in taken if by_id[i] in lots),
            default=(NOW, NOW),
        )
        for level in lots:
            if (level.expires_at or never, level.received_at) < last:
                assert taken.get(level.lot_id, 0) == level.available
    assert all(0 < quantity <= by_id[lot_id].available for lot_id, quantity in taken.items())


def test_lots_of_one_expiry_leave_in_the_order_of_intake() -> None:
    """Between lots with the same expiry the one that came in first is picked."""
    end = NOW + timedelta(days=1)
    late = Level(UUID(int=1), GOODS[0], end, NOW, 1, 5, 0)
    early = Level(UUID(int=2), GOODS[0], end, NOW - timedelta(days=1), 1, 5, 0)
    assert [one.lot_id for one in pick([late, early], [Line(GOODS[0], 6)], NOW)[0]] == [early.lot_id, late.lot_id]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6901234567892", True),
        ("4006381333931", True),
        ("6901234567893", False),
        ("6901234576892", False),
        ("690123456789", False),
        ("69012345678922", False),
        ("６９０１２３４５６７８９２", False),
        ("690123456789X", False),
        ("", False),
    ],
)
def test_the_check_digit_of_a_barcode_is_tested(text: str, *, expected: bool) -> None:
    """Only thirteen half-width digits with the right check digit are an EAN-13."""
    assert is_ean13(text) is expected


@given(st.integers(0, 10**12 - 1), st.integers(0, 12), st.integers(1, 9))
def test_every_mistyped_digit_of_a_barcode_is_caught(number: int, place: int, change: int) -> None:
    """Changing any one digit of a right barcode makes it a wrong one."""
    right = next(text for digit in range(10) if is_ean13(text := f"{number:012d}{digit}"))
    wrong = right[:place] + str((int(right[place]) + change) % 10) + right[place + 1 :]
    assert not is_ean13(wrong)


def test_lines_of_one_goods_are_summed_in_the_order_of_first_mention() -> None:
    """Three lines of two goods become two."""
    lines = [Line(GOODS[1], 1), Line(GOODS[0], 2), Line(GOODS[1], 3)]
    assert summed(lines) == [Line(GOODS[1], 4), Line(GOODS[0], 2)]


@pytest.mark.parametrize("state", list(RedemptionState))
def test_a_held_redemption_is_expired_from_its_last_instant_on(state: RedemptionState) -> None:
    """Time changes only what is held; every other state stays."""
    before = NOW - timedelta(microseconds=1)
    assert state_at(state, NOW, before) is state
    assert state_at(state, NOW, NOW) is (RedemptionState.EXPIRED if state is RedemptionState.HELD else state)


def test_a_pickup_code_has_eight_digits() -> None:
    """Small draws keep their leading zeros."""
    assert all(len(code) == 8 and code.isdecimal() for code in (new_pickup_code() for _ in range(200)))


def test_receipt_numbers_are_read_aloud_easily() -> None:
    """Day and number; a number beyond 9999 is simply longer."""
    assert receipt_number(date(2026, 9, 1), 7) == "20260901-0007"
    assert receipt_number(date(2026, 9, 1), 12345) == "20260901-12345"


@pytest.mark.rule("R33")
def test_a_lot_is_expired_from_its_very_instant_on() -> None:
    """At the instant of its expiry a lot is no longer picked; a microsecond before it still is."""
    lot = Level(UUID(int=1), GOODS[0], NOW, NOW - timedelta(days=1), 1, 5, 0)
    assert pick([lot], [Line(GOODS[0], 1)], NOW) == ([], {GOODS[0]: 0})
    assert pick([lot], [Line(GOODS[0], 1)], NOW - timedelta(microseconds=1))[1] == {}
