"""What a daily closing says, worked out from slips; nothing here reads a clock or a database.

Closing and audit use the same arithmetic on the same facts: what was signed can be worked out again at any time.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from timebank.shop.rules import RefundKind

VERSION = 1


@dataclass(frozen=True, slots=True)
class Range:
    """Receipts of one day by their numbers, both ends included."""

    day: date
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many receipts that are, for they are numbered without gaps."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Slip:
    """A receipt: who handed over, what was charged, and how many pieces of which goods left."""

    clerk_id: UUID
    charged_minutes: int
    pieces: Sequence[tuple[str, int]]


@dataclass(slots=True)
class Back:
    """A refund or undo: through whom, minutes, and of each goods how many pieces came back and were fit."""

    clerk_id: UUID
    kind: str
    minutes: int
    pieces: list[tuple[str, int, int]] = field(default_factory=list)


def figures(ranges: Sequence[Range], slips: Iterable[Slip], backs: Iterable[Back]) -> dict[str, Any]:
    """Return the figures of a closing: minutes charged, refunded and undone, pieces by goods, and both by clerk."""
    total: dict[str, int] = dict.fromkeys(_COUNTED, 0)
    clerks: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_COUNTED, 0))
    goods: dict[str, dict[str, int]] = defaultdict(lambda: {"handed_over": 0, "returned": 0, "restocked": 0})
    for slip in slips:
        for sums in (total, clerks[str(slip.clerk_id)]):
            sums["receipts"] += 1
            sums["charged_minutes"] += slip.charged_minutes
        for goods_id, quantity in slip.pieces:
            goods[goods_id]["handed_over"] += quantity
    for back in backs:
        many, minutes = _NAMES[RefundKind(back.kind)]
        for sums in (total, clerks[str(back.clerk_id)]):
            sums[many] += 1
            sums[minutes] += back.minutes
        for goods_id, quantity, restocked in back.pieces:
            goods[goods_id]["returned"] += quantity
            goods[goods_id]["restocked"] += restocked
    return {
        "ranges": [{"day": one.day.isoformat(), "first": one.first, "last": one.last} for one in ranges],
        **total,
        "net_minutes": total["charged_minutes"] - total["refunded_minutes"] - total["undone_minutes"],
        "goods": [{"goods_id": goods_id} | goods[goods_id] for goods_id in sorted(goods)],
        "clerks": [{"clerk_id": clerk_id} | clerks[clerk_id] for clerk_id in sorted(clerks)],
    }


_COUNTED = ("receipts", "charged_minutes", "refunds", "refunded_minutes", "undos", "undone_minutes")
_NAMES = {
    RefundKind.REFUND: ("refunds", "refunded_minutes"),
    RefundKind.UNDO: ("undos", "undone_minutes"),
}


def compared(found: Mapping[str, Any], *, slips: int | None, pieces: Mapping[UUID, int]) -> list[dict[str, Any]]:
    """Return what a clerk has counted by hand beside what the figures say: slips of paper, pieces that stayed out."""
    counted = [] if slips is None else [_beside("slips", None, slips, found["receipts"])]
    out = {one["goods_id"]: one["handed_over"] - one["returned"] for one in found["goods"]}
    by_hand = {str(goods_id): quantity for goods_id, quantity in pieces.items()}
    return counted + [
        _beside("pieces", goods_id, by_hand[goods_id], out.get(goods_id, 0)) for goods_id in sorted(by_hand)
    ]


def _beside(what: str, goods_id: str | None, counted: int, expected: int) -> dict[str, Any]:
    return {
        "what": what,
        "goods_id": goods_id,
        "counted": counted,
        "expected": expected,
        "difference": counted - expected,
    }


def canonical(content: Mapping[str, Any]) -> str:
    """Return the one way to write ``content`` down: sorted names, no blanks, characters as they are."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def fingerprint(text: str) -> str:
    """Return the SHA-256 of a text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
