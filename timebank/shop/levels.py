"""What lots hold, what of it is promised, and what of that is due: the reading side of stock."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, Uuid, and_, bindparam, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from timebank.database import UtcDateTime, session
from timebank.shop.models import Goods, Lot, Redemption, StockMove
from timebank.shop.queries import Instant, price_at
from timebank.shop.rules import Level, Line, MoveKind, Pick, PricedLine, RedemptionState

LEVEL_FIELDS = len(fields(Level))


@dataclass(frozen=True, slots=True)
class Offered:
    """Goods as they are offered at one moment."""

    goods_id: UUID
    name: str
    unit: str
    price_minutes: int


@dataclass(frozen=True, slots=True)
class Offer:
    """Goods with prices, and the lots of them at one site."""

    goods: dict[UUID, Offered]
    levels: list[Level]

    def priced(self, wanted: Sequence[Line]) -> list[PricedLine]:
        """Return lines with the names and prices of this offer."""
        return [
            PricedLine(line_no, line.goods_id, goods.name, goods.unit, line.quantity, goods.price_minutes)
            for line_no, line in enumerate(wanted, start=1)
            for goods in [self.goods[line.goods_id]]
        ]


def _last() -> ColumnElement[int]:
    """Return the seq of the lot's last move: one index probe a lot, however long its history is."""
    other = aliased(StockMove)
    return select(func.max(other.seq)).where(other.lot_id == Lot.id).correlate(Lot).scalar_subquery()


def unresolved(reserve: type[StockMove]) -> ColumnElement[bool]:
    """Return whether nothing has ended a reservation yet."""
    other = aliased(StockMove)
    return ~select(1).where(other.lot_id == reserve.lot_id, other.resolves == reserve.seq).correlate(reserve).exists()


def _due(now: Instant, site_id: ColumnElement[UUID] | UUID | None = None) -> Subquery:
    """Return per lot what due redemptions still reserve: driven by the few due ones, not by the lot's history."""
    due = (
        select(StockMove.lot_id, func.sum(StockMove.reserved).label("pieces"))
        .join(Redemption, Redemption.id == StockMove.redemption_id)
        .where(
            Redemption.state == RedemptionState.HELD,
            Redemption.expires_at <= now,
            StockMove.kind == MoveKind.RESERVE,
            unresolved(StockMove),
        )
        .group_by(StockMove.lot_id)
    )
    return (due if site_id is None else due.where(Redemption.site_id == site_id)).subquery("due")


_LEVEL = (
    Lot.id,
    Lot.goods_id,
    Lot.expires_at,
    Lot.received_at,
    StockMove.seq,
    StockMove.on_hand_after,
    StockMove.reserved_after,
)


def _level_at(now: Instant, due: Subquery) -> tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]:
    """Return the columns of a ``Level``, in its order."""
    return (*_LEVEL, func.coalesce(due.c.pieces, 0), Lot.recalled_at.is_not(None), restricted_at(now))


def restricted_at(now: Instant) -> ColumnElement[bool]:
    """Return whether a lot is only for the purpose that it was given for: no change of purpose has opened it yet."""
    closed = or_(Lot.ordinary_from.is_(None), Lot.ordinary_from > now)
    return and_(Lot.restricted_purpose.is_not(None), closed)


# Every reservation asks these two: they are built once, for building them took longer than running them.
_NOW = bindparam("now", type_=UtcDateTime())
_SITE = bindparam("site", type_=Uuid())


def _held(due: Subquery) -> Select[*tuple[Any, ...]]:
    return (
        select(*_level_at(_NOW, due))
        .select_from(Lot)
        .join(StockMove, and_(StockMove.lot_id == Lot.id, StockMove.seq == _last()))
        .outerjoin(due, due.c.lot_id == Lot.id)
        .where(Lot.id.in_(bindparam("lots", expanding=True)))
    )


def _offered(due: Subquery) -> Select[*tuple[Any, ...]]:
    price = price_at(_NOW).label("price")
    return (
        select(*_level_at(_NOW, due), Goods.id, Goods.name, Goods.unit, price)
        .select_from(Goods)
        .outerjoin(Lot, and_(Lot.goods_id == Goods.id, Lot.site_id == _SITE, Lot.emptied_at.is_(None)))
        .outerjoin(StockMove, and_(StockMove.lot_id == Lot.id, StockMove.seq == _last()))
        .outerjoin(due, due.c.lot_id == Lot.id)
        .where(Goods.id.in_(bindparam("goods", expanding=True)), Goods.active)
    )


_HELD_ANYWHERE = _held(_due(_NOW))
_HELD_AT_SITE = _held(_due(_NOW, _SITE))
_OFFERED = _offered(_due(_NOW, _SITE))


def held_by(lot_ids: Collection[UUID], now: datetime, site_id: UUID | None) -> dict[UUID, Level]:
    """Return what the lots hold; after their lock was taken, in a statement of its own."""
    values = {"now": now, "lots": list(lot_ids)}
    connection = session.connection()
    if site_id is None:
        found = connection.execute(_HELD_ANYWHERE, values)
    else:
        found = connection.execute(_HELD_AT_SITE, values | {"site": site_id})
    return {row[0]: _level(row) for row in found}


