"""What goes in and out of the endpoints for what staff enter from paper."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from timebank.identity import document_schemas
from timebank.identity.consent_schemas import ConsentBody
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema

MAX_REASON = 500


class PaperConsentBody(ConsentBody):
    """A consent on paper: which organisation keeps the form, and what it is."""

    organisation_id = fields.UUID(required=True)
    reason = PlainText(required=True, max_length=MAX_REASON)


class BirthDateBody(Schema):
    """A birth date from a document."""

    organisation_id = fields.UUID(required=True)
    birth_on = fields.Date(required=True)


class SeenDocumentBody(document_schemas.DocumentBody):
    """A document that staff see, and at which organisation."""

    organisation_id = fields.UUID(required=True)


class BirthDateOut(Schema):
    """That the date is on record; the date itself is not repeated."""

    person_id = fields.UUID(required=True)


class GuardianBody(Schema):
    """A guardian: a volunteer's number, or a name; ``reason`` says which document was seen."""

    organisation_id = fields.UUID(required=True)
    guardian_no = PlainText(max_length=20)
    guardian_name = PlainText(max_length=60)
    reason = PlainText(required=True, max_length=MAX_REASON)

    @validates_schema
    def one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse both and neither."""
        if ("guardian_no" in data) == ("guardian_name" in data):
            raise ValidationError("编号与姓名须填且只填一个。 Give either a number or a name.", "guardian_no")


class GuardianOut(Schema):
    """That a guardian is on record; who it is is not repeated."""

    id = fields.UUID(required=True)
    person_id = fields.UUID(required=True, attribute="ward_id")
    verified_at = Instant(required=True)
    ended_at = Instant(required=True, allow_none=True)
