"""What goes in and out of the endpoints of waiting lists."""

from marshmallow import fields

from timebank.activities.schemas import ShiftOut
from timebank.web.fields import Instant
from timebank.web.schemas import Schema


class WaitBody(Schema):
    """Nothing, or the role that one waits for."""

    role_id = fields.UUID()


class TurnOut(Schema):
    """Somebody's turn on a waiting list, as it stands now."""

    id = fields.UUID(required=True)
    shift_id = fields.UUID(required=True)
    role_id = fields.UUID(required=True, allow_none=True)
    state = fields.String(
        required=True,
        metadata={"description": "waiting, offered (报名即确认 · sign up to confirm), accepted, lapsed, left, over"},
    )
    ahead = fields.Integer(required=True, allow_none=True, metadata={"description": "前面还有几位 · people before one"})
    joined_at = Instant(required=True)
    confirm_by = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "保留到何时；null：通知发出后起算 · kept until; null: counted from the message on"},
    )


class MyTurnOut(TurnOut):
    """A turn, and the shift."""

    shift = fields.Nested(ShiftOut, required=True)


class ListedTurnOut(TurnOut):
    """A turn as the leader of the shift sees it."""

    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True)


class WaitingListOut(Schema):
    """Who waits for a shift, in their order."""

    items = fields.List(fields.Nested(ListedTurnOut), required=True)