def stocked(goods_ids: Collection[UUID], now: datetime, *, site_id: UUID | None = None) -> list[tuple[UUID, Level]]:
    """Return site and level of every lot of the goods that is not empty, at one site or everywhere."""
    due = _due(now, site_id)
    found = (
        select(*_level_at(now, due), Lot.site_id)
        .select_from(Lot)
        .join(StockMove, and_(StockMove.lot_id == Lot.id, StockMove.seq == _last()))
        .outerjoin(due, due.c.lot_id == Lot.id)
        .where(Lot.goods_id.in_(goods_ids), Lot.emptied_at.is_(None))
    )
    if site_id:
        found = found.where(Lot.site_id == site_id)
    return [(row[-1], _level(row)) for row in session.execute(found)]


def offer(goods_ids: Collection[UUID], now: datetime, site_id: UUID) -> Offer:
    """Return goods with prices and their lots at one site, in one statement; only active goods with a price."""
    found = session.connection().execute(_OFFERED, {"now": now, "site": site_id, "goods": list(goods_ids)})
    rows = [row for row in found if row.price is not None]
    offered = {row[LEVEL_FIELDS]: Offered(*row[LEVEL_FIELDS:]) for row in rows}
    return Offer(offered, [_level(row) for row in rows if row[0] is not None])


def _level(row: Iterable[object]) -> Level:
    return Level(*tuple(row)[:LEVEL_FIELDS])  # type: ignore[arg-type]


def lots_of(redemption_ids: Collection[UUID]) -> Select[UUID]:
    """Select the lots that anything was picked from for these redemptions."""
    return select(StockMove.lot_id).where(
        StockMove.redemption_id.in_(redemption_ids), StockMove.kind == MoveKind.RESERVE
    )


def good_lots(goods_ids: Collection[UUID], site_id: UUID | None, good_at: datetime) -> Select[UUID]:
    """Select the lots of the goods at a site that are not empty and have not expired at ``good_at``."""
    return select(Lot.id).where(
        Lot.goods_id.in_(goods_ids),
        Lot.site_id == site_id,
        Lot.emptied_at.is_(None),
        or_(Lot.expires_at.is_(None), Lot.expires_at > good_at),
    )


def lots_with(lot_ids: Collection[UUID]) -> Select[UUID]:
    """Select lots by their ids, to be locked."""
    return select(Lot.id).where(Lot.id.in_(lot_ids))


def pieces_out(redemption_id: UUID, line_nos: Collection[int]) -> list[Pick]:
    """Return by line and lot how many pieces of a redemption have left and not come back; the longest-lived lot first."""
    out = -func.sum(StockMove.quantity)
    found = (
        select(StockMove.line_no, StockMove.lot_id, out)
        .join(Lot, Lot.id == StockMove.lot_id)
        .where(
            StockMove.redemption_id == redemption_id,
            StockMove.line_no.in_(line_nos),
            StockMove.kind.in_([MoveKind.HAND_OVER, MoveKind.RETURN]),
        )
        .group_by(StockMove.line_no, StockMove.lot_id, Lot.expires_at, Lot.received_at, Lot.id)
        .having(out > 0)
        .order_by(StockMove.line_no, Lot.expires_at.desc().nulls_first(), Lot.received_at.desc(), Lot.id)
    )
    return [Pick(line_no or 0, lot_id, int(pieces)) for line_no, lot_id, pieces in session.execute(found)]


def earliest_expiry(redemption_id: UUID) -> datetime | None:
    """Return when the first lot expires that anything was picked from for a redemption; None if none ever does."""
    return session.scalar(select(func.min(Lot.expires_at)).where(Lot.id.in_(lots_of([redemption_id]))))


def due_reserves(lot_ids: Collection[UUID], now: datetime) -> list[StockMove]:
    """Return the open reservations on the lots whose redemption is due."""
    found = (
        select(StockMove)
        .join(Redemption, Redemption.id == StockMove.redemption_id)
        .where(
            Redemption.state == RedemptionState.HELD,
            Redemption.expires_at <= now,
            StockMove.kind == MoveKind.RESERVE,
            StockMove.lot_id.in_(lot_ids),
            unresolved(StockMove),
        )
        .order_by(StockMove.lot_id, StockMove.seq)
    )
    return list(session.scalars(found))


def open_reserves(redemption_id: UUID) -> tuple[list[StockMove], int]:
    """Return what is still picked for a redemption (line by line, first expired first), and how many picks there were."""
    found = (
        select(StockMove, unresolved(StockMove))
        .select_from(StockMove)
        .join(Lot, Lot.id == StockMove.lot_id)
        .where(StockMove.redemption_id == redemption_id, StockMove.kind == MoveKind.RESERVE)
        .order_by(StockMove.line_no, Lot.expires_at.asc().nulls_last(), Lot.received_at, Lot.id)
    )
    rows = session.execute(found).all()
    return [move for move, still_open in rows if still_open], len(rows)
