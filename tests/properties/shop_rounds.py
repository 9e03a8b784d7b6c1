"""Whole rounds behind the counters, which single steps in any order seldom make: each comes to its end, or to its refusal."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.properties.shop_day import CHIEF, CLERK, DEPUTY, goods, members, pieces, shops, staff, which
from tests.properties.shop_stock_day import BehindTheCounters, miscounts
from timebank.shop.stockkeeping.rules import WriteOffReason

colleagues = st.permutations([CLERK, CHIEF, DEPUTY])


class Rounds(BehindTheCounters):
    """The same two shops; what somebody begins is brought to its end, while others go on."""

    @rule(shop=shops, errors=miscounts, who=colleagues, member=members, what=goods, quantity=pieces)
    def a_shop_is_counted(
        self, shop: int, errors: list[int], who: list[int], member: int, *, what: int, quantity: int
    ) -> None:
        """Count a shop, hold and sell meanwhile, sign, and post: neither who counted nor who signed may, a third person does."""
        counter, signer, poster = who
        for stocktake_id, count in self.books.counts.items():
            if count.shop == shop and count.under_way:
                self.send_back(stocktake_id, count, poster, again=False)
        before = len(self.books.counts)
        self.a_stocktake_begins(shop=shop, by=counter, errors=errors, complete=True)
        if len(self.books.counts) == before:
            return
        stocktake_id, count = self.one_of(self.books.counts, 0)
        self.somebody_reserves(member=member, shop=shop, wanted={what: quantity})
        self.somebody_walks_in(member=member, shop=shop, what=what, quantity=1, by=signer)
        self.confirm(stocktake_id, count, signer)
        for by in who:
            self.post(stocktake_id, count, by)

    @rule(number=which, quantity=pieces, who=colleagues, missing=st.sampled_from([0, 0, 1, 2]), recalled=st.booleans())
    def goods_go_across(self, number: int, quantity: int, who: list[int], missing: int, *, recalled: bool) -> None:
        """Send goods, recall them on the way perhaps, and receive them, some of them missing: not who sent them does."""
        sender, recaller, receiver = who
        before = len(self.books.sent)
        self.goods_are_sent(number=number, quantity=quantity, by=sender)
        if len(self.books.sent) == before:
            return
        if recalled:
            self.a_lot_is_recalled(number=number % len(self.books.lots), by=recaller)
        arrived = max(0, quantity - missing) if missing else None
        for by, explained in ((sender, True), (receiver, False), (receiver, True)):
            self.goods_arrive(number=0, by=by, arrived=arrived, explained=explained)

    @rule(number=which, quantity=pieces, by=staff, member=members)
    def goods_are_written_off(self, number: int, quantity: int, by: int, member: int) -> None:
        """Ask for a write-off, hold some of the same goods, and let everybody try to sign: at most one may."""
        lot, before = self.some_lot(number), len(self.books.asked)
        self.a_write_off_is_asked(number=number, quantity=quantity, reason=WriteOffReason.DAMAGED, by=by)
        if len(self.books.asked) == before:
            return
        self.somebody_reserves(member=member, shop=lot.shop, wanted={lot.batch.what: quantity})
        for signer in (CLERK, CHIEF, DEPUTY):
            self.a_write_off_is_decided(number=0, by=signer, approved=True)
