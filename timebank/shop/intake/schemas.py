"""What goes in and out of the endpoints of goods, intakes, lots and food of the day."""

from marshmallow import fields, validate

from timebank.shop.catalogue.scanned_fields import Barcode
from timebank.shop.catalogue.schemas import MAX_PRICE_MINUTES, GoodsBody, GoodsOut
from timebank.shop.schemas import IntakeOut
from timebank.shop.stock.lot_tables import Basis
from timebank.web.fields import Instant, PlainText, QueryNumber, WholeNumber, YesOrNo
from timebank.web.schemas import PageQuery, Schema

__all__ = ["ChangedGoodsBody", "GoodsOut", "IntakeOut", "PriceBody"]


class ChangedGoodsBody(GoodsBody):
    """New values of goods, all of them; what is left out is empty, but pictures and barcodes of packs stay as they are."""

    class Meta(Schema.Meta):
        exclude = ("price_minutes",)

    ean13 = Barcode(allow_none=True)
    active = YesOrNo(required=True)


class PriceBody(Schema):
    """A price from an instant on; without one from now on."""

    price_minutes = WholeNumber(required=True, maximum=MAX_PRICE_MINUTES)
    from_at = Instant()


class PriceOut(Schema):
    """One price of goods; one of them is in force."""

    number = fields.Integer(required=True)
    price_minutes = fields.Integer(required=True)
    from_at = Instant(required=True)
    in_force = fields.Boolean(required=True)


class LotQuery(PageQuery):
    """Which lots of a site; empty ones only if asked for."""

    goods = fields.UUID()
    state = fields.String(validate=validate.OneOf(["stocked", "all"]), load_default="stocked")
    near_expiry_days = QueryNumber(minimum=1, maximum=3_650)
    expired = fields.String(validate=validate.OneOf(["only", "without"]))
    restricted = fields.String(validate=validate.OneOf(["only", "without"]))


class StockedLotOut(Schema):
    """A lot as staff see it: what is left, and what may be done with it."""

    id = fields.UUID(required=True)
    goods_id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    received_at = Instant(required=True)
    expires_at = Instant(required=True, allow_none=True)
    condition = fields.String(required=True, allow_none=True)
    fair_value_fen = fields.Integer(required=True, allow_none=True)
    on_hand = fields.Integer(required=True)
    reserved = fields.Integer(required=True)
    purpose = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "现行限定用途 · the purpose in force; null for everybody"},
    )
    recalled_at = Instant(required=True, allow_none=True)
    recall_reason = fields.String(required=True, allow_none=True)


class RecallBody(Schema):
    """Why a lot is recalled."""

    reason = PlainText(required=True, max_length=500)


class PromisedOut(Schema):
    """Pieces of a lot that a held redemption waits for; they are not handed over."""

    redemption_id = fields.UUID(required=True)
    pieces = fields.Integer(required=True)
    expires_at = Instant(required=True)


class RecalledLotOut(Schema):
    """A lot of the same goods, and where it is."""

    lot_id = fields.UUID(required=True)
    site_id = fields.UUID(required=True)


class RecallOut(Schema):
    """A recall, wherever the goods were sent: what is left, what was promised, and how many people have taken some."""

    lot_id = fields.UUID(required=True)
    reason = fields.String(required=True)
    recalled_at = Instant(required=True)
    lots = fields.List(fields.Nested(RecalledLotOut), required=True)
    on_hand = fields.Integer(required=True)
    held = fields.List(fields.Nested(PromisedOut), required=True)
    people = fields.Integer(required=True)


class PurposeBody(Schema):
    """Another purpose (null: for everybody), and what lets it be changed."""

    purpose = PlainText(required=True, allow_none=True, max_length=200)
    basis = fields.Enum(Basis, by_value=True, required=True)
    note = PlainText(
        required=True,
        max_length=500,
        metadata={
            "description": "捐赠人如何同意，或公示在哪里 · how the donor agreed, or where the notice can be read"
        },
    )
    effective_at = Instant()


class PurposeOut(Schema):
    """A change of purpose."""

    lot_id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    purpose = fields.String(required=True, allow_none=True)
    basis = fields.String(required=True)
    note = fields.String(required=True)
    changed_at = Instant(required=True)
    effective_at = Instant(required=True)


class PurposesOut(Schema):
    """What a lot was given for, every change, and what is in force."""

    given = fields.String(required=True, allow_none=True)
    in_force = fields.String(required=True, allow_none=True)
    changes = fields.List(fields.Nested(PurposeOut), required=True)


class ToHandOutOut(Schema):
    """One lot of food of the day."""

    lot_id = fields.UUID(required=True)
    goods_id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    on_hand = fields.Integer(required=True)
    available = fields.Integer(required=True)
    until = Instant(required=True)


class HandOutListOut(Schema):
    """What must go today."""

    items = fields.List(fields.Nested(ToHandOutOut), required=True)
    pieces = fields.Integer(required=True)


class ReceivedOut(Schema):
    """Somebody who has had food of the day today."""

    receipt_no = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "已遮蔽 · masked"})
    volunteer_no = fields.String(required=True, metadata={"description": "末四位 · last four digits"})
    pieces = fields.Integer(required=True)
    received_at = Instant(required=True)
