"""How every transfer is posted: lock, read, check, chain, insert. One implementation for both engines.

Three statements: the accounts' lock; their last entries together with what is stored under the transfers' ids (a new
statement, because one that has waited for a lock still sees its old snapshot); the transfers with their entries, which
SQLite, and a group, takes one after the other. Holds that have fallen due cost one more, and are released in the same
inserts; debts that can be paid now cost nothing more. A verb whose size follows from what is found under the lock goes
``begin``, ``add``, ``finish`` itself. The key ``(account_id, seq)`` is the last fence.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy.exc import IntegrityError

from timebank import clock
from timebank.constraints import violated_constraint
from timebank.database import session
from timebank.direct import Direct, Rows, at_once
from timebank.errors import refusal_for
from timebank.ledger import queries
from timebank.ledger.accounts import Hold, Locked, by_id, lock, open_accounts
from timebank.ledger.batch import Batch, Found, Head, Stored, is_due
from timebank.ledger.replays import stored_results
from timebank.ledger.rules import Account, AccountKind, AccountState, Posted, debt_of
from timebank.ledger.transfers import Posting, expiry
from timebank.together import Together

_INSERT_TRANSFERS = insert(queries.transfer)
_INSERT_ENTRIES = insert(queries.entry)
_LOCK, _HEADS = Direct(queries.LOCK), Direct(queries.HEADS)
_TRANSFER, _ENTRY = Direct(_INSERT_TRANSFERS), Direct(_INSERT_ENTRIES)
_TRANSFERS, _ENTRIES = Rows(queries.transfer), Rows(queries.entry)
FEW = 6
"""So many at a time go in one round trip: the usual posting, with its debt. Groups are copied in."""
_CLOSE = (
    update(queries.account)
    .where(queries.account.c.id == bindparam("account"))
    .values(closed_at=bindparam("closing", type_=queries.account.c.closed_at.type))
)


def post(postings: Sequence[Posting], accounts: Collection[Account]) -> list[Posted]:
    """Post a group in this transaction, all or nothing; ``accounts`` are its tracked sides.

    A posting that is stored already is answered with its stored result. Raises PostingConflict if its id holds
    something else, and whatever ``Batch.refuse`` finds.
    """
    connection = session.connection()
    wanted = {account.id: account for account in accounts}
    if max(len(wanted), len(postings)) > FEW:
        return post_under_lock(connection, postings, lock(connection, accounts))
    with at_once(connection):  # the lock is waited for, then the next statement sees what was waited for
        locking = _LOCK.send(connection, {"accounts": list(wanted)})
        reading = _HEADS.send(connection, _what_to_read(accounts, [posting.transfer_id for posting in postings], ()))
    locked, found = by_id(locking.rows()), _found(reading.rows())
    if missing := sorted(wanted.keys() - locked.keys()):
        locked |= open_accounts(connection, [wanted[account_id] for account_id in missing], clock.now())
        if wanted.keys() - locked.keys():  # somebody else has opened them meanwhile, and may have posted
            return post_under_lock(connection, postings, lock(connection, accounts))
    return _post(connection, postings, locked, found)


def post_under_lock(connection: Connection, postings: Sequence[Posting], locked: dict[UUID, Locked]) -> list[Posted]:
    """Post a group whose tracked accounts are locked already, and release what of theirs is due."""
    holds = [posting.hold.id for posting in postings if posting.hold]
    found = _read(connection, locked, [posting.transfer_id for posting in postings], holds)
    return _post(connection, postings, locked, found)


def _post(
    connection: Connection, postings: Sequence[Posting], locked: dict[UUID, Locked], found: Found
) -> list[Posted]:
    batch = _batch(
        connection,
        Batch(
            locked,
            found,
            clock.now(),
            together=any(posting.debit_id in locked and posting.credit_id in locked for posting in postings),
        ),
        [posting.transfer_id for posting in postings],
        [posting.hold.id for posting in postings if posting.hold],
    )
    add(batch, postings)
    return finish(connection, batch, postings)


def begin(
    connection: Connection,
    locked: dict[UUID, Locked],
    transfer_ids: Sequence[UUID],
    *,
    holds: Sequence[UUID] = (),
    together: bool = False,
) -> Batch:
    """Read, under the locks, what postings start from, and release what is due.

    Nothing is released for a mere replay, and none of ``holds``, which a posting of the batch resolves anyway.
    """
    found = _read(connection, locked, transfer_ids, holds)
    return _batch(connection, Batch(locked, found, clock.now(), together=together), transfer_ids, holds)


def _batch(connection: Connection, batch: Batch, transfer_ids: Sequence[UUID], holds: Sequence[UUID]) -> Batch:
    if not batch.replayed.issuperset(transfer_ids):
        _add_expiries(connection, batch, holds)
    return batch


def add(batch: Batch, postings: Sequence[Posting]) -> None:
    """Add to a batch what of some postings is not stored yet. Raises what ``Batch.refuse`` finds."""
    fresh = [posting for posting in postings if not batch.is_stored(posting)]
    for posting in fresh:
        if not batch.is_stored(posting):  # twice in one group is posted once
            batch.refuse(posting)
            batch.add(posting)


def finish(connection: Connection, batch: Batch, postings: Sequence[Posting]) -> list[Posted]:
    """Write a batch and return the result of each posting."""
    _insert(connection, batch)
    replays = [posting for posting in postings if posting.transfer_id in batch.replayed]
    results = batch.results | stored_results(
        connection, {posting.transfer_id: batch.locked[batch.subject_of(posting)].account for posting in replays}
    )
    return list(_answers(postings, results, set(batch.replayed)))


def release_due(connection: Connection, locked: dict[UUID, Locked]) -> int:
    """Release what of some locked accounts is due, with no other posting; return how many holds that were."""
    batch = Batch(locked, _read(connection, locked, (), ()), clock.now())
    released = _add_expiries(connection, batch, ())
    _insert(connection, batch)
    return released


def _answers(postings: Sequence[Posting], results: dict[UUID, AccountState], answered: set[UUID]) -> Iterator[Posted]:
    for posting in postings:
        replayed = posting.transfer_id in answered
        answered.add(posting.transfer_id)
        yield Posted(transfer_id=posting.transfer_id, replayed=replayed, account=results[posting.transfer_id])


def _read(
    connection: Connection, locked: dict[UUID, Locked], transfer_ids: Sequence[UUID], holds: Sequence[UUID]
) -> Found:
    what = _what_to_read([one.account for one in locked.values()], transfer_ids, holds)
    return _found(_HEADS.send(connection, what).rows())


def _what_to_read(
    accounts: Collection[Account], transfer_ids: Sequence[UUID], holds: Sequence[UUID]
) -> dict[str, list[UUID]]:
    debts = [debt_of(account.owner_id).id for account in accounts if account.kind is AccountKind.WALLET]
    return {
        "accounts": [*(account.id for account in accounts), *debts],
        "transfers": list(transfer_ids),
        "holds": list(holds),
    }


def _found(rows: Iterable[Any]) -> Found:
    found = Found()
    for what, row_id, seq, balance, held, recorded_at, digest, next_expiry_at, other_id in rows:
        if what == queries.STORED:
            found.stored[row_id] = Stored(request_hash=digest, kind=held, minutes=balance)
        elif what == queries.RESOLUTION:
            found.resolutions[row_id] = other_id
        else:
            found.heads[row_id] = Head(row_id, seq, balance, held, recorded_at, digest, next_expiry_at)
    return found


def _add_expiries(connection: Connection, batch: Batch, but: Sequence[UUID]) -> int:
    """Release the due holds on accounts of the batch first; return how many that were."""
    ends = [
        h for h in batch.heads.values() if h.account_id in batch.at and is_due(h.next_expiry_at, batch.at[h.account_id])
    ]
    if not ends:
        return 0
    window = {
        "accounts": [head.account_id for head in ends],
        "since": min(head.recorded_at for head in ends),
        "until": max(batch.at[head.account_id] for head in ends),
    }
    found = [Hold(*row) for row in connection.execute(queries.DUE, window)]
    due = [hold for hold in found if hold.id not in but and is_due(hold.expires_at, batch.at[hold.debit_id])]
    for hold in due:
        batch.add(expiry(hold))
    return len(due)


def _insert(connection: Connection, batch: Batch) -> None:
    """Write the batch: transfers, then entries, then what they have closed.

    A fact that is there already ends as the refusal that claims the constraint.
    """
    try:
        if max(len(batch.transfers), len(batch.entries)) <= FEW:
            _insert_few(connection, batch)
        else:
            _TRANSFERS.insert(connection, batch.transfers)
            _ENTRIES.insert(connection, batch.entries)
    except IntegrityError as error:
        refusal = refusal_for(violated_constraint(error) or "")
        if refusal is None:
            raise
        raise refusal from error
    for account_id, closed_at in batch.closed.items():
        connection.execute(_CLOSE, {"account": account_id, "closing": closed_at})


def _insert_few(connection: Connection, batch: Batch) -> None:
    if not (batch.transfers or batch.entries):
        return
    writes = Together(connection)
    for insertion, rows in ((_TRANSFER, batch.transfers), (_ENTRY, batch.entries)):
        if rows:
            writes.add(insertion, *[row._asdict() for row in rows])
    writes.send()
