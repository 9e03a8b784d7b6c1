"""The one place where an import touches document numbers: it checks them, and gives them to ``identity`` alone.

A number is never stored, shown or logged here. What ``identity`` keeps of one is its keyed hash and the last four
characters (rule R37); as long as it keeps nothing, a number still tells which lines of a file are one person.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from timebank.imports.faults import CellFault, Code
from timebank.imports.values import Raw, number

_SHAPE = re.compile(r"[1-9][0-9]{16}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """A resident's identity number that can be right, and the birth date in it."""

    number: str = field(repr=False)
    birth_on: date = field(repr=False)


def read_number(raw: Raw) -> DocumentNumber:
    """Return the identity number in a cell: eighteen characters, check character by GB 11643. Raises CellFault."""
    written = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", number(raw))).upper()
    if not _SHAPE.fullmatch(written):
        raise CellFault(Code.DOCUMENT_SHAPE)
    if check_character(written[:17]) != written[17]:
        raise CellFault(Code.DOCUMENT_CHECK_DIGIT)
    try:
        birth_on = date(int(written[6:10]), int(written[10:12]), int(written[12:14]))
    except ValueError as error:
        raise CellFault(Code.DOCUMENT_BIRTH) from error
    return DocumentNumber(written, birth_on)


def check_character(digits: str) -> str:
    """Return the eighteenth character of an identity number (GB 11643, ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11]


KEPT = False
"""Whether ``identity`` keeps document numbers, so that somebody is known again by theirs alone."""


def holders(_documents: Collection[DocumentNumber]) -> dict[DocumentNumber, UUID]:
    """Return who is on record with which of these numbers."""
    return {}
