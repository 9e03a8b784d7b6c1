"""A batch: transfers that are asked for, checked against the ends of their accounts' chains and chained to them.

No database here: what comes in was read under the accounts' locks, what comes out is inserted as it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from timebank.ledger import chain
from timebank.ledger.accounts import Hold, Locked
from timebank.ledger.chain import EntryRow, TransferRow
from timebank.ledger.errors import (
    AccountClosed,
    AlreadyResolved,
    DebtOutstanding,
    HoldExpired,
    InsufficientMinutes,
    PostingConflict,
)
from timebank.ledger.rules import (
    LEAVES_IN_SPITE_OF_DEBT,
    Account,
    AccountKind,
    AccountState,
    Kind,
    Phase,
    debit_effect,
    debt_of,
    expiry_id,
    moves,
    wallet_of,
)
from timebank.ledger.transfers import Posting, settlement

TICK = timedelta(microseconds=1)
"""Two batches on one account never carry the same instant, so that a balance at an instant is one value."""


@dataclass(slots=True)
class Head:
    """The end of an account's chain."""

    account_id: UUID
    seq: int
    balance: int
    held: int
    recorded_at: datetime
    hash: bytes
    next_expiry_at: datetime | None = None


class Stored(NamedTuple):
    """What is known of a transfer that is stored already; verbs that decide on kind and size decide alike again."""

    request_hash: bytes
    kind: int
    minutes: int


@dataclass(slots=True)
class Found:
    """What was read under the locks: ends of chains, stored transfers, and what has resolved which hold."""

    heads: dict[UUID, Head] = field(default_factory=dict)
    stored: dict[UUID, Stored] = field(default_factory=dict)
    resolutions: dict[UUID, UUID] = field(default_factory=dict)


