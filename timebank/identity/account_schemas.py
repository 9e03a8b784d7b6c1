"""What goes in and out of the endpoints of one's own sign-in."""

from marshmallow import fields

from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema


class SessionOut(Schema):
    """One place where somebody is signed in."""

    id = fields.UUID(required=True)
    opened_at = Instant(required=True)
    continued_at = Instant(required=True, metadata={"description": "最近一次续期 · when it was last refreshed"})
    device_name = fields.String(required=True, allow_none=True)
    current = fields.Boolean(required=True, metadata={"description": "就是这一次登录 · the one that asks"})


class SessionsOut(Schema):
    """Where somebody is signed in, the newest first."""

    items = fields.List(fields.Nested(SessionOut), required=True)


class PasswordBody(Schema):
    """The password that is, and the one that is to be; whoever has none yet gives the new one only."""

    password = PlainText(max_length=200, trimmed=False, load_only=True)
    new_password = PlainText(required=True, max_length=200, trimmed=False, load_only=True)


class SecondFactorBody(Schema):
    """A code of the authenticator, or a recovery code."""

    code = PlainText(required=True, max_length=40, load_only=True)


class SecondFactorBegunOut(Schema):
    """What the authenticator needs, shown this once: scan the picture, or type the secret."""

    secret = fields.String(required=True)
    uri = fields.String(required=True, metadata={"example": "otpauth://totp/timebank:shen?secret=…&issuer=timebank"})
    qr_svg = fields.String(required=True, metadata={"description": "二维码（SVG）· the same as a QR picture"})


class RecoveryCodesOut(Schema):
    """Recovery codes, shown this once: each stands in for the phone once."""

    recovery_codes = fields.List(fields.String(), required=True)
