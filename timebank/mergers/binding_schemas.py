"""What goes in and out of the endpoints of binding."""

from marshmallow import fields, validate

from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema


class PhoneCodeBody(Schema):
    """The code that the ``getPhoneNumber`` button gave the mini-program (not the one of ``wx.login``)."""

    code = PlainText(required=True, max_length=256, metadata={"example": "demo:13800000000"})


class MatchOut(Schema):
    """Whom a number belongs to, masked, so that they can say whether that is them."""

    display_name = fields.String(required=True)
    volunteer_no_end = fields.String(required=True, metadata={"description": "编号后四位 · its last four digits"})


class ToldPhoneOut(Schema):
    """What is known of a number now: ``found`` asks for a confirmation, ``ambiguous`` for staff."""

    last_four = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["noted", "found", "ambiguous"]))
    match = fields.Nested(MatchOut, required=True, allow_none=True)


class InviteCodeBody(Schema):
    """The code on the slip of paper."""

    code = PlainText(required=True, max_length=40, metadata={"example": "7K2MQ 9X4TD"})


class BoundOut(Schema):
    """Whose account the mini-program leads to now: sign in again with a new code of ``wx.login``."""

    person_id = fields.UUID(required=True)
    volunteer_no = fields.String(required=True)
    display_name = fields.String(required=True)
    sign_in_again = fields.Boolean(required=True)


class EnteredPhoneBody(Schema):
    """Somebody's mobile number, as they gave it to staff of an organisation."""

    organisation_id = fields.UUID(required=True)
    phone = PlainText(required=True, max_length=30, metadata={"example": "138 0000 0000"})


class EnteredPhoneOut(Schema):
    """That the number is on record; the number itself is not repeated."""

    person_id = fields.UUID(required=True)
    last_four = fields.String(required=True)


class InviteBody(Schema):
    """At which organisation the invite is handed out."""

    organisation_id = fields.UUID(required=True)


class InviteQuery(Schema):
    """As what the invite is wanted: the code itself, or a slip to print."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "pdf"]))


class InviteOut(Schema):
    """A code that is told this once."""

    person_id = fields.UUID(required=True)
    code = fields.String(required=True)
    expires_at = Instant(required=True)
