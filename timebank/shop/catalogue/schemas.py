"""What goes in and out of the endpoints of goods."""

from typing import Any

from marshmallow import fields, validate

from timebank.errors import Invalid
from timebank.shop.catalogue.scanned_fields import Barcode
from timebank.shop.rules import MAX_PACK, MAX_PIECES, Lane
from timebank.web.fields import PlainText, WholeNumber
from timebank.web.schemas import PageQuery, Schema

MAX_PRICE_MINUTES = 1_000_000
MAX_PICTURES = 6
MAX_PACKS = 10
"""Barcodes of packs that goods may carry."""
MAX_REMAINING_DAYS = 3_650


class Availability(Schema):
    """How many pieces a shop can promise now."""

    site_id = fields.UUID(required=True)
    available = fields.Integer(required=True)


class PackBody(Schema):
    """The barcode of a pack, and how many pieces are in it: one scan of it is so many pieces."""

    code = Barcode(required=True, metadata={"example": "16901234567899"})
    pieces = WholeNumber(required=True, minimum=1, maximum=MAX_PACK, metadata={"example": 12})


class PackOut(Schema):
    """The barcode of a pack."""

    code = fields.String(required=True)
    pieces = fields.Integer(required=True)


def packs(given: list[dict[str, Any]] | None) -> dict[str, int] | None:
    """Return the barcodes of packs as goods carry them. Raises Invalid for one that is there twice."""
    if given is None:
        return None
    found = {one["code"]: one["pieces"] for one in given}
    if len(found) < len(given):
        detail = "同一个条码只能填一次。 Each barcode once."
        raise Invalid(errors=[{"pointer": "/barcodes", "detail": detail}])
    return found


class GoodsBody(Schema):
    """New goods."""

    name = PlainText(required=True, max_length=120)
    category = PlainText(required=True, max_length=40)
    unit = PlainText(required=True, max_length=20, metadata={"example": "瓶"})
    price_minutes = WholeNumber(required=True, maximum=MAX_PRICE_MINUTES)
    ean13 = Barcode(metadata={"example": "6901234567892"})
    barcodes = fields.List(fields.Nested(PackBody), validate=validate.Length(max=MAX_PACKS))
    lane = fields.Enum(Lane, by_value=True, load_default=Lane.SHELF)
    low_stock_below = WholeNumber(minimum=1, maximum=MAX_PIECES, allow_none=True)
    min_remaining_days = WholeNumber(maximum=MAX_REMAINING_DAYS, allow_none=True)
    pictures = fields.List(fields.UUID(), validate=validate.Length(max=MAX_PICTURES))


class GoodsOut(Schema):
    """Goods with the price in force and what each shop can promise; ``version`` is their ETag."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    category = fields.String(required=True)
    unit = fields.String(required=True)
    ean13 = fields.String(required=True, allow_none=True)
    barcodes = fields.List(fields.Nested(PackOut), required=True, metadata={"description": "整箱的条码 · of packs"})
    price_minutes = fields.Integer(required=True)
    active = fields.Boolean(required=True)
    lane = fields.String(required=True, validate=validate.OneOf([str(lane) for lane in Lane]))
    low_stock_below = fields.Integer(required=True, allow_none=True)
    min_remaining_days = fields.Integer(required=True, allow_none=True)
    pictures = fields.List(fields.UUID(), required=True)
    version = fields.Integer(required=True)
    availability = fields.List(fields.Nested(Availability), required=True)


class GoodsQuery(PageQuery):
    """Which goods; with ``site``, what that shop can promise."""

    site = fields.UUID()
