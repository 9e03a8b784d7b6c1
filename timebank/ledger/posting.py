"""How every transfer is posted: lock, read, check, chain, insert. One implementation for both engines.

Four statements: the accounts' lock; their last entries together with what is stored under the transfers' ids (a new
statement, because one that has waited for a lock still sees its old snapshot); the transfers; the entries. Holds that
have fallen due cost a fifth, and are released in the same inserts. The key ``(account_id, seq)`` is the last fence.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Insert, insert
from sqlalchemy.exc import IntegrityError

from timebank import clock
from timebank.database import session, violated_constraint
from timebank.errors import refusal_for
from timebank.ledger import queries
from timebank.ledger.accounts import Hold, Locked, lock
from timebank.ledger.batch import Batch, Found, Head, Posting, expiry, is_due
from timebank.ledger.rules import Account, AccountKind, AccountState, Posted, debt_of

_INSERT_TRANSFERS = insert(queries.transfer)
_INSERT_ENTRIES = insert(queries.entry)


def post(postings: Sequence[Posting], accounts: Collection[Account]) -> list[Posted]:
    """Post a group in this transaction, all or nothing; ``accounts`` are its tracked sides.

    A posting that is stored already is answered with its stored result. Raises PostingConflict if its id holds
    something else, and whatever ``Batch.refuse`` finds.
    """
    connection = session.connection()
    return post_under_lock(connection, postings, lock(connection, accounts))


def post_under_lock(connection: Connection, postings: Sequence[Posting], locked: dict[UUID, Locked]) -> list[Posted]:
    """Post a group whose tracked accounts are locked already, and release what of theirs is due."""
    found = _read(connection, postings, locked)
    batch = Batch(locked, found, postings, clock.now())
    fresh = [posting for posting in postings if not batch.is_stored(posting)]
    if fresh:
        _add_expiries(connection, batch, fresh)
    for posting in fresh:
        if not batch.is_stored(posting):  # twice in one group is posted once
            batch.refuse(posting)
            batch.add(posting)
    _insert(connection, batch)
    replays = [posting for posting in postings if posting.transfer_id in found.stored]
    results = batch.results | _stored_results(connection, batch, replays)
    return list(_answers(postings, results, set(found.stored)))


def release_due(connection: Connection, locked: dict[UUID, Locked]) -> int:
    """Release what of some locked accounts is due, with no other posting; return how many holds that were."""
    batch = Batch(locked, _read(connection, (), locked), (), clock.now())
    _add_expiries(connection, batch, ())
    _insert(connection, batch)
    return len(batch.transfers)


def _answers(postings: Sequence[Posting], results: dict[UUID, AccountState], answered: set[UUID]) -> Iterator[Posted]:
    for posting in postings:
        replayed = posting.transfer_id in answered
        answered.add(posting.transfer_id)
        yield Posted(transfer_id=posting.transfer_id, replayed=replayed, account=results[posting.transfer_id])


def _read(connection: Connection, postings: Iterable[Posting], locked: dict[UUID, Locked]) -> Found:
    debts = [debt_of(one.account.owner_id).id for one in locked.values() if one.account.kind is AccountKind.WALLET]
    rows = connection.execute(
        queries.HEADS,
        {
            "accounts": [*locked, *debts],
            "transfers": [posting.transfer_id for posting in postings],
            "holds": [posting.hold.id for posting in postings if posting.hold],
        },
    )
    found = Found()
    for what, row_id, seq, balance, held, recorded_at, digest, next_expiry_at in rows:
        if what == queries.STORED:
            found.stored[row_id] = digest
        elif what == queries.RESOLUTION:
            found.resolution_id = row_id
        else:
            found.heads[row_id] = Head(row_id, seq, balance, held, recorded_at, digest, next_expiry_at)
    return found


def _add_expiries(connection: Connection, batch: Batch, fresh: Sequence[Posting]) -> None:
    """Release the due holds on accounts of the batch first; not the one that a posting of it resolves anyway."""
    ends = [
        h for h in batch.heads.values() if h.account_id in batch.at and is_due(h.next_expiry_at, batch.at[h.account_id])
    ]
    if not ends:
        return
    window = {
        "accounts": [head.account_id for head in ends],
        "since": min(head.recorded_at for head in ends),
        "until": max(batch.at[head.account_id] for head in ends),
    }
    resolved = {posting.hold.id for posting in fresh if posting.hold}
    for row in connection.execute(queries.DUE, window).all():
        hold = Hold(*row)
        if hold.id not in resolved and is_due(hold.expires_at, batch.at[hold.debit_id]):
            batch.add(expiry(hold))


def _stored_results(connection: Connection, batch: Batch, replays: Sequence[Posting]) -> dict[UUID, AccountState]:
    if not replays:
        return {}
    subjects = {posting.transfer_id: batch.subject_of(posting) for posting in replays}
    rows = connection.execute(queries.RESULTS, {"accounts": list(set(subjects.values())), "transfers": list(subjects)})
    return {
        row.transfer_id: AccountState.of(
            balance=row.balance_after, held=row.held_after, debt=row.debt, seq=row.seq, head=row.hash
        )
        for row in rows
        if subjects[row.transfer_id] == row.account_id
    }


def _insert(connection: Connection, batch: Batch) -> None:
    """Write the batch: transfers, then entries."""
    if batch.transfers:
        _insert_rows(connection, _INSERT_TRANSFERS, batch.transfers)
        _insert_rows(connection, _INSERT_ENTRIES, batch.entries)


def _insert_rows(connection: Connection, statement: Insert, rows: Sequence[Any]) -> None:
    """Insert rows; a fact that is there already ends as the refusal that claims the constraint."""
    try:
        connection.execute(statement, [row._asdict() for row in rows])
    except IntegrityError as error:
        refusal = refusal_for(violated_constraint(error) or "")
        if refusal is None:
            raise
        raise refusal from error
