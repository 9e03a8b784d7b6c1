"""What a hold leaves behind and nothing else: its five rows, written without reading, locking or deciding anything.

The floor under every way of holding goods and minutes that keeps this evidence. The rows obey the tables' constraints, but
follow from nothing: they belong into a database that is thrown away unverified.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from timebank import clock
from timebank.codes.alphabet import random_reference
from timebank.database import new_id, session
from timebank.direct import Direct
from timebank.ledger.queries import entry, transfer
from timebank.ledger.rules import REDEEMED, Kind, Phase, SourceType, wallet_of
from timebank.shop.models import Lot, Redemption, RedemptionLine, StockMove
from timebank.shop.rules import REF_LENGTH, Channel, MoveKind, RedemptionState, new_pickup_code
from timebank.together import Together

_TRANSFER, _ENTRY = Direct(insert(transfer)), Direct(insert(entry))
_REDEMPTION, _LINE, _MOVE = (Direct(insert(model)) for model in (Redemption, RedemptionLine, StockMove))
_UNSAID = {
    write: {column.key: None for column in columns}
    for write, columns in (
        (_TRANSFER, transfer.c),
        (_ENTRY, entry.c),
        (_REDEMPTION, Redemption.__table__.c),
        (_LINE, RedemptionLine.__table__.c),
        (_MOVE, StockMove.__table__.c),
    )
}
_HASH = bytes(32)
_PLENTY = 10**9


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Writes the rows of holds at one shop; ``numbers`` are places in chains that nobody else takes."""

    site_id: UUID
    price_minutes: int
    lots: Mapping[UUID, UUID]
    numbers: Iterator[int]

    @classmethod
    def of(
        cls, site_id: UUID, price_minutes: int, goods: Sequence[UUID], *, process: int, processes: int
    ) -> "Evidence":
        """Return what writes into one lot of each goods; ``process`` of so many."""
        found = session.execute(select(Lot.goods_id, Lot.id).where(Lot.goods_id.in_(goods), Lot.site_id == site_id))
        numbers = itertools.count(_PLENTY + process, processes)
        return cls(
            site_id=site_id, price_minutes=price_minutes, lots={row.goods_id: row.id for row in found}, numbers=numbers
        )

    def write(self, member_id: UUID, goods_id: UUID) -> None:
        """Write the rows of a new hold, in two statements where the database can, as the product does; on SQLite in five."""
        hold = _Hold(
            member_id=member_id,
            goods_id=goods_id,
            lot_id=self.lots[goods_id],
            site_id=self.site_id,
            minutes=self.price_minutes,
            number=next(self.numbers),
            id=new_id(),
            transfer_id=new_id(),
            now=clock.now(),
        )
        for rows in (_minutes(hold), _goods(hold)):
            writes = Together(session.connection())
            for write, row in rows:
                writes.add(write, _UNSAID[write] | row)
            writes.send()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hold:
    member_id: UUID
    goods_id: UUID
    lot_id: UUID
    site_id: UUID
    minutes: int
    number: int
    id: UUID
    transfer_id: UUID
    now: datetime

    @property
    def expires_at(self) -> datetime:
        return self.now + timedelta(hours=48)


def _minutes(hold: _Hold) -> Iterator[tuple[Direct, dict[str, Any]]]:
    wallet_id = wallet_of(hold.member_id).id
    yield (
        _TRANSFER,
        {
            "id": hold.transfer_id,
            "debit_id": wallet_id,
            "credit_id": REDEEMED.id,
            "minutes": hold.minutes,
            "kind": Kind.REDEEM,
            "phase": Phase.HOLD,
            "source_type": SourceType.REDEMPTION,
            "source_id": hold.id,
            "expires_at": hold.expires_at,
            "occurred_at": hold.now,
            "recorded_at": hold.now,
            "actor_id": hold.member_id,
            "request_hash": _HASH,
        },
    )
    yield (
        _ENTRY,
        {
            "account_id": wallet_id,
            "seq": hold.number,
            "transfer_id": hold.transfer_id,
            "minutes": 0,
            "held_minutes": hold.minutes,
            "balance_after": _PLENTY,
            "held_after": hold.minutes,
            "recorded_at": hold.now,
            "hash": _HASH,
        },
    )


def _goods(hold: _Hold) -> Iterator[tuple[Direct, dict[str, Any]]]:
    yield (
        _REDEMPTION,
        {
            "id": hold.id,
            "site_id": hold.site_id,
            "person_id": hold.member_id,
            "channel": Channel.RESERVATION,
            "state": RedemptionState.HELD,
            "ref": random_reference(REF_LENGTH),
            "pickup_code": new_pickup_code(),
            "total_minutes": hold.minutes,
            "transfer_id": hold.transfer_id,
            "created_at": hold.now,
            "expires_at": hold.expires_at,
        },
    )
    yield (
        _LINE,
        {
            "redemption_id": hold.id,
            "line_no": 1,
            "goods_id": hold.goods_id,
            "quantity": 1,
            "price_minutes": hold.minutes,
            "category": "food",
        },
    )
    yield (
        _MOVE,
        {
            "lot_id": hold.lot_id,
            "seq": hold.number,
            "kind": MoveKind.RESERVE,
            "quantity": 0,
            "reserved": 1,
            "on_hand_after": _PLENTY,
            "reserved_after": 1,
            "redemption_id": hold.id,
            "line_no": 1,
            "actor_id": hold.member_id,
            "moved_at": hold.now,
        },
    )
