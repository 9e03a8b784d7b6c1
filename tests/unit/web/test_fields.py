"""The fields of bodies and queries."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from timebank.web.fields import (
    EARLIEST,
    LATEST,
    MAX_WHOLE,
    Instant,
    PlainText,
    QueryNumber,
    RealNumber,
    WholeNumber,
    is_storable,
    trimmed,
)

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.text(st.characters(codec=None), max_size=30))
def test_accepted_text_can_be_stored_and_has_the_length_that_was_allowed(text: str) -> None:
    """Whatever passes is trimmed, has 1 to 20 characters, encodes as UTF-8 and holds no control character."""
    try:
        found = PlainText(max_length=20).deserialize(text)
    except ValidationError:
        stripped = trimmed(text)
        bad = not is_storable(text) or any(c < " " and c not in "\t\n\r" for c in text) or "\x7f" in text

        assert bad or not 1 <= len(stripped) <= 20
    else:
        assert found == trimmed(text)
        assert 1 <= len(found) <= 20
        assert "\x00" not in found.encode().decode()


@given(ANY_JSON)
def test_no_value_breaks_a_field(value: Any) -> None:
    """Every field either returns a value or a validation error, whatever it is given."""
    for field in (PlainText(max_length=5), WholeNumber(), RealNumber(), QueryNumber(), Instant()):
        try:
            field.deserialize(value)
        except ValidationError as error:
            json.dumps(error.messages)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x\udfff", "bell\x07", "\x7f", "", "   ", 5, None, ["a"]])
def test_text_that_no_database_should_see_is_refused(text: Any) -> None:
    """NUL, lone surrogates, control characters, blanks only, and what is no text are refused."""
    with pytest.raises(ValidationError):
        PlainText(max_length=20).deserialize(text)


def test_emoji_and_line_breaks_are_text() -> None:
    """Emoji count as characters, and lines may end."""
    assert PlainText(max_length=4).deserialize(" 👵\n好🏽 ") == "👵\n好🏽"


@pytest.mark.parametrize("text", ["\u200b", " \ufeff ", "\u3164", "\u2800\u00ad", "\u202e", "\u200d\ufe0f"])
def test_text_of_which_nothing_can_be_seen_is_none(text: str) -> None:
    """A reason or a name of joiners, fillers and marks alone is left out, and nobody could read it."""
    with pytest.raises(ValidationError):
        PlainText(max_length=20).deserialize(text)
    assert PlainText(max_length=20, min_length=0).deserialize(text) == ""


def test_text_is_not_turned_round() -> None:
    """Marks that turn round what follows are left out, also those around a pasted number; joiners within emoji stay."""
    assert PlainText(max_length=20).deserialize("\u202a138 0013 8000\u202c") == "138 0013 8000"
    assert PlainText(max_length=20).deserialize("张\u202e021\u2069") == "张021"
    assert PlainText(max_length=20).deserialize("👩\u200d👧 好") == "👩\u200d👧 好"
    assert PlainText(max_length=20, trimmed=False).deserialize("\u202a ") == "\u202a "


def test_a_password_keeps_its_blanks() -> None:
    """Untrimmed text is taken as it is."""
    assert PlainText(max_length=4, trimmed=False).deserialize(" a ") == " a "


@given(st.integers(min_value=0, max_value=MAX_WHOLE))
def test_whole_numbers_pass_as_integer_and_as_whole_float(number: int) -> None:
    """49 and 49.0 are the same whole number."""
    assert WholeNumber().deserialize(number) == number
    if number < 2**50:
        assert WholeNumber().deserialize(float(number)) == number


@pytest.mark.parametrize(
    "value", [49.7, -1, True, "49", None, float("nan"), float("inf"), 10**400, 1e300, MAX_WHOLE + 1, [1], {}]
)
def test_what_is_no_whole_number_in_range_is_refused(value: Any) -> None:
    """Fractions, booleans, texts, NaN, infinities and giants are refused."""
    with pytest.raises(ValidationError):
        WholeNumber().deserialize(value)


def test_what_only_looks_like_a_number_is_refused() -> None:
    """A place is told in numbers: neither texts, whatever their digits, nor true, NaN or what is past all bounds."""
    assert [RealNumber().deserialize(value) for value in (30.5, -7)] == [30.5, -7.0]
    for value in ("30.5", "３０", True, float("nan"), float("inf"), 10**400, None, [1]):
        with pytest.raises(ValidationError):
            RealNumber().deserialize(value)


@pytest.mark.parametrize("text", ["1.0", "+1", " 1", "1e3", "٣", "", "9" * 17, 5, None])
def test_a_query_number_is_plain_digits(text: Any) -> None:
    """Nothing but ASCII digits, at most sixteen, is a number in a query."""
    with pytest.raises(ValidationError):
        QueryNumber(maximum=10**20).deserialize(text)


def test_a_query_number_respects_its_range() -> None:
    """The bounds belong to the range."""
    assert [QueryNumber(minimum=1, maximum=3).deserialize(text) for text in ("1", "3")] == [1, 3]
    for text in ("0", "4", "-1"):
        with pytest.raises(ValidationError):
            QueryNumber(minimum=1, maximum=3).deserialize(text)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=st.timezones()))
def test_an_instant_survives_the_journey_out_and_in(instant: datetime) -> None:
    """What is written is read back as the same instant, and written with a Z."""
    written = Instant().serialize("at", {"at": instant})

    assert written.endswith("Z")
    assert Instant().deserialize(written) == instant.astimezone(UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-01-01T10:00:00", "2026-01-01", "yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
     "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "", 1_700_000_000, None, True, "\ud800"],
)  # fmt: skip
def test_what_is_no_instant_is_refused(text: Any) -> None:
    """Naive times, days, numbers and instants outside 1970 to 2200 are refused."""
    with pytest.raises(ValidationError):
        Instant().deserialize(text)


def test_the_bounds_of_an_instant() -> None:
    """The first instant is inside, the last is not."""
    assert Instant().deserialize(EARLIEST.isoformat()) == EARLIEST
    assert Instant().deserialize((LATEST - timedelta(seconds=1)).isoformat()).year == 2199
    assert Instant().serialize("at", {"at": None}) is None
