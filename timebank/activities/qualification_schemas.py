"""What goes in and out of the endpoints of qualifications."""

from marshmallow import fields

from timebank.activities.schemas import KIND
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema

MAX_REASON = 500


class QualificationBody(Schema):
    """What staff have seen; ``reason`` says which document, without its number."""

    organisation_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=KIND)
    reason = PlainText(required=True, max_length=MAX_REASON)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(allow_none=True, metadata={"description": "空为长期 · empty: until taken back"})


class QualificationEndBody(Schema):
    """Why a verification is taken back."""

    reason = PlainText(required=True, max_length=MAX_REASON)


class QualificationOut(Schema):
    """A verified qualification; whether it holds today is told."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)
    valid = fields.Boolean(required=True)
    organisation_id = fields.UUID(required=True)
    verified_at = Instant(required=True)
    ended_at = Instant(required=True, allow_none=True)
