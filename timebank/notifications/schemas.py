"""What goes in and out of the inbox and the subscriptions."""

from marshmallow import fields, validate

from timebank.notifications.rules import Reply, Topic
from timebank.web.fields import Instant
from timebank.web.schemas import MAX_PAGE, Schema


class NotificationOut(Schema):
    """One thing that a person was told; ``facts`` has what the sentence is made of, and ids to open."""

    id = fields.UUID(required=True)
    topic = fields.String(required=True, validate=validate.OneOf(list(Topic)))
    message = fields.String(required=True)
    facts = fields.Dict(keys=fields.String(), required=True)
    created_at = Instant(required=True)
    read_at = Instant(required=True, allow_none=True)


class ReadBody(Schema):
    """Which messages were read."""

    ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=MAX_PAGE))


class ReadOut(Schema):
    """How many were marked by this request, and how many are still unread."""

    marked = fields.Integer(required=True)
    unread = fields.Integer(required=True)


class SubscriptionOut(Schema):
    """A topic, the template to ask WeChat for (null: none is set up), and how many more messages were accepted."""

    topic = fields.String(required=True, validate=validate.OneOf(list(Topic)))
    template_id = fields.String(required=True, allow_none=True)
    remaining = fields.Integer(required=True)


class SubscribeBody(Schema):
    """What the person chose, topic by topic, in the words of ``wx.requestSubscribeMessage``."""

    topics = fields.Dict(
        keys=fields.Enum(Topic, by_value=True),
        values=fields.Enum(Reply, by_value=True),
        required=True,
        validate=validate.Length(min=1),
        metadata={"example": {"record_final": "accept", "arrival": "reject"}},
    )
