"""What people say about themselves: document numbers of nobody, made for tests."""

import itertools
from datetime import date
from uuid import UUID

from flask import current_app

from tests.factories import kept
from timebank.identity import documents
from timebank.identity.document_keys import DocumentKeys
from timebank.identity.document_models import Document
from timebank.identity.document_rules import DocumentKind, check_character

_count = itertools.count(1)


def a_resident_number(birth_on: date = date(1955, 3, 8), *, region: str = "330481") -> str:
    """Return a resident's document number with a right check character; each call another one."""
    digits = f"{region}{birth_on:%Y%m%d}{next(_count) % 1000:03}"
    return digits + check_character(digits)


def the_keys() -> DocumentKeys:
    """Return the keys of the application under test."""
    keys: DocumentKeys = current_app.extensions["timebank-documents"]
    return keys


def a_document(person_id: UUID, number: str | None = None, *, keys: DocumentKeys | None = None) -> Document:
    """Have somebody enter the number of their identity card."""
    spelt = documents.number_of(DocumentKind.RESIDENT_ID, number or a_resident_number())
    return kept(lambda: documents.enter(person_id=person_id, document=spelt, by=person_id, keys=keys or the_keys()))
