"""Crockford's base 32, upper case, fixed width: https://www.crockford.com/base32.html."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No I, L, O or U: the first three look like 1 and 0, the last makes words."""

_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def encode(number: int, width: int) -> str:
    """Return ``number`` in exactly ``width`` characters; raise ValueError if it does not fit."""
    if not 0 <= number < 32**width:
        raise ValueError(f"{number} does not fit into {width} characters")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (width - 1), -1, -5))


def decode(text: str) -> int:
    """Return the number that ``text`` stands for; raise ValueError for a character outside the alphabet."""
    number = 0
    for character in text:
        value = _VALUES.get(character)
        if value is None:
            raise ValueError("a character outside the alphabet")
        number = number << 5 | value
    return number


def is_written_in(text: str) -> bool:
    """Return whether every character of ``text`` belongs to the alphabet."""
    return not text.strip(ALPHABET)


def random_reference(length: int) -> str:
    """Draw ``length`` characters nobody can guess; unique only as far as the caller's unique key says so."""
    return encode(secrets.randbits(5 * length), length)
