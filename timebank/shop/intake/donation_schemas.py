"""What goes in and out of the endpoints of donations."""

from marshmallow import fields, validate

from timebank.shop.intake.donation_tables import DonationState
from timebank.shop.rules import MAX_PIECES, Condition
from timebank.shop.schemas import MAX_LINES, MAX_VALUE_FEN, DonorBody, IntakeOut
from timebank.web.fields import Instant, PlainText, WholeNumber
from timebank.web.schemas import PageQuery, Schema

_STATES = [str(state) for state in DonationState]
_some_lines = validate.Length(min=1, max=MAX_LINES)
MAX_OFFERED_LINES = 20


class OfferedBody(Schema):
    """One thing that is offered, in the donor's own words; goods of the catalogue if they know them."""

    name = PlainText(required=True, max_length=120)
    goods_id = fields.UUID()
    quantity = WholeNumber(required=True, minimum=1, maximum=MAX_PIECES)
    expires_at = Instant()


class GoodsDonationBody(Schema):
    """What somebody offers, and where they will bring it."""

    site_id = fields.UUID(required=True)
    donor = fields.Nested(DonorBody, required=True)
    lines = fields.List(
        fields.Nested(OfferedBody), required=True, validate=validate.Length(min=1, max=MAX_OFFERED_LINES)
    )
    note = PlainText(max_length=200)


class AcceptedBody(Schema):
    """Pieces of an offered line that are taken in; what is not said is as it was offered."""

    line_no = WholeNumber(required=True, minimum=1, maximum=MAX_OFFERED_LINES)
    quantity = WholeNumber(required=True, minimum=1, maximum=MAX_PIECES)
    goods_id = fields.UUID()
    expires_at = Instant()
    fair_value_fen = WholeNumber(maximum=MAX_VALUE_FEN)
    condition = fields.String(validate=validate.OneOf([str(condition) for condition in Condition]))
    restricted_purpose = PlainText(max_length=200)


class AcceptBody(Schema):
    """What is taken in of an offer; lines that are not named are not taken."""

    lines = fields.List(fields.Nested(AcceptedBody), required=True, validate=_some_lines)
    note = PlainText(max_length=200)


class DeclineBody(Schema):
    """Why an offer is not taken; the donor reads it."""

    reason = PlainText(required=True, max_length=200)


class OfferedOut(Schema):
    """One thing that was offered."""

    line_no = fields.Integer(required=True)
    name = fields.String(required=True)
    goods_id = fields.UUID(required=True, allow_none=True)
    quantity = fields.Integer(required=True)
    expires_at = Instant(required=True, allow_none=True)


class GoodsDonationOut(Schema):
    """A donation, and how far it is."""

    id = fields.UUID(required=True)
    site_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(_STATES))
    donor_kind = fields.String(required=True)
    note = fields.String(required=True, allow_none=True)
    lines = fields.List(fields.Nested(OfferedOut), required=True)
    offered_at = Instant(required=True)
    decided_at = Instant(required=True, allow_none=True)
    decline_reason = fields.String(required=True, allow_none=True)
    intake_id = fields.UUID(required=True, allow_none=True)


class OfferedDonationOut(GoodsDonationOut):
    """A donation in the list of a site."""

    donor = fields.String(required=True, metadata={"description": "捐赠人，已遮蔽 · masked"})


class AcceptedDonationOut(GoodsDonationOut):
    """A donation that was accepted, and its intake."""

    intake = fields.Nested(IntakeOut, required=True)


class FateOut(Schema):
    """What has become of the pieces of one line."""

    line_no = fields.Integer(required=True)
    name = fields.String(required=True)
    accepted = fields.Integer(required=True)
    on_hand = fields.Integer(required=True)
    handed_out = fields.Integer(required=True)
    written_off = fields.Integer(required=True)
    missing = fields.Integer(required=True, metadata={"description": "盘点差异 · missing when counted"})
    in_transit = fields.Integer(required=True, metadata={"description": "调拨途中 · on the way to another site"})


class OwnDonationOut(GoodsDonationOut):
    """A donor's own donation, and what has become of it; how many people it reached, and no names."""

    became = fields.List(fields.Nested(FateOut), required=True)
    people = fields.Integer(required=True)


class DonationQuery(PageQuery):
    """Which donations."""

    state = fields.String(validate=validate.OneOf(_STATES))
