"""What goes in and out of the endpoints of activities, shifts and sign-ups."""

from marshmallow import fields, validate

from timebank.activities.rules import MAX_CAPACITY, MAX_NOTICE, Category
from timebank.web.fields import Instant, PlainText, WholeNumber, YesOrNo
from timebank.web.schemas import PageQuery, Schema

_CATEGORY = validate.OneOf([str(category) for category in Category])


class ActivityBody(Schema):
    """An activity, new or with new values."""

    organisation_id = fields.UUID(required=True)
    area_id = fields.UUID(required=True)
    name = PlainText(required=True, max_length=120)
    category = fields.String(required=True, validate=_CATEGORY)
    content = PlainText(required=True, max_length=2000)
    leader_id = fields.UUID(allow_none=True)
    risky = YesOrNo(load_default=False)
    insurance_ref = PlainText(max_length=120, allow_none=True, metadata={"description": "保险单号 · insurance policy"})
    risk_notice = PlainText(max_length=MAX_NOTICE, allow_none=True, metadata={"description": "风险说明 · the risks"})


class ActivityOut(Schema):
    """An activity; ``version`` is its ETag."""

    id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    area_id = fields.UUID(required=True)
    name = fields.String(required=True)
    category = fields.String(required=True)
    content = fields.String(required=True)
    leader_id = fields.UUID(required=True, allow_none=True)
    risky = fields.Boolean(required=True)
    insurance_ref = fields.String(required=True, allow_none=True)
    risk_notice = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)
    created_at = Instant(required=True)


class ActivityQuery(PageQuery):
    """Which activities; ``area`` takes the whole subtree."""

    organisation = fields.UUID()
    area = fields.UUID()
    category = fields.String(validate=_CATEGORY)


class ShiftBody(Schema):
    """A new shift; without a site it is somewhere in the activity's area."""

    site_id = fields.UUID(allow_none=True)
    starts_at = Instant(required=True, metadata={"description": "须在将来 · in the future"})
    ends_at = Instant(required=True, metadata={"description": "最多 24 小时以后 · at most 24 hours later"})
    capacity = WholeNumber(required=True, minimum=1, maximum=MAX_CAPACITY)


class ShiftOut(Schema):
    """A shift, with what a phone shows of it."""

    id = fields.UUID(required=True, attribute="shift_id")
    activity_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    category = fields.String(required=True)
    organisation_id = fields.UUID(required=True)
    organisation_name = fields.String(required=True)
    area_id = fields.UUID(required=True)
    site_id = fields.UUID(required=True, allow_none=True)
    place = fields.String(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    capacity = fields.Integer(required=True)
    free_places = fields.Integer(required=True)
    state = fields.String(required=True)
    closed_at = Instant(
        required=True, allow_none=True, metadata={"description": "负责人收场的时刻 · closed by its leader"}
    )
    risky = fields.Boolean(required=True)
    risk_notice = fields.String(required=True, allow_none=True)


class ShiftQuery(PageQuery):
    """Which shifts: in a span of time, in an area with all below it, or where one may scan now."""

    since = Instant(data_key="from", metadata={"description": "此后结束 · ends after this"})
    until = Instant(data_key="to", metadata={"description": "此前开始 · starts before this"})
    area = fields.UUID()
    open = fields.String(validate=validate.OneOf(["now"]), metadata={"description": "现在可扫码 · one may scan now"})


class SignUpBody(Schema):
    """Nothing, or that one has read and accepts the risks of a risky activity."""

    accepts_risk = YesOrNo(load_default=False)


class ServeForBody(Schema):
    """The group that one serves for; null for oneself."""

    organisation_id = fields.UUID(required=True, allow_none=True)


class ServingForOut(Schema):
    """For whom one serves at a shift."""

    id = fields.UUID(required=True)
    shift_id = fields.UUID(required=True)
    group_id = fields.UUID(required=True, allow_none=True)


class SignUpOut(Schema):
    """A place on a shift."""

    id = fields.UUID(required=True)
    shift_id = fields.UUID(required=True)
    state = fields.String(required=True)
    walk_in = fields.Boolean(required=True)
    signed_up_at = Instant(required=True)


class MySignUpOut(SignUpOut):
    """A place on a shift, and the shift."""

    shift = fields.Nested(ShiftOut, required=True)
