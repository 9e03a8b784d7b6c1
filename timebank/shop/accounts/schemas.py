"""What goes in and out of the endpoints of accounts, lists of stock and the way of a lot."""

from marshmallow import fields, validate

from timebank.shop.accounts.periods import FIRST_YEAR, LAST_YEAR, QUARTERS
from timebank.shop.rules import DonorKind, MoveKind, Source
from timebank.shop.schemas import MonthField
from timebank.web.fields import Instant, QueryNumber
from timebank.web.schemas import PageQuery, Schema

FORMATS = ("json", "csv", "xlsx")

_format = validate.OneOf(FORMATS)


class AccountsQuery(Schema):
    """A quarter, or without one the whole year."""

    year = QueryNumber(required=True, minimum=FIRST_YEAR, maximum=LAST_YEAR, metadata={"example": 2026})
    quarter = QueryNumber(minimum=QUARTERS[0], maximum=QUARTERS[-1])
    format = fields.String(load_default="json", validate=_format)


class MovementsQuery(Schema):
    """A month."""

    month = MonthField(required=True, metadata={"example": "2026-09"})
    format = fields.String(load_default="json", validate=_format)


class AmountOut(Schema):
    """Pieces, what they were worth at intake, and how many of them have no value."""

    pieces = fields.Integer(required=True)
    value_fen = fields.Integer(required=True)
    unvalued = fields.Integer(required=True, metadata={"description": "没有公允价值的件数 · pieces without a value"})


class MovementsOut(Schema):
    """Opening + received + transferred_in + count_difference - handed_out - written_off - transferred_out = closing."""

    opening = fields.Nested(AmountOut, required=True)
    received = fields.Nested(AmountOut, required=True)
    transferred_in = fields.Nested(AmountOut, required=True)
    handed_out = fields.Nested(AmountOut, required=True)
    written_off = fields.Nested(AmountOut, required=True)
    transferred_out = fields.Nested(AmountOut, required=True)
    count_difference = fields.Nested(AmountOut, required=True)
    closing = fields.Nested(AmountOut, required=True)


class GroupOut(MovementsOut):
    """The movements of one category, or of one goods."""

    name = fields.String(required=True)


class ReceivedBySourceOut(Schema):
    """What came in from one kind of source; nobody is named."""

    source = fields.Enum(Source, by_value=True, required=True)
    donor_kind = fields.Enum(DonorKind, by_value=True, required=True)
    intakes = fields.Integer(required=True)
    amount = fields.Nested(AmountOut, required=True)


class ShopOut(Schema):
    """Whose account it is."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    organisation = fields.String(required=True)


class PeriodOut(Schema):
    """A period and its movements altogether."""

    name = fields.String(required=True, metadata={"example": "2026Q3"})
    start = Instant(required=True)
    end = Instant(required=True)
    complete = fields.Boolean(required=True)
    total = fields.Nested(MovementsOut, required=True)


class AccountsOut(Schema):
    """A shop's public account of a quarter or a year; a year is the sum of its quarters."""

    shop = fields.Nested(ShopOut, required=True)
    complete = fields.Boolean(required=True)
    total = fields.Nested(MovementsOut, required=True)
    received = fields.List(fields.Nested(ReceivedBySourceOut), required=True)
    categories = fields.List(fields.Nested(GroupOut), required=True)
    in_transit = fields.Nested(AmountOut, required=True)
    periods = fields.List(fields.Nested(PeriodOut), required=True)


class MovementReportOut(Schema):
    """A month of a site, goods by goods."""

    shop = fields.Nested(ShopOut, required=True)
    month = fields.String(required=True)
    complete = fields.Boolean(required=True)
    total = fields.Nested(MovementsOut, required=True)
    goods = fields.List(fields.Nested(GroupOut), required=True)


class NearExpiryQuery(PageQuery):
    """How near; by default as many days as the policy of the place says. Expired ones come first."""

    days = QueryNumber(minimum=1, maximum=3_650)
    expired = fields.String(validate=validate.OneOf(["only", "without"]))


