"""What goes in and out of the endpoints of family relations and gifts."""

from marshmallow import fields, validate

from timebank.giving.rules import GiftState
from timebank.identity.rules import Kinship, RelationState
from timebank.ledger.rules import MAX_MINUTES
from timebank.records.account import AccountOut
from timebank.web.fields import Instant, PlainText, WholeNumber
from timebank.web.schemas import PageQuery, Schema


class RelationBody(Schema):
    """Who is one's relative, and at which organisation the two will show a document (of which no copy is kept)."""

    volunteer_no = PlainText(required=True, max_length=20, metadata={"example": "4829104756"})
    kinship = fields.Enum(
        Kinship, by_value=True, required=True, metadata={"description": "对方是我的什么人 · what they are to me"}
    )
    organisation_id = fields.UUID(required=True)


class KnownPerson(Schema):
    """Somebody whose name the reader may know; none before they have confirmed."""

    volunteer_no = fields.String(required=True)
    display_name = fields.String(required=True, allow_none=True)


class _Relation(Schema):
    id = fields.UUID(required=True)
    state = fields.Enum(RelationState, by_value=True, required=True)
    kinship = fields.Enum(Kinship, by_value=True, required=True)
    organisation_id = fields.UUID(required=True)
    relative = fields.Nested(KnownPerson, required=True)
    proposed_at = Instant(required=True)
    confirmed_at = Instant(required=True, allow_none=True)
    decided_at = Instant(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    ended_at = Instant(required=True, allow_none=True)


class RelationOut(_Relation):
    """A family relation as one of the two sees it; ``kinship`` is what the other is to the reader."""

    proposed_by_me = fields.Boolean(required=True)


class StaffRelationOut(_Relation):
    """A family relation as staff see it; ``kinship`` is what the relative is to the proposer."""

    proposer = fields.Nested(KnownPerson, required=True)
    decided_by = fields.UUID(required=True, allow_none=True)


class RelationQuery(PageQuery):
    """Which relations staff ask for: those that wait for them, unless told otherwise."""

    state = fields.String(
        load_default=str(RelationState.CONFIRMED),
        validate=validate.OneOf([str(state) for state in RelationState if state is not RelationState.PROPOSED]),
    )


class ReasonBody(Schema):
    """Why it is decided so: what was seen and checked. No document numbers."""

    reason = PlainText(required=True, max_length=500, metadata={"example": "核对户口簿原件"})


class GiftBody(Schema):
    """Minutes for a relative; they move when the relative accepts."""

    to = PlainText(
        required=True, max_length=36, metadata={"description": "亲属关系编号或对方的志愿者编号 · relation id or number"}
    )
    minutes = WholeNumber(required=True, minimum=1, maximum=MAX_MINUTES)
    message = PlainText(max_length=200)


class GiftOut(Schema):
    """A gift as the giver or the recipient sees it."""

    id = fields.UUID(required=True)
    direction = fields.String(required=True, validate=validate.OneOf(["given", "received"]))
    state = fields.Enum(GiftState, by_value=True, required=True)
    minutes = fields.Integer(required=True)
    message = fields.String(required=True, allow_none=True)
    other = fields.Nested(KnownPerson, required=True)
    offered_at = Instant(required=True)
    expires_at = Instant(required=True)
    closed_at = Instant(required=True, allow_none=True)
    notice = fields.String(required=True, metadata={"description": "给双方看的说明 · what both should know"})
    notice_en = fields.String(required=True)


class AcceptedGiftOut(Schema):
    """An accepted gift, and the recipient's account with it."""

    gift = fields.Nested(GiftOut, required=True)
    account = fields.Nested(AccountOut, required=True)
