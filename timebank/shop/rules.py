"""Kinds, states and arithmetic of the shop; nothing here reads a clock or a database."""

import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

LOCK_OUT_AFTER = 10
LOCK_OUT_WINDOW = timedelta(minutes=10)
DEFAULT_RESERVATION_HOURS = 48
REF_LENGTH = 10
UNDO_WITHIN = timedelta(minutes=15)
"""So long the clerk who handed over may undo it; later it is a refund."""
HEAD_DIGITS = 8
"""How much of the member's ledger head a receipt carries: the last 8 hex digits."""

_BARCODE = re.compile(r"[0-9]{13,14}")
EAN13_DIGITS = 13
MAX_PIECES = 1_000_000
"""Pieces in one line of anything."""
MAX_PACK = 10_000
"""Pieces that one barcode stands for."""
_NEVER = datetime.max.replace(tzinfo=UTC)


class Source(StrEnum):
    """Where goods come from."""

    DONATED = "donated"
    PURCHASED = "purchased"
    MERCHANT = "merchant"


class Lane(StrEnum):
    """``shelf``: goods that keep. ``same_day``: food of the day, free, that goes within hours (rule R34)."""

    SHELF = "shelf"
    SAME_DAY = "same_day"


class Condition(StrEnum):
    """What state a donated thing is in (rule R31); what is worse is not taken in."""

    NEW = "new"
    LIKE_NEW = "like_new"
    USABLE = "usable"


class DonorKind(StrEnum):
    """Who gives (rule R31); whoever wants no name on it stays anonymous."""

    PERSON = "person"
    FIRM = "firm"
    ANONYMOUS = "anonymous"


class MoveKind(StrEnum):
    """Why stock of a lot moves."""

    INTAKE = "intake"
    RESERVE = "reserve"
    RELEASE = "release"
    HAND_OVER = "hand_over"
    RETURN = "return"
    TRANSFER = "transfer"
    COUNT_DIFFERENCE = "count_difference"
    WRITE_OFF = "write_off"


class RedemptionState(StrEnum):
    """The life of a redemption: held, and then one of the three ends."""

    HELD = "held"
    HANDED_OVER = "handed_over"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class RefundKind(StrEnum):
    """``undo``: the clerk's own slip, within minutes. ``refund``: goods that were brought back."""

    UNDO = "undo"
    REFUND = "refund"


class Channel(StrEnum):
    """How a redemption came about."""

    RESERVATION = "reservation"
    COUNTER = "counter"


class Series(StrEnum):
    """What is numbered without gaps, per site and day."""

    INTAKE = "intake"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces of one goods that somebody wants or takes."""

    goods_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line of a redemption as it is shown.

    ``handed_over`` pieces of ``quantity`` have left the shop, ``refunded`` of them have come back.
    """

    line_no: int
    goods_id: UUID
    name: str
    unit: str
    quantity: int
    price_minutes: int
    handed_over: int = 0
    refunded: int = 0

    @property
    def still_out(self) -> int:
        """How many pieces have left and not come back."""
        return self.handed_over - self.refunded

    def handing(self, pieces: int) -> "PricedLine":
        """Return this line with that many of its pieces handed over."""
        return replace(self, handed_over=pieces)

    def taking(self, pieces: int) -> "PricedLine":
        """Return this line as if no more than those pieces had been wanted, all of them handed over."""
        return replace(self, quantity=pieces, handed_over=pieces)


