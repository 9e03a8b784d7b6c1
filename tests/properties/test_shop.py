"""A day at two shops in any order: whatever happens, goods, minutes and receipts add up at every step."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from sqlalchemy import func, select

from tests.factories.identity import a_coordinator
from tests.factories.shop import account_of, findings, seen
from tests.properties.lengths import examples
from tests.properties.shop_day import CHIEF, CLERK, DEPUTY
from tests.properties.shop_model import MOST
from tests.properties.shop_rounds import Rounds
from timebank import clock
from timebank.database import session
from timebank.shop.models import Lot, StockMove
from timebank.shop.rules import MoveKind
from timebank.shop.stock import levels
from timebank.shop.stock.lot_tables import LotRecall
from timebank.shop.stockkeeping import stocktakes, write_offs
from timebank.shop.stockkeeping.rules import StocktakeState, TransferState, WriteOffReason, WriteOffState


class ShopDay(Rounds):
    """What holds after every step, at both shops."""

    @invariant()
    def every_lot_holds_what_it_should(self) -> None:
        """What is on hand in each lot is what came less what left; reserved is what open redemptions hold of it."""
        lot_ids = [lot.id for lot in self.books.lots]
        found = seen(lambda: levels.held_by(lot_ids, self.now))
        for lot in self.books.lots:
            level = found[lot.id]
            assert (level.on_hand, level.reserved - level.due) == (lot.on_hand, self.books.reserved(lot, self.now))
            assert level.recalled == lot.batch.recalled

    @invariant()
    def what_came_in_is_here_or_has_left(self) -> None:
        """By shop, goods and kind the moves are those of the model; all of them together are what is on hand."""
        places = {site.id: shop for shop, site in enumerate(self.sites)}
        known = {goods_id: what for what, goods_id in enumerate(self.goods)}
        of_kind = (
            select(Lot.site_id, Lot.goods_id, StockMove.kind, func.sum(StockMove.quantity))
            .join(StockMove, StockMove.lot_id == Lot.id)
            .where(Lot.goods_id.in_(self.goods))
            .group_by(Lot.site_id, Lot.goods_id, StockMove.kind)
        )
        found = {
            (places[site_id], known[goods_id], MoveKind(kind)): int(moved)
            for site_id, goods_id, kind, moved in seen(lambda: session.execute(of_kind).all())
            if moved
        }
        assert found == {key: moved for key, moved in self.books.moved.items() if moved}
        on_the_way = sum(s.quantity for s in self.books.sent.values() if s.state is TransferState.IN_TRANSIT)
        by_transfer = Counter[MoveKind]()
        for (_, _, kind), moved in found.items():
            by_transfer[kind] += moved
        assert by_transfer[MoveKind.TRANSFER] == -on_the_way

    @invariant()
    def the_ledger_says_the_same(self) -> None:
        """The ledger has the balances that the model has."""
        with clock.at(self.now):
            for member, person in enumerate(self.members):
                state = account_of(person.id)
                assert state.balance_minutes == self.books.balance[member]
                assert state.available_minutes == self.books.spendable(member, self.now)

    @invariant()
    def nobody_has_more_than_the_limit(self) -> None:
        """Nobody has, or was promised, more of the limited goods than the limit says, at both shops together."""
        for member in range(len(self.members)):
            assert self.books.used(member, self.now) <= MOST

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        """The audit agrees at every step."""
        with clock.at(self.now):
            assert findings() == []


@pytest.mark.rule("R28")
@pytest.mark.rule("R30")
@pytest.mark.rule("R33")
@pytest.mark.rule("R34")
@pytest.mark.rule("R35")
def test_goods_and_minutes_add_up_whatever_happens(app: Flask) -> None:
    """On both engines, in any order: moves are what is on hand, open redemptions what is reserved, the ledger the balance."""
    run_state_machine_as_test(
        ShopDay, settings=settings(max_examples=examples(6, 200), stateful_step_count=examples(20, 60))
    )


# --- days that chance seldom makes; the model asserts every answer on the way -------------------------------------------


TEA = 1
"""Goods without a limit, five pieces at each shop."""


def _ends(day: ShopDay) -> None:
    """See that everything adds up, and end the day."""
    day.every_lot_holds_what_it_should()
    day.what_came_in_is_here_or_has_left()
    day.the_ledger_says_the_same()
    day.the_audit_finds_nothing()
    day.teardown()


def _tea(day: ShopDay, shop: int) -> int:
    """Return the number of the lot of tea at a shop."""
    return next(n for n, lot in enumerate(day.books.lots) if (lot.shop, lot.batch.what) == (shop, TEA))


def _answer(day: ShopDay, stocktake_id: UUID, by: int) -> Any:
    return day.does(lambda: stocktakes.post(actor=day.staff[by], stocktake_id=stocktake_id))


@pytest.mark.rule("R35")
def test_what_is_sold_between_count_and_posting_stays_sold(app: Flask) -> None:
    """A shop is counted one short and sells on; neither the counter nor the signer posts, a third person does."""
    day = ShopDay()
    day.a_stocktake_begins(shop=0, by=CLERK, errors=[-1], complete=True)
    day.somebody_walks_in(member=0, shop=0, what=TEA, quantity=2, by=CLERK)
    [(stocktake_id, count)] = day.books.counts.items()
    day.confirm(stocktake_id, count, CHIEF)
    assert [_answer(day, stocktake_id, by) for by in (CLERK, CHIEF)] == ["SECOND_PERSON_NEEDED"] * 2
    day.post(stocktake_id, count, DEPUTY)
    assert count.state is StocktakeState.POSTED
    assert day.books.lots[_tea(day, 0)].on_hand == 5 - 1 - 2
    _ends(day)


@pytest.mark.rule("R35")
def test_a_count_never_takes_what_is_promised(app: Flask) -> None:
    """Two of five are counted while four are promised: nothing is posted, for any lot, before it is counted again."""
    day = ShopDay()
    day.somebody_reserves(member=0, shop=0, wanted={TEA: 4})
    day.a_stocktake_begins(shop=0, by=CLERK, errors=[-3], complete=True)
    [(stocktake_id, count)] = day.books.counts.items()
    day.confirm(stocktake_id, count, CLERK)
    assert _answer(day, stocktake_id, CHIEF) == "COUNT_BELOW_RESERVED"
    day.post(stocktake_id, count, CHIEF)
    day.send_back(stocktake_id, count, CHIEF, again=True)
    day.counting(stocktake_id, count, count.lots, CLERK, [-1])
    day.confirm(stocktake_id, count, CLERK)
    day.post(stocktake_id, count, CHIEF)
    assert count.state is StocktakeState.POSTED
    _ends(day)


@pytest.mark.rule("R33")
@pytest.mark.rule("R35")
def test_a_write_off_needs_a_second_person_who_gave_none_of_it_away(app: Flask) -> None:
    """Who asks cannot approve, who handed out of that lot cannot either, and what is promised meanwhile stays."""
    day = ShopDay()
    day.somebody_walks_in(member=0, shop=0, what=TEA, quantity=1, by=CHIEF)
    asking = {"number": _tea(day, 0), "reason": WriteOffReason.DAMAGED}
    day.a_write_off_is_asked(quantity=3, by=DEPUTY, **asking)
    [(write_off_id, asked)] = day.books.asked.items()
    day.somebody_reserves(member=1, shop=0, wanted={TEA: 2})
    for by in (CLERK, DEPUTY, CHIEF):
        day.approve(write_off_id, asked, by)
    assert asked.state is WriteOffState.REQUESTED
    other = day.staff[DEPUTY] = a_coordinator(day.sites[0].organisation_id)
    short = day.does(lambda: write_offs.approve(actor=other, write_off_id=write_off_id))
    assert short == "LOT_SHORT"
    day.somebody_cancels(number=0, by_clerk=False)
    day.does(lambda: write_offs.approve(actor=other, write_off_id=write_off_id))
    day.books.move(MoveKind.WRITE_OFF, [(asked.lot, asked.quantity)], -1)
    assert asked.lot.on_hand == 5 - 1 - 3
    _ends(day)


@pytest.mark.rule("R31")
def test_what_is_promised_is_not_sent_and_what_is_missing_is_explained(app: Flask) -> None:
    """Only free pieces are sent; a short receipt needs a reason, and what is missing leaves the receiver's books."""
    day = ShopDay()
    day.somebody_reserves(member=0, shop=0, wanted={TEA: 2})
    day.goods_are_sent(number=_tea(day, 0), quantity=4, by=CLERK)
    assert not day.books.sent
    day.goods_are_sent(number=_tea(day, 0), quantity=3, by=CLERK)
    [sent] = day.books.sent.values()
    for by, explained in ((CLERK, True), (CHIEF, False), (CHIEF, True), (DEPUTY, True)):
        day.goods_arrive(number=0, by=by, arrived=2, explained=explained)
    assert sent.state is TransferState.RECEIVED
    assert day.books.lots[-1].on_hand == 2
    _ends(day)


