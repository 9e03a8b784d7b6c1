"""Slips for a printer of 58 mm: 32 columns, of which a Chinese character takes two."""

import unicodedata
from collections.abc import Iterator

COLUMNS = 32
RULE = "-" * COLUMNS


def width(text: str) -> int:
    """Return how many columns ``text`` takes on the printer; what may be wide is counted as wide."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Cf", "Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F", "A"} else 1


def wrapped(text: str) -> Iterator[str]:
    """Yield ``text`` broken where the paper ends; blanks at its beginning stay."""
    row = ""
    for character in " ".join(text.split()) if not text.startswith(" ") else text:
        if width(row + character) > COLUMNS:
            yield row
            row = ""
        row += character
    if row:
        yield row


def centred(text: str) -> Iterator[str]:
    """Yield ``text`` in the middle of the paper."""
    for row in wrapped(text):
        yield " " * ((COLUMNS - width(row)) // 2) + row


def pair(left: str, right: str) -> Iterator[str]:
    """Yield ``left`` and ``right`` on one row; if they do not fit, the right one on rows of its own."""
    room = COLUMNS - width(left) - width(right)
    if room >= 1:
        yield left + " " * room + right
        return
    yield from wrapped(left)
    for row in wrapped(right):
        yield " " * (COLUMNS - width(row)) + row