@dataclass(frozen=True, slots=True)
class Level:
    """What a lot holds after its last move (``seq``); ``due`` is reserved for redemptions whose time is over."""

    lot_id: UUID
    goods_id: UUID
    expires_at: datetime | None
    received_at: datetime
    seq: int
    on_hand: int
    reserved: int
    due: int = 0
    recalled: bool = False
    restricted: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is for everybody: neither recalled (rule R34) nor given for a purpose (rule R32)."""
        return not (self.recalled or self.restricted)

    def is_for(self, kept: Collection[UUID] | None) -> bool:
        """Whether it may be picked: one of those that are ``kept`` for a purpose, or without any one for everybody."""
        return self.is_open if kept is None else self.lot_id in kept and not self.recalled

    @property
    def available(self) -> int:
        """How many pieces can be promised: a due redemption counts as gone before anybody has written so."""
        return self.on_hand - self.reserved + self.due

    def good_at(self, instant: datetime) -> bool:
        """Whether the lot may be handed out at ``instant`` (rule R33: an expired one leaves only by a write-off)."""
        return self.expires_at is None or self.expires_at > instant


@dataclass(frozen=True, slots=True)
class Pick:
    """Pieces taken from one lot for one line."""

    line_no: int
    lot_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class OpenReserve:
    """Pieces of one lot that are promised to a line: the ``reserve`` move that a later move resolves."""

    lot_id: UUID
    seq: int
    reserved: int
    redemption_id: UUID
    line_no: int


def is_barcode(text: str) -> bool:
    """Whether ``text`` is an EAN-13, or an ITF-14 as cases carry it, with the right check digit (GB 12904, GB/T 16830).

    A mistyped digit is always caught.
    """
    if not _BARCODE.fullmatch(text):
        return False
    weighted = sum(int(digit) * (1 if index % 2 else 3) for index, digit in enumerate(reversed(text[:-1])))
    return -weighted % 10 == int(text[-1])


def is_ean13(text: str) -> bool:
    """Whether ``text`` is an EAN-13, as a single piece carries it."""
    return len(text) == EAN13_DIGITS and is_barcode(text)


def summed(lines: Iterable[Line]) -> list[Line]:
    """Return one line per goods, in the order of first mention: three lines of one goods are one wish."""
    totals: dict[UUID, int] = {}
    for line in lines:
        totals[line.goods_id] = totals.get(line.goods_id, 0) + line.quantity
    return [Line(goods_id, quantity) for goods_id, quantity in totals.items()]


def first_expired_first(levels: Iterable[Level]) -> list[Level]:
    """Return lots in the order in which they leave: by expiry, then by intake; what never expires comes last."""
    return sorted(levels, key=lambda level: (level.expires_at or _NEVER, level.received_at, level.lot_id))


def pick(
    levels: Iterable[Level], wanted: Sequence[Line], at: datetime, *, kept: Collection[UUID] | None = None
) -> tuple[list[Pick], dict[UUID, int]]:
    """Choose lots for ``wanted`` (one line per goods), first expired first, none that has expired ``at`` then.

    What is recalled or given for a purpose is passed by; with ``kept``, the lots given for the purpose at hand, everything
    else is. Returns the picks, and for each goods that is short how many pieces are available.
    """
    picks: list[Pick] = []
    short: dict[UUID, int] = {}
    ordered = first_expired_first(level for level in levels if level.is_for(kept) and level.good_at(at))
    for line_no, line in enumerate(wanted, start=1):
        missing = line.quantity
        for level in ordered:
            if missing and level.goods_id == line.goods_id and level.available > 0:
                taken = min(missing, level.available)
                picks.append(Pick(line_no, level.lot_id, taken))
                missing -= taken
        if missing:
            short[line.goods_id] = line.quantity - missing
    return picks, short


def total_minutes(lines: Iterable[PricedLine]) -> int:
    """Return what ``lines`` cost, minutes."""
    return sum(line.quantity * line.price_minutes for line in lines)


def state_at(state: str, expires_at: datetime, now: datetime) -> RedemptionState:
    """Return the state that everyone sees at ``now``: expiry is a function of time, not of a sweep."""
    if state == RedemptionState.HELD and expires_at <= now:
        return RedemptionState.EXPIRED
    return RedemptionState(state)


def new_pickup_code() -> str:
    """Draw eight random digits."""
    return f"{secrets.randbelow(10**8):08d}"


def receipt_number(day: date, number: int) -> str:
    """Return the printed form of a gap-free number: ``20260901-0007``."""
    return f"{day:%Y%m%d}-{number:04d}"
