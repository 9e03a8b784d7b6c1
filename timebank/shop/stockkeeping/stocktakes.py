"""Stocktakes: open → counting → confirmed → posted by somebody else (rule R35).

A count keeps what the books said at its moment, and the posting books the difference: what is sold in between stays
sold, so the shop stays open. One stocktake is under way at a site; the database says so. Locks: the stocktake, then the
lots by id.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor
from timebank.shop import queries
from timebank.shop.models import Lot
from timebank.shop.staff import own_shop
from timebank.shop.stock import levels
from timebank.shop.stock.shelf import Shelf
from timebank.shop.stockkeeping import queries as stockkeeping_queries
from timebank.shop.stockkeeping.errors import (
    LotMoved,
    NothingToCount,
    StocktakeEnded,
    StocktakeIncomplete,
    StocktakeNotConfirmed,
    StocktakeNotCounting,
    StocktakeUnderWay,
    TooManyLots,
)
from timebank.shop.stockkeeping.rules import COUNTABLE, UNDER_WAY, StocktakeState
from timebank.shop.stockkeeping.signatures import refuse_same_house
from timebank.shop.stockkeeping.stocktake_tables import StockCount, Stocktake, StocktakeLot, StocktakePosting

MOST_LOTS = 5_000
"""Lots in one stocktake; a larger shop counts goods by goods."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What somebody counted of a lot; ``seq`` is the lot's last move that they knew of, if they say so."""

    lot_id: UUID
    counted: int
    seq: int | None = None


def start(
    *,
    actor: Actor,
    site_id: UUID,
    blind: bool,
    goods_ids: Collection[UUID] = (),
    lot_ids: Collection[UUID] = (),
) -> Stocktake:
    """Open a stocktake at a site of the actor's: over the chosen lots and goods, or over every stocked lot.

    A chosen lot may be empty on the books; of goods only stocked lots are counted.
    Raises NotFound (also for a lot of another site), NothingToCount, TooManyLots, StocktakeUnderWay.
    """
    own_shop(actor, queries.shop(site_id))
    chosen = set(stockkeeping_queries.lots_at(site_id, lot_ids)) if lot_ids else set()
    if goods_ids or not lot_ids:
        stocked = select(Lot.id).where(Lot.site_id == site_id, Lot.emptied_at.is_(None)).limit(MOST_LOTS + 1)
        chosen |= set(session.scalars(stocked.where(Lot.goods_id.in_(goods_ids)) if goods_ids else stocked))
    if not chosen:
        raise NothingToCount
    if len(chosen) > MOST_LOTS:
        raise TooManyLots(most=MOST_LOTS)
    if session.scalar(select(Stocktake.id).where(Stocktake.site_id == site_id, Stocktake.state.in_(UNDER_WAY))):
        raise StocktakeUnderWay
    stocktake = Stocktake(
        id=new_id(),
        site_id=site_id,
        blind=blind,
        state=StocktakeState.OPEN,
        opened_by=actor.person_id,
        opened_at=clock.now(),
    )
    session.add(stocktake)
    session.flush()
    session.execute(
        insert(StocktakeLot), [{"stocktake_id": stocktake.id, "lot_id": lot_id} for lot_id in sorted(chosen)]
    )
    return stocktake


def count(*, actor: Actor, stocktake_id: UUID, lines: Sequence[Counted]) -> Stocktake:
    """Keep what was counted, beside what the books say now; a second count of a lot takes the first one's place.

    Raises NotFound (also for a lot that is not in it), StocktakeNotCounting, LotMoved, Invalid for a lot given twice.
    """
    stocktake = _locked(actor, stocktake_id)
    if stocktake.state not in COUNTABLE:
        raise StocktakeNotCounting(state=stocktake.state)
    lot_ids = [line.lot_id for line in lines]
    if len(set(lot_ids)) < len(lot_ids):
        detail = "同一批次只能填一行。 A lot may be given once."
        raise Invalid(errors=[{"pointer": "/lines", "detail": detail}])
    numbers = _numbers(stocktake_id, lot_ids)
    now = clock.now()
    # Read without the lots' locks: a count is an observation beside the move that it names, and holds nobody up.
    held = levels.held_by(lot_ids, now)
    for line in lines:
        if line.seq is not None and stockkeeping_queries.moved_since(line.lot_id, line.seq):
            raise LotMoved(lot_id=line.lot_id)
    session.execute(
        insert(StockCount),
        [
            {
                "stocktake_id": stocktake_id,
                "lot_id": line.lot_id,
                "number": numbers[line.lot_id] + 1,
                "counted": line.counted,
                "system_quantity": held[line.lot_id].on_hand,
                "seq": held[line.lot_id].seq,
                "counted_by": actor.person_id,
                "counted_at": now,
            }
            for line in lines
        ],
    )
    stocktake.state = StocktakeState.COUNTING
    session.flush()
    return stocktake


