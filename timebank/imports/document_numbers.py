"""The one place where an import touches document numbers: it reads them, and gives them to ``identity`` alone.

A number is never stored, shown or logged here. What ``identity`` keeps of one is its keyed hash and the last four
characters (rule R37); by that somebody is known again.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from itertools import islice
from uuid import UUID

from timebank import clock
from timebank.errors import Invalid
from timebank.identity import documents
from timebank.identity.document_keys import DocumentKeys
from timebank.identity.document_rules import DocumentKind, DocumentNumber, check_character, read
from timebank.imports.faults import CellFault, Code
from timebank.imports.values import Raw, number

_SHAPE = re.compile(r"[1-9][0-9]{16}[0-9X]")
_KINDS = {"8": DocumentKind.HMT_RESIDENCE_PERMIT, "9": DocumentKind.FOREIGN_PERMANENT_RESIDENT}
_SOME = 500


def read_number(raw: Raw) -> DocumentNumber:
    """Return the identity number in a cell: eighteen characters, check character by GB 11643. Raises CellFault.

    A resident's, or that of somebody from Hong Kong, Macao, Taiwan or abroad who lives here: its first digit tells.
    """
    written = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", number(raw))).upper()
    if not _SHAPE.fullmatch(written):
        raise CellFault(Code.DOCUMENT_SHAPE)
    if check_character(written[:17]) != written[17]:
        raise CellFault(Code.DOCUMENT_CHECK_DIGIT)
    try:
        return read(_KINDS.get(written[0], DocumentKind.RESIDENT_ID), written, today=clock.day_of(clock.now()))
    except Invalid as error:
        raise CellFault(Code.DOCUMENT_IMPOSSIBLE) from error


def holders(numbers: Iterable[DocumentNumber], keys: DocumentKeys) -> dict[DocumentNumber, UUID]:
    """Return who is on record with which of these numbers."""
    found: dict[DocumentNumber, UUID] = {}
    remaining = iter(numbers)
    while some := list(islice(remaining, _SOME)):
        found |= documents.holders_of(some, keys=keys)
    return found


def on_record(person_ids: Collection[UUID]) -> set[UUID]:
    """Return those of these people whose numbers are on record."""
    people = sorted(person_ids)
    return set().union(*(documents.on_record(people[at : at + 4_000]) for at in range(0, len(people), 4_000)))
