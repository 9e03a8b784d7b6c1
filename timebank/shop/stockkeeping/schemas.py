"""What goes in and out of the endpoints of transfers, write-offs and stocktakes."""

from marshmallow import fields, validate

from timebank.shop.rules import MAX_PIECES
from timebank.shop.schemas import MAX_LINES
from timebank.shop.stockkeeping.rules import StocktakeState, TransferState, WriteOffReason, WriteOffState
from timebank.web.fields import Instant, PlainText, WholeNumber, YesOrNo
from timebank.web.schemas import PageQuery, Schema

MAX_TEXT = 500

_some_lines = validate.Length(min=1, max=MAX_LINES)


class LotLineBody(Schema):
    """Pieces of one lot."""

    lot_id = fields.UUID(required=True)
    quantity = WholeNumber(required=True, minimum=1, maximum=MAX_PIECES)


class TransferBody(Schema):
    """What is sent to which shop."""

    to_site_id = fields.UUID(required=True)
    lines = fields.List(fields.Nested(LotLineBody), required=True, validate=_some_lines)
    note = PlainText(max_length=MAX_TEXT)


class ArrivedBody(Schema):
    """How many pieces of a lot arrived."""

    lot_id = fields.UUID(required=True)
    quantity = WholeNumber(required=True, maximum=MAX_PIECES)


class ReceiveBody(Schema):
    """What arrived: all of it without ``lines``; with them every lot is named, and what is missing has a reason."""

    lines = fields.List(fields.Nested(ArrivedBody), validate=_some_lines)
    reason = PlainText(max_length=MAX_TEXT)


class TransferQuery(PageQuery):
    """Which transfers of a site."""

    direction = fields.String(validate=validate.OneOf(["in", "out"]))
    state = fields.String(validate=validate.OneOf([str(state) for state in TransferState]))


class SentLineOut(Schema):
    """Pieces of a lot on their way; ``received`` and ``arrived_lot_id`` once they have arrived."""

    lot_id = fields.UUID(required=True)
    goods_id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    quantity = fields.Integer(required=True)
    received = fields.Integer(required=True, allow_none=True)
    arrived_lot_id = fields.UUID(required=True, allow_none=True)
    expires_at = Instant(required=True, allow_none=True)
    value_fen = fields.Integer(required=True, allow_none=True)


class TransferOut(Schema):
    """A transfer between two sites."""

    id = fields.UUID(required=True)
    from_site_id = fields.UUID(required=True)
    to_site_id = fields.UUID(required=True)
    state = fields.Enum(TransferState, by_value=True, required=True)
    lines = fields.List(fields.Nested(SentLineOut), required=True)
    note = fields.String(required=True, allow_none=True)
    sent_by = fields.String(required=True)
    sent_at = Instant(required=True)
    ended_by = fields.String(required=True, allow_none=True)
    ended_at = Instant(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


class WriteOffBody(Schema):
    """What is to be written off, and why; the proof is a picture or PDF that was sent, or the number of a paper."""

    reason = fields.String(required=True, validate=validate.OneOf([str(reason) for reason in WriteOffReason]))
    lines = fields.List(fields.Nested(LotLineBody), required=True, validate=_some_lines)
    note = PlainText(max_length=MAX_TEXT)
    picture_id = fields.UUID()
    picture_ref = PlainText(max_length=120)


class ApproveBody(Schema):
    """What the approving person has to say, if anything."""

    note = PlainText(max_length=MAX_TEXT)


class RejectBody(Schema):
    """Why not."""

    note = PlainText(required=True, max_length=MAX_TEXT)


class WriteOffQuery(PageQuery):
    """Which write-offs of a site."""

    state = fields.String(validate=validate.OneOf([str(state) for state in WriteOffState]))


class WriteOffLineOut(Schema):
    """Pieces of a lot that are written off."""

    lot_id = fields.UUID(required=True)
    goods_id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    quantity = fields.Integer(required=True)
    expires_at = Instant(required=True, allow_none=True)
    value_fen = fields.Integer(required=True, allow_none=True)


class WriteOffOut(Schema):
    """A write-off and what became of it."""

    id = fields.UUID(required=True)
    site_id = fields.UUID(required=True)
    reason = fields.Enum(WriteOffReason, by_value=True, required=True)
    state = fields.Enum(WriteOffState, by_value=True, required=True)
    lines = fields.List(fields.Nested(WriteOffLineOut), required=True)
    value_fen = fields.Integer(required=True, metadata={"description": "有公允价值的部分 · of what has a fair value"})
    note = fields.String(required=True, allow_none=True)
    pictures = fields.List(fields.UUID(), required=True)
    picture_ref = fields.String(required=True, allow_none=True)
    requested_by = fields.String(required=True)
    requested_at = Instant(required=True)
    decided_by = fields.String(required=True, allow_none=True)
    decided_at = Instant(required=True, allow_none=True)
    decision_note = fields.String(required=True, allow_none=True)


class StocktakeBody(Schema):
    """What is to be counted: these goods and lots, or without any every stocked lot."""

    blind = YesOrNo(load_default=False, metadata={"description": "盲盘：清点时不显示账面数 · hide the books"})
    goods_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MAX_LINES))
    lot_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MAX_LINES))


class LotCountBody(Schema):
    """What was counted of a lot, reserved pieces included; ``seq`` is the one that the list showed."""

    lot_id = fields.UUID(required=True)
    counted = WholeNumber(required=True, maximum=MAX_PIECES)
    seq = WholeNumber(minimum=1)


class CountsBody(Schema):
    """Some counts."""

    lines = fields.List(fields.Nested(LotCountBody), required=True, validate=_some_lines)


class DifferencesOut(Schema):
    """What is there and not on the books, and the other way round; values of what has a fair value."""

    surplus = fields.Integer(required=True)
    missing = fields.Integer(required=True)
    surplus_fen = fields.Integer(required=True)
    missing_fen = fields.Integer(required=True)


class StocktakeOut(Schema):
    """A stocktake; ``differences`` is null while a blind one is counted."""

    id = fields.UUID(required=True)
    site_id = fields.UUID(required=True)
    state = fields.Enum(StocktakeState, by_value=True, required=True)
    blind = fields.Boolean(required=True)
    lots = fields.Integer(required=True)
    counted = fields.Integer(required=True)
    differences = fields.Nested(DifferencesOut, required=True, allow_none=True)
    opened_by = fields.String(required=True)
    opened_at = Instant(required=True)
    confirmed_by = fields.String(required=True, allow_none=True)
    confirmed_at = Instant(required=True, allow_none=True)
    closed_by = fields.String(required=True, allow_none=True)
    closed_at = Instant(required=True, allow_none=True)


class StocktakeLineOut(Schema):
    """A lot in a stocktake. While a blind one is counted, what the books say and the difference are null."""

    lot_id = fields.UUID(required=True)
    goods_id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    expires_at = Instant(required=True, allow_none=True)
    seq = fields.Integer(required=True, metadata={"description": "录入时原样送回 · give it back with the count"})
    system_quantity = fields.Integer(required=True, allow_none=True)
    counted = fields.Integer(required=True, allow_none=True)
    counted_at = Instant(required=True, allow_none=True)
    difference = fields.Integer(required=True, allow_none=True)
    value_fen = fields.Integer(required=True, allow_none=True)