def confirm(*, actor: Actor, stocktake_id: UUID) -> Stocktake:
    """Sign the counts: every lot that has pieces on the books is counted. Raises StocktakeNotCounting, StocktakeIncomplete."""
    stocktake = _locked(actor, stocktake_id)
    if stocktake.state not in COUNTABLE:
        raise StocktakeNotCounting(state=stocktake.state)
    if missing := stockkeeping_queries.uncounted(stocktake_id):
        raise StocktakeIncomplete(missing=len(missing), lot_id=missing[0])
    _sign(stocktake, StocktakeState.CONFIRMED, actor, clock.now())
    return stocktake


def recount(*, actor: Actor, stocktake_id: UUID) -> Stocktake:
    """Send a confirmed stocktake back to counting; its counts stay until others take their place.

    Raises StocktakeNotConfirmed.
    """
    stocktake = _locked(actor, stocktake_id)
    if stocktake.state != StocktakeState.CONFIRMED:
        raise StocktakeNotConfirmed
    _sign(stocktake, StocktakeState.COUNTING, None, None)
    return stocktake


def cancel(*, actor: Actor, stocktake_id: UUID) -> Stocktake:
    """End a stocktake without posting it. Raises StocktakeEnded."""
    stocktake = _locked(actor, stocktake_id)
    if stocktake.state not in UNDER_WAY:
        raise StocktakeEnded
    _close(stocktake, StocktakeState.CANCELLED, actor, clock.now())
    return stocktake


def post(*, actor: Actor, stocktake_id: UUID) -> Stocktake:
    """Book every difference against the quantity at count time, all of them or none.

    Neither who confirmed nor who counted posts, nor a relative of theirs. Raises NotFound, StocktakeEnded,
    StocktakeNotConfirmed, SecondPersonNeeded, OwnFamily, CountBelowReserved naming the lot that has to be counted again.
    """
    stocktake = _locked(actor, stocktake_id)
    if stocktake.state not in UNDER_WAY:
        raise StocktakeEnded
    if stocktake.state != StocktakeState.CONFIRMED:
        raise StocktakeNotConfirmed
    counts = list(session.scalars(stockkeeping_queries.last_counts(stocktake_id)))
    refuse_same_house(actor, stocktake.confirmed_by, *(one.counted_by for one in counts))
    now = clock.now()
    differences = {one.lot_id: one.counted - one.system_quantity for one in counts}
    shelf = Shelf(site_id=stocktake.site_id, now=now, actor_id=actor.person_id)
    shelf.open(levels.lots_with([lot_id for lot_id, difference in differences.items() if difference]))
    for level in shelf.levels:
        shelf.correct(level.lot_id, differences[level.lot_id], cause_id=stocktake_id)
    shelf.write()
    session.add(
        StocktakePosting(
            stocktake_id=stocktake_id,
            confirmed_by=stocktake.confirmed_by,
            confirmed_at=stocktake.confirmed_at,
            posted_by=actor.person_id,
            posted_at=now,
        )
    )
    _close(stocktake, StocktakeState.POSTED, actor, now)
    return stocktake


def _locked(actor: Actor, stocktake_id: UUID) -> Stocktake:
    """Lock a stocktake at a site of the actor's, then read it in a new statement. Raises NotFound."""
    session.execute(select(Stocktake.id).where(Stocktake.id == stocktake_id).with_for_update(key_share=True)).all()
    stocktake = session.get(Stocktake, stocktake_id, populate_existing=True)
    if stocktake is None:
        raise NotFound
    own_shop(actor, queries.shop(stocktake.site_id))
    return stocktake


def _numbers(stocktake_id: UUID, lot_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the number of the last count of each lot, 0 without one. Raises NotFound for a lot that is not in it."""
    known = select(StocktakeLot.lot_id).where(
        StocktakeLot.stocktake_id == stocktake_id, StocktakeLot.lot_id.in_(lot_ids)
    )
    if set(session.scalars(known)) != set(lot_ids):
        raise NotFound
    last = stockkeeping_queries.last_counts(stocktake_id).where(StockCount.lot_id.in_(lot_ids))
    return dict.fromkeys(lot_ids, 0) | {one.lot_id: one.number for one in session.scalars(last)}


def _sign(stocktake: Stocktake, state: StocktakeState, actor: Actor | None, at: datetime | None) -> None:
    stocktake.state = state
    stocktake.confirmed_by = actor.person_id if actor else None
    stocktake.confirmed_at = at
    session.flush()


def _close(stocktake: Stocktake, state: StocktakeState, actor: Actor, at: datetime) -> None:
    stocktake.state = state
    stocktake.closed_by = actor.person_id
    stocktake.closed_at = at
    session.flush()
