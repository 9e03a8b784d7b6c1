"""What lots hold, what of it is promised, and what of that is due: the reading side of stock."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from timebank.database import UtcDateTime, session
from timebank.direct import Direct, at_once
from timebank.shop.models import Goods, Lot, Redemption, StockMove
from timebank.shop.queries import Instant, limits_of_goods, price_at
from timebank.shop.rules import Level, Line, MoveKind, OpenReserve, Pick, PricedLine

LEVEL_FIELDS, RESERVE_FIELDS = len(fields(Level)), len(fields(OpenReserve))


@dataclass(frozen=True, slots=True)
class Offered:
    """Goods as they are offered at one moment; ``limits`` are those set on them, in their plain form."""

    goods_id: UUID
    name: str
    unit: str
    price_minutes: int
    category: str
    limits: list[dict[str, Any]] | None


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


_IS_OPEN = Redemption.closed_at.is_(None)


def _due(now: Instant) -> ColumnElement[int]:
    """Return what due redemptions still reserve of the lot, beside its last move.

    As a rule nothing is due, and one index probe says so. It stands in the CASE, for a planner that does not know the
    hour expects a third of what is held to be due, and reads all moves of all lots.
    """
    reserve = aliased(StockMove)
    first = select(Redemption.expires_at).where(_IS_OPEN).order_by(Redemption.expires_at).limit(1).scalar_subquery()
    pieces = (
        select(func.sum(reserve.reserved))
        .join(Redemption, Redemption.id == reserve.redemption_id)
        .where(
            reserve.lot_id == Lot.id,
            reserve.kind == MoveKind.RESERVE,
            _IS_OPEN,
            Redemption.expires_at <= now,
            unresolved(reserve),
        )
        .correlate(Lot)
        .scalar_subquery()
    )
    return case((and_(StockMove.reserved_after > 0, first <= now), func.coalesce(pieces, 0)), else_=0)


_LEVEL = (
    Lot.id,
    Lot.goods_id,
    Lot.expires_at,
    Lot.received_at,
    StockMove.seq,
    StockMove.on_hand_after,
    StockMove.reserved_after,
)


def _level_at(now: Instant) -> tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]:
    """Return the columns of a ``Level``, in its order."""
    return (*_LEVEL, _due(now), Lot.recalled_at.is_not(None), restricted_at(now))


def restricted_at(now: Instant) -> ColumnElement[bool]:
    """Return whether a lot is only for the purpose that it was given for: no change of purpose has opened it yet."""
    closed = or_(Lot.ordinary_from.is_(None), Lot.ordinary_from > now)
    return and_(Lot.restricted_purpose.is_not(None), closed)


# Every reservation and hand-over asks these: they are built once, for building them took longer than running them.
_NOW = bindparam("now", type_=UtcDateTime())
_SITE = bindparam("site", type_=Uuid())
_GOODS = bindparam("goods", type_=Uuid(), expanding=True)
_REDEMPTION = bindparam("redemption", type_=Uuid())


def _locking(*which: ColumnElement[bool]) -> Select[UUID]:
    return select(Lot.id).where(*which).order_by(Lot.id).with_for_update(key_share=True)


def _held(*which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(*_level_at(_NOW))
        .select_from(Lot)
        .join(StockMove, and_(StockMove.lot_id == Lot.id, StockMove.seq == _last()))
        .where(*which)
    )


_OFFERED = Direct(
    select(*_level_at(_NOW), Goods.id, Goods.name, Goods.unit, price_at(_NOW), Goods.category, limits_of_goods())
    .select_from(Goods)
    .outerjoin(Lot, and_(Lot.goods_id == Goods.id, Lot.site_id == _SITE, Lot.emptied_at.is_(None)))
    .outerjoin(StockMove, and_(StockMove.lot_id == Lot.id, StockMove.seq == _last()))
    .where(Goods.id.in_(_GOODS), Goods.active)
)
_GOOD = (
    Lot.goods_id.in_(_GOODS),
    Lot.site_id == _SITE,
    Lot.emptied_at.is_(None),
    or_(Lot.expires_at.is_(None), Lot.expires_at > bindparam("good_at", type_=UtcDateTime())),
)
_PICKED = Lot.id.in_(
    select(StockMove.lot_id).where(StockMove.redemption_id == _REDEMPTION, StockMove.kind == MoveKind.RESERVE)
)
_LOCK_GOOD, _HELD_GOOD = Direct(_locking(*_GOOD)), Direct(_held(*_GOOD))
_LOCK_PICKED = Direct(_locking(_PICKED))
_RESERVE = (StockMove.lot_id, StockMove.seq, StockMove.reserved, StockMove.redemption_id, StockMove.line_no)
_promise = aliased(StockMove)
_PROMISED = Direct(
    select(
        *(getattr(_promise, column.key) for column in _RESERVE),
        unresolved(_promise),
        *_level_at(_NOW),
    )
    .select_from(_promise)
    .join(Lot, Lot.id == _promise.lot_id)
    .join(StockMove, and_(StockMove.lot_id == Lot.id, StockMove.seq == _last()))
    .where(_promise.redemption_id == _REDEMPTION, _promise.kind == MoveKind.RESERVE)
    .order_by(_promise.line_no, Lot.expires_at.asc().nulls_last(), Lot.received_at, Lot.id)
)
"""What was picked for a redemption, whether it is still reserved, and what each lot holds."""


def held_by(lot_ids: Collection[UUID], now: datetime) -> dict[UUID, Level]:
    """Return what the lots hold; after their lock was taken, in a statement of its own."""
    found = session.connection().execute(_held(Lot.id.in_(lot_ids)), {"now": now})
    return {row[0]: _level(row) for row in found}


def lock_good(goods_ids: Collection[UUID], site_id: UUID | None, *, good_at: datetime, now: datetime) -> list[Level]:
    """Lock the lots of the goods at a site that are good at ``good_at`` and not empty; return what they hold."""
    connection = session.connection()
    asked = {"goods": list(goods_ids), "site": site_id, "good_at": good_at}
    locked, rows = _locked_and_read(connection, _LOCK_GOOD, _HELD_GOOD, asked, now)
    return [_level(row) for row in rows if locked is None or row[0] in locked]


def lock_picked(redemption_id: UUID, *, now: datetime) -> tuple[list[Level], list[OpenReserve], int]:
    """Lock the lots that a redemption was picked from, and return what they hold.

    And what of them is still reserved for it (line by line, first expired first), and how many picks there were.
    """
    _, rows = _locked_and_read(session.connection(), _LOCK_PICKED, _PROMISED, {"redemption": redemption_id}, now)
    held = {row[0]: _level(row[RESERVE_FIELDS + 1 :]) for row in rows}
    return list(held.values()), [_reserve(row) for row in rows if row[RESERVE_FIELDS]], len(rows)


def _locked_and_read(
    connection: Connection, lock: Direct, read: Direct, asked: dict[str, Any], now: datetime
) -> tuple[set[UUID] | None, list[list[Any]]]:
    """Lock lots and read them; return which are locked, for others may have come since, and the rows.

    None stands for all of them: on SQLite this is the only transaction that writes, and nobody has to be kept out.
    """
    if connection.dialect.name == "sqlite":
        return None, read.send(connection, asked | {"now": now}).rows()
    with at_once(connection):
        locking = lock.send(connection, asked)
        reading = read.send(connection, asked | {"now": now})
    return {lot_id for (lot_id,) in locking.rows()}, reading.rows()


def stocked(goods_ids: Collection[UUID], now: datetime, *, site_id: UUID | None = None) -> list[tuple[UUID, Level]]:
    """Return site and level of every lot of the goods that is not empty, at one site or everywhere."""
    found = (
        select(*_level_at(now), Lot.site_id)
        .select_from(Lot)
        .join(StockMove, and_(StockMove.lot_id == Lot.id, StockMove.seq == _last()))
        .where(Lot.goods_id.in_(goods_ids), Lot.emptied_at.is_(None))
    )
    if site_id:
        found = found.where(Lot.site_id == site_id)
    return [(row[-1], _level(row)) for row in session.execute(found)]


def promisable(site_id: UUID, now: datetime) -> Subquery:
    """Return per goods how many pieces a site can promise to everybody: of lots that are good, not recalled and open."""
    free = StockMove.on_hand_after - StockMove.reserved_after + _due(now)
    return (
        select(Lot.goods_id, func.sum(free).label("available"))
        .join(StockMove, and_(StockMove.lot_id == Lot.id, StockMove.seq == _last()))
        .where(
            Lot.site_id == site_id,
            Lot.emptied_at.is_(None),
            or_(Lot.expires_at.is_(None), Lot.expires_at > now),
            Lot.recalled_at.is_(None),
            ~restricted_at(now),
        )
        .group_by(Lot.goods_id)
        .subquery("promisable")
    )


_PRICE = LEVEL_FIELDS + 3  # where it stands in a row of _OFFERED


def offer(goods_ids: Collection[UUID], now: datetime, site_id: UUID) -> Offer:
    """Return goods with prices and their lots at one site, in one statement; only active goods with a price."""
    sent = _OFFERED.send(session.connection(), {"now": now, "site": site_id, "goods": list(goods_ids)})
    rows = [row for row in sent.rows() if row[_PRICE] is not None]
    offered = {row[LEVEL_FIELDS]: Offered(*row[LEVEL_FIELDS:]) for row in rows}
    return Offer(offered, [_level(row) for row in rows if row[0] is not None])


def _level(row: Sequence[Any]) -> Level:
    lot_id, goods_id, expires_at, received_at, seq, on_hand, reserved, due, *marks = row[:LEVEL_FIELDS]
    # PostgreSQL sums bigints into numerics.
    return Level(lot_id, goods_id, expires_at, received_at, seq, on_hand, reserved, int(due), *marks)


def lots_of(redemption_ids: Collection[UUID]) -> Select[UUID]:
    """Select the lots that anything was picked from for these redemptions."""
    return select(StockMove.lot_id).where(
        StockMove.redemption_id.in_(redemption_ids), StockMove.kind == MoveKind.RESERVE
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


def due_reserves(lot_ids: Collection[UUID], now: datetime) -> list[OpenReserve]:
    """Return the open reservations on the lots whose redemption is due."""
    found = (
        select(*_RESERVE)
        .join(Redemption, Redemption.id == StockMove.redemption_id)
        .where(
            _IS_OPEN,
            Redemption.expires_at <= now,
            StockMove.kind == MoveKind.RESERVE,
            StockMove.lot_id.in_(lot_ids),
            unresolved(StockMove),
        )
        .order_by(StockMove.lot_id, StockMove.seq)
    )
    return [_reserve(row) for row in session.execute(found)]


def _reserve(row: Sequence[Any]) -> OpenReserve:
    return OpenReserve(*row[:RESERVE_FIELDS])
