"""What each kind of code says."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.codes.layouts import (
    LAYOUTS,
    Card,
    Code,
    Kind,
    Member,
    Pickup,
    Poster,
    Rotating,
    Timed,
    step_end,
    step_of,
    step_start,
)

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)

instants = st.datetimes(datetime(1970, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(("layout", "length"), [(Rotating, 32), (Poster, 29), (Member, 32), (Card, 29), (Pickup, 28)])
def test_lengths_are_those_of_the_design(layout: type[Code], length: int) -> None:
    """No code is longer than the 32 characters of WeChat's scene."""
    assert layout.length() == length


def test_every_kind_has_a_layout() -> None:
    """The first character of a code leads to its layout."""
    assert {kind.value: kind for kind in Kind} == {first: layout.kind for first, layout in LAYOUTS.items()}


@given(instants, st.sampled_from([15, 30]))
def test_an_instant_lies_in_its_step(instant: datetime, seconds: int) -> None:
    """Steps are half-open: the end of one is the start of the next."""
    step = step_of(instant, seconds)

    assert step_start(step, seconds) <= instant < step_end(step, seconds)
    assert step_end(step, seconds) == step_start(step + 1, seconds)
    assert step_end(step, seconds) - step_start(step, seconds) == timedelta(seconds=seconds)


def test_a_step_does_not_depend_on_the_zone_it_is_asked_in() -> None:
    """One instant, one step."""
    assert step_of(NOON, 15) == step_of(NOON.astimezone(timezone(timedelta(hours=8))), 15)


def test_a_naive_time_has_no_step() -> None:
    """A time without a zone is a fault of the program."""
    with pytest.raises(TypeError):
        step_of(datetime(2026, 11, 21), 15)


@pytest.mark.parametrize(("layout", "seconds"), [(Rotating, 15), (Member, 30)])
def test_a_timed_code_is_taken_for_two_steps(layout: type[Timed], seconds: int) -> None:
    """It is shown for one step and taken during the next one too."""
    code = layout.at("0123ABCD", NOON + timedelta(seconds=7))

    assert code.starts_at == NOON
    assert code.ends_at == NOON + timedelta(seconds=seconds)
    assert code.taken_until == NOON + timedelta(seconds=2 * seconds)


@pytest.mark.parametrize("reference", ["", "0123ABC", "0123ABCDE", "0123ABCU", "0123abcd", "0123ABCＤ"])
@pytest.mark.parametrize("layout", [Rotating, Poster, Member, Card])
def test_a_reference_of_the_wrong_shape_is_a_fault_of_the_program(
    layout: type[Timed] | type[Poster] | type[Card], reference: str
) -> None:
    """An id instead of a reference would not even fit."""
    with pytest.raises(ValueError, match="8 characters"):
        layout(reference, 1)


@pytest.mark.parametrize("code", [Poster("0123ABCD", 32**3), Card("0123ABCD", -1), Rotating("0123ABCD", 32**6)])
def test_a_number_that_does_not_fit_its_field_is_a_fault_of_the_program(code: Code) -> None:
    """A serial or step never spills into its neighbour."""
    with pytest.raises(ValueError, match="does not fit"):
        code.body()


def test_codes_of_different_kinds_are_never_equal() -> None:
    """A member's code is not a point's, whatever the references."""
    one: Code = Rotating("0123ABCD", 7)
    other: Code = Member("0123ABCD", 7)

    assert one != other
    assert one == Rotating("0123ABCD", 7)
