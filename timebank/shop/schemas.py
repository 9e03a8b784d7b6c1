"""What goes in and out of the endpoints of the shop."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from timebank.records.account import AccountOut
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.allowance.schemas import COUNTER_PAY_WITH, PAY_WITH, PaidOut, ProxyShownOut
from timebank.shop.catalogue.scanned_fields import Barcode
from timebank.shop.months import Month
from timebank.shop.rules import MAX_PIECES, Channel, Condition, DonorKind, RedemptionState, RefundKind, Source
from timebank.web.fields import Instant, PlainText, WholeNumber, YesOrNo
from timebank.web.schemas import Schema

MAX_LINES = 100
MAX_VALUE_FEN = 10**9
MAX_PURPOSE = 200

_some_lines = validate.Length(min=1, max=MAX_LINES)


class MonthField(fields.String):
    """A month as ``2026-09``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return Month.read(text)
        except ValueError as error:
            raise ValidationError("月份须写作 2026-09。 A month is written 2026-09.") from error


class DonorBody(Schema):
    """Who gives; the name is kept with the intake and shown nowhere."""

    kind = fields.String(required=True, validate=validate.OneOf([str(kind) for kind in DonorKind]))
    name = PlainText(max_length=60)


class DonorOut(Schema):
    """Who gave, without a name."""

    kind = fields.String(required=True)


class NamedGoodsBody(Schema):
    """Goods, by their id or by the barcode on them."""

    goods_id = fields.UUID()
    ean13 = Barcode()

    @validates_schema
    def _one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        if ("goods_id" in data) == ("ean13" in data):
            raise ValidationError("goods_id 和 ean13 须填且只填一个。 Give exactly one of both.", "goods_id")


class DeliveredBody(NamedGoodsBody):
    """One line of an intake; the value is that of one piece."""

    quantity = WholeNumber(required=True, minimum=1, maximum=MAX_PIECES)
    expires_at = Instant()
    fair_value_fen = WholeNumber(maximum=MAX_VALUE_FEN)
    condition = fields.String(validate=validate.OneOf([str(condition) for condition in Condition]))
    restricted_purpose = PlainText(max_length=MAX_PURPOSE)


class IntakeBody(Schema):
    """A delivery."""

    source = fields.String(required=True, validate=validate.OneOf([str(source) for source in Source]))
    donor = fields.Nested(DonorBody, required=True)
    merchant_id = fields.UUID(metadata={"description": "商家供货时必填 · which merchant, with source merchant"})
    lines = fields.List(fields.Nested(DeliveredBody), required=True, validate=_some_lines)
    note = PlainText(max_length=200)


class LotOut(Schema):
    """One lot of an intake."""

    id = fields.UUID(required=True)
    goods_id = fields.UUID(required=True)
    quantity = fields.Integer(required=True)
    expires_at = Instant(required=True, allow_none=True)
    fair_value_fen = fields.Integer(required=True, allow_none=True)
    condition = fields.String(required=True, allow_none=True)
    restricted_purpose = fields.String(required=True, allow_none=True)


class IntakeOut(Schema):
    """An intake and its lots."""

    id = fields.UUID(required=True)
    site_id = fields.UUID(required=True)
    receipt_no = fields.String(required=True, metadata={"example": "20260901-0007"})
    received_at = Instant(required=True)
    source = fields.String(required=True)
    donor = fields.Nested(DonorOut, required=True)
    note = fields.String(required=True, allow_none=True)
    lots = fields.List(fields.Nested(LotOut), required=True)


class LineBody(Schema):
    """Pieces of one goods."""

    goods_id = fields.UUID(required=True)
    quantity = WholeNumber(required=True, minimum=1, maximum=MAX_PIECES)


class RedemptionBody(Schema):
    """What somebody wants to reserve."""

    site_id = fields.UUID(required=True)
    lines = fields.List(fields.Nested(LineBody), required=True, validate=_some_lines)
    pay_with = PAY_WITH


class LineOut(Schema):
    """A line of a redemption."""

    goods_id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    quantity = fields.Integer(required=True)
    price_minutes = fields.Integer(required=True)
    minutes = fields.Integer(required=True)
    handed_over = fields.Integer(required=True)
    refunded = fields.Integer(required=True)


class RedemptionOut(Schema):
    """A redemption; the codes are shown to its owner while it is held."""

    id = fields.UUID(required=True)
    site_id = fields.UUID(required=True)
    channel = fields.Enum(Channel, by_value=True, required=True)
    state = fields.Enum(RedemptionState, by_value=True, required=True)
    lines = fields.List(fields.Nested(LineOut), required=True)
    total_minutes = fields.Integer(required=True)
    charged_minutes = fields.Integer(required=True, allow_none=True)
    pay_with = fields.Enum(PayWith, by_value=True, required=True)
    free_quota = fields.Nested(PaidOut, required=True, allow_none=True)
    collected_by = fields.String(
        required=True, allow_none=True, metadata={"description": "代领人，已遮蔽 · the proxy, masked"}
    )
    created_at = Instant(required=True)
    expires_at = Instant(required=True)
    extended_at = Instant(required=True, allow_none=True)
    closed_at = Instant(required=True, allow_none=True)
    pickup_token = fields.String(required=True, allow_none=True)
    pickup_code = fields.String(required=True, allow_none=True)


