"""What goes in and out of the endpoints of shifts that change and recur."""

from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from timebank.activities.rules import MAX_CAPACITY, MAX_ROLES
from timebank.activities.schemas import ShiftRoleBody
from timebank.activities.series_rules import MAX_COUNT, MAX_INTERVAL, Frequency, MonthlyBy
from timebank.web.fields import Instant, PlainText, WholeNumber, YesOrNo
from timebank.web.schemas import Schema

MAX_REASON = 500
MINUTES_A_DAY = 1_440


_EARLIEST, _LATEST = date(2000, 1, 1), date(2199, 12, 31)


def day(**kwargs: Any) -> fields.Date:
    """Return the field of a day that the calendar reaches."""
    return fields.Date(validate=validate.Range(_EARLIEST, _LATEST), **kwargs)


class RoleNumberBody(Schema):
    """How many are wanted of a role that is there."""

    id = fields.UUID(required=True)
    capacity = WholeNumber(required=True, minimum=1, maximum=MAX_CAPACITY)


class ChangeShiftBody(Schema):
    """A shift with other times, another site or other numbers; what is not given stays, and null is no site."""

    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    site_id = fields.UUID(allow_none=True)
    capacity = WholeNumber(minimum=1, maximum=MAX_CAPACITY)
    roles = fields.List(fields.Nested(RoleNumberBody), load_default=list, validate=validate.Length(max=MAX_ROLES))
    reason = PlainText(max_length=MAX_REASON)


class CancelShiftBody(Schema):
    """Why a shift does not take place."""

    reason = PlainText(required=True, max_length=MAX_REASON)


class SeriesBody(Schema):
    """A rule by which shifts recur, and what each is like; hours are those of Asia/Shanghai."""

    frequency = fields.String(required=True, validate=validate.OneOf([str(one) for one in Frequency]))
    every = WholeNumber(minimum=1, maximum=MAX_INTERVAL, load_default=1)
    weekdays = fields.List(
        WholeNumber(minimum=1, maximum=7),
        load_default=list,
        validate=validate.Length(max=7),
        metadata={"description": "每周几，1 为周一；不填则同起始日 · ISO weekdays"},
    )
    monthly_by = fields.String(
        validate=validate.OneOf([str(one) for one in MonthlyBy]),
        load_default=str(MonthlyBy.DAY),
        metadata={"description": "每月同一日，或同一个第几周几 · same day, or same weekday of the month"},
    )
    first_on = day(required=True)
    until_on = day(allow_none=True, load_default=None)
    count = WholeNumber(minimum=1, maximum=MAX_COUNT, allow_none=True, load_default=None)
    skips_holidays = YesOrNo(load_default=False, metadata={"description": "法定节假日停办 · not on public holidays"})
    start_minute = WholeNumber(required=True, minimum=0, maximum=MINUTES_A_DAY - 1)
    length_minutes = WholeNumber(required=True, minimum=1, maximum=MINUTES_A_DAY)
    capacity = WholeNumber(minimum=1, maximum=MAX_CAPACITY)
    roles = fields.List(fields.Nested(ShiftRoleBody), load_default=list, validate=validate.Length(max=MAX_ROLES))
    site_id = fields.UUID(allow_none=True)

    @validates_schema
    def one_end(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse an end that is told twice."""
        if data.get("until_on") and data.get("count"):
            raise ValidationError("截止日与次数只填一个。 Give until_on or count.", "count")


class EndSeriesBody(Schema):
    """From which day on a series does not take place, and why."""

    from_on = day(required=True)
    reason = PlainText(required=True, max_length=MAX_REASON)


class ChangeSeriesBody(Schema):
    """From which day on a series has other hours, another site or another number; what is not given stays."""

    from_on = day(required=True)
    start_minute = WholeNumber(required=True, minimum=0, maximum=MINUTES_A_DAY - 1)
    length_minutes = WholeNumber(required=True, minimum=1, maximum=MINUTES_A_DAY)
    capacity = WholeNumber(minimum=1, maximum=MAX_CAPACITY)
    site_id = fields.UUID(allow_none=True)
    reason = PlainText(max_length=MAX_REASON)


class SeriesOut(Schema):
    """A series of shifts."""

    id = fields.UUID(required=True)
    activity_id = fields.UUID(required=True)
    site_id = fields.UUID(required=True, allow_none=True)
    frequency = fields.String(required=True)
    every = fields.Integer(required=True)
    weekdays = fields.List(fields.Integer(), required=True)
    monthly_by = fields.String(required=True)
    first_on = fields.Date(required=True)
    until_on = fields.Date(required=True, allow_none=True)
    count = fields.Integer(required=True, allow_none=True)
    skips_holidays = fields.Boolean(required=True)
    start_minute = fields.Integer(required=True)
    length_minutes = fields.Integer(required=True)
    capacity = fields.Integer(required=True)


class EndedSeriesOut(Schema):
    """What became of the coming shifts of a series."""

    series = fields.Nested(SeriesOut, required=True)
    touched = fields.Integer(required=True)
    left_alone = fields.List(
        fields.UUID(), required=True, metadata={"description": "未动：已开始、已有人签到或早已取消 · left alone"}
    )
