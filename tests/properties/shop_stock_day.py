"""What goes on behind the counters of two shops: stocktakes, write-offs by two, transfers, recalls."""

from collections.abc import Sequence
from itertools import cycle
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import select

from tests.factories.shop import seen
from tests.factories.stockkeeping import pieces as lot_lines
from tests.properties.shop_day import CLERK, DEPUTY, Counters, pieces, shops, staff, which
from tests.properties.shop_model import Asked, Count, Lot, Sent
from timebank.database import session
from timebank.shop.rules import MoveKind
from timebank.shop.stock import recalls
from timebank.shop.stockkeeping import stocktakes, transfers, write_offs
from timebank.shop.stockkeeping.rules import StocktakeState, TransferState, WriteOffReason, WriteOffState
from timebank.shop.stockkeeping.stocktakes import Counted
from timebank.shop.stockkeeping.transfer_tables import StockTransferArrival

miscounts = st.lists(st.sampled_from([-1, 0, 1, -3]), min_size=1, max_size=4)
steps = st.sampled_from(["next"] * 6 + ["count", "count", "confirm", "post", "recount", "cancel"])
reasons = st.sampled_from([WriteOffReason.EXPIRED, WriteOffReason.DAMAGED])


class BehindTheCounters(Counters):
    """The same two shops, and whoever keeps their stock."""

    def some_lot(self, number: int) -> Lot:
        """Return one of all lots so far."""
        return self.books.lots[number % len(self.books.lots)]

    @rule(shop=shops, by=staff, errors=miscounts, complete=st.sampled_from([True, True, False]))
    def a_stocktake_begins(self, shop: int, by: int, errors: list[int], *, complete: bool) -> None:
        """Count what the books have at a shop, or a part of it, one stocktake at a time."""
        lots = [lot for lot in self.books.lots if lot.shop == shop and lot.on_hand]
        busy = any(count.shop == shop and count.under_way for count in self.books.counts.values())
        done = self.does(lambda: stocktakes.start(actor=self.staff[by], site_id=self.sites[shop].id, blind=False))
        if not lots:
            assert done == "NOTHING_TO_COUNT"
        elif busy:
            assert done == "STOCKTAKE_UNDER_WAY"
        else:
            self.books.counts[done.id] = count = Count(shop, lots)
            self.counting(done.id, count, lots if complete else lots[: len(errors)], by, errors)

    @precondition(lambda self: self.books.counts)
    @rule(number=which, step=steps, by=staff, errors=miscounts)
    def a_stocktake_goes_on(self, number: int, step: str, by: int, errors: list[int]) -> None:
        """Take the next step of a stocktake, mostly; or any other, whether it fits or not."""
        stocktake_id, count = self.one_of(self.books.counts, number)
        if step == "next":  # by somebody who may, or hardly anything would ever be posted
            signed = {count.confirmed_by, *count.counted_by.values()}
            by = next((one for one in (by, *range(CLERK, DEPUTY + 1)) if one not in signed), by)
        match step if step != "next" else "post" if count.state is StocktakeState.CONFIRMED else "confirm":
            case "count":
                self.counting(stocktake_id, count, count.lots[-len(errors) :], by, errors)
            case "confirm":
                self.confirm(stocktake_id, count, count.counted_by.get(count.lots[0], by))
            case "post":
                self.post(stocktake_id, count, by)
            case back:
                self.send_back(stocktake_id, count, by, again=back == "recount")

    def counting(self, stocktake_id: UUID, count: Count, lots: Sequence[Lot], by: int, errors: Sequence[int]) -> None:
        """Enter counts that are wrong by so much, and note by how much they differ from the books of this moment."""
        counted = {lot: max(0, lot.on_hand + error) for lot, error in zip(lots, cycle(errors), strict=False)}
        lines = [Counted(lot.id, found) for lot, found in counted.items()]
        done = self.does(lambda: stocktakes.count(actor=self.staff[by], stocktake_id=stocktake_id, lines=lines))
        if not count.countable:
            assert done == "STOCKTAKE_NOT_COUNTING"
            return
        assert done.state == StocktakeState.COUNTING
        count.state = StocktakeState.COUNTING
        for lot, found in counted.items():
            count.differences[lot], count.counted_by[lot] = found - lot.on_hand, by

    def confirm(self, stocktake_id: UUID, count: Count, by: int) -> None:
        """Sign the counts: everything that is on the books must have been counted."""
        done = self.does(lambda: stocktakes.confirm(actor=self.staff[by], stocktake_id=stocktake_id))
        if not count.countable:
            assert done == "STOCKTAKE_NOT_COUNTING"
        elif any(lot.on_hand and lot not in count.differences for lot in count.lots):
            assert done == "STOCKTAKE_INCOMPLETE"
        else:
            assert done.state == StocktakeState.CONFIRMED
            count.state, count.confirmed_by = StocktakeState.CONFIRMED, by

    def send_back(self, stocktake_id: UUID, count: Count, by: int, *, again: bool) -> None:
        """Send a stocktake back to be counted again, or drop it: nothing moves."""
        verb = stocktakes.recount if again else stocktakes.cancel
        done = self.does(lambda: verb(actor=self.staff[by], stocktake_id=stocktake_id))
        if again and count.state is not StocktakeState.CONFIRMED:
            assert done == "STOCKTAKE_NOT_CONFIRMED"
        elif not count.under_way:
            assert done == "STOCKTAKE_ENDED"
        else:
            count.state = StocktakeState.COUNTING if again else StocktakeState.CANCELLED
            assert done.state == count.state

    def post(self, stocktake_id: UUID, count: Count, by: int) -> None:
        """Post what was found at count time, whatever has moved since; never below what is promised."""
        differences = {lot: difference for lot, difference in count.differences.items() if difference}
        done = self.does(lambda: stocktakes.post(actor=self.staff[by], stocktake_id=stocktake_id))
        if not count.under_way:
            assert done == "STOCKTAKE_ENDED"
        elif count.state is not StocktakeState.CONFIRMED:
            assert done == "STOCKTAKE_NOT_CONFIRMED"
        elif by in {count.confirmed_by, *count.counted_by.values()}:
            assert done == "SECOND_PERSON_NEEDED"
        elif any(self.books.free(lot, self.now) + difference < 0 for lot, difference in differences.items()):
            assert done == "COUNT_BELOW_RESERVED"
        else:
            assert done.state == StocktakeState.POSTED
            count.state = StocktakeState.POSTED
            for lot, difference in differences.items():
                self.correct(lot, difference)

    def correct(self, lot: Lot, difference: int) -> None:
        """Note that there is more or less than the books said: what is missing of an expired lot is written off."""
        expired = difference < 0 and not lot.batch.good_at(self.now)
        self.books.move(MoveKind.WRITE_OFF if expired else MoveKind.COUNT_DIFFERENCE, [(lot, difference)])

    @precondition(lambda self: self.books.lots)
    @rule(number=which, quantity=pieces, reason=reasons, by=staff)
    def a_write_off_is_asked(self, number: int, quantity: int, reason: WriteOffReason, by: int) -> None:
        """Ask for a write-off of free pieces; nothing moves."""
        lot = self.some_lot(number)
        done = self.does(
            lambda: write_offs.request(
                actor=self.staff[by],
                site_id=self.sites[lot.shop].id,
                reason=reason,
                lines=lot_lines((lot.id, quantity)),
            )
        )
        if reason is WriteOffReason.EXPIRED and lot.batch.good_at(self.now):
            assert done == "NOT_EXPIRED"
        elif quantity > self.books.free(lot, self.now):
            assert done == "LOT_SHORT"
        else:
            self.books.asked[done.id] = Asked(lot, quantity, by)

    @precondition(lambda self: self.books.asked)
    @rule(number=which, by=staff, approved=st.sampled_from([True, True, False]))
    def a_write_off_is_decided(self, number: int, by: int, *, approved: bool) -> None:
        """Approve a write-off, or reject it."""
        write_off_id, asked = self.one_of(self.books.asked, number)
        if approved:
            self.approve(write_off_id, asked, by)
        else:
            self.reject(write_off_id, asked, by)

    def approve(self, write_off_id: UUID, asked: Asked, by: int) -> None:
        """Approve a write-off: not the one who asked, nor one who handed out of that lot, and only free pieces."""
        done = self.does(lambda: write_offs.approve(actor=self.staff[by], write_off_id=write_off_id))
        if refusal := self.undecidable(asked, by):
            assert done == refusal
        elif by in asked.lot.handed_out_by:
            assert done == "HANDED_OUT_YOURSELF"
        elif asked.quantity > self.books.free(asked.lot, self.now):
            assert done == "LOT_SHORT"
        else:
            assert done.id == write_off_id
            asked.state = WriteOffState.APPROVED
            self.books.move(MoveKind.WRITE_OFF, [(asked.lot, asked.quantity)], -1)

    def reject(self, write_off_id: UUID, asked: Asked, by: int) -> None:
        """Reject a write-off: everything stays."""
        done = self.does(lambda: write_offs.reject(actor=self.staff[by], write_off_id=write_off_id, note="还能用"))
        if refusal := self.undecidable(asked, by):
            assert done == refusal
        else:
            assert done.id == write_off_id
            asked.state = WriteOffState.REJECTED

    def undecidable(self, asked: Asked, by: int) -> str | None:
        """Return why somebody may not decide on a write-off."""
        if by == CLERK:
            return "NOT_FOUND"
        if asked.state is not WriteOffState.REQUESTED:
            return "WRITE_OFF_DECIDED"
        return "SECOND_PERSON_NEEDED" if by == asked.by else None

    @precondition(lambda self: self.books.lots)
    @rule(number=which, quantity=pieces, by=staff)
    def goods_are_sent(self, number: int, quantity: int, by: int) -> None:
        """Send free pieces to the other shop, of lots that are good."""
        lot = self.some_lot(number)
        here, there = self.sites[lot.shop].id, self.sites[1 - lot.shop].id
        lines = lot_lines((lot.id, quantity))
        done = self.does(lambda: transfers.send(actor=self.staff[by], site_id=here, to_site_id=there, lines=lines))
        if not lot.batch.good_at(self.now):
            assert done == "EXPIRED_NOT_SENT"
        elif lot.batch.recalled:
            assert done == "RECALLED_NOT_SENT"
        elif quantity > self.books.free(lot, self.now):
            assert done == "LOT_SHORT"
        else:
            self.books.sent[done.id] = Sent(lot, quantity, by)
            self.books.move(MoveKind.TRANSFER, [(lot, quantity)], -1)

    @precondition(lambda self: self.books.sent)
    @rule(number=which, by=staff, arrived=st.none() | pieces | st.just(0), explained=st.booleans())
    def goods_arrive(self, number: int, by: int, arrived: int | None, *, explained: bool) -> None:
        """Receive what was sent, or less of it with a reason; not the one who sent it."""
        transfer_id, sent = self.one_of(self.books.sent, number)
        lines = None if arrived is None else lot_lines((sent.lot.id, arrived))
        reason = "少一件" if explained else None
        missing = 0 if arrived is None else sent.quantity - arrived
        done = self.does(
            lambda: transfers.receive(actor=self.staff[by], transfer_id=transfer_id, lines=lines, reason=reason)
        )
        if by == sent.by:
            assert done == "SECOND_PERSON_NEEDED"
        elif sent.state is not TransferState.IN_TRANSIT:
            assert done == "TRANSFER_ENDED"
        elif missing < 0:
            assert done == "RECEIVED_TOO_MUCH"
        elif missing and not explained:
            assert done == "DIFFERENCE_UNEXPLAINED"
        else:
            assert done.id == transfer_id
            self.shelve(transfer_id, sent, missing)

    def shelve(self, transfer_id: UUID, sent: Sent, missing: int) -> None:
        """Note the new lot: it took over all that was sent, and gave up what was missing."""
        arrival = select(StockTransferArrival.arrived_lot_id).where(StockTransferArrival.transfer_id == transfer_id)
        lot_id = seen(lambda: session.scalars(arrival).one())
        lot = Lot(lot_id, 1 - sent.lot.shop, sent.lot.batch, self.now)
        self.books.lots.append(lot)
        self.books.move(MoveKind.TRANSFER, [(lot, sent.quantity)])
        if missing:
            self.correct(lot, -missing)
        sent.state = TransferState.RECEIVED

    @precondition(lambda self: self.books.sent)
    @rule(number=which, by=staff)
    def goods_are_called_back(self, number: int, by: int) -> None:
        """Cancel a transfer: the pieces are in their lot again."""
        transfer_id, sent = self.one_of(self.books.sent, number)
        done = self.does(lambda: transfers.cancel(actor=self.staff[by], transfer_id=transfer_id))
        if sent.state is not TransferState.IN_TRANSIT:
            assert done == "TRANSFER_ENDED"
        else:
            assert done.id == transfer_id
            sent.state = TransferState.CANCELLED
            self.books.move(MoveKind.TRANSFER, [(sent.lot, sent.quantity)])

    @precondition(lambda self: self.books.lots)
    @rule(number=which, by=staff)
    def a_lot_is_recalled(self, number: int, by: int) -> None:
        """Recall a lot, and with it all of its batch at both shops and on the way."""
        lot = self.some_lot(number)
        done = self.does(lambda: recalls.recall(actor=self.staff[by], lot_id=lot.id, reason="异味"))
        if lot.batch.recalled:
            assert done == "ALREADY_RECALLED"
        else:
            lot.batch.recalled = True
            assert done.on_hand == sum(one.on_hand for one in self.books.lots if one.batch is lot.batch)
