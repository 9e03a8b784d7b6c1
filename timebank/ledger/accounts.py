"""Accounts under lock: the lock is an account's row, for its entries are never changed and so never locked."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, insert
from sqlalchemy.dialects import postgresql

from timebank import clock
from timebank.database import is_sqlite
from timebank.ledger import queries
from timebank.ledger.errors import HoldNotFound
from timebank.ledger.rules import Account, AccountKind


class Locked(NamedTuple):
    """A tracked account that this transaction holds the lock of."""

    account: Account
    opened_at: datetime
    closed_at: datetime | None


class Hold(NamedTuple):
    """A hold that is captured or released."""

    id: UUID
    debit_id: UUID
    credit_id: UUID
    minutes: int
    kind: int
    source_type: int
    source_id: UUID
    expires_at: datetime | None


_OPEN = insert(queries.account)
_OPEN_UNLESS_THERE = postgresql.insert(queries.account).on_conflict_do_nothing().returning(queries.account.c.id)


def lock(connection: Connection, accounts: Collection[Account]) -> dict[UUID, Locked]:
    """Lock tracked accounts in the order of their ids; open those that nothing was posted to yet."""
    wanted = {account.id: account for account in accounts}
    locked = _lock(connection, wanted)
    missing = sorted(wanted.keys() - locked.keys())
    if missing:
        locked |= _open(connection, [wanted[account_id] for account_id in missing])
    if taken := wanted.keys() - locked.keys():  # somebody else has opened them meanwhile
        locked |= _lock(connection, taken)
    return locked


def lock_of_hold(connection: Connection, hold_id: UUID) -> tuple[Hold, dict[UUID, Locked]]:
    """Lock the tracked sides of a hold; raise HoldNotFound if there is none with this id."""
    rows = connection.execute(queries.LOCK_OF_HOLD, {"hold_id": hold_id}).all()
    if not rows:
        raise HoldNotFound
    found = rows[0]
    hold = Hold(
        id=hold_id,
        debit_id=found.debit_id,
        credit_id=found.credit_id,
        minutes=found.minutes,
        kind=found.transfer_kind,
        source_type=found.source_type,
        source_id=found.source_id,
        expires_at=found.expires_at,
    )
    return hold, _by_id(rows)


def _lock(connection: Connection, account_ids: Iterable[UUID]) -> dict[UUID, Locked]:
    return _by_id(connection.execute(queries.LOCK, {"accounts": list(account_ids)}))


def _by_id(rows: Iterable[Any]) -> dict[UUID, Locked]:
    return {row.id: Locked(Account(AccountKind(row.kind), row.owner_id), row.opened_at, row.closed_at) for row in rows}


def _open(connection: Connection, accounts: list[Account]) -> dict[UUID, Locked]:
    """Open accounts and return those that are ours now: a row that we insert is locked by us."""
    opened_at = clock.now()
    rows = [
        {
            "id": account.id,
            "kind": int(account.kind),
            "owner_id": account.owner_id,
            "tracked": account.tracked,
            "opened_at": opened_at,
            "closed_at": None,
        }
        for account in accounts
    ]
    if is_sqlite():  # the transaction is exclusive, and the table's guard fires before conflict handling
        connection.execute(_OPEN, rows)
        ours = {account.id for account in accounts}
    else:
        ours = set(connection.execute(_OPEN_UNLESS_THERE, rows).scalars())
    return {account.id: Locked(account, opened_at, None) for account in accounts if account.id in ours}