class NearExpiryOut(Schema):
    """A lot that has pieces, and when it expires."""

    lot_id = fields.UUID(required=True)
    goods_id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    category = fields.String(required=True)
    expires_at = Instant(required=True, allow_none=True)
    days_left = fields.Integer(required=True, allow_none=True)
    expired = fields.Boolean(required=True)
    recalled = fields.Boolean(required=True)
    restricted = fields.Boolean(required=True, metadata={"description": "限定用途 · given for a purpose"})
    on_hand = fields.Integer(required=True)
    reserved = fields.Integer(required=True)
    available = fields.Integer(required=True)
    value_fen = fields.Integer(required=True, allow_none=True)


class LowStockOut(Schema):
    """Goods of which a site can promise fewer than ``low_stock_below``; ``missing`` pieces more would be enough."""

    goods_id = fields.UUID(required=True)
    name = fields.String(required=True)
    category = fields.String(required=True)
    unit = fields.String(required=True)
    low_stock_below = fields.Integer(required=True)
    available = fields.Integer(required=True)
    missing = fields.Integer(required=True)


class MoveOut(Schema):
    """One move of a lot."""

    seq = fields.Integer(required=True)
    kind = fields.Enum(MoveKind, by_value=True, required=True)
    quantity = fields.Integer(required=True)
    reserved = fields.Integer(required=True)
    on_hand_after = fields.Integer(required=True)
    reserved_after = fields.Integer(required=True)
    redemption_id = fields.UUID(required=True, allow_none=True)
    cause_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "调拨、盘点或报损单 · the transfer, stocktake or write-off"},
    )
    actor = fields.String(required=True, metadata={"description": "经办人，空为系统 · empty for the system"})
    moved_at = Instant(required=True)


class OriginOut(Schema):
    """Where a lot came from; the name of a donor who gave one, for staff of the site where it came in."""

    receipt_no = fields.String(required=True)
    site_id = fields.UUID(required=True)
    received_at = Instant(required=True)
    source = fields.Enum(Source, by_value=True, required=True)
    donor_kind = fields.Enum(DonorKind, by_value=True, required=True)
    donor_name = fields.String(required=True, allow_none=True)


class HopOut(Schema):
    """A transfer that a lot came by, or that part of it went by."""

    transfer_id = fields.UUID(required=True)
    from_lot_id = fields.UUID(required=True)
    to_lot_id = fields.UUID(required=True)
    from_site_id = fields.UUID(required=True)
    to_site_id = fields.UUID(required=True)
    sent = fields.Integer(required=True)
    received = fields.Integer(required=True)
    received_at = Instant(required=True)


class TraceOut(Schema):
    """The way of a lot: from its donor, by transfers, to pieces and a number of people.

    ``received`` = ``handed_out`` + ``written_off`` + ``missing`` + ``on_hand`` + ``in_transit``, over the lot and all
    that was sent on from it.
    """

    lot_id = fields.UUID(required=True)
    goods_id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit = fields.String(required=True)
    origin = fields.Nested(OriginOut, required=True)
    came_by = fields.List(fields.Nested(HopOut), required=True)
    went_by = fields.List(fields.Nested(HopOut), required=True)
    received = fields.Integer(required=True)
    handed_out = fields.Integer(required=True)
    people = fields.Integer(required=True)
    written_off = fields.Integer(required=True)
    missing = fields.Integer(required=True, metadata={"description": "盘亏减盘盈 · missing less found at counts"})
    on_hand = fields.Integer(required=True)
    in_transit = fields.Integer(required=True)


class PurposeNoticeOut(Schema):
    """That goods are to be for something else, as the public is told; nobody who gave is named."""

    lot_id = fields.UUID(required=True)
    goods = fields.String(required=True)
    unit = fields.String(required=True)
    on_hand = fields.Integer(required=True)
    donor_kind = fields.String(required=True, validate=validate.OneOf([str(kind) for kind in DonorKind]))
    received_at = Instant(required=True)
    purpose_before = fields.String(required=True, allow_none=True)
    purpose = fields.String(
        required=True, allow_none=True, metadata={"description": "空为不再限定 · null: for everybody"}
    )
    announced_at = Instant(required=True)
    effective_at = Instant(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["announced", "in_force", "withdrawn"]))
