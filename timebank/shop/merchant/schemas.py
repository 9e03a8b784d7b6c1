"""What goes in and out of the endpoints of merchants and their statements."""

from marshmallow import fields, validate

from timebank.shop.schemas import MonthField
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema


class ContactBody(Schema):
    """Whom to call; null if unknown."""

    name = PlainText(required=True, max_length=60, allow_none=True)
    phone = PlainText(required=True, max_length=30, allow_none=True)


class AgreementBody(Schema):
    """A period in which the merchant supplies; both days belong to it."""

    reference = PlainText(required=True, max_length=60, metadata={"example": "协2026-017"})
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)


class MerchantBody(Schema):
    """An organisation that becomes a merchant of another one."""

    organisation_id = fields.UUID(required=True)
    host_id = fields.UUID(required=True, metadata={"description": "签约组织 · whose shops it supplies"})
    agreement = fields.Nested(AgreementBody, required=True)
    contact = fields.Nested(ContactBody, load_default=None, allow_none=True)


class RenewalBody(Schema):
    """Another agreement."""

    agreement = fields.Nested(AgreementBody, required=True)


class ContactChangeBody(Schema):
    """Whom to call from now on; null removes what stood there."""

    contact = fields.Nested(ContactBody, required=True, allow_none=True)


class AgreementOut(Schema):
    """What was agreed."""

    number = fields.Integer(required=True)
    reference = fields.String(required=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)


class MerchantOut(Schema):
    """A merchant in a list."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    organisation_id = fields.UUID(required=True)
    host_id = fields.UUID(required=True)
    registered_at = Instant(required=True)


class ContactOut(Schema):
    """Whom to call."""

    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)


class MerchantDetailOut(MerchantOut):
    """A merchant with its agreements; whom to call is shown to those who keep it, not to auditors."""

    contact = fields.Nested(ContactOut, required=True, allow_none=True)
    agreements = fields.List(fields.Nested(AgreementOut), required=True)


class SettlementBody(Schema):
    """Which month is settled."""

    month = MonthField(required=True, metadata={"example": "2026-09", "pattern": "^2[01][0-9]{2}-(0[1-9]|1[0-2])$"})


class SettlementQuery(Schema):
    """As what the statement is wanted."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "csv", "xlsx", "pdf"]))


class CountOut(Schema):
    """Pieces, and the minutes that members paid for them."""

    pieces = fields.Integer(required=True)
    minutes = fields.Integer(required=True)


class SettlementLineOut(Schema):
    """One goods at one site and one value; nothing here is converted into anything else."""

    site_id = fields.UUID(required=True)
    site = fields.String(required=True)
    goods_id = fields.UUID(required=True)
    goods = fields.String(required=True)
    fair_value_fen = fields.Integer(required=True, allow_none=True)
    handed_over = fields.Nested(CountOut, required=True)
    refunded = fields.Nested(CountOut, required=True)
    corrected = fields.Nested(CountOut, required=True)
    pieces = fields.Integer(required=True)
    minutes = fields.Integer(required=True)
    value_fen = fields.Integer(required=True, allow_none=True)


class SettlementContentOut(Schema):
    """What was frozen; ``sha256`` is that of this object's JSON with sorted keys and no blanks, in UTF-8."""

    merchant_id = fields.String(required=True)
    merchant = fields.String(required=True)
    host = fields.String(required=True)
    agreements = fields.List(fields.String(), required=True)
    month = fields.String(required=True)
    lines = fields.List(fields.Nested(SettlementLineOut), required=True)
    pieces = fields.Integer(required=True)
    minutes = fields.Integer(required=True)
    value_fen = fields.Integer(required=True)
    lines_without_value = fields.Integer(required=True)


class SettlementOut(Schema):
    """A statement; confirmed by another person than who made it, or not yet."""

    id = fields.UUID(required=True)
    merchant_id = fields.UUID(required=True)
    month = fields.String(required=True)
    sha256 = fields.String(required=True)
    made_at = Instant(required=True)
    made_by = fields.UUID(required=True)
    confirmed_at = Instant(required=True, allow_none=True)
    confirmed_by = fields.UUID(required=True, allow_none=True)


class SettlementDetailOut(SettlementOut):
    """A statement with its content."""

    content = fields.Nested(SettlementContentOut, required=True)
