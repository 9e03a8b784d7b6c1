"""Whose document numbers the bank has: entered, found by number, shown masked, forgotten.

A number comes in, is hashed, and is gone. Whoever enters one looks first for who has it: two people with one number are
one person, or one of them is mistaken, and staff find out which (rule R18, R37; 令67 art 5).
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Table, delete, func, select

from timebank import clock
from timebank.constraints import retry_on
from timebank.database import session
from timebank.direct import Rows
from timebank.errors import NotFound
from timebank.identity.document_errors import DocumentBirthDiffers, DocumentKnown, DocumentTaken, VaultKeyMissing
from timebank.identity.document_keys import DocumentKeys, Sealed
from timebank.identity.document_models import Document, DocumentClash, SealedNumber
from timebank.identity.document_rules import DocumentKind, DocumentNumber, masked, read
from timebank.identity.models import Person

# Two at once with one number, or one person twice: a second look finds the first.
retry_on("uq_identity_document_number_hash", "pk_identity_document", "pk_identity_document_clash")


def number_of(kind: DocumentKind, text: str) -> DocumentNumber:
    """Return the number that ``text`` spells. Raises Invalid (pointer ``/number``) for one that cannot be."""
    return read(kind, text, today=clock.day_of(clock.now()))


def holder_of(document: DocumentNumber, *, keys: DocumentKeys) -> UUID | None:
    """Return who has a number."""
    return holders_of([document], keys=keys).get(document)


def holders_of(documents: Collection[DocumentNumber], *, keys: DocumentKeys) -> dict[DocumentNumber, UUID]:
    """Return who has which of these numbers, in one statement: give a few hundred at a time."""
    by_hash = {made.value: document for document in documents for made in keys.hashes(document)}
    rows = session.execute(select(Document.number_hash, Document.person_id).where(Document.number_hash.in_(by_hash)))
    return {by_hash[number_hash]: person_id for number_hash, person_id in rows}


def enter(
    *, person_id: UUID, document: DocumentNumber, by: UUID, keys: DocumentKeys, organisation_id: UUID | None = None
) -> Document:
    """Keep somebody's number; the same once more changes nothing but that staff have seen the document.

    Without a birth date on record the one in the number becomes it. With ``organisation_id`` staff enter what they see
    and may replace a number; the scope is the caller's question. Raises NotFound, DocumentTaken (leaves a trace, by
    which ``same_document`` suggests the two to staff), DocumentKnown, DocumentBirthDiffers.
    """
    person = session.get(Person, person_id, with_for_update={"key_share": True}, populate_existing=True)
    if person is None:
        raise NotFound
    holder = holder_of(document, keys=keys)
    if holder not in {None, person_id}:
        refusal = DocumentTaken()
        refusal.leaves_trace(partial(_keep_clash, person_id, holder, by))
        raise refusal
    known = session.get(Document, person_id)
    if known is not None and organisation_id is None:
        if holder == person_id:
            return known
        raise DocumentKnown
    _agree_on_birth(person, document, by)
    row = known or Document(person_id=person_id)
    row.entered_by, row.organisation_id, row.entered_at = by, organisation_id, clock.now()
    return _keep(row, document, keys)


def _agree_on_birth(person: Person, document: DocumentNumber, by: UUID) -> None:
    if document.birth_on is None:
        return
    if person.birth_on is None:
        person.birth_on, person.birth_entered_by = document.birth_on, by
    elif person.birth_on != document.birth_on:
        raise DocumentBirthDiffers


def _keep(row: Document, document: DocumentNumber, keys: DocumentKeys) -> Document:
    made = keys.hash(document)
    row.kind, row.last_four = document.kind, document.last_four
    row.number_hash, row.algorithm, row.key_id = made.value, made.algorithm, made.key_id
    session.add(row)
    session.flush()
    session.execute(delete(SealedNumber).where(SealedNumber.person_id == row.person_id))
    sealed = keys.seal(document, person_id=row.person_id)
    if sealed is not None:
        session.add(_row_of(row.person_id, sealed))
    session.flush()
    return row


class Given(NamedTuple):
    """A number that staff of an organisation give for somebody who has none on record."""

    person_id: UUID
    document: DocumentNumber
    organisation_id: UUID


def keep_many(*, given: Sequence[Given], by: UUID, keys: DocumentKeys) -> None:
    """Keep many people's first numbers, which nobody else has: both is the caller's question.

    Raises DocumentTaken (by its constraint) when somebody else was faster.
    """
    now, wall = clock.now(), clock.wall()
    rows: list[dict[str, Any]] = []
    sealed: list[dict[str, Any]] = []
    for person_id, document, organisation_id in given:
        made, shut = keys.hash(document), keys.seal(document, person_id=person_id)
        rows.append(
            {
                "person_id": person_id,
                "kind": document.kind,
                "number_hash": made.value,
                "algorithm": made.algorithm,
                "key_id": made.key_id,
                "last_four": document.last_four,
                "entered_by": by,
                "organisation_id": organisation_id,
                "entered_at": now,
            }
        )
        if shut is not None:
            values = {"key_id": shut.key_id, "nonce": shut.nonce, "sealed": shut.value, "sealed_at": wall}
            sealed.append({"person_id": person_id, **values})
    _DOCUMENTS.insert_mappings(session.connection(), rows)
    _SEALED.insert_mappings(session.connection(), sealed)


_DOCUMENTS = Rows(cast("Table", Document.__table__))
_SEALED = Rows(cast("Table", SealedNumber.__table__))


def _row_of(person_id: UUID, sealed: Sealed) -> SealedNumber:
    return SealedNumber(
        person_id=person_id, key_id=sealed.key_id, nonce=sealed.nonce, sealed=sealed.value, sealed_at=clock.wall()
    )


def _keep_clash(person_id: UUID, holder_id: UUID, by: UUID) -> None:
    if session.get(DocumentClash, (person_id, holder_id)) is None:
        session.add(DocumentClash(person_id=person_id, holder_id=holder_id, entered_by=by, found_at=clock.now()))
        session.flush()


def same_document(person_id: UUID) -> list[UUID]:
    """Return everybody who is suggested to be the same as this person: one of them gave the number that the other has."""
    mine = select(DocumentClash.holder_id).where(DocumentClash.person_id == person_id)
    theirs = select(DocumentClash.person_id).where(DocumentClash.holder_id == person_id)
    return sorted(session.scalars(mine.union(theirs)))


def on_record(person_ids: Collection[UUID]) -> set[UUID]:
    """Return those of these people (some thousands at a time) whose numbers are on record."""
    return set(session.scalars(select(Document.person_id).where(Document.person_id.in_(person_ids))))


def document_of(person_id: UUID) -> Document | None:
    """Return what is on record of somebody's document."""
    return session.get(Document, person_id)


