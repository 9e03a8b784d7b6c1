"""What is asked about certificates."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import aliased

from timebank.certificates.models import Certificate, CertificateEntry, CertificateNames, CertificateRevocation
from timebank.certificates.rules import TOKEN_LENGTH, Entry
from timebank.database import session
from timebank.identity.former import belongs
from timebank.records import queries as records
from timebank.records.models import Revision
from timebank.records.rules import Provenance, State

_Later = aliased(Revision, name="later_than_certified")

_CERTIFIED = (
    "organisation_id",
    "activity_name",
    "content",
    "served_on",
    "place",
    "provenance",
    "service_minutes",
)
"""What of a record is certified; a revision that differs in anything else leaves the certificate as it is, as does one that says who goes on
for a merged account."""


def certifiable(
    *, volunteer_id: UUID, organisation_id: UUID, first_on: date | None, last_on: date | None, limit: int
) -> list[Revision]:
    """Return the final records of a volunteer at an organisation in a period, in the order of their days.

    Neither what is under review nor what is on public notice is final. What is frozen is among them.
    """
    found = records.current().where(
        Revision.volunteer_id == volunteer_id,
        Revision.organisation_id == organisation_id,
        records.is_final(),
        Revision.service_minutes > 0,
    )
    if first_on is not None:
        found = found.where(Revision.served_on >= first_on)
    if last_on is not None:
        found = found.where(Revision.served_on <= last_on)
    return list(session.scalars(found.order_by(Revision.started_at, Revision.record_id).limit(limit)))


def is_superseded() -> ColumnElement[bool]:
    """Return the condition that a record on ``Certificate`` has said something else since, or was annulled.

    Whatever later revision it is: a certificate that was wrong once does not become right again by itself.
    """
    differs = or_(
        _Later.state != State.FINAL, *(getattr(_Later, name) != getattr(Revision, name) for name in _CERTIFIED)
    )
    return (
        select(CertificateEntry.line)
        .join(Revision, Revision.id == CertificateEntry.revision_id)
        .join(_Later, (_Later.record_id == CertificateEntry.record_id) & (_Later.number > Revision.number) & differs)
        .where(CertificateEntry.certificate_id == Certificate.id)
        .exists()
    )


def _with_status() -> Select[*tuple[Any, ...]]:
    """Select certificates with their names, their revocation (or None) and whether they are superseded."""
    return (
        select(Certificate, CertificateNames, CertificateRevocation, is_superseded().label("superseded"))
        .join(CertificateNames, CertificateNames.certificate_id == Certificate.id)
        .outerjoin(CertificateRevocation, CertificateRevocation.certificate_id == Certificate.id)
    )


def by_number(number: str) -> Any:
    """Return one certificate with names, revocation and whether it is superseded; None if there is none."""
    return session.execute(_with_status().where(Certificate.number == number)).one_or_none()


def by_code(code: str) -> Any:
    """Return the same by the token of the QR code or by the number, each in the form in which it is kept."""
    column = Certificate.token if len(code) == TOKEN_LENGTH else Certificate.number
    return session.execute(_with_status().where(column == code)).one_or_none()


def of_organisation(organisation_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select the register of an organisation, to page by year and sequence."""
    found = _with_status().add_columns(Certificate.year, Certificate.sequence)
    return found.where(Certificate.organisation_id == organisation_id)


def of_volunteer(volunteer_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select a volunteer's own certificates, to page by when they were issued."""
    found = _with_status().add_columns(Certificate.issued_at, Certificate.id)
    return found.where(belongs(Certificate.volunteer_id, volunteer_id))


def entries_of(certificate_id: UUID) -> tuple[Entry, ...]:
    """Return what a certificate lists, in its order."""
    found = (
        select(Revision)
        .join(CertificateEntry, CertificateEntry.revision_id == Revision.id)
        .where(CertificateEntry.certificate_id == certificate_id)
        .order_by(CertificateEntry.line)
    )
    return tuple(entry_of(revision) for revision in session.scalars(found))


def entry_of(revision: Revision) -> Entry:
    """Return what is certified of a revision."""
    return Entry(
        record_id=revision.record_id,
        revision_id=revision.id,
        revision=revision.number,
        activity_name=revision.activity_name,
        content=revision.content,
        served_on=revision.served_on,
        place=revision.place,
        provenance=Provenance(revision.provenance),
        service_minutes=revision.service_minutes,
    )
