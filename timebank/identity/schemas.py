"""What goes in and out of identity's endpoints."""

from marshmallow import fields

from timebank.web.fields import PlainText
from timebank.web.schemas import Schema


class WechatSignInBody(Schema):
    """The code that ``wx.login`` gave the mini-program."""

    code = PlainText(required=True, max_length=256, metadata={"example": "demo:zhang"})


class PasswordSignInBody(Schema):
    """A staff member's user name and password."""

    username = PlainText(required=True, max_length=60)
    password = PlainText(required=True, max_length=200, trimmed=False, load_only=True)
    new_password = PlainText(
        max_length=200,
        trimmed=False,
        load_only=True,
        metadata={"description": "用临时密码登录时必填 · required with a temporary password"},
    )
    code = PlainText(
        max_length=40,
        load_only=True,
        metadata={"description": "动态码或备用码 · six digits of the authenticator, or a recovery code"},
    )


class RefreshBody(Schema):
    """The refresh token of the last sign-in or refresh."""

    refresh_token = PlainText(required=True, max_length=200)


class PersonOut(Schema):
    """A person as they see themself."""

    id = fields.UUID(required=True)
    volunteer_no = fields.String(required=True)
    display_name = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)


class SignedInOut(Schema):
    """Tokens, and who is signed in now."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "秒 · seconds"})
    person = fields.Nested(PersonOut, required=True)
