"""Reversals: what was posted wrongly is taken back by a new fact; nothing is ever deleted."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection

from timebank.database import session
from timebank.ledger import posting, queries
from timebank.ledger.accounts import Locked, Move, lock_of_move, open_accounts
from timebank.ledger.batch import Batch
from timebank.ledger.errors import AccountClosed, AlreadyReversed
from timebank.ledger.heirs import is_closed, lock_heirs, stage_of
from timebank.ledger.rules import REVERSIBLE, SHORTFALL, Kind, Posted, SourceType, debt_of, shortfall_id
from timebank.ledger.transfers import Posting

__all__ = ["reverse"]


def reverse(*, transfer_id: UUID, reverses: UUID, source_id: UUID, actor_id: UUID) -> Posted:
    """Reverse an earning, gift, donation or grant, once; ``source_id`` is the correction as a fact.

    Of an earning, what is available is taken back and the rest is owed from then on: whatever becomes available pays
    it, before anything else leaves the wallet. The others are reversed whole, or not at all: minutes that somebody
    else has given are not made good by the issuer. Of somebody whose account was merged into another, that one answers.

    Raises TransferNotFound, AlreadyReversed; InsufficientMinutes if a gift, donation or grant has been spent;
    AccountClosed if an empty account was merged away, or giver and receiver became one.
    """
    connection = session.connection()
    wrong, locked = lock_of_move(connection, reverses, REVERSIBLE)
    stages = lock_heirs(connection, wrong, locked)
    batch = posting.begin(connection, locked, [transfer_id], together=len(locked) > 1)
    if transfer_id not in batch.replayed:
        wrong = stages[-1]
        _refuse(connection, wrong, locked)
    elif len(stages) > 1:
        wrong = stage_of(connection, transfer_id, stages, locked) or wrong
    back = Posting(
        transfer_id=transfer_id,
        kind=Kind.REVERSE,
        debit_id=wrong.credit_id,
        credit_id=wrong.debit_id,
        minutes=wrong.minutes,
        source_type=SourceType.CORRECTION,
        source_id=source_id,
        actor_id=actor_id,
        reverses=wrong.id,
    )
    postings = list(_parts(connection, batch, wrong, back)) if wrong.kind is Kind.EARN else [back]
    posting.add(batch, postings)
    return posting.finish(connection, batch, postings)[-1]


def _refuse(connection: Connection, wrong: Move, locked: dict[UUID, Locked]) -> None:
    if connection.scalar(queries.REVERSAL, {"transfer": wrong.id}):
        raise AlreadyReversed
    if is_closed(wrong, locked):
        raise AccountClosed  # before an account is opened for its debt


def _parts(connection: Connection, batch: Batch, wrong: Move, back: Posting) -> Iterator[Posting]:
    """Yield what is owed from now on, then what is taken back; that one carries ``reverses``, or the only one does."""
    taken = _taken(batch, wrong, back.transfer_id)
    again = back.transfer_id in batch.replayed
    if taken < wrong.minutes and not (again and taken):
        yield _owed(connection, batch, back, wrong.minutes - taken, alone=not taken)
    if taken:
        yield replace(back, minutes=taken, batch_id=back.transfer_id if taken < wrong.minutes else None)


def _taken(batch: Batch, wrong: Move, transfer_id: UUID) -> int:
    """Return how much is taken from the wallet: as the first time, or what is available up to the whole."""
    known = batch.stored.get(transfer_id)
    if known is None:
        return min(batch.available(wrong.credit_id), wrong.minutes)
    return 0 if known.kind == Kind.INCUR_DEBT else min(known.minutes, wrong.minutes)


def _owed(connection: Connection, batch: Batch, back: Posting, minutes: int, *, alone: bool) -> Posting:
    wallet = batch.locked[back.debit_id].account
    debt = debt_of(wallet.owner_id)
    if debt.id not in batch.locked:
        at = batch.at[wallet.id]
        batch.admit(open_accounts(connection, [debt], at)[debt.id], at)
    return replace(
        back,
        transfer_id=back.transfer_id if alone else shortfall_id(back.transfer_id),
        kind=Kind.INCUR_DEBT,
        debit_id=SHORTFALL.id,
        credit_id=debt.id,
        minutes=minutes,
        reverses=back.reverses if alone else None,
        batch_id=back.transfer_id,
    )
