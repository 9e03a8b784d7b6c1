"""A batch: transfers that are asked for, checked against the ends of their accounts' chains and chained to them.

No database here: what comes in was read under the accounts' locks, what comes out is inserted as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from timebank.database import NIL
from timebank.ledger import chain
from timebank.ledger.accounts import Hold, Locked
from timebank.ledger.chain import EntryRow, TransferRow
from timebank.ledger.errors import AccountClosed, AlreadyResolved, HoldExpired, InsufficientMinutes, PostingConflict
from timebank.ledger.rules import (
    MAX_MINUTES,
    AccountState,
    Kind,
    Phase,
    SourceType,
    debit_effect,
    debt_of,
    expiry_id,
    moves,
)

TICK = timedelta(microseconds=1)
"""Two postings to one account never carry the same instant, so that a balance at an instant is one value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A transfer that is asked for. Raises ValueError if ``minutes`` is no whole number from 1 to MAX_MINUTES."""

    transfer_id: UUID
    kind: Kind
    debit_id: UUID
    credit_id: UUID
    minutes: int
    source_type: SourceType
    source_id: UUID
    actor_id: UUID
    phase: Phase = Phase.SINGLE
    hold: Hold | None = None
    reverses: UUID | None = None
    refunds: UUID | None = None
    batch_id: UUID | None = None
    expires_at: datetime | None = None
    occurred_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.minutes <= MAX_MINUTES:
            raise ValueError(f"a transfer moves 1 to {MAX_MINUTES} minutes")

    def row(self, recorded_at: datetime) -> TransferRow:
        """Return the transfer as it is stored."""
        row = TransferRow(
            id=self.transfer_id,
            debit_id=self.debit_id,
            credit_id=self.credit_id,
            minutes=self.minutes,
            kind=int(self.kind),
            phase=int(self.phase),
            source_type=int(self.source_type),
            source_id=self.source_id,
            resolves=self.hold.id if self.hold else None,
            reverses=self.reverses,
            refunds=self.refunds,
            batch_id=self.batch_id,
            expires_at=self.expires_at,
            occurred_at=self.occurred_at or recorded_at,
            recorded_at=recorded_at,
            actor_id=self.actor_id,
            request_hash=chain.NO_HASH,
        )
        return row._replace(request_hash=chain.request_hash(row, self.occurred_at))


def expiry(hold: Hold) -> Posting:
    """Return the release of a due hold, the same whoever writes it."""
    return Posting(
        transfer_id=expiry_id(hold.id),
        kind=Kind(hold.kind),
        phase=Phase.RELEASE,
        debit_id=hold.debit_id,
        credit_id=hold.credit_id,
        minutes=hold.minutes,
        source_type=SourceType(hold.source_type),
        source_id=hold.source_id,
        actor_id=NIL,
        hold=hold,
        occurred_at=hold.expires_at,
    )


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


@dataclass(slots=True)
class Found:
    """What was read under the locks: ends of chains, request hashes of stored transfers, what resolved the hold."""

    heads: dict[UUID, Head] = field(default_factory=dict)
    stored: dict[UUID, bytes] = field(default_factory=dict)
    resolution_id: UUID | None = None


class Batch:
    """Transfers and entries that go to the database together; its heads move on with each."""

    def __init__(self, locked: dict[UUID, Locked], found: Found, postings: Sequence[Posting], now: datetime) -> None:
        self.locked = locked
        self.heads = found.heads
        self.stored = dict(found.stored)
        self.resolution_id = found.resolution_id
        self.at = _instants(locked, found.heads, postings, now)
        self.transfers: list[TransferRow] = []
        self.entries: list[EntryRow] = []
        self.results: dict[UUID, AccountState] = {}

    def is_stored(self, posting: Posting) -> bool:
        """Return whether this very posting is there already; raise PostingConflict if another one has its id."""
        known = self.stored.get(posting.transfer_id)
        if known is not None and known != self._row(posting).request_hash:
            raise PostingConflict
        return known is not None

    def refuse(self, posting: Posting) -> None:
        """Raise what speaks against a posting: a closed account, a hold that is gone, minutes that are not there."""
        if any(self.locked[side].closed_at is not None for side in self._sides(posting)):
            raise AccountClosed
        if posting.hold:
            self._refuse_resolution(posting, posting.hold)
            return
        if posting.phase is Phase.HOLD and is_due(posting.expires_at, self._instant(posting)):
            raise HoldExpired
        if posting.debit_id in self.locked:
            head = self.heads.get(posting.debit_id)
            _require(posting.minutes, head.balance - head.held if head else 0)

    def _refuse_resolution(self, posting: Posting, hold: Hold) -> None:
        if self.resolution_id is not None:
            raise HoldExpired if self.resolution_id == expiry_id(hold.id) else AlreadyResolved
        if posting.phase is Phase.CAPTURE:
            if is_due(hold.expires_at, self._instant(posting)):
                raise HoldExpired
            _require(posting.minutes, hold.minutes)

    def add(self, posting: Posting) -> None:
        """Chain a posting to the heads of its tracked sides."""
        row = self._row(posting)
        self.transfers.append(row)
        self.stored[row.id] = row.request_hash
        if row.debit_id in self.locked:
            held = posting.hold.minutes if posting.hold else 0
            self._chain(row, row.debit_id, *debit_effect(posting.phase, row.minutes, held))
        if row.credit_id in self.locked and moves(posting.phase):
            self._chain(row, row.credit_id, row.minutes, 0)
        self.results[row.id] = self._state(self.subject_of(posting))

    def subject_of(self, posting: Posting) -> UUID:
        """Return the account that a result is about: the giver's, or the receiver's if only that one is tracked."""
        return self._sides(posting)[0]

    def _sides(self, posting: Posting) -> list[UUID]:
        return [side for side in (posting.debit_id, posting.credit_id) if side in self.locked]

    def _instant(self, posting: Posting) -> datetime:
        return max(self.at[side] for side in self._sides(posting))

    def _row(self, posting: Posting) -> TransferRow:
        return posting.row(self._instant(posting))

    def _chain(self, row: TransferRow, account_id: UUID, minutes: int, held_minutes: int) -> None:
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
        entry = entry._replace(hash=chain.entry_hash(entry, row, head.hash))
        self.entries.append(entry)
        self.heads[account_id] = Head(
            account_id, entry.seq, entry.balance_after, entry.held_after, entry.recorded_at, entry.hash
        )

    def _genesis(self, account_id: UUID) -> Head:
        one = self.locked[account_id]
        return Head(account_id, 0, 0, 0, one.opened_at, chain.genesis(one.account, one.opened_at))

    def _state(self, account_id: UUID) -> AccountState:
        head = self.heads[account_id]
        debt = self.heads.get(debt_of(self.locked[account_id].account.owner_id).id)
        return AccountState.of(
            balance=head.balance, held=head.held, debt=debt.balance if debt else 0, seq=head.seq, head=head.hash
        )


def is_due(expires_at: datetime | None, at: datetime) -> bool:
    """Return whether a hold's time is over."""
    return expires_at is not None and expires_at <= at


def _instants(
    locked: dict[UUID, Locked], heads: dict[UUID, Head], postings: Sequence[Posting], now: datetime
) -> dict[UUID, datetime]:
    """Return when each account's postings are recorded: now, but after everything that its owner has on record.

    Where a posting has two tracked sides, the whole group shares one instant.
    """
    latest: dict[UUID, datetime] = {}
    for one in locked.values():
        owner = one.account.owner_id
        ends = [heads[i].recorded_at + TICK for i in (one.account.id, debt_of(owner).id) if i in heads]
        latest[owner] = max(now, one.opened_at, *ends, latest.get(owner, now))
    if any(posting.debit_id in locked and posting.credit_id in locked for posting in postings):
        return dict.fromkeys(locked, max(latest.values()))
    return {account_id: latest[one.account.owner_id] for account_id, one in locked.items()}


def _require(needed: int, available: int) -> None:
    if needed > available:
        raise InsufficientMinutes(needed_minutes=needed, available_minutes=available)
