"""Accounts under lock: the lock is an account's row, for its entries are never changed and so never locked."""

from collections.abc import Collection, Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql

from timebank import clock
from timebank.database import is_sqlite
from timebank.direct import Direct, Rows
from timebank.ledger import queries
from timebank.ledger.errors import HoldNotFound, TransferNotFound
from timebank.ledger.rules import Account, AccountKind, Kind, wallet_of


class Locked(NamedTuple):
    """A tracked account that this transaction holds the lock of."""

    account: Account
    opened_at: datetime
    closed_at: datetime | None


class Hold(NamedTuple):
    """A hold that is captured or released: its id and the columns of ``queries.LOCK_OF_HOLD`` behind the account's."""

    id: UUID
    debit_id: UUID
    credit_id: UUID
    minutes: int
    kind: int
    source_type: int
    source_id: UUID
    expires_at: datetime | None


class Move(NamedTuple):
    """A transfer that has moved minutes, and may be refunded or reversed."""

    id: UUID
    kind: Kind
    debit_id: UUID
    credit_id: UUID
    minutes: int


_LOCK = Direct(queries.LOCK)
_LOCK_OF_HOLD = Direct(queries.LOCK_OF_HOLD)
_OPEN = Rows(queries.account)
_OPEN_UNLESS_THERE = postgresql.insert(queries.account).on_conflict_do_nothing().returning(queries.account.c.id)


def lock(connection: Connection, accounts: Collection[Account]) -> dict[UUID, Locked]:
    """Lock tracked accounts in the order of their ids; open those that nothing was posted to yet."""
    wanted = {account.id: account for account in accounts}
    locked = _lock(connection, wanted)
    missing = sorted(wanted.keys() - locked.keys(), key=attrgetter("int"))  # as the ids themselves, in one step each
    if missing:
        locked |= open_accounts(connection, [wanted[account_id] for account_id in missing], clock.now())
    if taken := wanted.keys() - locked.keys():  # somebody else has opened them meanwhile
        locked |= _lock(connection, taken)
    return locked


def lock_of_hold(connection: Connection, hold_id: UUID) -> tuple[Hold, dict[UUID, Locked]]:
    """Lock the tracked sides of a hold; raise HoldNotFound if there is none with this id."""
    rows = _LOCK_OF_HOLD.send(connection, {"transfer_id": hold_id}).rows()
    if not rows:
        raise HoldNotFound
    return Hold(hold_id, *rows[0][5:]), by_id(rows)


def lock_of_move(connection: Connection, transfer_id: UUID, kinds: Collection[Kind]) -> tuple[Move, dict[UUID, Locked]]:
    """Lock the tracked sides of a transfer that has moved minutes; raise TransferNotFound if none of ``kinds`` has this id."""
    rows = connection.execute(queries.LOCK_OF_MOVE, {"transfer_id": transfer_id}).all()
    if not rows or rows[0].transfer_kind not in kinds:
        raise TransferNotFound
    moved = rows[0]
    move = Move(transfer_id, Kind(moved.transfer_kind), moved.debit_id, moved.credit_id, moved.minutes)
    return move, by_id(rows)


def lock_known(connection: Connection, accounts: Collection[Account]) -> dict[UUID, Locked]:
    """Lock those of some accounts that there are; open none."""
    return _lock(connection, [account.id for account in accounts])


def _lock(connection: Connection, account_ids: Iterable[UUID]) -> dict[UUID, Locked]:
    return by_id(_LOCK.send(connection, {"accounts": list(account_ids)}).rows())


def by_id(rows: Iterable[Any]) -> dict[UUID, Locked]:
    """Return accounts of locked rows, which begin with the columns of ``queries.LOCK``."""
    return {
        account_id: Locked(_account(kind, owner_id), opened_at, closed_at)
        for account_id, kind, owner_id, opened_at, closed_at, *_ in rows
    }


def _account(kind: int, owner_id: UUID) -> Account:
    return wallet_of(owner_id) if kind == AccountKind.WALLET else Account(AccountKind(kind), owner_id)


def open_accounts(connection: Connection, accounts: Collection[Account], opened_at: datetime) -> dict[UUID, Locked]:
    """Open accounts and return those that are ours now: a row that we insert is locked by us."""
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
        _OPEN.insert_mappings(connection, rows)
        ours = {account.id for account in accounts}
    else:
        ours = set(connection.execute(_OPEN_UNLESS_THERE, rows).scalars())
    return {account.id: Locked(account, opened_at, None) for account in accounts if account.id in ours}
