"""What goes in and out of the endpoints of exports and erasures."""

from marshmallow import fields, validate

from timebank.people.blockers import Blocker
from timebank.people.rules import Balance
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema

MAX_REASON = 500
_BALANCES = [str(balance) for balance in Balance]


class OwnDataQuery(Schema):
    """As one JSON document, or as a ZIP of tables that any spreadsheet opens."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "zip"]))


class OwnDataOut(Schema):
    """Everything that the bank holds about somebody, a list of rows for each thing."""

    format = fields.Integer(required=True)
    person_id = fields.UUID(required=True)
    exported_at = fields.String(required=True)
    holdings = fields.Dict(keys=fields.String(), values=fields.List(fields.Dict()), required=True)


class ErasureBody(Schema):
    """What becomes of the minutes that are left: ``donate`` to the pool, or ``expire``."""

    balance = fields.String(required=True, validate=validate.OneOf(_BALANCES))
    area_id = fields.UUID(metadata={"description": "捐给哪个区域的公共池 · whose pool; the one district's if left out"})


class PaperErasureBody(ErasureBody):
    """What staff enter of a request that somebody makes in person."""

    organisation_id = fields.UUID(required=True)
    reason = PlainText(required=True, max_length=MAX_REASON, metadata={"example": "本人到场，注销申请书 12 号"})


class PaperWithdrawalBody(Schema):
    """At which organisation somebody says that they stay."""

    organisation_id = fields.UUID(required=True)


class ErasureOut(Schema):
    """A request to be forgotten, and from when it is done."""

    id = fields.UUID(required=True)
    balance = fields.String(required=True, validate=validate.OneOf(_BALANCES))
    area_id = fields.UUID(required=True, allow_none=True)
    asked_at = Instant(required=True)
    due_at = Instant(required=True)


class ErasureStandingOut(Schema):
    """The request that waits, and what would keep somebody here now."""

    request = fields.Nested(ErasureOut, required=True, allow_none=True)
    blockers = fields.List(fields.String(validate=validate.OneOf([str(one) for one in Blocker])), required=True)