class Batch:
    """Transfers and entries that go to the database together; its heads move on with each.

    ``together`` has all of them carry one instant, as a transfer between two tracked accounts needs.
    """

    def __init__(self, locked: dict[UUID, Locked], found: Found, now: datetime, *, together: bool = False) -> None:
        debts = _debts(locked.values(), found.heads)
        self.locked = locked | debts
        self._has_debts = bool(debts) or any(one.account.kind is AccountKind.DEBT for one in locked.values())
        self.heads = found.heads
        self.stored = dict(found.stored)
        self.replayed = frozenset(found.stored)
        self.resolutions = found.resolutions
        self.at = _instants(self.locked, found.heads, now, together=together)
        self.transfers: list[TransferRow] = []
        self.entries: list[EntryRow] = []
        self.closed: dict[UUID, datetime] = {}
        self.results: dict[UUID, AccountState] = {}

    def admit(self, one: Locked, at: datetime) -> None:
        """Take in an account that was opened for this batch."""
        self.locked[one.account.id] = one
        self.at[one.account.id] = at
        self._has_debts = self._has_debts or one.account.kind is AccountKind.DEBT

    def available(self, account_id: UUID) -> int:
        """Return what can leave an account now."""
        head = self.heads.get(account_id)
        return head.balance - head.held if head else 0

    def owed(self, owner_id: UUID) -> int:
        """Return what a person owes now."""
        if not self._has_debts:
            return 0
        head = self.heads.get(debt_of(owner_id).id)
        return head.balance if head else 0

    def is_stored(self, posting: Posting) -> bool:
        """Return whether this very posting is there already; raise PostingConflict if another one has its id."""
        if posting.transfer_id not in self.stored:
            return False
        if not self.is_same(posting):
            raise PostingConflict
        return True

    def is_same(self, posting: Posting) -> bool:
        """Return whether what is stored under a posting's id is this very posting."""
        return self.stored[posting.transfer_id].request_hash == self._row(posting).request_hash

    def refuse(self, posting: Posting) -> None:
        """Raise what speaks against a posting: a closed account, a hold that is gone, minutes that are not there."""
        for side in self._sides(posting):
            if self.locked[side].closed_at is not None:
                raise AccountClosed
        if posting.hold:
            self._refuse_resolution(posting, posting.hold)
            return
        if posting.phase is Phase.HOLD and is_due(posting.expires_at, self._instant(posting)):
            raise HoldExpired
        if posting.debit_id in self.locked:
            self._refuse_debtor(posting)
            _require(posting.minutes, self.available(posting.debit_id))

    def _refuse_resolution(self, posting: Posting, hold: Hold) -> None:
        resolution_id = self.resolutions.get(hold.id)
        if resolution_id is not None:
            raise HoldExpired if resolution_id == expiry_id(hold.id) else AlreadyResolved
        if posting.phase is Phase.CAPTURE:
            if is_due(hold.expires_at, self._instant(posting)):
                raise HoldExpired
            self._refuse_debtor(posting)
            _require(posting.minutes, hold.minutes)

    def _refuse_debtor(self, posting: Posting) -> None:
        giver = self.locked[posting.debit_id].account
        if giver.kind is not AccountKind.WALLET or posting.kind in LEAVES_IN_SPITE_OF_DEBT:
            return
        if owed := self.owed(giver.owner_id):
            raise DebtOutstanding(debt_minutes=owed)

    def add(self, posting: Posting) -> None:
        """Chain a posting to the heads of its tracked sides; what it makes available pays a debt first."""
        wallet = self._eased_by(posting)
        if wallet and self.owed(wallet.owner_id):
            posting = replace(posting, batch_id=posting.batch_id or posting.transfer_id)
        self._append(posting)
        if wallet:
            minutes = min(self.owed(wallet.owner_id), self.available(wallet.id))
            for part in settlement(posting, wallet.owner_id, minutes) if minutes else ():
                self._append(part)
        self.results[posting.transfer_id] = self.state_of(self.subject_of(posting))

    def _eased_by(self, posting: Posting) -> Account | None:
        """Return the wallet that has more to give after a posting, or more to pay."""
        side = posting.credit_id if moves(posting.phase) else posting.debit_id
        if posting.phase is Phase.HOLD or side not in self.locked:
            return None
        account = self.locked[side].account
        if account.kind is AccountKind.DEBT and posting.kind is Kind.MERGE:
            return wallet_of(account.owner_id)
        return account if account.kind is AccountKind.WALLET else None

    def close(self, account_id: UUID) -> None:
        """End an account's chain with a line that moves nothing."""
        head = self.heads.get(account_id) or self._genesis(account_id)
        at = self.at[account_id]
        self._chain(None, EntryRow(account_id, head.seq + 1, None, 0, 0, 0, 0, at, chain.NO_HASH), head)
        self.closed[account_id] = at

    def subject_of(self, posting: Posting) -> UUID:
        """Return the account that a result is about: the giver's, or the receiver's if only that one is tracked.

        After a merger it is what goes on, and of a debt it is the wallet beside it.
        """
        sides = self._sides(posting)
        account = self.locked[sides[-1] if posting.kind is Kind.MERGE else sides[0]].account
        return wallet_of(account.owner_id).id if account.kind is AccountKind.DEBT else account.id

    def _sides(self, posting: Posting) -> list[UUID]:
        return [side for side in (posting.debit_id, posting.credit_id) if side in self.locked]

    def _instant(self, posting: Posting) -> datetime:
        return max(map(self.at.__getitem__, self._sides(posting)))

    def _row(self, posting: Posting) -> TransferRow:
        return posting.row(self._instant(posting))

    def _append(self, posting: Posting) -> None:
        row = self._row(posting)
        self.transfers.append(row)
        self.stored[row.id] = Stored(row.request_hash, row.kind, row.minutes)
        if row.debit_id in self.locked:
            held = posting.hold.minutes if posting.hold else 0
            self._enter(row, row.debit_id, *debit_effect(posting.phase, row.minutes, held))
        if row.credit_id in self.locked and moves(posting.phase):
            self._enter(row, row.credit_id, row.minutes, 0)

    def _enter(self, row: TransferRow, account_id: UUID, minutes: int, held_minutes: int) -> None:
        head = self.heads.get(account_id) or self._genesis(account_id)
        entry = EntryRow(
            account_id=account_id,
            seq=head.seq + 1,
            transfer_id=row.id,
            minutes=minutes,
            held_minutes=held_minutes,
            balance_after=head.balance + minutes,
            held_after=head.held + held_minutes,
            recorded_at=row.recorded_at,
            hash=chain.NO_HASH,
        )
        self._chain(row, entry, head)

    def _chain(self, row: TransferRow | None, entry: EntryRow, head: Head) -> None:
        entry = EntryRow(*entry[:-1], chain.entry_hash(entry, row, head.hash))
        self.entries.append(entry)
        self.heads[entry.account_id] = Head(
            entry.account_id, entry.seq, entry.balance_after, entry.held_after, entry.recorded_at, entry.hash
        )

    def _genesis(self, account_id: UUID) -> Head:
        one = self.locked[account_id]
        return Head(account_id, 0, 0, 0, one.opened_at, chain.genesis(one.account, one.opened_at))

    def state_of(self, account_id: UUID) -> AccountState:
        """Return what an account has now."""
        head = self.heads[account_id]
        owed = self.owed(self.locked[account_id].account.owner_id)
        return AccountState.of(balance=head.balance, held=head.held, debt=owed, seq=head.seq, head=head.hash)


def is_due(expires_at: datetime | None, at: datetime) -> bool:
    """Return whether a hold's time is over."""
    return expires_at is not None and expires_at <= at


def _debts(locked: Iterable[Locked], heads: dict[UUID, Head]) -> dict[UUID, Locked]:
    """Return the debt accounts beside locked wallets: the lock of a wallet is the lock of its owner's debt too."""
    wallets = [one for one in locked if one.account.kind is AccountKind.WALLET]
    return {
        head.account_id: Locked(debt_of(one.account.owner_id), head.recorded_at, one.closed_at)
        for one in wallets
        if (head := heads.get(debt_of(one.account.owner_id).id))
    }


def _instants(
    locked: dict[UUID, Locked], heads: dict[UUID, Head], now: datetime, *, together: bool
) -> dict[UUID, datetime]:
    """Return when each account's postings are recorded: now, but after everything that its owner has on record."""
    latest: dict[UUID, datetime] = {}
    for one in locked.values():
        owner = one.account.owner_id
        ends = [heads[i].recorded_at + TICK for i in (one.account.id, debt_of(owner).id) if i in heads]
        latest[owner] = max(now, one.opened_at, *ends, latest.get(owner, now))
    if together:
        return dict.fromkeys(locked, max(latest.values()))
    return {account_id: latest[one.account.owner_id] for account_id, one in locked.items()}


def _require(needed: int, available: int) -> None:
    if needed > available:
        raise InsufficientMinutes(needed_minutes=needed, available_minutes=available)
