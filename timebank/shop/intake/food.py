"""Food of the day (爱心面包, rule R34): what must go today, until when, and who has had some already."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from timebank import clock
from timebank.database import session
from timebank.identity.models import Person
from timebank.shop.models import Goods, Lot, Receipt, Redemption, RedemptionLine
from timebank.shop.queries import PIECES_BACK, PIECES_OUT
from timebank.shop.rules import Lane, Level, first_expired_first
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
    """Select today's receipts of a site on which food of the day is still out: when, whose, and how many pieces."""
    pieces = (
        select(func.sum(func.coalesce(PIECES_OUT, 0) - func.coalesce(PIECES_BACK, 0)))
        .select_from(RedemptionLine)
        .join(Goods, Goods.id == RedemptionLine.goods_id)
        .where(RedemptionLine.redemption_id == Receipt.redemption_id, Goods.lane == Lane.SAME_DAY)
        .correlate(Receipt)
        .scalar_subquery()
    )
    return (
        select(Receipt.number, Receipt.issued_at, Person.display_name, Person.volunteer_no, pieces.label("pieces"))
        .join(Redemption, Redemption.id == Receipt.redemption_id)
        .join(Person, Person.id == Redemption.person_id)
        .where(Receipt.site_id == site_id, Receipt.issued_on == clock.day_of(now), pieces > 0)
    )
