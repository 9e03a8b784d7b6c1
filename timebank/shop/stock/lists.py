"""Lists of stock for the staff: what is about to expire, and the history of a lot."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Select, func, select

from timebank import clock
from timebank.database import session
from timebank.shop import queries
from timebank.shop.models import Goods, Lot, StockMove
from timebank.shop.rules import Level, MoveKind
from timebank.shop.stock import levels
from timebank.shop.stockkeeping.rules import value_of


def near_expiry(site_id: UUID, *, now: datetime, days: int, expired: str | None) -> Select[Lot]:
    """Select the stocked lots of a site that have expired, or expire within so many days (rule R33, 反食品浪费法 12).

    ``expired``: ``only`` those, or ``without`` them.
    """
    found = select(Lot).where(Lot.site_id == site_id, Lot.emptied_at.is_(None))
    if expired == "only":
        return found.where(Lot.expires_at <= now)
    if expired == "without":
        found = found.where(Lot.expires_at > now)
    return found.where(Lot.expires_at <= now + timedelta(days=days))


def shown(lots: Sequence[Lot], *, now: datetime) -> list[dict[str, Any]]:
    """Return lots with their goods and what they hold now, in two statements for all."""
    if not lots:
        return []
    held = levels.held_by([lot.id for lot in lots], now)
    goods = {one.id: one for one in session.scalars(select(Goods).where(Goods.id.in_({lot.goods_id for lot in lots})))}
    return [_shown(lot, goods[lot.goods_id], held[lot.id], now) for lot in lots]


def _shown(lot: Lot, goods: Goods, level: Level, now: datetime) -> dict[str, Any]:
    left = None if lot.expires_at is None else (clock.day_of(lot.expires_at) - clock.day_of(now)).days
    return {
        "lot_id": lot.id,
        "goods_id": goods.id,
        "name": goods.name,
        "unit": goods.unit,
        "category": goods.category,
        "expires_at": lot.expires_at,
        "days_left": left,
        "expired": not level.good_at(now),
        "on_hand": level.on_hand,
        "reserved": level.reserved - level.due,
        "recalled": level.recalled,
        "restricted": level.restricted,
        "available": level.available if level.is_open else 0,
        "value_fen": value_of(level.on_hand, lot.fair_value_fen),
    }


def low_stock(site_id: UUID, now: datetime) -> Select[Any]:
    """Select active goods that a site has had, and can promise fewer pieces of than their threshold says."""
    there = levels.promisable(site_id, now)
    available = func.coalesce(there.c.available, 0)
    has_had = select(1).where(Lot.goods_id == Goods.id, Lot.site_id == site_id).exists()
    found = (
        select(Goods.id, Goods.name, Goods.category, Goods.unit, Goods.low_stock_below, available.label("available"))
        .outerjoin(there, there.c.goods_id == Goods.id)
        .where(Goods.active, has_had, available < Goods.low_stock_below)
    )
    return cast("Select[Any]", found)


def lacking(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Return goods of which there are few, with how many pieces would be enough again."""
    return [
        {
            "goods_id": row.id,
            "name": row.name,
            "category": row.category,
            "unit": row.unit,
            "low_stock_below": row.low_stock_below,
            "available": int(row.available),
            "missing": row.low_stock_below - int(row.available),
        }
        for row in rows
    ]


def moves(lot_id: UUID) -> Select[StockMove]:
    """Select the moves of a lot."""
    return select(StockMove).where(StockMove.lot_id == lot_id)


def history(found: Sequence[StockMove]) -> list[dict[str, Any]]:
    """Return moves with the names of those who made them; what the system did by itself has none."""
    people = queries.names({move.actor_id for move in found}) if found else {}
    return [
        {
            "seq": move.seq,
            "kind": MoveKind(move.kind),
            "quantity": move.quantity,
            "reserved": move.reserved,
            "on_hand_after": move.on_hand_after,
            "reserved_after": move.reserved_after,
            "redemption_id": move.redemption_id,
            "cause_id": move.cause_id,
            "actor": people.get(move.actor_id, ""),
            "moved_at": move.moved_at,
        }
        for move in found
    ]
