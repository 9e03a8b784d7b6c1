"""Tables of certificates. What a certificate says is append-only; only the names on it can be erased (rule R36)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.certificates.rules import Channel
from timebank.constraints import retry_on
from timebank.database import Base, one_of


class Certificate(Base):
    """One line of the numbering register: what was certified when, by whom. ``sha256`` is over the canonical form.

    ``token`` stands in the QR code: nobody can guess it. ``seal_n`` is the last seal of the ledger at that time. ``layout``
    is the one that the paper is printed in, whenever it is; None is the first.
    """

    __tablename__ = "certificate"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("token"),
        UniqueConstraint("organisation_id", "year", "sequence"),
        one_of("channel", Channel),
        CheckConstraint("service_minutes > 0", name="service_minutes"),
        CheckConstraint("last_on >= first_on", name="period"),
        CheckConstraint("(channel = 'staff') = (reason IS NOT NULL)", name="reason"),
        Index("ix_certificate_volunteer_id_issued_at", "volunteer_id", "issued_at"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(30))
    token: Mapped[str] = mapped_column(String(26))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    organisation_name: Mapped[str] = mapped_column(String(120))
    year: Mapped[int]
    sequence: Mapped[int]
    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    channel: Mapped[str] = mapped_column(String(5))
    reason: Mapped[str | None] = mapped_column(String(500))
    first_on: Mapped[date | None]
    last_on: Mapped[date | None]
    service_minutes: Mapped[int]
    verify_url: Mapped[str] = mapped_column(String(300))
    seal_n: Mapped[int | None]
    seal_hash: Mapped[str | None] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    issued_by: Mapped[UUID]
    issued_at: Mapped[datetime]
    issued_on: Mapped[date]
    layout: Mapped[int | None]


class CertificateEntry(Base):
    """One certified record: the revision that was current then. Revisions are never changed, so it is a snapshot."""

    __tablename__ = "certificate_entry"
    __table_args__ = (WITHOUT_ROWID,)

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificate.id"), primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("service_record.id"))
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("service_record_revision.id"))


class CertificateNames(Base):
    """Who is named on a certificate: personal data, apart from what is never changed, so that it can be erased.

    Whoever changes a name here is found out: the certificate's hash covers it.
    """

    __tablename__ = "certificate_names"
    __table_args__ = (CheckConstraint("(holder_name IS NULL) = (erased_at IS NOT NULL)", name="erased"),)

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificate.id"), primary_key=True)
    holder_name: Mapped[str | None] = mapped_column(String(60))
    document: Mapped[str | None] = mapped_column(String(40))
    volunteer_no: Mapped[str | None] = mapped_column(String(20))
    person_in_charge: Mapped[str | None] = mapped_column(String(60))
    handler: Mapped[str | None] = mapped_column(String(60))
    contact: Mapped[str | None] = mapped_column(String(120))
    salt: Mapped[str] = mapped_column(String(26))
    erased_at: Mapped[datetime | None]


class CertificateRevocation(Base):
    """That a certificate was revoked, and why. Its key is the certificate's: once, and for good (rule R16)."""

    __tablename__ = "certificate_revocation"
    __table_args__ = (WITHOUT_ROWID,)

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificate.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    revoked_by: Mapped[UUID]
    revoked_at: Mapped[datetime]


class CertificateIssuer(Base):
    """Who answers for an organisation's certificates (民发〔2015〕149号): person in charge, handler, contact."""

    __tablename__ = "certificate_issuer"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    person_in_charge: Mapped[str | None] = mapped_column(String(60))
    handler: Mapped[str | None] = mapped_column(String(60))
    contact: Mapped[str | None] = mapped_column(String(120))
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]


class CertificateCounter(Base):
    """The last number given out by an organisation in a year; its row lock keeps the register without gaps."""

    __tablename__ = "certificate_counter"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    year: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last: Mapped[int]


# Two organisations' numbers of one year may draw the same six characters, once in a thousand million: draw again.
retry_on("uq_certificate_number", "uq_certificate_token", "pk_certificate_issuer")
