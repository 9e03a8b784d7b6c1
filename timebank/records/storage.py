"""The storage cap (rule R19; 南京, 广州: 1500 hours): how much of a credit is over it, and where that goes.

The cap is on the balance; service minutes are permanent and know no cap (rule R02).
"""

from collections.abc import Callable

from timebank.ledger.rules import AccountState
from timebank.policies.rules import LEAST_STORAGE_CAP
from timebank.records.credit import policy_of
from timebank.records.models import Revision

__all__ = ["donated", "surplus", "when_over"]

Take = Callable[[Revision, int], AccountState | None]
"""Gives so many surplus minutes of a credit away; None if its volunteer has not agreed to that."""

_takes: list[Take] = []


def when_over(take: Take) -> Take:
    """Have ``take`` called, in the same transaction, with a credit and its minutes over the cap."""
    if take not in _takes:
        _takes.append(take)
    return take


def surplus(revision: Revision, account: AccountState) -> int:
    """Return how many minutes of a credit lie over the cap of the policy that made it, given the account after it.

    Costs no statement below the least cap that can be set, and none above while the policy is remembered. What is owed
    comes first: while there is debt, nothing is surplus.
    """
    if account.balance_minutes <= LEAST_STORAGE_CAP or account.debt_minutes:
        return 0
    cap = policy_of(revision).storage_cap_minutes
    if cap is None:
        return 0
    return max(0, min(account.balance_minutes - cap, revision.credited_minutes))


def donated(revision: Revision, minutes: int) -> AccountState | None:
    """Give surplus minutes of a credit away, if its volunteer has agreed; return their account after it, or None."""
    return next((account for take in _takes if (account := take(revision, minutes)) is not None), None)
