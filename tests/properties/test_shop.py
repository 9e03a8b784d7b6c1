"""A day at two shops in any order: whatever happens, goods, minutes and receipts add up at every step."""

from collections import Counter

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from sqlalchemy import func, select

from tests.factories.shop import account_of, findings, seen
from tests.properties.lengths import examples
from tests.properties.shop_day import CHIEF, CLERK
from tests.properties.shop_model import MOST
from tests.properties.shop_stock_day import BehindTheCounters
from timebank import clock
from timebank.database import session
from timebank.shop.models import Lot, StockMove
from timebank.shop.rules import MoveKind
from timebank.shop.stock import levels
from timebank.shop.stockkeeping.rules import StocktakeState, TransferState


class ShopDay(BehindTheCounters):
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
        ShopDay, settings=settings(max_examples=examples(8, 200), stateful_step_count=examples(25, 60))
    )


@pytest.mark.rule("R35")
def test_what_is_sold_between_count_and_posting_stays_sold(app: Flask) -> None:
    """The day that chance seldom makes: a shop is counted one short, sells on, and another person posts."""
    day = ShopDay()
    day.a_stocktake_begins(shop=0, by=CLERK, errors=[-1], complete=True)
    day.somebody_walks_in(member=0, shop=0, what=1, quantity=2, by=CLERK)
    day.a_stocktake_goes_on(number=0, step="confirm", by=CLERK, errors=[0])
    day.a_stocktake_goes_on(number=0, step="post", by=CLERK, errors=[0])
    day.a_stocktake_goes_on(number=0, step="post", by=CHIEF, errors=[0])
    assert [count.state for count in day.books.counts.values()] == [StocktakeState.POSTED]
    day.every_lot_holds_what_it_should()
    day.what_came_in_is_here_or_has_left()
    day.the_audit_finds_nothing()
    day.teardown()
