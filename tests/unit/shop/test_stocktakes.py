"""Counting what is there while the shop is open: the difference at count time is booked, by somebody else."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, findings, level_of, reserved, seen, some_goods
from tests.factories.stockkeeping import a_confirmed_stocktake, a_stocktake, counted, posted
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor
from timebank.organisations.models import Site
from timebank.records.errors import SecondPersonNeeded
from timebank.shop.models import Goods, Lot, StockMove
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.rules import MoveKind
from timebank.shop.stockkeeping import stocktakes
from timebank.shop.stockkeeping.errors import (
    CountBelowReserved,
    LotMoved,
    NothingToCount,
    StocktakeEnded,
    StocktakeIncomplete,
    StocktakeNotConfirmed,
    StocktakeNotCounting,
    StocktakeUnderWay,
    TooManyLots,
)
from timebank.shop.stockkeeping.stocktake_tables import StockCount, Stocktake, StocktakeLot
from timebank.shop.stockkeeping.stocktakes import Counted


def _does(verb: Any, actor: Actor, stocktake: Stocktake) -> Any:
    return in_unit_of_work(lambda: verb(actor=actor, stocktake_id=stocktake.id))


def _sells(site: Site, goods: Goods, pieces: int, *, to: int = 600) -> None:
    clerk, order = a_clerk(site), reserved(a_member(to).id, site.id, (goods.id, pieces)).redemption
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=order.id))


def _last_kind(lot: Lot) -> str | None:
    found = select(StockMove.kind).where(StockMove.lot_id == lot.id).order_by(StockMove.seq.desc()).limit(1)
    return seen(lambda: session.scalar(found))


@pytest.mark.rule("R35")
def test_the_shop_stays_open_while_it_is_counted(app: Flask) -> None:
    """What is sold between the count and its posting stays sold: the difference is booked, not the quantity."""
    site, soap = a_shop(), some_goods()
    lot, found = a_lot(soap.id, site.id, 10), a_lot(some_goods().id, site.id, 3)
    counting = a_confirmed_stocktake(site, (lot.id, 8), (found.id, 5))
    _sells(site, soap, 3)
    posted(counting, site)
    assert (level_of(lot).on_hand, level_of(found).on_hand) == (5, 5)
    assert _last_kind(lot) == MoveKind.COUNT_DIFFERENCE
    assert findings() == []


@pytest.mark.rule("R35")
def test_somebody_else_posts(app: Flask) -> None:
    """Neither who confirmed nor who counted posts; whose count was replaced may."""
    site, soap = a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 10)
    early, counter, confirmer = a_clerk(site), a_clerk(site), a_clerk(site)
    made = a_stocktake(site)
    counted(made, early, (lot.id, 1))
    counted(made, counter, (lot.id, 9))
    _does(stocktakes.confirm, confirmer, made)
    for one in (counter, confirmer):
        with pytest.raises(SecondPersonNeeded):
            _does(stocktakes.post, one, made)
    assert level_of(lot).on_hand == 10
    _does(stocktakes.post, early, made)
    assert level_of(lot).on_hand == 9
    assert findings() == []


def test_the_last_count_is_in_force_and_the_earlier_ones_stay(app: Flask) -> None:
    """A second count of a lot takes the place of the first, beside what the books said at its own moment."""
    site, soap = a_shop(), some_goods()
    lot, clerk = a_lot(soap.id, site.id, 10), a_clerk(site)
    made = a_stocktake(site)
    counted(made, clerk, (lot.id, 4))
    _sells(site, soap, 3)
    counted(made, clerk, (lot.id, 7))
    kept = seen(
        lambda: [
            (one.number, one.counted, one.system_quantity)
            for one in session.scalars(select(StockCount).order_by(StockCount.number))
        ]
    )
    assert kept == [(1, 4, 10), (2, 7, 7)]
    _does(stocktakes.confirm, clerk, made)
    posted(made, site)
    assert level_of(lot).on_hand == 7
    assert findings() == []


def test_a_difference_that_would_take_what_is_reserved_is_refused(app: Flask) -> None:
    """Nothing is posted; the lot is named, counted again, and then it is posted."""
    site, soap = a_shop(), some_goods()
    other, lot = a_lot(some_goods().id, site.id, 4), a_lot(soap.id, site.id, 5)
    clerk = a_clerk(site)
    made = a_confirmed_stocktake(site, (other.id, 3), (lot.id, 2))
    reserved(a_member().id, site.id, (soap.id, 4))
    with pytest.raises(CountBelowReserved) as refused:
        posted(made, site)
    assert refused.value.context == {"lot_id": lot.id, "on_hand": 5, "reserved": 4, "difference": -3}
    assert (level_of(other).on_hand, level_of(lot).on_hand) == (4, 5)
    _does(stocktakes.recount, clerk, made)
    counted(made, clerk, (lot.id, 4))
    _does(stocktakes.confirm, clerk, made)
    posted(made, site)
    assert (level_of(other).on_hand, level_of(lot).on_hand) == (3, 4)
    assert findings() == []


def test_a_difference_of_what_has_been_sold_is_refused(app: Flask) -> None:
    """Fewer than none cannot be there: the count was wrong, and says so when it is posted."""
    site, soap = a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 5)
    made = a_confirmed_stocktake(site, (lot.id, 2))
    _sells(site, soap, 4)
    with pytest.raises(CountBelowReserved) as refused:
        posted(made, site)
    assert (refused.value.context["on_hand"], refused.value.context["difference"]) == (1, -3)


def test_reservations_that_are_due_hinder_no_posting(app: Flask) -> None:
    """Pieces of a reservation whose time is over are free before anybody has written so."""
    site, soap = a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 5)
    order = reserved(a_member().id, site.id, (soap.id, 5)).redemption
    made = a_confirmed_stocktake(site, (lot.id, 0))
    with clock.at(order.expires_at):
        posted(made, site)
        assert (level_of(lot).on_hand, level_of(lot).reserved) == (0, 0)
        assert findings() == []


@pytest.mark.rule("R33")
def test_what_is_missing_of_an_expired_lot_is_a_write_off(app: Flask) -> None:
    """Such a lot leaves by nothing else; the two who sign the stocktake sign it."""
    site, bread = a_shop(), some_goods()
    end = clock.now() + timedelta(hours=5)
    lot = a_lot(bread.id, site.id, 5, expires_at=end)
    with clock.at(end):
        posted(a_confirmed_stocktake(site, (lot.id, 2)), site)
        assert (_last_kind(lot), level_of(lot).on_hand) == (MoveKind.WRITE_OFF, 2)
        assert findings() == []


def test_a_lot_that_is_empty_on_the_books_may_be_found(app: Flask) -> None:
    """It is counted when it is chosen, and offered again once the surplus is posted."""
    site, soap = a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 2)
    _sells(site, soap, 2)
    posted(a_confirmed_stocktake(site, (lot.id, 1)), site)
    assert level_of(lot).on_hand == 1
    _sells(site, soap, 1)
    assert findings() == []


def test_a_lot_that_moves_while_it_is_counted_is_counted_again(app: Flask) -> None:
    """Only if pieces came or went after the move that the counting person knew of; a promise moves nothing."""
    site, soap = a_shop(), some_goods()
    lot, clerk = a_lot(soap.id, site.id, 10), a_clerk(site)
    made = a_stocktake(site)

    def count(seq: int) -> Any:
        line = Counted(lot.id, 10, seq)
        return in_unit_of_work(lambda: stocktakes.count(actor=clerk, stocktake_id=made.id, lines=[line]))

    order = reserved(a_member().id, site.id, (soap.id, 1)).redemption
    count(1)
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=order.id))
    with pytest.raises(LotMoved):
        count(1)
    count(3)


def test_everything_that_is_stocked_is_counted(app: Flask) -> None:
    """Without a choice it is every stocked lot of the site; a lot sold out meanwhile need not be counted."""
    site, soap, rice = a_shop(), some_goods(), some_goods()
    one, two = a_lot(soap.id, site.id, 2), a_lot(rice.id, site.id, 2)
    a_lot(soap.id, a_shop().id, 2)
    clerk, made = a_clerk(site), a_stocktake(site)
    with pytest.raises(StocktakeIncomplete) as refused:
        _does(stocktakes.confirm, clerk, made)
    assert refused.value.context == {"missing": 2, "lot_id": min(one.id, two.id)}
    counted(made, clerk, (two.id, 2))
    with pytest.raises(StocktakeIncomplete):
        _does(stocktakes.confirm, clerk, made)
    _sells(site, soap, 2)
    _does(stocktakes.confirm, clerk, made)
    posted(made, site)
    assert findings() == []


def test_goods_can_be_counted_by_themselves(app: Flask) -> None:
    """Chosen goods are their stocked lots, chosen lots come on top; nothing to count is refused."""
    site, soap, rice = a_shop(), some_goods(), some_goods()
    one, two, other = a_lot(soap.id, site.id), a_lot(soap.id, site.id), a_lot(rice.id, site.id)
    clerk = a_clerk(site)

    def opened(**chosen: Any) -> set[Any]:
        made = in_unit_of_work(lambda: stocktakes.start(actor=clerk, site_id=site.id, blind=False, **chosen))
        lots = select(StocktakeLot.lot_id).where(StocktakeLot.stocktake_id == made.id)
        found = seen(lambda: set(session.scalars(lots)))
        _does(stocktakes.cancel, clerk, made)
        return found

    assert opened(goods_ids=[soap.id]) == {one.id, two.id}
    assert opened(goods_ids=[soap.id], lot_ids=[other.id]) == {one.id, two.id, other.id}
    assert opened(lot_ids=[other.id, other.id]) == {other.id}
    with pytest.raises(NothingToCount):
        opened(goods_ids=[some_goods().id])
    with pytest.raises(NotFound):
        opened(lot_ids=[a_lot(soap.id, a_shop().id).id])


def test_a_stocktake_takes_so_many_lots(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop with more of them counts goods by goods."""
    monkeypatch.setattr(stocktakes, "MOST_LOTS", 1)
    site, soap = a_shop(), some_goods()
    a_lot(soap.id, site.id), a_lot(soap.id, site.id)
    with pytest.raises(TooManyLots):
        a_stocktake(site)


