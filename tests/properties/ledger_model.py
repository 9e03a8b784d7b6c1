"""The ledger as dictionaries: no chain, no database, no locks. Verbs change it or raise what the ledger refuses with."""

import dataclasses
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from timebank.errors import Refusal
from timebank.ledger.errors import (
    AccountClosed,
    AlreadyResolved,
    AlreadyReversed,
    DebtOutstanding,
    HoldExpired,
    InsufficientMinutes,
    OpenHolds,
    RefundTooLarge,
    WalletNotFound,
)

TICK = timedelta(microseconds=1)


@dataclasses.dataclass
class Hold:
    """An open or resolved hold; ``outcome`` is the refusal that a second resolution gets."""

    owner_id: UUID
    minutes: int
    expires_at: datetime
    outcome: type[Refusal] | None = None


@dataclasses.dataclass
class Lot:
    """Minutes that came in together: what is left of them, and what was spent and may come back."""

    at: datetime
    left: int
    spent: int = 0


@dataclasses.dataclass
class Wallet:
    """What is known of a wallet, or of a pool."""

    balance: int = 0
    debt: int = 0
    seq: int = 0
    last: datetime | None = None
    closed: bool = False
    heir: UUID | None = None
    lots: list["Lot"] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Move:
    """What may be refunded or reversed."""

    giver: UUID | None
    receiver: UUID | None
    minutes: int
    refunded: int = 0
    reversed: bool = False


