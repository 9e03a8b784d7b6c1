"""What goes in and out of the endpoints of receipts, lock-outs, clerks' posts and daily closings."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from timebank.shop.rules import MAX_PIECES
from timebank.shop.schemas import MAX_LINES, ReceiptOut
from timebank.web.fields import Instant, PlainText, WholeNumber
from timebank.web.schemas import PageQuery, Schema


class ReceiptQuery(PageQuery):
    """Receipts of which day; today without it."""

    day = fields.Date(metadata={"description": "北京时间的日期 · a day in Asia/Shanghai"})


class ReprintOut(ReceiptOut):
    """A receipt that is printed once more; ``refunded_minutes`` came back since (null: nothing did)."""

    refunded_minutes = fields.Integer(required=True, allow_none=True)
    reprinted_at = Instant(required=True)


class LockOutOut(Schema):
    """A device or a clerk that is locked out of codes."""

    device_id = fields.UUID(required=True, allow_none=True)
    clerk_id = fields.UUID(required=True, allow_none=True)
    name = fields.String(required=True)
    until = Instant(required=True)


class LockOutsOut(Schema):
    """All of them at one shop."""

    items = fields.List(fields.Nested(LockOutOut), required=True)


class LiftBody(Schema):
    """Which lock-out ends, and why."""

    device_id = fields.UUID()
    clerk_id = fields.UUID()
    reason = PlainText(required=True, max_length=500)

    @validates_schema
    def _one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        if ("device_id" in data) == ("clerk_id" in data):
            raise ValidationError("device_id 和 clerk_id 须填且只填一个。 Give exactly one of both.", "device_id")


class LiftOut(Schema):
    """A lock-out that was lifted."""

    id = fields.UUID(required=True)
    site_id = fields.UUID(required=True)
    device_id = fields.UUID(required=True, allow_none=True)
    clerk_id = fields.UUID(required=True, allow_none=True)
    reason = fields.String(required=True)
    lifted_at = Instant(required=True)


class ClerkOut(Schema):
    """A clerk who is bound to a shop."""

    person_id = fields.UUID(required=True)
    name = fields.String(required=True)
    bound_at = Instant(required=True)


class CountedPiecesBody(Schema):
    """Pieces of one goods that were handed out and stayed out, counted by hand."""

    goods_id = fields.UUID(required=True)
    counted = WholeNumber(required=True, maximum=MAX_PIECES)


class CountedBody(Schema):
    """What the clerk has counted by hand."""

    slips = WholeNumber(maximum=MAX_PIECES, metadata={"description": "纸质小票张数 · slips of paper"})
    pieces = fields.List(fields.Nested(CountedPiecesBody), validate=validate.Length(max=MAX_LINES), load_default=list)

    @validates_schema
    def _each_once(self, data: dict[str, Any], **_: Any) -> None:
        goods = [one["goods_id"] for one in data["pieces"]]
        if len(set(goods)) < len(goods):
            raise ValidationError("同一种物品只能填一行。 Each goods once.", "pieces")


class ClosingBody(Schema):
    """A daily closing; ``figures_sha256`` closes only what was looked at."""

    day = fields.Date(metadata={"description": "今天，或过了零点时的昨天 · today, or yesterday after midnight"})
    counted = fields.Nested(CountedBody)
    note = PlainText(max_length=500)
    figures_sha256 = fields.String(validate=validate.Regexp("^[0-9a-f]{64}$"))


class RangeOut(Schema):
    """Receipts of one day, by their numbers."""

    day = fields.String(required=True)
    first = fields.Integer(required=True)
    last = fields.Integer(required=True)


class GoodsFigureOut(Schema):
    """Pieces of one goods: handed over, returned, and of these how many were fit for the shelf."""

    goods_id = fields.String(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    handed_over = fields.Integer(required=True)
    returned = fields.Integer(required=True)
    restocked = fields.Integer(required=True)


class SumsOut(Schema):
    """Receipts, and minutes charged, refunded and undone."""

    receipts = fields.Integer(required=True)
    charged_minutes = fields.Integer(required=True)
    refunds = fields.Integer(required=True)
    refunded_minutes = fields.Integer(required=True)
    undos = fields.Integer(required=True)
    undone_minutes = fields.Integer(required=True)


class ClerkFigureOut(SumsOut):
    """The same, of one clerk."""

    clerk_id = fields.String(required=True)
    clerk = fields.String(required=True)


class FiguresOut(SumsOut):
    """What has happened at a shop since its last closing."""

    site_id = fields.UUID(required=True)
    net_minutes = fields.Integer(required=True)
    first_receipt = fields.String(required=True, allow_none=True, metadata={"example": "20260901-0001"})
    last_receipt = fields.String(required=True, allow_none=True)
    ranges = fields.List(fields.Nested(RangeOut), required=True)
    goods = fields.List(fields.Nested(GoodsFigureOut), required=True)
    clerks = fields.List(fields.Nested(ClerkFigureOut), required=True)


class PendingOut(FiguresOut):
    """What the next closing would cover."""

    first_closing = fields.Boolean(
        required=True, metadata={"description": "尚无日结：这一次含开始以来的全部小票 · covers all since the beginning"}
    )
    figures_sha256 = fields.String(required=True)


class CountedOut(Schema):
    """What was counted by hand, beside what the books say."""

    what = fields.String(required=True, validate=validate.OneOf(["slips", "pieces"]))
    goods_id = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    counted = fields.Integer(required=True)
    expected = fields.Integer(required=True)
    difference = fields.Integer(required=True)


class ClosingOut(FiguresOut):
    """A closing; ``content`` is what was signed, ``sha256`` its hash, and the hash of the one before is in it."""

    id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    closed_on = fields.Date(required=True)
    closed_at = Instant(required=True)
    clerk = fields.String(required=True)
    counted = fields.List(fields.Nested(CountedOut), required=True)
    note = fields.String(required=True, allow_none=True)
    previous = fields.String(required=True, allow_none=True)
    sha256 = fields.String(required=True)
    content = fields.String(required=True)
    text = fields.String(required=True, metadata={"description": "58 毫米小票 · for a printer of 58 mm"})