def masked_document(person_id: UUID) -> str | None:
    """Return somebody's document as it may be printed and shown (居民身份证 **************0021), None without one."""
    known = document_of(person_id)
    return masked(DocumentKind(known.kind), known.last_four) if known else None


def opened(person_id: UUID, *, keys: DocumentKeys) -> str:
    """Return somebody's whole number out of the vault; who may ask is the caller's question.

    Raises VaultKeyMissing: the vault is off, or was when the number came in, or its key is gone.
    """
    row = session.get(SealedNumber, person_id)
    if row is None:
        raise VaultKeyMissing
    return keys.open(_sealed_of(row), person_id=person_id)


def _sealed_of(row: SealedNumber) -> Sealed:
    return Sealed(row.key_id, row.nonce, row.sealed)


def forget(person_id: UUID) -> None:
    """Remove what is on record of somebody's document; again it changes nothing."""
    session.execute(delete(SealedNumber).where(SealedNumber.person_id == person_id))
    session.execute(delete(Document).where(Document.person_id == person_id))


def move(*, from_id: UUID, to_id: UUID) -> None:
    """Give one person's number to another who turns out to be the same and has none; a second time changes nothing.

    What the vault holds is bound to the one it was sealed for and is not moved: the number is entered again to be there.
    """
    known = session.get(Document, from_id)
    if known is None:
        return
    names = ("kind", "number_hash", "algorithm", "key_id", "last_four", "entered_by", "organisation_id", "entered_at")
    values = {name: getattr(known, name) for name in names}
    session.expunge(known)
    forget(from_id)
    if session.get(Document, to_id) is None:
        session.add(Document(person_id=to_id, **values))
    session.flush()


def rotate_vault(*, keys: DocumentKeys, limit: int) -> int:
    """Seal again with the newest key what an older one has sealed, at most ``limit`` numbers; return how many those were.

    Raises VaultKeyMissing when the key of one is not in the settings: nothing of this batch has changed then.
    """
    if not keys.vault:
        raise VaultKeyMissing
    newest = keys.newest_vault_id
    old = select(SealedNumber).where(SealedNumber.key_id != newest).order_by(SealedNumber.person_id).limit(limit)
    rows = session.scalars(old.with_for_update(skip_locked=True)).all()
    for row in rows:
        sealed = keys.resealed(_sealed_of(row), person_id=row.person_id)
        row.key_id, row.nonce, row.sealed, row.sealed_at = sealed.key_id, sealed.nonce, sealed.value, clock.wall()
    session.flush()
    return len(rows)


def under_lost_keys(*, keys: DocumentKeys) -> int:
    """Return how many numbers were hashed by a key that the settings no longer have: nobody finds them by number."""
    lost = select(func.count()).where(Document.key_id.not_in(keys.hashing_ids))
    return session.scalars(lost).one()
