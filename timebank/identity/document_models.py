"""Tables of document numbers: keyed hashes, who tried the same one, and the vault."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.identity.document_keys import Algorithm
from timebank.identity.document_rules import DocumentKind


class Document(Base):
    """Somebody's document number as a keyed hash and its last four characters; the number is nowhere (R37, PIPL 51).

    ``key_id`` names the key that hashed it. ``organisation_id`` is where staff saw the document; nobody has seen it if
    the person entered the number themself.
    """

    __tablename__ = "identity_document"
    __table_args__ = (
        one_of("kind", DocumentKind),
        one_of("algorithm", Algorithm),
        UniqueConstraint("number_hash"),
        CheckConstraint("length(last_four) = 4", name="last_four"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    number_hash: Mapped[bytes]
    algorithm: Mapped[str] = mapped_column(String(6))
    key_id: Mapped[str] = mapped_column(String(8))
    last_four: Mapped[str] = mapped_column(String(4))
    entered_by: Mapped[UUID]
    organisation_id: Mapped[UUID | None]
    entered_at: Mapped[datetime]


class DocumentClash(Base):
    """That somebody gave a number that another person has: staff look whether the two are one. Append-only.

    No hash and no number: whose documents are the same is all that anybody needs to know.
    """

    __tablename__ = "identity_document_clash"
    __table_args__ = (
        CheckConstraint("person_id <> holder_id", name="two_people"),
        Index("ix_identity_document_clash_holder_id", "holder_id"),
        WITHOUT_ROWID,
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    holder_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    entered_by: Mapped[UUID]
    found_at: Mapped[datetime]


class SealedNumber(Base):
    """A document number that is needed again, encrypted (AES-256-GCM); only where the operator has switched the vault on."""

    __tablename__ = "identity_document_vault"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_document.person_id"), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(8), index=True)
    nonce: Mapped[bytes]
    sealed: Mapped[bytes]
    sealed_at: Mapped[datetime]