def test_one_stocktake_is_under_way_at_a_site(app: Flask) -> None:
    """Another begins when the first is posted or cancelled; other sites count as they like."""
    site, other, soap = a_shop(), a_shop(), some_goods()
    lot, _ = a_lot(soap.id, site.id, 5), a_lot(soap.id, other.id, 5)
    clerk, first = a_clerk(site), a_stocktake(site)
    with pytest.raises(StocktakeUnderWay):
        a_stocktake(site)
    a_stocktake(other)
    _does(stocktakes.cancel, clerk, first)
    second = a_confirmed_stocktake(site, (lot.id, 5))
    with pytest.raises(StocktakeUnderWay):
        a_stocktake(site)
    posted(second, site)
    a_stocktake(site)


def test_each_step_has_its_time(app: Flask) -> None:
    """Counts only while counting, posting only once and after the confirmation, nothing at all after the end."""
    site, soap = a_shop(), some_goods()
    lot, clerk, other = a_lot(soap.id, site.id, 5), a_clerk(site), a_clerk(site)
    made = a_stocktake(site)
    for verb in (stocktakes.post, stocktakes.recount):
        with pytest.raises(StocktakeNotConfirmed):
            _does(verb, other, made)
    counted(made, clerk, (lot.id, 5))
    _does(stocktakes.confirm, clerk, made)
    with pytest.raises(StocktakeNotCounting):
        counted(made, clerk, (lot.id, 4))
    with pytest.raises(StocktakeNotCounting):
        _does(stocktakes.confirm, clerk, made)
    _does(stocktakes.post, other, made)
    for verb in (stocktakes.post, stocktakes.cancel):
        with pytest.raises(StocktakeEnded):
            _does(verb, other, made)
    with pytest.raises(StocktakeNotConfirmed):
        _does(stocktakes.recount, other, made)
    with pytest.raises(StocktakeNotCounting):
        counted(made, clerk, (lot.id, 4))
    assert seen(lambda: session.scalar(select(func.count()).select_from(StockMove))) == 1


def test_only_the_lots_of_a_stocktake_are_counted(app: Flask) -> None:
    """A lot that is not in it, or of another shop, is not found; the same lot twice is refused; strangers see nothing."""
    site, soap = a_shop(), some_goods()
    lot, other = a_lot(soap.id, site.id, 5), a_lot(soap.id, a_shop().id, 5)
    clerk, made = a_clerk(site), a_stocktake(site, lot_ids=(lot.id,))
    for foreign in (other.id, a_lot(soap.id, site.id).id, new_id()):
        with pytest.raises(NotFound):
            counted(made, clerk, (lot.id, 5), (foreign, 5))
    with pytest.raises(Invalid):
        counted(made, clerk, (lot.id, 5), (lot.id, 4))
    stranger = a_clerk(a_shop())
    for verb in (stocktakes.confirm, stocktakes.post, stocktakes.cancel, stocktakes.recount):
        with pytest.raises(NotFound):
            _does(verb, stranger, made)
    with pytest.raises(NotFound):
        counted(made, stranger, (lot.id, 5))
    assert seen(lambda: session.scalar(select(func.count()).select_from(StockCount))) == 0