class Model:
    """Wallets, holds, and what has moved."""

    def __init__(self) -> None:
        self.wallets: dict[UUID, Wallet] = {}
        self.holds: dict[UUID, Hold] = {}
        self.moves: dict[UUID, Move] = {}
        self.credited: list[UUID] = []

    def wallet(self, owner_id: UUID) -> Wallet:
        """Return a wallet; somebody without one has zeros."""
        return self.wallets.setdefault(owner_id, Wallet())

    def open_holds(self, owner_id: UUID) -> list[Hold]:
        """Return what is set aside and not resolved, due or not."""
        return [hold for hold in self.holds.values() if hold.owner_id == owner_id and hold.outcome is None]

    def available(self, owner_id: UUID) -> int:
        """Return what can be spent when all due holds are resolved."""
        return self.wallet(owner_id).balance - sum(hold.minutes for hold in self.open_holds(owner_id))

    def heir_of(self, owner_id: UUID) -> UUID:
        """Return who answers for somebody now: after mergers that have moved something, whoever goes on."""
        heir = self.wallet(owner_id).heir
        return self.heir_of(heir) if heir else owner_id

    def reading(self, owner_id: UUID, now: datetime) -> tuple[int, int, int, int]:
        """Return balance, held, debt and seq, whether or not anybody has resolved due holds."""
        wallet = self.wallet(owner_id)
        at = max(now, wallet.last or now)
        held = sum(hold.minutes for hold in self.open_holds(owner_id) if hold.expires_at > at)
        return wallet.balance, held, wallet.debt, wallet.seq

    def due(self, now: datetime) -> list[tuple[datetime, UUID]]:
        """Return what is due and unresolved, oldest first."""
        return sorted((h.expires_at, key) for key, h in self.holds.items() if h.outcome is None and h.expires_at <= now)

    # --- steps --------------------------------------------------------------------------------------------------------

    def begin(self, now: datetime, *owners: UUID, own: UUID | None = None) -> datetime:
        """Find the instant of a batch and resolve what is due by then, but not the hold that it resolves itself."""
        lasts = (self.wallet(owner_id).last for owner_id in owners)
        at = max(now, *(last + TICK for last in lasts if last), now)
        for _, hold_id in self.due(at):
            hold = self.holds[hold_id]
            if hold.owner_id in owners and hold_id != own:
                hold.outcome = HoldExpired
                self._line(hold.owner_id, at)
                self._settle(hold.owner_id, at)
        return at

    def _line(self, owner_id: UUID, at: datetime, minutes: int = 0) -> None:
        wallet = self.wallet(owner_id)
        wallet.seq, wallet.last = wallet.seq + 1, at
        wallet.balance += minutes

    def _settle(self, owner_id: UUID, at: datetime) -> None:
        wallet = self.wallet(owner_id)
        minutes = min(wallet.debt, self.available(owner_id))
        if minutes:
            wallet.debt -= minutes
            self._out(owner_id, at, minutes)

    def _out(self, owner_id: UUID, at: datetime, minutes: int) -> None:
        rest = minutes
        for lot in self.wallet(owner_id).lots:
            taken = min(lot.left, rest)
            lot.left, lot.spent, rest = lot.left - taken, lot.spent + taken, rest - taken
        assert not rest
        self._line(owner_id, at, -minutes)

    def _in(self, owner_id: UUID, at: datetime, minutes: int, *, fresh: bool = True) -> None:
        wallet = self.wallet(owner_id)
        if fresh:
            wallet.lots.append(Lot(at, minutes))
        else:
            rest = minutes
            for lot in reversed(wallet.lots):
                back = min(lot.spent, rest)
                lot.left, lot.spent, rest = lot.left + back, lot.spent - back, rest - back
            assert not rest
        self._line(owner_id, at, minutes)
        self._settle(owner_id, at)

    def _refuse_closed(self, owners: Iterable[UUID]) -> None:
        if any(self.wallet(owner_id).closed for owner_id in owners):
            raise AccountClosed

    def _refuse_spending(self, owner_id: UUID, minutes: int) -> None:
        if self.wallet(owner_id).debt:
            raise DebtOutstanding(debt_minutes=0)
        if minutes > self.available(owner_id):
            raise InsufficientMinutes(needed_minutes=0, available_minutes=0)

    # --- verbs --------------------------------------------------------------------------------------------------------

    def move(self, now: datetime, move_id: UUID, giver: UUID | None, receiver: UUID | None, minutes: int) -> None:
        """Earn, redeem, give, donate, grant: from somebody or from nowhere, to somebody or away."""
        owners = [owner_id for owner_id in (giver, receiver) if owner_id]
        at = self.begin(now, *owners)
        self._refuse_closed(owners)
        if giver:
            self._refuse_spending(giver, minutes)
            self._out(giver, at, minutes)
        if receiver:
            self._in(receiver, at, minutes)
        self.moves[move_id] = Move(giver, receiver, minutes)

    def hold(self, now: datetime, hold_id: UUID, owner_id: UUID, minutes: int, expires_at: datetime) -> None:
        """Set minutes aside."""
        self._hold(self.begin(now, owner_id), hold_id, Hold(owner_id, minutes, expires_at))

    def _hold(self, at: datetime, hold_id: UUID, hold: Hold) -> None:
        self._refuse_closed([hold.owner_id])
        if hold.expires_at <= at:
            raise HoldExpired
        self._refuse_spending(hold.owner_id, hold.minutes)
        self._line(hold.owner_id, at)
        self.holds[hold_id] = hold

    def capture(self, now: datetime, move_id: UUID, hold_id: UUID, minutes: int) -> None:
        """Hand over what was set aside, all or a part."""
        hold = self.holds[hold_id]
        at = self._begin_resolution(now, hold_id)
        if hold.expires_at <= at:
            raise HoldExpired
        if self.wallet(hold.owner_id).debt:
            raise DebtOutstanding(debt_minutes=0)
        if minutes > hold.minutes:
            raise InsufficientMinutes(needed_minutes=0, available_minutes=0)
        hold.outcome = AlreadyResolved
        self._out(hold.owner_id, at, minutes)
        self.moves[move_id] = Move(hold.owner_id, None, minutes)

    def _begin_resolution(self, now: datetime, hold_id: UUID) -> datetime:
        hold = self.holds[hold_id]
        at = self.begin(now, hold.owner_id, own=hold_id)
        self._refuse_closed([hold.owner_id])
        if hold.outcome:
            raise hold.outcome
        return at

    def release(self, now: datetime, hold_id: UUID) -> datetime:
        """Set free what was set aside."""
        at = self._begin_resolution(now, hold_id)
        hold = self.holds[hold_id]
        hold.outcome = AlreadyResolved
        self._line(hold.owner_id, at)
        self._settle(hold.owner_id, at)
        return at

    def extend(self, now: datetime, new_id: UUID, hold_id: UUID, expires_at: datetime) -> None:
        """Set the same minutes aside for longer."""
        hold = self.holds[hold_id]
        at = self.release(now, hold_id)
        if hold.expires_at <= at:
            raise HoldExpired
        self._hold(at, new_id, Hold(hold.owner_id, hold.minutes, expires_at))

    def refund(self, now: datetime, move_id: UUID, minutes: int) -> None:
        """Give minutes of a redemption back."""
        paid = self.moves[move_id]
        assert paid.giver
        giver = self.heir_of(paid.giver)
        at = self.begin(now, giver)
        if paid.refunded + minutes > paid.minutes:
            raise RefundTooLarge(needed_minutes=0, available_minutes=0)
        self._refuse_closed([giver])
        paid.refunded += minutes
        self._in(giver, at, minutes, fresh=False)

    def reverse(self, now: datetime, move_id: UUID) -> None:
        """Take minutes back: what was earned even if it is spent, other people's only if it is there."""
        wrong = self.moves[move_id]
        assert wrong.receiver
        giver, receiver = wrong.giver and self.heir_of(wrong.giver), self.heir_of(wrong.receiver)
        owners = [owner_id for owner_id in (giver, receiver) if owner_id]
        at = self.begin(now, *owners)
        if wrong.reversed:
            raise AlreadyReversed
        self._refuse_closed(owners)
        if giver == receiver:
            raise AccountClosed
        wrong.reversed = True
        taken = min(wrong.minutes, self.available(receiver))
        if giver and taken < wrong.minutes:
            raise InsufficientMinutes(needed_minutes=0, available_minutes=0)
        if taken:
            self._out(receiver, at, taken)
        if giver:
            self._in(giver, at, taken, fresh=False)
        elif taken < wrong.minutes:
            wallet = self.wallet(receiver)
            wallet.debt, wallet.last = wallet.debt + wrong.minutes - taken, at

    def expire(self, now: datetime, owner_id: UUID, cut_off: datetime) -> bool:
        """Take what came in until a cut-off and was not spent; return whether there was something to take."""
        at = self.begin(now, owner_id)
        minutes = min(self.old_minutes(owner_id, cut_off), self.available(owner_id))
        if minutes > 0:
            self._out(owner_id, at, minutes)
        return minutes > 0

    def old_minutes(self, owner_id: UUID, cut_off: datetime) -> int:
        """Return what is left of what came in until a cut-off, the oldest spent first."""
        return sum(lot.left for lot in self.wallet(owner_id).lots if lot.at <= cut_off)

    def merge(self, now: datetime, old: UUID, new: UUID) -> bool:
        """Make two wallets one; return whether anything moved."""
        if not self.wallet(old).seq:
            raise WalletNotFound
        at = self.begin(now, old, new)
        self._refuse_closed([old, new])
        if self.open_holds(old):
            raise OpenHolds(held_minutes=0)
        wallet, other = self.wallet(old), self.wallet(new)
        minutes, owed = wallet.balance, wallet.debt
        if not minutes and not other.seq:
            raise WalletNotFound
        if minutes:
            other.lots = sorted([*other.lots, *wallet.lots], key=lambda lot: lot.at)
            wallet.lots = []
            self._line(old, at, -minutes)
            self._line(new, at, minutes)
            self._settle(new, at)
        elif owed:
            wallet.debt, other.debt, other.last = 0, other.debt + owed, at
            self._settle(new, at)
        self._line(old, at)
        wallet.closed, wallet.heir = True, new if minutes or owed else None
        return bool(minutes or owed)
