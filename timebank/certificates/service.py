"""The verbs: issue a certificate, revoke it, read it again, erase a holder (rules R15, R16, R36)."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from timebank import clock
from timebank.certificates import holders, issuers, legible, queries
from timebank.certificates.errors import (
    CertificateAltered,
    CertificateErased,
    CertificateRevoked,
    CertificateTooLong,
    NothingToCertify,
    PublicUrlMissing,
    RecordsBeingCorrected,
    RecordsObjected,
)
from timebank.certificates.layouts import NEWEST
from timebank.certificates.models import (
    Certificate,
    CertificateCounter,
    CertificateEntry,
    CertificateNames,
    CertificateRevocation,
)
from timebank.certificates.rules import (
    CHECK_LENGTH,
    MAX_ENTRIES,
    SALT_LENGTH,
    TOKEN_LENGTH,
    Channel,
    Entry,
    Names,
    Statement,
    number_of,
)
from timebank.codes.alphabet import random_reference
from timebank.database import new_id, session
from timebank.documents.typefaces import Typeface
from timebank.errors import NotFound
from timebank.identity import queries as people
from timebank.identity.errors import MinorProtected
from timebank.identity.former import belongs, goes_on
from timebank.identity.minors import is_kept_from
from timebank.identity.rules import Actor
from timebank.ledger import seals
from timebank.numbering import Numbering
from timebank.organisations import queries as register
from timebank.organisations import scope
from timebank.records import correction_queries, objections

VERIFY_PATH = "/api/v1/verify/"
_NUMBERS = Numbering(CertificateCounter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What paper needs: the font, and the address under which the public reaches this bank (empty: nobody has said)."""

    face: Typeface
    public_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be certified: one volunteer's service at one organisation, all of it or of a period."""

    organisation_id: UUID
    first_on: date | None = None
    last_on: date | None = None


def issue_own(*, actor: Actor, wanted: Wanted, press: Press) -> str:
    """Issue a certificate to the actor, free of charge; return its number.

    Raises NothingToCertify, RecordsObjected, RecordsBeingCorrected, CertificateTooLong, HolderUnnamed, GlyphMissing, PublicUrlMissing.
    """
    return _issue(wanted, press, volunteer_id=actor.person_id, issued_by=actor.person_id, channel=Channel.SELF)


def issue_for(*, actor: Actor, volunteer_no: str, reason: str, wanted: Wanted, press: Press) -> str:
    """Issue a certificate for somebody who has asked for it in person; ``reason`` says how. Returns its number.

    An unknown number is refused like one without records: nobody learns who exists. Raises NotFound outside the
    actor's scope, and as ``issue_own``.
    """
    scope.organisation_for(actor, *issuers.KEEPERS, organisation_id=wanted.organisation_id)
    volunteer = people.person_by_number(volunteer_no)
    if volunteer is None:
        raise NothingToCertify
    return _issue(
        wanted, press, volunteer_id=volunteer.id, issued_by=actor.person_id, channel=Channel.STAFF, reason=reason
    )


def _issue(
    wanted: Wanted, press: Press, *, volunteer_id: UUID, issued_by: UUID, channel: Channel, reason: str | None = None
) -> str:
    entries = _entries(wanted, volunteer_id)
    names = _names(wanted.organisation_id, volunteer_id, None if channel is Channel.SELF else issued_by)
    found = register.organisation_with_path(wanted.organisation_id)
    if found is None:
        raise NothingToCertify
    if not press.public_url:
        raise PublicUrlMissing
    now, token, seal = clock.now(), random_reference(TOKEN_LENGTH), seals.last()
    statement = Statement(
        number="",
        organisation_id=wanted.organisation_id,
        organisation_name=found[0].name,
        first_on=wanted.first_on,
        last_on=wanted.last_on,
        issued_on=clock.day_of(now),
        verify_url=f"{press.public_url}{VERIFY_PATH}{token}",
        seal_n=seal.n if seal else None,
        seal_hash=seal.hash.hex() if seal else None,
        names=names,
        entries=entries,
    )
    legible.refuse_missing(statement, press.face)
    row = {
        "id": new_id(),
        "token": token,
        "volunteer_id": volunteer_id,
        "channel": channel,
        "reason": reason,
        "issued_by": issued_by,
        "issued_at": now,
        "layout": NEWEST,
    }
    return _register(statement, row)


def _entries(wanted: Wanted, volunteer_id: UUID) -> tuple[Entry, ...]:
    """Return what can be certified. A record that changes a moment later supersedes the certificate: no lock is needed."""
    found = queries.certifiable(
        volunteer_id=volunteer_id,
        organisation_id=wanted.organisation_id,
        first_on=wanted.first_on,
        last_on=wanted.last_on,
        limit=MAX_ENTRIES + 1,
    )
    if not found:
        raise NothingToCertify
    if len(found) > MAX_ENTRIES:
        raise CertificateTooLong(limit=MAX_ENTRIES)
    frozen = objections.frozen_among(revision.record_id for revision in found)
    if frozen:
        raise RecordsObjected(count=len(frozen), record_ids=sorted(map(str, frozen)))
    waiting = correction_queries.open_among(revision.record_id for revision in found)
    if waiting:
        raise RecordsBeingCorrected(count=len(waiting), record_ids=sorted(map(str, waiting)))
    return tuple(map(queries.entry_of, found))


