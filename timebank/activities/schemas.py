"""What goes in and out of the endpoints of activities, shifts and sign-ups."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from timebank.activities.discovery import Distance, RoundedPoint
from timebank.activities.qualification_rules import Qualification, as_list
from timebank.activities.rules import MAX_CAPACITY, MAX_NOTICE, MAX_ROLE_NAME, MAX_ROLES, Category
from timebank.web.fields import Instant, PlainText, WholeNumber, YesOrNo
from timebank.web.schemas import PageQuery, Schema

_CATEGORY = validate.OneOf([str(category) for category in Category])
_POINT = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9]{1,9})?),(-?[0-9]{1,3}(?:\.[0-9]{1,9})?)")
MAX_WORDS = 60
KIND = validate.OneOf([str(kind) for kind in Qualification])


class Point(fields.String):
    """A place in a query, ``latitude,longitude`` in degrees, rounded to a hundredth of a degree as it comes in."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        match = _POINT.fullmatch(super()._deserialize(value, attr, data, **kwargs))
        if match is None or abs(float(match[1])) > 90 or abs(float(match[2])) > 180:
            raise ValidationError("须为“纬度,经度”。 Must be latitude,longitude in degrees.")
        return RoundedPoint(latitude=round(float(match[1]) * 100), longitude=round(float(match[2]) * 100))


def required_kinds() -> fields.List[str]:
    """Return the field of what an activity or a role asks for."""
    return fields.List(
        fields.String(validate=KIND),
        load_default=list,
        validate=validate.Length(max=len(Qualification)),
        metadata={"description": "须具备的资质或技能 · qualifications asked for"},
    )


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
    required = required_kinds()


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
    required = fields.Function(
        lambda activity: as_list(activity.required), metadata={"type": "array", "items": {"type": "string"}}
    )
    version = fields.Integer(required=True)
    created_at = Instant(required=True)


class WishQuery(PageQuery):
    """What somebody looks for; ``area`` takes the whole subtree."""

    organisation = fields.UUID()
    area = fields.UUID()
    category = fields.String(validate=_CATEGORY)
    since = Instant(data_key="from", metadata={"description": "有场次在此后结束 · a shift ends after this"})
    until = Instant(data_key="to", metadata={"description": "有场次在此前开始 · a shift starts before this"})
    role = PlainText(max_length=MAX_ROLE_NAME, metadata={"description": "角色名称 · a part of a role's name"})
    near = Point(metadata={"description": "纬度,经度；取整到约一公里，不保存 · latitude,longitude; rounded, not kept"})
    distance = fields.String(
        validate=validate.OneOf([str(one) for one in Distance]),
        metadata={"description": "near 2 公里内、medium 10 公里内、far 不限 · how far from there"},
    )

    @validates_schema
    def distance_from_somewhere(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a distance from nowhere."""
        if "distance" in data and "near" not in data:
            raise ValidationError("须同时填写 near。 Needs near.", "distance")


class ActivityQuery(WishQuery):
    """Which activities. What is asked of shifts, one coming shift has all of it."""

    open = fields.String(validate=validate.OneOf(["places"]), metadata={"description": "有空位 · with a free place"})
    q = PlainText(max_length=MAX_WORDS, metadata={"description": "名称或内容中的字 · words in name or content"})


class ShiftRoleBody(Schema):
    """A role on a shift: how many are wanted, and what they must have."""

    name = PlainText(required=True, max_length=MAX_ROLE_NAME)
    capacity = WholeNumber(required=True, minimum=1, maximum=MAX_CAPACITY)
    required = required_kinds()


class ShiftBody(Schema):
    """A new shift; without a site it is somewhere in the activity's area. Give its capacity, or its roles."""

    site_id = fields.UUID(allow_none=True)
    starts_at = Instant(required=True, metadata={"description": "须在将来 · in the future"})
    ends_at = Instant(required=True, metadata={"description": "最多 24 小时以后 · at most 24 hours later"})
    capacity = WholeNumber(minimum=1, maximum=MAX_CAPACITY)
    roles = fields.List(
        fields.Nested(ShiftRoleBody),
        load_default=list,
        validate=validate.Length(max=MAX_ROLES),
        metadata={"description": "角色与人数，如社工 1、志愿者 2、学生 5 · roles with their numbers"},
    )


class ShiftRoleOut(Schema):
    """A role on a shift and its free places."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    capacity = fields.Integer(required=True)
    free_places = fields.Integer(required=True)
    required = fields.List(fields.String(), required=True)


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
    waiting = fields.Integer(required=True, metadata={"description": "候补人数 · people on the waiting list"})
    roles = fields.List(fields.Nested(ShiftRoleOut), required=True)
    required = fields.List(fields.String(), required=True)
    state = fields.String(required=True)
    closed_at = Instant(
        required=True, allow_none=True, metadata={"description": "负责人收场的时刻 · closed by its leader"}
    )
    risky = fields.Boolean(required=True)
    risk_notice = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True, metadata={"description": "修改时放入 If-Match · its ETag"})


class ShiftQuery(WishQuery):
    """Which shifts. By place, role or distance: only those that are still to come or under way."""

    activity = fields.UUID()
    open = fields.String(
        validate=validate.OneOf(["now", "places"]),
        metadata={"description": "now 现在可扫码，places 有空位 · one may scan now; with a free place"},
    )


class SignUpBody(Schema):
    """Nothing, or that one has read and accepts the risks of a risky activity, and the role that one chooses."""

    accepts_risk = YesOrNo(load_default=False)
    role_id = fields.UUID()


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
    role_id = fields.UUID(required=True, allow_none=True)
    group_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "为哪个团体服务；null 为本人 · the group served for; null: oneself"},
    )


class ClashOut(Schema):
    """Another shift that the volunteer has signed up for, at the same time."""

    shift_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)


class NewSignUpOut(SignUpOut):
    """A place just taken, and what it clashes with."""

    clashes = fields.List(fields.Nested(ClashOut), required=True)


class MySignUpOut(SignUpOut):
    """A place on a shift, and the shift."""

    group_name = fields.String(required=True, allow_none=True)
    shift = fields.Nested(ShiftOut, required=True)


class MyWithdrawalOut(Schema):
    """A place that was given up, and whether that was after the deadline to cancel."""

    id = fields.UUID(required=True)
    shift_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    starts_at = Instant(required=True)
    withdrawn_at = Instant(required=True)
    late = fields.Boolean(required=True, attribute="withdrawn_late", dump_default=False)


class WithdrawalOut(MyWithdrawalOut):
    """A withdrawal as whoever answers for the shift sees it."""

    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
