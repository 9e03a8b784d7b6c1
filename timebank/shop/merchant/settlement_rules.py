"""What a merchant's statement of a month adds up, and to which lot a piece that came back is put down."""

import hashlib
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Item:
    """What a line of a statement is about. ``fair_value_fen`` is the value of one piece as it was taken in, if known."""

    site_id: UUID
    goods_id: UUID
    fair_value_fen: int | None


@dataclass(slots=True)
class Count:
    """Pieces, and the minutes that members paid for them."""

    pieces: int = 0
    minutes: int = 0

    def add(self, pieces: int, price_minutes: int) -> None:
        """Count some pieces at one price."""
        self.pieces += pieces
        self.minutes += pieces * price_minutes


@dataclass(slots=True)
class Figures:
    """Of one item in one month: handed over, of that come back, and come back of what an earlier month had counted."""

    handed_over: Count = field(default_factory=Count)
    refunded: Count = field(default_factory=Count)
    corrected: Count = field(default_factory=Count)

    @property
    def pieces(self) -> int:
        """What is left of it; below zero if more came back than left in this month."""
        return self.handed_over.pieces - self.refunded.pieces - self.corrected.pieces

    @property
    def minutes(self) -> int:
        """The same in the minutes of the members. They are not what a piece is worth: nothing turns one into the other."""
        return self.handed_over.minutes - self.refunded.minutes - self.corrected.minutes


@dataclass(frozen=True, slots=True)
class Left:
    """Pieces of one line that left from one lot; ``item`` is None if the lot is not this merchant's."""

    lot_id: UUID
    pieces: int
    item: Item | None


@dataclass(frozen=True, slots=True)
class Back:
    """A refund of one line: how many pieces came back, how many of them went on the shelf again."""

    refunded_at: datetime
    pieces: int
    restocked: int


@dataclass(frozen=True, slots=True)
class Traced:
    """Pieces that came back, put down to the lot that they had left from."""

    lot_id: UUID
    pieces: int
    refunded_at: datetime


def traced(left: Sequence[Left], refunds: Sequence[Back], returns: Sequence[tuple[UUID, int]]) -> Iterator[Traced]:
    """Put the pieces of refunds down to lots, none more often than it had left from there.

    What went on the shelf again is where ``returns`` (lot and pieces, in order) have put it; the rest is put down to the
    lots in the order of ``left``. It depends on nothing that comes later: what was told of a month stays true.
    """
    out = {one.lot_id: one.pieces for one in left}
    shelved = deque(returns)
    for back in refunds:
        taken: dict[UUID, int] = {}
        for lot_id, pieces in [*_first(shelved, back.restocked), *((lot_id, back.pieces) for lot_id in out)]:
            number = min(pieces, out.get(lot_id, 0), back.pieces - sum(taken.values()))
            if number:
                out[lot_id] -= number
                taken[lot_id] = taken.get(lot_id, 0) + number
        for lot_id, number in taken.items():
            yield Traced(lot_id, number, back.refunded_at)


def _first(waiting: deque[tuple[UUID, int]], pieces: int) -> list[tuple[UUID, int]]:
    """Take the first ``pieces`` of what waits, from one or more lots."""
    found = []
    while pieces and waiting:
        lot_id, number = waiting.popleft()
        if number > pieces:
            waiting.appendleft((lot_id, number - pieces))
        found.append((lot_id, min(number, pieces)))
        pieces -= found[-1][1]
    return found


def digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a statement: of its JSON with sorted keys, no blanks, in UTF-8."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
