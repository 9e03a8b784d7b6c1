"""Months, and to which lot a piece that came back is put down."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.shop.merchant.settlement_rules import Back, Left, digest, traced
from timebank.shop.months import Month

NOON = datetime(2030, 9, 10, 4, tzinfo=UTC)
LOTS = [UUID(int=number) for number in range(1, 5)]


def _traced(left: list[int], refunds: list[tuple[int, int]], returns: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Trace with lots by their place; return place and pieces."""
    found = traced(
        [Left(lot, pieces, None) for lot, pieces in zip(LOTS, left, strict=False)],
        [Back(NOON + timedelta(days=day), pieces, restocked) for day, (pieces, restocked) in enumerate(refunds)],
        [(LOTS[place], pieces) for place, pieces in returns],
    )
    return [(LOTS.index(one.lot_id), one.pieces) for one in found]


def test_what_is_on_the_shelf_again_is_put_down_to_its_lot_and_the_rest_in_order() -> None:
    """Two of three pieces went back into the second lot, so that the third counts for the first."""
    assert _traced([2, 3], [(3, 2)], [(1, 2)]) == [(1, 2), (0, 1)]


def test_no_lot_gets_more_back_than_had_left_from_it() -> None:
    """The first refund, unfit, is put down to the first lot; when the shelf takes a piece there later, the second has it."""
    assert _traced([1, 1], [(1, 0), (1, 1)], [(0, 1)]) == [(0, 1), (1, 1)]


@given(
    left=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    refunds=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=5),
    places=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=8),
)
def test_pieces_are_neither_lost_nor_doubled(
    left: list[int], refunds: list[tuple[int, int]], places: list[tuple[int, int]]
) -> None:
    """Whatever came back is put down somewhere, and no lot gets back more than it gave; later refunds change nothing."""
    back = [(pieces + shelf, shelf) for pieces, shelf in refunds]
    returns = [(place % len(left), pieces) for place, pieces in places]
    found = _traced(left, back, returns)
    for place, pieces in enumerate(left):
        assert sum(number for where, number in found if where == place) <= pieces
    assert sum(number for _, number in found) == min(sum(left), sum(pieces for pieces, _ in back))
    for some in range(len(back)):
        assert found[: len(_traced(left, back[:some], returns))] == _traced(left, back[:some], returns)


def test_a_month_is_one_of_shanghai() -> None:
    """It begins at 16:00 UTC of the day before, and December is followed by January."""
    month = Month.read("2030-12")
    assert (month.starts_at, month.ends_at) == (
        datetime(2030, 11, 30, 16, tzinfo=UTC),
        datetime(2030, 12, 31, 16, tzinfo=UTC),
    )
    assert (str(month.following), Month.of(month.ends_at)) == ("2031-01", Month(2031, 1))


@pytest.mark.parametrize(
    "text", ["", "2030-13", "2030-00", "2030-9", "1999-01", "2030-09-01", "２０３０-09", "2030-09\n"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    """Four digits, a hyphen, 01 to 12."""
    with pytest.raises(ValueError, match=r"^"):
        Month.read(text)


def test_a_digest_is_of_the_content_and_not_of_its_order() -> None:
    """The same content has the same digest, however a database hands it back; another number has another one."""
    assert digest({"a": 1, "名": "米"}) == digest({"名": "米", "a": 1}) != digest({"a": 2, "名": "米"})
