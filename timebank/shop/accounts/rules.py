"""What moves goods in a shop's accounts, and amounts in pieces and in fen."""

from dataclasses import dataclass
from enum import StrEnum


class Flow(StrEnum):
    """Why pieces came or went, as an account tells it.

    ``handed_out`` is less what was brought back fit; ``transferred_out`` is less what was called back.
    """

    RECEIVED = "received"
    TRANSFERRED_IN = "transferred_in"
    HANDED_OUT = "handed_out"
    WRITTEN_OFF = "written_off"
    TRANSFERRED_OUT = "transferred_out"
    COUNT_DIFFERENCE = "count_difference"


OUT = frozenset({Flow.HANDED_OUT, Flow.WRITTEN_OFF, Flow.TRANSFERRED_OUT})
"""What an account shows as given: without a sign, unless more came back than went."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Pieces, what they were worth at intake (fen), and how many of them have no value."""

    pieces: int = 0
    value_fen: int = 0
    unvalued: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.pieces + other.pieces, self.value_fen + other.value_fen, self.unvalued + other.unvalued)

    def __neg__(self) -> "Amount":
        return Amount(-self.pieces, -self.value_fen, -self.unvalued)


NOTHING = Amount()