class RedemptionWithAccountOut(RedemptionOut):
    """A redemption and its owner's account after it."""

    account = fields.Nested(AccountOut, required=True)


class HandOverBody(Schema):
    """What is taken; without ``lines`` everything; with ``proxy_id`` by somebody who may collect for the member."""

    lines = fields.List(fields.Nested(LineBody), validate=_some_lines)
    proxy_id = fields.UUID()


class ReturnedBody(LineBody):
    """Pieces that come back; ``restock`` if they are fit to be handed out again."""

    restock = YesOrNo(load_default=False)


class RefundBody(Schema):
    """What is brought back, and why."""

    lines = fields.List(fields.Nested(ReturnedBody), required=True, validate=_some_lines)
    reason = PlainText(required=True, min_length=1, max_length=500)


class RefundLineOut(Schema):
    """Pieces of one goods that came back."""

    goods_id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    quantity = fields.Integer(required=True)
    restocked = fields.Integer(required=True)
    minutes = fields.Integer(required=True)


class RefundOut(Schema):
    """A refund, and the member's balance after it."""

    id = fields.UUID(required=True)
    redemption_id = fields.UUID(required=True)
    kind = fields.Enum(RefundKind, by_value=True, required=True)
    lines = fields.List(fields.Nested(RefundLineOut), required=True)
    minutes = fields.Integer(required=True)
    reason = fields.String(required=True)
    refunded_at = Instant(required=True)
    balance_minutes = fields.Integer(required=True)


class ReceiptLineOut(Schema):
    """A line of a receipt, as it was printed."""

    goods_id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    quantity = fields.Integer(required=True)
    price_minutes = fields.Integer(required=True)
    minutes = fields.Integer(required=True)


class ReceiptOut(Schema):
    """A receipt, and its text for a printer of 58 mm (32 columns)."""

    id = fields.UUID(required=True)
    receipt_no = fields.String(required=True, metadata={"example": "20260901-0007"})
    site_id = fields.UUID(required=True)
    redemption_id = fields.UUID(required=True)
    lines = fields.List(fields.Nested(ReceiptLineOut), required=True)
    charged_minutes = fields.Integer(required=True)
    minutes_before = fields.Integer(required=True)
    minutes_after = fields.Integer(required=True)
    head = fields.String(required=True, metadata={"description": "账户链哈希末 8 位 · end of the account's head"})
    clerk = fields.String(required=True)
    member = fields.String(required=True)
    issued_at = Instant(required=True)
    text = fields.String(required=True)


class HandedOverOut(Schema):
    """What has left the shop, and its receipt."""

    redemption = fields.Nested(RedemptionOut, required=True)
    receipt = fields.Nested(ReceiptOut, required=True)


class LookupBody(Schema):
    """A pickup QR, eight digits or a member code; ``site_id`` narrows it to one shop."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=512))
    site_id = fields.UUID()


class MemberOut(Schema):
    """Somebody at the counter."""

    name = fields.String(required=True, metadata={"description": "已遮蔽 · masked"})


class WarningOut(Schema):
    """Something that the clerk should know before going on."""

    code = fields.String(required=True)
    detail = fields.String(required=True)


class FoundOut(Schema):
    """What a code names."""

    kind = fields.String(required=True, validate=validate.OneOf(["redemption", "member"]))
    member = fields.Nested(MemberOut, required=True)
    redemption = fields.Nested(RedemptionOut, required=True, allow_none=True)
    held = fields.List(fields.Nested(RedemptionOut), required=True)
    account = fields.Nested(AccountOut, required=True)
    proxies = fields.List(fields.Nested(ProxyShownOut), required=True)
    collects_for = fields.List(fields.Nested(ProxyShownOut), required=True)
    warnings = fields.List(fields.Nested(WarningOut), required=True)
    hints = fields.List(
        fields.String(), required=True, metadata={"description": "告诉店员的话 · sentences for the clerk"}
    )


class ScannedBody(NamedGoodsBody):
    """Pieces of one goods, by its id or by its barcode."""

    quantity = WholeNumber(required=True, minimum=1, maximum=MAX_PIECES)


class SaleBody(Schema):
    """A sale to a member who walks in."""

    member_token = fields.String(required=True, validate=validate.Length(min=1, max=512))
    site_id = fields.UUID(required=True)
    lines = fields.List(fields.Nested(ScannedBody), required=True, validate=_some_lines)
    pay_with = COUNTER_PAY_WITH
    purpose = PlainText(
        max_length=MAX_PURPOSE, trimmed=False, metadata={"description": "限定用途 · as the list of lots has it"}
    )
    proxy_id = fields.UUID(metadata={"description": "持码人代谁购买 · for whom the holder of the code buys"})

    @validates_schema
    def _purpose_where_it_pays(self, data: dict[str, Any], **_: Any) -> None:
        if ("purpose" in data) != (data["pay_with"] == PayWith.PURPOSE):
            raise ValidationError(
                "限定用途的物品须填用途，其他的不填。 Name a purpose with pay_with purpose only.", "purpose"
            )
