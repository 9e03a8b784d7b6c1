"""What goes in and out of the endpoints of households."""

from marshmallow import fields, validate

from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema

MAX_MEMBERS = 30
MAX_REASON = 500


class HouseholdBody(Schema):
    """Who lives together, by their volunteer numbers; ``reason`` says which document was seen."""

    organisation_id = fields.UUID(required=True)
    volunteer_nos = fields.List(
        PlainText(max_length=20), required=True, validate=validate.Length(min=1, max=MAX_MEMBERS)
    )
    reason = PlainText(required=True, max_length=MAX_REASON)


class HouseholdMemberBody(Schema):
    """Who joins, by their volunteer number."""

    volunteer_no = PlainText(required=True, max_length=20)


class HouseholdMemberOut(Schema):
    """Somebody in a household."""

    person_id = fields.UUID(required=True)
    display_name = fields.String(required=True, metadata={"description": "已遮蔽 · masked"})
    from_at = Instant(required=True)
    until_at = Instant(required=True, allow_none=True)


class HouseholdOut(Schema):
    """A household and everybody who is or was in it."""

    id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    reason = fields.String(required=True)
    entered_at = Instant(required=True)
    members = fields.List(fields.Nested(HouseholdMemberOut), required=True)


class MyHouseholdOut(Schema):
    """The household that one is in: since when, and how many are in it; not who."""

    household_id = fields.UUID(required=True, allow_none=True)
    since = Instant(required=True, allow_none=True)
    members = fields.Integer(required=True)
