"""Food of the day (爱心面包, rule R34): what must go today, until when, and who has had some already."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from timebank import clock
from timebank.database import session
from timebank.identity.models import Person
from timebank.shop.models import Goods, Lot, Receipt, Redemption, RedemptionLine, StockMove
from timebank.shop.rules import Lane, Level, MoveKind, first_expired_first
from timebank.shop.stock import levels


@dataclass(frozen=True, slots=True)
class ToHandOut:
    """One lot of food of the day, and its goods."""

    level: Level
    name: str
    unit: str


def to_hand_out(site_id: UUID, now: datetime) -> list[ToHandOut]:
    """Return the lots of food of the day at a site that may still be handed out, what ends first first."""
    found = select(Goods.id, Goods.name, Goods.unit).where(
        Goods.lane == Lane.SAME_DAY,
        Goods.id.in_(select(Lot.goods_id).where(Lot.site_id == site_id, Lot.emptied_at.is_(None))),
    )
    goods = {row.id: row for row in session.execute(found)}
    stocked = [level for _, level in levels.stocked(list(goods), now, site_id=site_id)] if goods else []
    good = [level for level in stocked if level.on_hand and level.is_open and level.good_at(now)]
    return [
        ToHandOut(level, goods[level.goods_id].name, goods[level.goods_id].unit) for level in first_expired_first(good)
    ]


def received(site_id: UUID, now: datetime) -> Select[*tuple[Any, ...]]:
    """Select today's receipts of a site with food of the day on them: when, and whose."""
    return (
        select(Receipt.number, Receipt.redemption_id, Receipt.issued_at, Person.display_name, Person.volunteer_no)
        .join(Redemption, Redemption.id == Receipt.redemption_id)
        .join(Person, Person.id == Redemption.person_id)
        .where(
            Receipt.site_id == site_id,
            Receipt.issued_on == clock.day_of(now),
            Receipt.redemption_id.in_(_with_food()),
        )
    )


def _with_food() -> Select[UUID]:
    return (
        select(RedemptionLine.redemption_id)
        .join(Goods, Goods.id == RedemptionLine.goods_id)
        .where(Goods.lane == Lane.SAME_DAY)
    )


def pieces_of(redemption_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many pieces of food of the day have left with each redemption and not come back."""
    pieces: ColumnElement[int] = -func.sum(StockMove.quantity)
    found = (
        select(StockMove.redemption_id, pieces)
        .join(Lot, Lot.id == StockMove.lot_id)
        .join(Goods, Goods.id == Lot.goods_id)
        .where(
            StockMove.redemption_id.in_(redemption_ids),
            StockMove.kind.in_([MoveKind.HAND_OVER, MoveKind.RETURN]),
            Goods.lane == Lane.SAME_DAY,
        )
        .group_by(StockMove.redemption_id)
    )
    taken = dict.fromkeys(redemption_ids, 0)
    for redemption_id, count in session.execute(found):
        if redemption_id is not None:
            taken[redemption_id] = int(count)
    return taken
