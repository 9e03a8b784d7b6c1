"""Merged cells of a worksheet: but for the first of them none says anything, and which it was meant to say is a guess.

A name that is written once over three lines is the middle one's, too, for whoever reads the sheet; the file has it once.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from itertools import accumulate
from typing import IO
from xml.parsers.expat import ParserCreate

from timebank.imports.errors import ImportTooLarge
from timebank.imports.rules import MAX_BYTES, MAX_COLUMNS, MEBIBYTE

MOST_MERGED = 200_000
"""Merged cells, each counted once a column, that are kept in mind: whoever has more has no list of lines."""
_CHUNK = 1 << 16
_ELEMENT = "mergeCell"
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7}):\$?([A-Z]{1,3})\$?([0-9]{1,7})")


class Merged:
    """Which cells of a sheet belong to a merged one and are not its first; columns are counted from 0, rows from 1."""

    def __init__(self, ranges: list[tuple[int, int, int, int]]) -> None:
        """Take ranges as top, left, bottom, right."""
        stretches: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for top, left, bottom, right in ranges:
            for column in range(left, right + 1):
                stretches[column].append((top + (column == left), bottom))
        self._starts = {column: [top for top, _ in sorted(some)] for column, some in stretches.items()}
        self._ends = {
            column: list(accumulate((bottom for _, bottom in sorted(some)), max)) for column, some in stretches.items()
        }

    def of(self, row: int) -> list[int]:
        """Return the columns of a row in which such a cell stands."""
        return [
            column for column, starts in self._starts.items() if self._covers(column, bisect_right(starts, row), row)
        ]

    def _covers(self, column: int, begun: int, row: int) -> bool:
        return begun > 0 and self._ends[column][begun - 1] >= row


def are_in(content: IO[bytes]) -> bool:
    """Whether a worksheet speaks of merged cells: to look for a word is a tenth of the work of reading it."""
    tail = b""
    while chunk := content.read(_CHUNK):
        seen = tail + chunk.replace(b"\x00", b"")  # in UTF-16 each letter has a zero beside it
        if _ELEMENT.encode() in seen:
            return True
        tail = seen[-len(_ELEMENT) :]
    return False


def of_sheet(content: IO[bytes]) -> Merged:
    """Return the merged cells of a worksheet. Raises ImportTooLarge, and as expat does for what is no XML."""
    ranges: list[tuple[int, int, int, int]] = []
    kept = 0

    def note(name: str, attributes: dict[str, str]) -> None:
        nonlocal kept
        found = _RANGE.fullmatch(attributes.get("ref", "")) if name.rpartition(":")[2] == _ELEMENT else None
        if not found:
            return
        left, right = _column(found[1]), min(_column(found[3]), MAX_COLUMNS - 1)
        kept += max(0, right - left + 1)
        if kept > MOST_MERGED:
            raise ImportTooLarge(max_mebibytes=MAX_BYTES // MEBIBYTE)
        ranges.append((int(found[2]), left, int(found[4]), right))

    parser = ParserCreate()
    parser.StartElementHandler = note
    while chunk := content.read(_CHUNK):
        parser.Parse(chunk)
    return Merged(ranges)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
