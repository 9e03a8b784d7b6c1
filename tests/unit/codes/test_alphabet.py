"""The letters of all codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.codes.alphabet import ALPHABET, decode, encode, is_written_in, random_reference


@given(st.integers(1, 15), st.data())
def test_a_number_survives_the_round_trip(width: int, data: st.DataObject) -> None:
    """Whatever fits is written in exactly the width asked for and read back."""
    number = data.draw(st.integers(0, 32**width - 1))
    text = encode(number, width)

    assert len(text) == width
    assert is_written_in(text)
    assert decode(text) == number


@given(st.integers(0, 32**6 - 1), st.integers(0, 32**6 - 1))
def test_texts_sort_like_their_numbers(one: int, other: int) -> None:
    """Fixed width and an ascending alphabet keep the order."""
    assert (encode(one, 6) < encode(other, 6)) == (one < other)


@pytest.mark.parametrize("number", [-1, 32, 1000])
def test_a_number_that_does_not_fit_is_a_fault_of_the_program(number: int) -> None:
    """Nothing is cut off silently."""
    with pytest.raises(ValueError, match="does not fit"):
        encode(number, 1)


@pytest.mark.parametrize("text", ["I", "L", "O", "U", "a", "0-1", "０", " "])
def test_letters_outside_the_alphabet_are_not_read(text: str) -> None:
    """Normalising happens before; decoding guesses nothing."""
    assert not is_written_in(text)
    with pytest.raises(ValueError, match="outside the alphabet"):
        decode(text)


def test_the_alphabet_is_crockfords() -> None:
    """32 different upper-case letters and digits, none of which looks like another."""
    assert len(set(ALPHABET)) == 32
    assert not set(ALPHABET) & set("ILOU")


def test_references_are_drawn_from_the_whole_alphabet() -> None:
    """A thousand references are of the length asked for, all different, and use every letter."""
    drawn = {random_reference(8) for _ in range(1000)}

    assert len(drawn) == 1000
    assert {len(reference) for reference in drawn} == {8}
    assert set("".join(drawn)) == set(ALPHABET)