def _names(organisation_id: UUID, volunteer_id: UUID, staff_id: UUID | None) -> Names:
    holder, particulars = holders.holder_of(volunteer_id), issuers.of(organisation_id)
    if particulars["handler"] is None and staff_id is not None:
        particulars["handler"] = holders.name_of(staff_id)
    return Names(
        holder_name=holder.name,
        document=holder.document,
        volunteer_no=holder.volunteer_no,
        salt=random_reference(SALT_LENGTH),
        **particulars,
    )


def _register(unnumbered: Statement, row: dict[str, Any]) -> str:
    """Give a statement its number, the last thing that is locked, and write it down."""
    year = unnumbered.issued_on.year
    sequence = _NUMBERS.following(organisation_id=unnumbered.organisation_id, year=year)
    number = number_of(year=year, sequence=sequence, check=random_reference(CHECK_LENGTH))
    said = {name: getattr(unnumbered, name) for name in Statement.__dataclass_fields__} | {"number": number}
    statement = Statement(**said)
    kept = {name: value for name, value in said.items() if name not in {"names", "entries"}}
    values = row | kept | {"year": year, "sequence": sequence, "service_minutes": statement.service_minutes}
    connection = session.connection()
    connection.execute(insert(Certificate), values | {"sha256": statement.digest()})
    connection.execute(
        insert(CertificateEntry),
        [
            {"certificate_id": row["id"], "line": line, "record_id": one.record_id, "revision_id": one.revision_id}
            for line, one in enumerate(statement.entries, start=1)
        ],
    )
    named = {name: getattr(statement.names, name) for name in Names.__dataclass_fields__}
    connection.execute(insert(CertificateNames), {"certificate_id": row["id"], "erased_at": None} | named)
    return number


def statement_of(certificate: Certificate, names: CertificateNames) -> Statement:
    """Return what a certificate says, exactly as it did when it was issued.

    Raises CertificateErased when its holder has left, CertificateAltered when it does not match its hash.
    """
    if names.erased_at is not None:
        raise CertificateErased
    own = (name for name in Statement.__dataclass_fields__ if name not in {"names", "entries"})
    statement = Statement(
        **{name: getattr(certificate, name) for name in own},
        names=Names(**{name: getattr(names, name) for name in Names.__dataclass_fields__}),
        entries=queries.entries_of(certificate.id),
    )
    if statement.digest() != certificate.sha256:
        raise CertificateAltered
    return statement


def seen(*, actor: Actor, number: str, printed: bool = False) -> Any:
    """Return a certificate, as ``queries.by_number`` does, to its holder and to staff of the organisation.

    ``printed`` asks for the paper, with the whole name: not for auditors, and not for the holder of a revoked one.
    A minor's is printed by staff once another person has approved that they see the name (rule R38).
    Raises NotFound, CertificateRevoked, MinorProtected.
    """
    found = queries.by_number(number)
    if found is None:
        raise NotFound
    certificate, _, revocation, _ = found
    if goes_on(certificate.volunteer_id) != actor.person_id:
        roles = issuers.KEEPERS if printed else issuers.READERS
        scope.organisation_for(actor, *roles, organisation_id=certificate.organisation_id)
        holder = people.person(goes_on(certificate.volunteer_id))
        if printed and holder is not None and is_kept_from(actor.person_id, holder):
            raise MinorProtected
    elif printed and revocation is not None:
        raise CertificateRevoked
    return found


def revoke(*, actor: Actor, number: str, reason: str) -> None:
    """Revoke a certificate for good. Raises NotFound outside the actor's scope, CertificateRevoked the second time."""
    found = queries.by_number(number)
    if found is None:
        raise NotFound
    certificate, _, revocation, _ = found
    scope.organisation_for(actor, *issuers.KEEPERS, organisation_id=certificate.organisation_id)
    if revocation is not None:
        raise CertificateRevoked
    session.connection().execute(
        insert(CertificateRevocation),
        {
            "certificate_id": certificate.id,
            "reason": reason,
            "revoked_by": actor.person_id,
            "revoked_at": clock.now(),
        },
    )


def erase_holder(*, person_id: UUID) -> int:
    """Erase a person's name, number and document from all their certificates (PIPL 47); return how many those were.

    What remains says that so many minutes were certified on a day; paper copies can still be verified.
    """
    theirs = select(Certificate.id).where(belongs(Certificate.volunteer_id, person_id))
    erased = session.execute(
        update(CertificateNames)
        .where(CertificateNames.certificate_id.in_(theirs), CertificateNames.erased_at.is_(None))
        .values(holder_name=None, document=None, volunteer_no=None, salt="", erased_at=clock.now())
    )
    return int(getattr(erased, "rowcount", 0))
