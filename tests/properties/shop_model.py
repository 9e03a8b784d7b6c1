"""What the model of two shops knows: every lot to the piece, every redemption, and what has to come of what is asked."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from timebank.shop.rules import UNDO_WITHIN, MoveKind, RedemptionState, state_at
from timebank.shop.stockkeeping.rules import COUNTABLE, UNDER_WAY, StocktakeState, TransferState, WriteOffState

PRICES = (0, 20, 50)
LIMITED = 0
"""Which goods are limited: at most so many pieces a person in so many days, at both shops together."""
MOST, LIMIT_DAYS = 4, 2
LIFE = timedelta(hours=48)
ENDS = {
    RedemptionState.CANCELLED: "REDEMPTION_CANCELLED",
    RedemptionState.EXPIRED: "HOLD_EXPIRED",
    RedemptionState.HANDED_OVER: "ALREADY_HANDED_OVER",
}
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(eq=False)
class Batch:
    """What came in as one: it expires, and is recalled, wherever it went."""

    what: int
    expires_at: datetime | None
    recalled: bool = False
    restricted: bool = False

    def good_at(self, now: datetime) -> bool:
        """Whether it may still be handed out."""
        return self.expires_at is None or self.expires_at > now


@dataclass(eq=False)
class Lot:
    """What is there of a batch at one shop."""

    id: UUID
    shop: int
    batch: Batch
    received_at: datetime
    on_hand: int = 0
    handed_out_by: set[int] = field(default_factory=set)

    @property
    def leaves(self) -> tuple[datetime, datetime, UUID]:
        """Return its place among those that leave: what expires first goes first."""
        return (self.batch.expires_at or _NEVER, self.received_at, self.id)


Pieces = list[tuple[Lot, int]]
"""Pieces of lots."""


@dataclass(eq=False)
class Held:
    """A redemption; ``taken`` are the pieces of each goods that are paid and not refunded, ``out`` those off the shelf."""

    member: int
    shop: int
    wanted: dict[int, int]
    picks: Pieces
    made_at: datetime
    expires_at: datetime
    state: RedemptionState = RedemptionState.HELD
    extended: bool = False
    taken: dict[int, int] = field(default_factory=dict)
    out: Counter[Lot] = field(default_factory=Counter)
    closed_at: datetime | None = None
    closed_by: int | None = None
    refunded: bool = False
    for_nothing: bool = False

    @property
    def cost(self) -> int:
        """Return what all that was wanted costs, minutes."""
        return self.cost_of(self.wanted)

    def cost_of(self, wanted: Mapping[int, int]) -> int:
        """Return what pieces of it cost, minutes."""
        return 0 if self.for_nothing else cost_of(wanted)

    def state_at(self, now: datetime) -> RedemptionState:
        """Return the state that everyone sees."""
        return state_at(self.state, self.expires_at, now)

    def is_open(self, now: datetime) -> bool:
        """Whether it is held and not due."""
        return self.state_at(now) is RedemptionState.HELD

    def counted(self, what: int, now: datetime) -> int:
        """Return how many pieces of one goods a limit counts of it."""
        return self.wanted.get(what, 0) if self.is_open(now) else self.taken.get(what, 0)

    def handed(self, taken: Mapping[int, int]) -> Pieces:
        """Return the pieces that leave when so much is taken: recalled ones only if nothing else is left."""
        missing, leaving = dict(taken), []
        for lot, pieces in sorted(self.picks, key=lambda pick: (pick[0].batch.recalled, pick[0].leaves)):
            if now_leaving := min(missing.get(lot.batch.what, 0), pieces):
                leaving.append((lot, now_leaving))
                missing[lot.batch.what] -= now_leaving
        return leaving

    def close(self, taken: Mapping[int, int], leaving: Pieces, *, by: int, now: datetime) -> None:
        """Note that it was handed over, by whom."""
        self.state, self.closed_at, self.closed_by = RedemptionState.HANDED_OVER, now, by
        self.taken, self.out = dict(taken), Counter(dict(leaving))
        for lot, _ in leaving:
            lot.handed_out_by.add(by)

    def undo_refused(self, by: int, now: datetime) -> bool:
        """Whether an undo comes too late, or from somebody else."""
        return self.refunded or by != self.closed_by or self.closed_at is None or now - self.closed_at > UNDO_WITHIN

    def restocked(self, what: int, quantity: int, now: datetime) -> Pieces | None:
        """Return where pieces go back to, the longest-lived lot first; nothing if those that are good do not take all."""
        theirs = sorted((lot for lot in self.out if lot.batch.what == what), key=_goes_back)
        back: Pieces = []
        for lot in theirs:
            if lot.batch.good_at(now) and (pieces := min(quantity, self.out[lot])):
                back.append((lot, pieces))
                quantity -= pieces
        return None if quantity else back


def _goes_back(lot: Lot) -> tuple[float, float, UUID]:
    return (-(lot.batch.expires_at or _NEVER).timestamp(), -lot.received_at.timestamp(), lot.id)


@dataclass(eq=False)
class Count:
    """A stocktake: its lots, and by lot what it differs from the books of its moment, and who counted it last."""

    shop: int
    lots: list[Lot]
    state: StocktakeState = StocktakeState.OPEN
    differences: dict[Lot, int] = field(default_factory=dict)
    counted_by: dict[Lot, int] = field(default_factory=dict)
    confirmed_by: int | None = None

    @property
    def under_way(self) -> bool:
        """Whether it keeps another one from being started."""
        return self.state in UNDER_WAY

    @property
    def countable(self) -> bool:
        """Whether counts are taken."""
        return self.state in COUNTABLE


@dataclass(eq=False)
class Asked:
    """A write-off of pieces of one lot."""

    lot: Lot
    quantity: int
    by: int
    state: WriteOffState = WriteOffState.REQUESTED


@dataclass(eq=False)
class Sent:
    """Pieces of one lot that went to the other shop."""

    lot: Lot
    quantity: int
    by: int
    state: TransferState = TransferState.IN_TRANSIT


class Books:
    """All of it: the lots at both shops, what moved them, the redemptions, the minutes."""

    def __init__(self, minutes: list[int]) -> None:
        self.balance = minutes
        self.lots: list[Lot] = []
        self.moved: Counter[tuple[int, int, MoveKind]] = Counter()
        self.held: dict[UUID, Held] = {}
        self.counts: dict[UUID, Count] = {}
        self.asked: dict[UUID, Asked] = {}
        self.sent: dict[UUID, Sent] = {}

    def move(self, kind: MoveKind, moves: Pieces, sign: int = 1) -> None:
        """Book pieces that come to lots, or with ``sign=-1`` leave them."""
        for lot, pieces in moves:
            lot.on_hand += sign * pieces
            self.moved[lot.shop, lot.batch.what, kind] += sign * pieces

    def reserved(self, lot: Lot, now: datetime) -> int:
        """Return how many pieces of a lot open redemptions hold."""
        return sum(pieces for h in self.held.values() if h.is_open(now) for one, pieces in h.picks if one is lot)

    def free(self, lot: Lot, now: datetime) -> int:
        """Return how many pieces of a lot nobody was promised."""
        return lot.on_hand - self.reserved(lot, now)

    def picked(self, shop: int, wanted: Mapping[int, int], now: datetime, *, restricted: bool = False) -> Pieces | None:
        """Return the pieces that a shop can promise, or has for the purpose, first expired first; nothing if it is short."""
        picks: Pieces = []
        for what, quantity in wanted.items():
            missing = quantity
            here = [lot for lot in self.lots if (lot.shop, lot.batch.what) == (shop, what)]
            for lot in sorted(here, key=lambda one: one.leaves):
                fit = lot.batch.good_at(now) and not lot.batch.recalled and lot.batch.restricted == restricted
                if fit and (pieces := min(missing, self.free(lot, now))) > 0:
                    picks.append((lot, pieces))
                    missing -= pieces
            if missing:
                return None
        return picks

    def gift_refusal(self, member: int, shop: int, what: int, quantity: int, now: datetime) -> str | None:
        """Return why a member cannot have pieces that were given for a purpose: they cost nothing, and count."""
        if self.picked(shop, {what: quantity}, now, restricted=True) is None:
            some = self.picked(shop, {what: 1}, now, restricted=True)
            return "OUT_OF_STOCK" if some else "NOTHING_FOR_PURPOSE"
        if what == LIMITED and self.used(member, now) + quantity > MOST:
            return "LIMIT_REACHED"
        return None

    def used(self, member: int, now: datetime) -> int:
        """Return how many of the limited pieces of these days a member has or was promised."""
        since = now - timedelta(days=LIMIT_DAYS)
        theirs = [held for held in self.held.values() if held.member == member and held.made_at > since]
        return sum(held.counted(LIMITED, now) for held in theirs)

    def spendable(self, member: int, now: datetime) -> int:
        """Return what a member may still spend, minutes."""
        return self.balance[member] - sum(
            held.cost for held in self.held.values() if held.member == member and held.is_open(now)
        )

    def refusal(self, member: int, shop: int, wanted: Mapping[int, int], now: datetime) -> str | None:
        """Return why a member cannot have what they want: goods are asked first, then the limit, then minutes."""
        if self.picked(shop, wanted, now) is None:
            return "OUT_OF_STOCK"
        if wanted.get(LIMITED, 0) and self.used(member, now) + wanted[LIMITED] > MOST:
            return "LIMIT_REACHED"
        if cost_of(wanted) > self.spendable(member, now):
            return "INSUFFICIENT_MINUTES"
        return None


def cost_of(wanted: Mapping[int, int]) -> int:
    """Return what pieces cost, minutes."""
    return sum(count * PRICES[what] for what, count in wanted.items())
