"""What goes in and out of the endpoints of limits, free quotas and proxies."""

from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from timebank.policies.free_quotas import QuotaUnit
from timebank.shop.allowance.quota_rules import PayWith
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema

MAX_REASON = 500
MAX_LIMITS = 20

_some_day = validate.Range(min=date(1970, 1, 1), max=date(2200, 1, 1))
PAY_WITH = fields.String(
    load_default=str(PayWith.MINUTES),
    validate=validate.OneOf([str(PayWith.MINUTES), str(PayWith.FREE_QUOTA)]),
    metadata={"description": "时间币，或免费额度，二者不合用 · minutes, or the free quota, never a part of each"},
)
COUNTER_PAY_WITH = fields.String(
    load_default=str(PayWith.MINUTES),
    validate=validate.OneOf([str(one) for one in PayWith]),
    metadata={
        "description": "时间币、免费额度，或捐赠人限定的用途，不合用 · "
        "minutes, the free quota, or what the donor gave it for, never a part of each"
    },
)


class LimitsBody(Schema):
    """All limits of one goods, in the place of those it had; an empty list lifts them."""

    limits = fields.List(
        fields.Dict(keys=fields.String()),
        required=True,
        validate=validate.Length(max=MAX_LIMITS),
        metadata={"example": [{"per": "person", "window": "ever", "pieces": 2}]},
    )


class LimitsOut(Schema):
    """The limits of one goods."""

    goods_id = fields.UUID(required=True)
    limits = fields.List(fields.Dict(), required=True)


class PaidOut(Schema):
    """What a redemption takes of a free quota; ``charged`` once it is handed over."""

    unit = fields.Enum(QuotaUnit, by_value=True, required=True)
    total = fields.Integer(required=True)
    charged = fields.Integer(required=True, allow_none=True)


class EntitlementBody(Schema):
    """A free quota for somebody: where, of which kind of the policy, and why; ``until_on`` is its last day."""

    organisation_id = fields.UUID(required=True)
    kind = PlainText(required=True, max_length=30, metadata={"example": "low_income"})
    reason = PlainText(required=True, max_length=MAX_REASON)
    until_on = fields.Date()


class EntitlementEndBody(Schema):
    """Why."""

    reason = PlainText(required=True, max_length=MAX_REASON)


class EntitlementOut(Schema):
    """A free quota as staff of its organisation see it."""

    id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    display_name = fields.String(required=True, metadata={"description": "已遮蔽 · masked"})
    organisation_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    reason = fields.String(required=True)
    until_on = fields.Date(required=True, allow_none=True)
    granted_at = Instant(required=True)
    ended_at = Instant(required=True, allow_none=True)
    end_reason = fields.String(required=True, allow_none=True)


class EntitlementQuery(PageQuery):
    """Whose free quotas."""

    organisation = fields.UUID(required=True)


class UseQuery(Schema):
    """Of which organisation's shops, and from which day to which, both included."""

    organisation = fields.UUID(required=True)
    since = fields.Date(required=True, data_key="from", validate=_some_day)
    until = fields.Date(required=True, data_key="to", validate=_some_day)


class UseOut(Schema):
    """What one kind of free quota has given: people, redemptions, pieces, and how much of the quota."""

    kind = fields.String(required=True)
    unit = fields.Enum(QuotaUnit, by_value=True, required=True)
    people = fields.Integer(required=True)
    redemptions = fields.Integer(required=True)
    pieces = fields.Integer(required=True)
    amount = fields.Integer(required=True)


class UsesOut(Schema):
    """What free quotas have given, by kind; minutes are not in it."""

    items = fields.List(fields.Nested(UseOut), required=True)


class StandingOut(Schema):
    """A free quota of one's own, and what is left of it."""

    id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)
    unit = fields.Enum(QuotaUnit, by_value=True, required=True)
    size = fields.Integer(required=True)
    left = fields.Integer(required=True)
    renews_on = fields.Date(required=True)
    until_on = fields.Date(required=True, allow_none=True)


class StandingsOut(Schema):
    """One's own free quotas."""

    items = fields.List(fields.Nested(StandingOut), required=True)


class MyProxyBody(Schema):
    """Who may collect for one, by their volunteer number and the name that they have told the bank."""

    volunteer_no = PlainText(required=True, max_length=20)
    name = PlainText(required=True, max_length=60)


class ProxyBody(Schema):
    """Who may collect for somebody: a volunteer's number, or a name; and why."""

    organisation_id = fields.UUID(required=True)
    volunteer_no = PlainText(max_length=20)
    name = PlainText(max_length=60)
    reason = PlainText(required=True, max_length=MAX_REASON)

    @validates_schema
    def one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse both and neither."""
        if ("volunteer_no" in data) == ("name" in data):
            raise ValidationError("编号与姓名须填且只填一个。 Give either a number or a name.", "volunteer_no")


class ProxyOut(Schema):
    """Somebody who may collect, by a masked name."""

    id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    name = fields.String(required=True, metadata={"description": "已遮蔽 · masked"})
    volunteer = fields.Boolean(required=True)
    named_at = Instant(required=True)
    ended_at = Instant(required=True, allow_none=True)


class ProxyShownOut(Schema):
    """A naming as the counter sees it; ``volunteer``: the proxy can show a member code."""

    id = fields.UUID(required=True)
    name = fields.String(required=True, metadata={"description": "已遮蔽 · masked"})
    volunteer = fields.Boolean(required=True)
