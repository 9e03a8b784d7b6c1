"""What goes in and out of the endpoints of consents and wards."""

from marshmallow import fields, validate

from timebank.identity.rules import Purpose, Via
from timebank.web.fields import Instant, PlainText, YesOrNo
from timebank.web.schemas import Schema

_PURPOSES = [str(purpose) for purpose in Purpose]


class ConsentBody(Schema):
    """Agree to a purpose, or take it back; ``version`` names the text that was shown."""

    purpose = fields.String(required=True, validate=validate.OneOf(_PURPOSES))
    version = PlainText(required=True, max_length=40, metadata={"example": "2026-11"})
    given = YesOrNo(required=True)


class ConsentOut(Schema):
    """How somebody stands to a purpose."""

    purpose = fields.String(required=True, validate=validate.OneOf(_PURPOSES))
    given = fields.Boolean(required=True)
    version = fields.String(required=True, allow_none=True)
    via = fields.String(required=True, allow_none=True, validate=validate.OneOf([str(via) for via in Via]))
    given_at = Instant(required=True, allow_none=True)
    withdrawn_at = Instant(required=True, allow_none=True)


class ConsentsOut(Schema):
    """Every purpose, decided or not."""

    items = fields.List(fields.Nested(ConsentOut), required=True)


class WardOut(Schema):
    """Somebody under 18 whom one answers for."""

    person_id = fields.UUID(required=True)
    display_name = fields.String(required=True)
    consents = fields.List(fields.Nested(ConsentOut), required=True)


class WardsOut(Schema):
    """Whom one answers for."""

    items = fields.List(fields.Nested(WardOut), required=True)
