"""Whom a line means: looked up by number, document and telephone, for all lines at once."""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.database import session
from timebank.identity import queries as identity
from timebank.identity.ages import ADULT, is_under
from timebank.identity.document_keys import DocumentKeys
from timebank.identity.models import Person
from timebank.identity.rules import masked_name
from timebank.imports.models import ImportedContact, ImportedNumber
from timebank.imports.rules import AT_ONCE
from timebank.imports.values import alike

T = TypeVar("T")

PURPOSE = "imports"
"""What the keys of contacts are derived for."""


class Known(NamedTuple):
    """Somebody who is on record."""

    person_id: UUID
    volunteer_no: str
    display_name: str
    state: str
    birth_on: date | None
    former_nos: Collection[str] = ()
    """Volunteer numbers of accounts that were merged into theirs."""

    def is_called(self, name: str) -> bool:
        """Whether a line that has found them names them: a minor also as exports in full names do (rule R38)."""
        if alike(name) == alike(self.display_name):
            return True
        is_minor = is_under(ADULT, self.birth_on, clock.day_of(clock.now()))
        return is_minor and alike(name) == alike(masked_name(self.display_name))


@dataclass(frozen=True, slots=True)
class Contacts:
    """Makes keyed hashes of names with telephone numbers; ``keys`` newest first, as the settings give them."""

    keys: tuple[bytes, ...] = field(repr=False)

    def digest(self, name: str, phone: str) -> bytes:
        """Return the hash to keep."""
        return self.digests(name, phone)[0]

    def digests(self, name: str, phone: str) -> list[bytes]:
        """Return every hash that may be on record: the newest key's and those of keys that are being replaced."""
        told = f"{phone}\n{alike(name)}".encode()
        return [hmac.digest(key, told, hashlib.sha256) for key in self.keys]


@dataclass(frozen=True, slots=True)
class Keys:
    """What this installation makes keyed hashes with: of telephones, and of document numbers."""

    contacts: Contacts
    documents: DocumentKeys


def some_at_once(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield values in pieces that one statement can take."""
    remaining = iter(values)
    while piece := list(islice(remaining, AT_ONCE)):
        yield piece


def by_number(numbers: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], set[UUID]]:
    """Return who has which number: one that the organisation gave them, or their own volunteer number."""
    organisations = {organisation_id for organisation_id, _ in numbers}
    found: dict[tuple[UUID, str], set[UUID]] = {}
    given: dict[str, UUID] = {}
    for piece in some_at_once(sorted({number for _, number in numbers})):
        theirs = select(ImportedNumber.organisation_id, ImportedNumber.number, ImportedNumber.person_id).where(
            ImportedNumber.organisation_id.in_(organisations), ImportedNumber.number.in_(piece)
        )
        for organisation_id, number, person_id in session.execute(theirs):
            found.setdefault((organisation_id, number), set()).add(person_id)
        given |= identity.numbered(piece)
    for organisation_id, number in numbers:
        if number in given:
            found.setdefault((organisation_id, number), set()).add(given[number])
    return found


def by_contact(digests: Collection[bytes]) -> dict[bytes, UUID]:
    """Return whose name with telephone number has which hash."""
    found: dict[bytes, UUID] = {}
    for piece in some_at_once(digests):
        rows = select(ImportedContact.digest, ImportedContact.person_id).where(ImportedContact.digest.in_(piece))
        found.update((digest, person_id) for digest, person_id in session.execute(rows))
    return found


def known(person_ids: Collection[UUID]) -> dict[UUID, Known]:
    """Return what is on record of people."""
    columns: tuple[Any, ...] = (Person.id, Person.volunteer_no, Person.display_name, Person.state, Person.birth_on)
    found: dict[UUID, Known] = {}
    for piece in some_at_once(person_ids):
        rows = session.execute(select(*columns).where(Person.id.in_(piece)))
        earlier = identity.former_numbers(piece)
        found.update((row[0], Known(*row)._replace(former_nos=earlier.get(row[0], ()))) for row in rows)
    return found


def numbers_of(person_ids: Collection[UUID], organisations: Collection[UUID]) -> dict[tuple[UUID, UUID], str]:
    """Return the numbers that organisations have given to people, by organisation and person."""
    found: dict[tuple[UUID, UUID], str] = {}
    for piece in some_at_once(person_ids):
        rows = select(ImportedNumber.organisation_id, ImportedNumber.person_id, ImportedNumber.number).where(
            ImportedNumber.organisation_id.in_(organisations), ImportedNumber.person_id.in_(piece)
        )
        found.update(
            ((organisation_id, person_id), number) for organisation_id, person_id, number in session.execute(rows)
        )
    return found


def lock(person_ids: Collection[UUID]) -> None:
    """Lock people, in the order of their ids, until this transaction ends: what is entered by hand comes one after the other."""
    for piece in some_at_once(sorted(person_ids)):
        locked = select(Person.id).where(Person.id.in_(piece)).order_by(Person.id)
        session.execute(locked.with_for_update(key_share=True)).all()
