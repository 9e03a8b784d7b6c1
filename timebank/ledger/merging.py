"""Merging: two registrations of one person become one account."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection

from timebank.database import session
from timebank.ledger import posting
from timebank.ledger.accounts import Locked, lock, lock_known, open_accounts
from timebank.ledger.batch import Batch
from timebank.ledger.errors import AccountClosed, OpenHolds, WalletNotFound
from timebank.ledger.rules import Account, Kind, Posted, SourceType, debt_of, wallet_of
from timebank.ledger.transfers import Posting

__all__ = ["merge"]


def merge(*, transfer_id: UUID, from_owner_id: UUID, into_owner_id: UUID, source_id: UUID, actor_id: UUID) -> Posted:
    """Move all minutes or the debt of one owner to another, and close the accounts of the first for good.

    Whatever is owed is paid from what is there, on either side. Minutes keep their age (``ages``). An empty wallet
    is closed without a transfer, so that its merger is answered with the present state of the account that goes on.

    Raises OpenHolds, AccountClosed, and WalletNotFound if one of the two has no wallet (minutes open the second one; a
    debt or nothing does not). ValueError for one and the same owner.
    """
    connection = session.connection()
    old, new = wallet_of(from_owner_id), wallet_of(into_owner_id)
    batch = posting.begin(connection, _lock(connection, old, new), [transfer_id], together=True)
    moving = Posting(
        transfer_id=transfer_id,
        kind=Kind.MERGE,
        debit_id=old.id,
        credit_id=new.id,
        minutes=1,
        source_type=SourceType.MERGE,
        source_id=source_id,
        actor_id=actor_id,
        batch_id=transfer_id,
    )
    if transfer_id in batch.replayed:
        return posting.finish(connection, batch, [_as_stored(batch, moving, old, new)])[0]
    _refuse(batch, old, new)
    postings = _sized(connection, batch, moving, old, new)
    posting.add(batch, postings)
    for account in (old, debt_of(old.owner_id)):
        if account.id in batch.heads:
            batch.close(account.id)
    posted = posting.finish(connection, batch, postings)
    return posted[0] if posted else Posted(transfer_id=transfer_id, replayed=False, account=batch.state_of(new.id))


def _lock(connection: Connection, old: Account, new: Account) -> dict[UUID, Locked]:
    if old == new:
        raise ValueError("an account is not merged into itself")
    locked = lock_known(connection, [old, new])
    if old.id not in locked:
        raise WalletNotFound
    return locked if new.id in locked else locked | lock(connection, [new])


def _refuse(batch: Batch, old: Account, new: Account) -> None:
    if any(batch.locked[account.id].closed_at is not None for account in (old, new)):
        raise AccountClosed
    head = batch.heads[old.id]
    if head.held:
        raise OpenHolds(held_minutes=head.held)
    if new.id not in batch.heads and not head.balance:
        raise WalletNotFound


def _sized(connection: Connection, batch: Batch, moving: Posting, old: Account, new: Account) -> list[Posting]:
    """Return what moves: minutes, or a debt, or nothing; never both, because minutes that are there pay a debt."""
    if minutes := batch.heads[old.id].balance:
        return [replace(moving, minutes=minutes)]
    owed = batch.owed(old.owner_id)
    if not owed:
        return []
    debt = debt_of(new.owner_id)
    if debt.id not in batch.locked:
        at = batch.at[new.id]
        batch.admit(open_accounts(connection, [debt], at)[debt.id], at)
    return [replace(moving, debit_id=debt_of(old.owner_id).id, credit_id=debt.id, minutes=owed)]


def _as_stored(batch: Batch, moving: Posting, old: Account, new: Account) -> Posting:
    """Return the merger as it was sized the first time. Raises PostingConflict if its id is another posting's."""
    moved = replace(moving, minutes=batch.stored[moving.transfer_id].minutes)
    debts = debt_of(old.owner_id).id, debt_of(new.owner_id).id
    if batch.locked.keys() >= set(debts):
        owed = replace(moved, debit_id=debts[0], credit_id=debts[1])
        if batch.is_same(owed):
            return owed
    batch.is_stored(moved)
    return moved
