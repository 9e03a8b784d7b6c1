"""How old merged minutes are: a merger makes none of them younger or older (rule R25).

A merger's line is new, and what it brings is as old as it was in the account that was closed: that is read there. Only
wallets into which somebody was merged after a cut-off are looked at like this, line by line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from timebank.ledger.queries import entry, transfer
from timebank.ledger.rules import INFLOWS, Kind

_LINES = (
    select(entry.c.transfer_id, entry.c.minutes, transfer.c.kind, transfer.c.debit_id)
    .join_from(entry, transfer, transfer.c.id == entry.c.transfer_id)
    .where(entry.c.account_id == bindparam("account"), entry.c.recorded_at > bindparam("cut_off"))
    .order_by(entry.c.seq)
)
_BEFORE = (
    select(entry.c.balance_after)
    .where(entry.c.account_id == bindparam("account"), entry.c.recorded_at <= bindparam("cut_off"))
    .order_by(entry.c.seq.desc())
    .limit(1)
)


@dataclass(slots=True)
class Ages:
    """Minutes of a wallet by a cut-off: older ones, newer ones, and how many newer ones were spent and may come back."""

    old: int = 0
    new: int = 0
    spent: int = 0

    def take(self, minutes: int) -> None:
        """Take minutes out, the oldest first."""
        older = min(self.old, minutes)
        self.old, self.new, self.spent = self.old - older, self.new - minutes + older, self.spent + minutes - older

    def give_back(self, minutes: int) -> None:
        """Put minutes back that were taken, the newest first: what was taken last."""
        newer = min(self.spent, minutes)
        self.old, self.new, self.spent = self.old + minutes - newer, self.new + newer, self.spent - newer

    def add(self, other: "Ages") -> None:
        """Put minutes in that have an age already."""
        self.old, self.new, self.spent = self.old + other.old, self.new + other.new, self.spent + other.spent


def ages(connection: Connection, account_id: UUID, cut_off: datetime, *, until: UUID | None = None) -> Ages:
    """Return how old the minutes of a wallet are, now or before the line of the transfer ``until``."""
    return _ages(connection, account_id, cut_off, until, frozenset())


def _ages(
    connection: Connection, account_id: UUID, cut_off: datetime, until: UUID | None, followed: frozenset[UUID]
) -> Ages:
    at = {"account": account_id, "cut_off": cut_off}
    found = Ages(old=connection.scalar(_BEFORE, at) or 0)
    for line in _lines(connection, at, until):
        if line.minutes < 0:
            found.take(-line.minutes)
        elif line.kind == Kind.MERGE and line.transfer_id not in followed:  # a circle can only be forged
            known = followed | {line.transfer_id}
            found.add(_ages(connection, line.debit_id, cut_off, line.transfer_id, known))
        elif line.kind in INFLOWS:
            found.new += line.minutes
        else:
            found.give_back(line.minutes)
    return found


def _lines(connection: Connection, at: dict[str, Any], until: UUID | None) -> Iterator[Any]:
    for line in connection.execute(_LINES, at).all():
        if line.transfer_id == until:
            return
        yield line
