"""What goes in and out of the endpoints for group accounts."""

from typing import Any

from marshmallow import fields

from timebank.ledger.rules import AccountState
from timebank.web.fields import Instant
from timebank.web.schemas import Schema


class GroupAccountOut(Schema):
    """What a group has. It serves nobody itself, so there are no service minutes beside it."""

    balance_minutes = fields.Integer(required=True)
    available_minutes = fields.Integer(required=True)
    debt_minutes = fields.Integer(required=True)
    seq = fields.Integer(required=True)
    head = fields.String(required=True, metadata={"description": "账户链最新哈希 · head of the account's chain, hex"})


class GivenOut(Schema):
    """What a group has given, to which pool and when."""

    id = fields.UUID(required=True)
    area_id = fields.UUID(required=True)
    minutes = fields.Integer(required=True)
    donated_at = Instant(required=True)


class GroupDonationOut(GivenOut):
    """A donation, and the group's account after it."""

    account = fields.Nested(GroupAccountOut, required=True)


def shown(state: AccountState) -> dict[str, Any]:
    """Return an account as ``GroupAccountOut`` has it."""
    return {
        "balance_minutes": state.balance_minutes,
        "available_minutes": state.available_minutes,
        "debt_minutes": state.debt_minutes,
        "seq": state.seq,
        "head": state.head.hex(),
    }
