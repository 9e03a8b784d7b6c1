"""What goes in and out of the endpoints of certificates."""

from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from timebank.certificates.models import Certificate, CertificateNames, CertificateRevocation
from timebank.certificates.rules import Entry, Status, by_provenance, hours, status_of
from timebank.identity.rules import masked_name
from timebank.records.account import ByProvenance
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema, page_of

MAX_REASON = 500


class PeriodBody(Schema):
    """A period; without it all of the service."""

    first_on = fields.Date(metadata={"description": "从这一天起；不填为全部 · from this day on"})
    last_on = fields.Date(metadata={"description": "到这一天为止；不填为全部 · until this day"})

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a period that ends before it begins."""
        if data.get("first_on", date.min) > data.get("last_on", date.max):
            raise ValidationError("不能早于开始日期。 Must not lie before first_on.", "last_on")


class MyCertificateBody(PeriodBody):
    """A certificate for oneself, of one organisation."""

    organisation_id = fields.UUID(required=True)


class CertificateBody(PeriodBody):
    """A certificate for a volunteer who asks for it in person; ``reason`` says how they did."""

    volunteer_no = PlainText(required=True, max_length=20)
    reason = PlainText(required=True, max_length=MAX_REASON, metadata={"example": "本人到服务台申请，出示志愿者卡"})


class RevocationBody(Schema):
    """Why a certificate is revoked."""

    reason = PlainText(required=True, max_length=MAX_REASON)


class IssuerBody(Schema):
    """Who answers for an organisation's certificates; null for what is not printed."""

    person_in_charge = PlainText(required=True, allow_none=True, max_length=60)
    handler = PlainText(required=True, allow_none=True, max_length=60)
    contact = PlainText(required=True, allow_none=True, max_length=120)


class IssuerOut(Schema):
    """The same."""

    person_in_charge = fields.String(required=True, allow_none=True)
    handler = fields.String(required=True, allow_none=True)
    contact = fields.String(required=True, allow_none=True)


class VerifiedOut(Schema):
    """All that the public learns of a certificate."""

    holder_name = fields.String(
        required=True, metadata={"description": "脱敏；已注销者为空 · masked; empty once erased"}
    )
    hours = fields.String(required=True, metadata={"example": "12.5"})
    organisation_name = fields.String(required=True)
    issued_on = fields.Date(required=True)
    status = fields.Enum(Status, by_value=True, required=True)


class CertificateOut(VerifiedOut):
    """A certificate in a list: the name masked."""

    number = fields.String(required=True)
    organisation_id = fields.UUID(required=True)
    service_minutes = fields.Integer(required=True)
    first_on = fields.Date(required=True, allow_none=True)
    last_on = fields.Date(required=True, allow_none=True)
    channel = fields.String(required=True)
    issued_at = Instant(required=True)
    revoked_at = Instant(required=True, allow_none=True)
    revocation_reason = fields.String(required=True, allow_none=True)


CertificatePage = page_of(CertificateOut)


class CertifiedEntryOut(Schema):
    """One certified record."""

    record_id = fields.UUID(required=True)
    revision = fields.Integer(required=True)
    activity_name = fields.String(required=True)
    content = fields.String(required=True)
    served_on = fields.Date(required=True)
    place = fields.String(required=True)
    provenance = fields.String(required=True)
    service_minutes = fields.Integer(required=True)


class CertificateSealOut(Schema):
    """The last seal of the ledger when the certificate was issued."""

    n = fields.Integer(required=True)
    hash = fields.String(required=True)


class WholeCertificateOut(CertificateOut):
    """A certificate with everything on it; staff see the name masked, the paper has it whole."""

    document = fields.String(required=True, allow_none=True)
    volunteer_no = fields.String(required=True, allow_none=True)
    person_in_charge = fields.String(required=True, allow_none=True)
    handler = fields.String(required=True, allow_none=True)
    contact = fields.String(required=True, allow_none=True)
    by_provenance = fields.Nested(ByProvenance, required=True)
    entries = fields.List(fields.Nested(CertifiedEntryOut), required=True)
    seal = fields.Nested(CertificateSealOut, required=True, allow_none=True)
    sha256 = fields.String(required=True)
    verify_url = fields.String(required=True)


Facts = tuple[Certificate, CertificateNames, CertificateRevocation | None, bool]
"""What the queries return of a certificate: the last is whether it is superseded."""


def verified(facts: Facts) -> dict[str, Any]:
    """Return what everybody may know."""
    certificate, names, revocation, superseded = facts
    return {
        "holder_name": masked_name(names.holder_name) if names.holder_name else "",
        "hours": hours(certificate.service_minutes),
        "organisation_name": certificate.organisation_name,
        "issued_on": certificate.issued_on,
        "status": status_of(revoked=revocation is not None, superseded=superseded),
    }


def listed(facts: Facts) -> dict[str, Any]:
    """Return what a list shows of a certificate."""
    certificate, _, revocation, _ = facts
    own = ("number", "organisation_id", "service_minutes", "first_on", "last_on", "channel", "issued_at")
    return verified(facts) | {
        **{name: getattr(certificate, name) for name in own},
        "revoked_at": revocation.revoked_at if revocation else None,
        "revocation_reason": revocation.reason if revocation else None,
    }


def whole(facts: Facts, entries: tuple[Entry, ...], *, own: bool) -> dict[str, Any]:
    """Return everything on a certificate, the name whole for its holder."""
    certificate, names, _, _ = facts
    seal = {"n": certificate.seal_n, "hash": certificate.seal_hash} if certificate.seal_n else None
    kept = ("document", "volunteer_no", "person_in_charge", "handler", "contact")
    return listed(facts) | {
        **{name: getattr(names, name) for name in kept},
        **({"holder_name": names.holder_name or ""} if own else {}),
        "by_provenance": {str(name): minutes for name, minutes in by_provenance(entries).items()},
        "entries": entries,
        "seal": seal,
        "sha256": certificate.sha256,
        "verify_url": certificate.verify_url,
    }