@pytest.mark.rule("R34")
def test_a_recall_follows_goods_that_are_on_their_way(app: Flask) -> None:
    """What was recalled while it was between two shops arrives recalled: nobody there is promised any of it."""
    day = ShopDay()
    day.goods_are_sent(number=_tea(day, 0), quantity=3, by=CLERK)
    day.a_lot_is_recalled(number=_tea(day, 0), by=CHIEF)
    day.goods_arrive(number=0, by=DEPUTY, arrived=2, explained=True)
    arrived = day.books.lots[-1]
    assert arrived.batch.recalled
    assert seen(lambda: session.get_one(LotRecall, arrived.id)).recalled_by == day.staff[CHIEF].person_id
    day.somebody_reserves(member=0, shop=1, wanted={TEA: 6})
    assert not day.books.held
    _ends(day)


@pytest.mark.rule("R32")
def test_what_was_given_for_a_purpose_leaves_for_nothing_else(app: Flask) -> None:
    """Nobody's minutes take it, a clerk does not judge, the chief gives it away for nothing, and it comes back to its lot."""
    day = ShopDay()
    day.goods_come_in(what=TEA, shop=0, quantity=3, hours=None, restricted=True)
    gift = day.books.lots[-1]
    day.somebody_reserves(member=0, shop=0, wanted={TEA: 6})
    assert not day.books.held
    for by in (CLERK, CHIEF):
        day.goods_are_given_for_their_purpose(member=0, number=0, quantity=2, by=by)
    day.something_comes_back(number=0, what=TEA, quantity=1, restock=True)
    for quantity in (3, 2):
        day.goods_are_given_for_their_purpose(member=1, number=0, quantity=quantity, by=DEPUTY)
    assert gift.on_hand == 0
    day.somebody_undoes(number=0, by=DEPUTY)
    assert gift.on_hand == 2
    _ends(day)
