"""What a screen is told."""

from marshmallow import fields

from timebank.web.fields import Instant
from timebank.web.schemas import Schema


class RunningShiftOut(Schema):
    """A shift that runs at the screen's site: what it says above the code, and nobody's name."""

    shift_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    organisation_name = fields.String(required=True)
    place = fields.String(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)


class RunningShiftsOut(Schema):
    """All of them."""

    items = fields.List(fields.Nested(RunningShiftOut), required=True)
