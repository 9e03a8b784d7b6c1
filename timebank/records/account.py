"""The ``account`` of every answer: the spendable balance from the ledger beside the permanent service minutes.

They are two books (rule R02): redeeming lowers the first and never the second.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from marshmallow import fields

from timebank import clock
from timebank.ledger import history as ledger_history
from timebank.ledger import queries as ledger
from timebank.ledger.rules import AccountState
from timebank.records import queries
from timebank.records.rules import Provenance
from timebank.web.schemas import Schema


class ByProvenance(Schema):
    """Final service minutes by where they come from."""

    class Meta(Schema.Meta):
        # A keyword of Python cannot be an attribute.
        include: ClassVar[dict[str, fields.Field[Any]]] = {
            str(name): fields.Integer(required=True) for name in Provenance
        }


class AccountOut(Schema):
    """What a person has, and what they have served."""

    balance_minutes = fields.Integer(required=True)
    held_minutes = fields.Integer(required=True)
    available_minutes = fields.Integer(required=True)
    debt_minutes = fields.Integer(required=True)
    service_minutes = fields.Integer(required=True, metadata={"description": "永久的服务时长 · permanent"})
    by_provenance = fields.Nested(ByProvenance, required=True)
    seq = fields.Integer(required=True)
    head = fields.String(required=True, metadata={"description": "账户链最新哈希 · head of the account's chain, hex"})


def account_of(
    owner_id: UUID, state: AccountState | None = None, served: Mapping[Provenance, int] | None = None
) -> dict[str, Any]:
    """Return a person's account as every answer shows it, in two statements at most.

    Args:
        owner_id: whose.
        state: the ledger's state, if a posting of this request has just returned it.
        served: final service minutes by provenance, if the caller has them already.
    """
    state = state or ledger.account_state(owner_id, clock.now())
    served = queries.totals(owner_id) if served is None else served
    return {
        "balance_minutes": state.balance_minutes,
        "held_minutes": state.held_minutes,
        "available_minutes": state.available_minutes,
        "debt_minutes": state.debt_minutes,
        "service_minutes": sum(served.values()),
        "by_provenance": {str(provenance): served.get(provenance, 0) for provenance in Provenance},
        "seq": state.seq,
        "head": state.head.hex(),
    }


def account_at(owner_id: UUID, at: datetime) -> dict[str, Any]:
    """Return a person's account as it stood at a past instant, in two statements.

    Both books are those of that instant: what was posted by then, and the service records as they were final by then.
    """
    return account_of(owner_id, ledger_history.account_state_at(owner_id, at), queries.totals_at(owner_id, at))
