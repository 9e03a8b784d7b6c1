"""Kinds, states and arithmetic of keeping stock: transfers between sites, stocktakes, write-offs."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Outcome(StrEnum):
    """How a transfer ends."""

    RECEIVED = "received"
    CANCELLED = "cancelled"


class TransferState(StrEnum):
    """Where the goods of a transfer are: on the way they are at neither site."""

    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    CANCELLED = "cancelled"


class StocktakeState(StrEnum):
    """The life of a stocktake: open → counting → confirmed → posted, or cancelled before that."""

    OPEN = "open"
    COUNTING = "counting"
    CONFIRMED = "confirmed"
    POSTED = "posted"
    CANCELLED = "cancelled"


UNDER_WAY = (StocktakeState.OPEN, StocktakeState.COUNTING, StocktakeState.CONFIRMED)
COUNTABLE = (StocktakeState.OPEN, StocktakeState.COUNTING)


class WriteOffReason(StrEnum):
    """Why goods leave without being handed out."""

    EXPIRED = "expired"
    DAMAGED = "damaged"
    LOST = "lost"
    RECALLED = "recalled"


class Decision(StrEnum):
    """What the second person says to a write-off."""

    APPROVED = "approved"
    REJECTED = "rejected"


class WriteOffState(StrEnum):
    """How far a write-off is."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class LotLine:
    """Pieces of one lot."""

    lot_id: UUID
    quantity: int


def summed_by_lot(lines: Iterable[LotLine]) -> list[LotLine]:
    """Return one line per lot, in the order of first mention: one lot on three lines is one wish."""
    totals: dict[UUID, int] = {}
    for line in lines:
        totals[line.lot_id] = totals.get(line.lot_id, 0) + line.quantity
    return [LotLine(lot_id, quantity) for lot_id, quantity in totals.items()]


def value_of(pieces: int, fair_value_fen: int | None) -> int | None:
    """Return what pieces of a lot are worth, fen; None for a lot without a fair value."""
    return None if fair_value_fen is None else pieces * fair_value_fen
