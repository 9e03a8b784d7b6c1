"""Results of postings that are stored already: the very values of the first time, read from the chains."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from timebank.ledger import queries
from timebank.ledger.rules import Account, AccountKind, AccountState, debt_of, recovery_id, settlement_id


def stored_results(connection: Connection, subjects: Mapping[UUID, Account]) -> dict[UUID, AccountState]:
    """Return the state after each of some stored transfers of the account that its result is about.

    What it made available may have paid a debt at once; then that is where the result was taken. One statement, and
    one more for a transfer that has left no line on its subject: a debt of somebody with nothing left to take.
    """
    if not subjects:
        return {}
    debts = [debt_of(one.owner_id) for one in subjects.values() if one.kind is AccountKind.WALLET]
    ids = [part for one in subjects for part in (one, recovery_id(one), settlement_id(one))]
    accounts = {account.id for account in (*subjects.values(), *debts)}
    rows = connection.execute(queries.RESULTS, {"accounts": list(accounts), "transfers": ids})
    lines = {(row.transfer_id, row.account_id): row for row in rows}
    return {
        transfer_id: _result(lines, transfer_id, subject) or _before(connection, transfer_id, subject)
        for transfer_id, subject in subjects.items()
    }


def _result(lines: dict[tuple[UUID, UUID], Any], transfer_id: UUID, subject: Account) -> AccountState | None:
    line = lines.get((recovery_id(transfer_id), subject.id)) or lines.get((transfer_id, subject.id))
    if line is None:
        return None
    settled = lines.get((settlement_id(transfer_id), debt_of(subject.owner_id).id))
    return _state(line, settled.balance_after if settled else line.debt)


def _before(connection: Connection, transfer_id: UUID, subject: Account) -> AccountState:
    line = connection.execute(queries.LINE_BEFORE, {"account": subject.id, "transfer": transfer_id}).one()
    return _state(line, line.debt)


def _state(line: Any, debt: int) -> AccountState:
    return AccountState.of(balance=line.balance_after, held=line.held_after, debt=debt, seq=line.seq, head=line.hash)
