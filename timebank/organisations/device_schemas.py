"""What goes in and out of the endpoints of devices."""

from marshmallow import fields, validate

from timebank.identity.device_rules import DeviceKind
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema


class DeviceCodeBody(Schema):
    """A device that is to be enrolled: what it is for, and what staff call it."""

    kind = fields.String(required=True, validate=validate.OneOf([str(kind) for kind in DeviceKind]))
    name = PlainText(required=True, max_length=60, metadata={"example": "前台平板"})


class DeviceCodeOut(Schema):
    """A code that is shown this once, to be typed on the device."""

    code = fields.String(required=True, metadata={"example": "7K3QX9ZD", "description": "一次有效 · used once"})
    expires_at = Instant(required=True)
    site_id = fields.UUID(required=True)
    kind = fields.Enum(DeviceKind, by_value=True, required=True)
    name = fields.String(required=True)


class EnrolBody(Schema):
    """The code that a coordinator has made."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=64))


class DeviceOut(Schema):
    """A device; without ``has_token`` it is revoked, or waits for its new token."""

    id = fields.UUID(required=True)
    site_id = fields.UUID(required=True)
    kind = fields.Enum(DeviceKind, by_value=True, required=True)
    name = fields.String(required=True)
    has_token = fields.Boolean(required=True)
    enrolled_at = Instant(required=True)
    rolled_at = Instant(required=True, allow_none=True)
    revoked_at = Instant(required=True, allow_none=True)
    last_seen_at = Instant(
        required=True, metadata={"description": "每隔几分钟更新一次 · written every few minutes at most"}
    )


class EnrolledOut(Schema):
    """A device and its token, which is told this once."""

    device = fields.Nested(DeviceOut, required=True)
    token = fields.String(required=True, metadata={"description": "请求头 X-Device-Token 的值 · the header's value"})
