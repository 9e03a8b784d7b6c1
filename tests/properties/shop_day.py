"""A day at the counters of two shops: reserve, hand over, cancel, refund, undo, extend, sell, and time that goes on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.factories.allowances import a_limit, goods_limited
from tests.factories.identity import a_coordinator
from tests.factories.organisations import a_shop
from tests.factories.purposes import FOR_OLD_PEOPLE, giving
from tests.factories.shop import BOOK, a_clerk, a_member, seen, some_goods
from tests.properties.shop_model import (
    ENDS,
    LIFE,
    LIMIT_DAYS,
    LIMITED,
    MOST,
    PRICES,
    Batch,
    Books,
    Held,
    Lot,
    Pieces,
)
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.errors import Refusal
from timebank.identity.rules import Actor
from timebank.shop.counter import sales
from timebank.shop.intake import intakes
from timebank.shop.intake.intakes import Delivered
from timebank.shop.models import Redemption
from timebank.shop.redemption import refunds, reservations
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.rules import DonorKind, Line, MoveKind, RedemptionState, Source

Known = TypeVar("Known")

MEMBERS = 2
CLERK, CHIEF, DEPUTY = range(3)
"""Who works at both shops; the chief and the deputy answer for them."""

which = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 8])
pieces = st.integers(1, 4)
shops = st.integers(0, 1)
members = st.integers(0, MEMBERS - 1)
goods = st.integers(0, len(PRICES) - 1)
staff = st.integers(CLERK, DEPUTY)
baskets = st.dictionaries(goods, pieces, min_size=1, max_size=3)


class Counters(RuleBasedStateMachine):
    """Two shops of one organisation, three goods, two members, three who work there, and time that goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = clock.now()
        with clock.at(self.now):
            first = a_shop()
            self.sites = [first, a_shop(organisation_id=first.organisation_id)]
            self.goods = [some_goods(price_minutes=price).id for price in PRICES]
            goods_limited(self.goods[LIMITED], a_limit(MOST, window={"days": LIMIT_DAYS}))
            self.members = [a_member(400) for _ in range(MEMBERS)]
            self.staff = [a_clerk(first), *(a_coordinator(first.organisation_id) for _ in (CHIEF, DEPUTY))]
        self.books = Books([400] * MEMBERS)
        for what, shop in product(range(len(PRICES)), range(2)):
            self.goods_come_in(what=what, shop=shop, quantity=5, hours=None)

    def teardown(self) -> None:
        """End what is still held, for the next run shares the database, and the sweep knows no shops."""
        with clock.at(self.now + timedelta(days=9)):
            in_unit_of_work(lambda: reservations.sweep(limit=1000))

    def does(self, work: Callable[[], Any]) -> Any:
        """Do something now; return its result, or the code of its refusal."""
        with clock.at(self.now):
            try:
                return in_unit_of_work(work)
            except Refusal as refusal:
                return refusal.code

    def one_of(self, known: dict[UUID, Known], number: int) -> tuple[UUID, Known]:
        """Return one of all that was made so far, the newest first, whatever has become of it."""
        return list(known.items())[-1 - number % len(known)]

    def lines(self, wanted: dict[int, int]) -> list[Line]:
        """Return what is wanted as lines."""
        return [Line(self.goods[what], count) for what, count in wanted.items()]

    @rule(
        what=goods,
        shop=shops,
        quantity=st.integers(1, 6),
        hours=st.sampled_from([None, None, 1, 30, 100]),
        restricted=st.sampled_from([False, False, True]),
    )
    def goods_come_in(
        self, what: int, shop: int, quantity: int, hours: int | None, *, restricted: bool = False
    ) -> None:
        """Take a lot in that expires soon, later or never, for everybody or for a purpose."""
        batch = Batch(what, None if hours is None else self.now + timedelta(hours=hours), restricted=restricted)
        purpose = FOR_OLD_PEOPLE if restricted else None
        line = Delivered(self.goods[what], quantity, batch.expires_at, restricted_purpose=purpose)
        _, [made] = self.does(
            lambda: intakes.take_in(
                actor=self.staff[CLERK],
                site_id=self.sites[shop].id,
                source=Source.DONATED,
                donor_kind=DonorKind.ANONYMOUS,
                lines=[line],
            )
        )
        lot = Lot(made.id, shop, batch, self.now)
        self.books.lots.append(lot)
        self.books.move(MoveKind.INTAKE, [(lot, quantity)])

    @rule(member=members, shop=shops, wanted=baskets)
    def somebody_reserves(self, member: int, shop: int, wanted: dict[int, int]) -> None:
        """Reserve up to three goods: granted exactly when goods, limit and minutes allow it."""
        refusal = self.books.refusal(member, shop, wanted, self.now)
        picks = self.books.picked(shop, wanted, self.now)
        done = self.does(
            lambda: reservations.reserve(
                person_id=self.members[member].id, site_id=self.sites[shop].id, lines=self.lines(wanted)
            )
        )
        if refusal or picks is None:
            assert done == refusal
            return
        ends = [lot.batch.expires_at for lot, _ in picks if lot.batch.expires_at]
        assert done.redemption.expires_at == min([self.now + LIFE, *ends])
        self.books.held[done.redemption.id] = Held(member, shop, wanted, picks, self.now, done.redemption.expires_at)

    @precondition(lambda self: self.books.held)
    @rule(number=which, by_clerk=st.booleans())
    def somebody_cancels(self, number: int, *, by_clerk: bool) -> None:
        """Cancel a redemption, whatever has become of it."""
        redemption_id, held = self.one_of(self.books.held, number)
        actor = self.staff[CLERK] if by_clerk else Actor(self.members[held.member].id)
        done = self.does(lambda: reservations.cancel(actor=actor, redemption_id=redemption_id))
        if held.is_open(self.now):
            assert not isinstance(done, str)
            held.state = RedemptionState.CANCELLED
        else:
            assert done == ENDS[held.state_at(self.now)]

    @precondition(lambda self: self.books.held)
    @rule(number=which, by=staff, part=st.none() | st.dictionaries(goods, pieces, min_size=1, max_size=2))
    def the_goods_are_handed_over(self, number: int, by: int, part: dict[int, int] | None) -> None:
        """Hand a redemption over, whole or in part, whatever has become of it: nothing that is recalled leaves."""
        redemption_id, held = self.one_of(self.books.held, number)
        lines = None if part is None else self.lines(part)
        taken = held.wanted if part is None else part
        leaving = held.handed(taken)
        done = self.does(lambda: hand_over(actor=self.staff[by], redemption_id=redemption_id, lines=lines))
        if not held.is_open(self.now):
            assert done == ENDS[held.state_at(self.now)]
        elif any(count > held.wanted.get(what, 0) for what, count in taken.items()):
            assert done == "LINE_OVER_PICKED"
        elif any(lot.batch.recalled for lot, _ in leaving):
            assert done == "LOT_RECALLED"
        else:
            self.charge(held, taken, leaving, by, done.receipt)

    @precondition(lambda self: self.books.held)
    @rule(number=which, what=goods, quantity=pieces, restock=st.booleans())
    def something_comes_back(self, number: int, what: int, quantity: int, *, restock: bool) -> None:
        """Refund pieces of a redemption: as many as are still out, on the shelf only while their lots are good."""
        redemption_id, held = self.one_of(self.books.held, number)
        lines = [refunds.Returned(self.goods[what], quantity, restock=restock)]
        back = held.restocked(what, quantity, self.now) if restock else []
        done = self.does(
            lambda: refunds.refund(actor=self.staff[CLERK], redemption_id=redemption_id, lines=lines, reason="退")
        )
        if held.state is not RedemptionState.HANDED_OVER:
            assert done == "NOT_HANDED_OVER"
        elif quantity > held.taken.get(what, 0):
            assert done == "REFUND_EXCEEDS_TAKEN"
        elif back is None:
            assert done == "LOT_EXPIRED"
        else:
            self.pay_back(held, {what: quantity}, back, done)

    @precondition(lambda self: self.books.held)
    @rule(number=which, by=staff)
    def somebody_undoes(self, number: int, by: int) -> None:
        """Undo a hand-over or sale: only the one who made it may, within minutes, all of it, into expired lots as well."""
        redemption_id, held = self.one_of(self.books.held, number)
        back = [(lot, count) for lot, count in held.out.items() if count]
        done = self.does(lambda: refunds.undo(actor=self.staff[by], redemption_id=redemption_id))
        if held.state is not RedemptionState.HANDED_OVER:
            assert done == "NOT_HANDED_OVER"
        elif held.undo_refused(by, self.now):
            assert done == "UNDO_TOO_LATE"
        else:
            self.pay_back(held, dict(held.taken), back, done)

    @precondition(lambda self: self.books.held)
    @rule(number=which)
    def somebody_extends(self, number: int) -> None:
        """Extend a redemption, once; it never outlives what was picked for it."""
        redemption_id, held = self.one_of(self.books.held, number)
        actor = Actor(self.members[held.member].id)
        done = self.does(lambda: reservations.extend(actor=actor, redemption_id=redemption_id))
        if not held.is_open(self.now):
            assert done == ENDS[held.state_at(self.now)]
        elif held.extended:
            assert done == "ALREADY_EXTENDED"
        else:
            ends = [lot.batch.expires_at for lot, _ in held.picks if lot.batch.expires_at]
            held.extended, held.expires_at = True, max(held.expires_at, min([self.now + LIFE, *ends]))
            assert done[0].expires_at == held.expires_at

    @rule(member=members, shop=shops, what=goods, quantity=pieces, by=staff)
    def somebody_walks_in(self, member: int, shop: int, what: int, quantity: int, by: int) -> None:
        """Sell goods for a member code."""
        self.now += timedelta(minutes=1)  # a code pays once
        wanted = {what: quantity}
        refusal = self.books.refusal(member, shop, wanted, self.now)
        picks = self.books.picked(shop, wanted, self.now)
        token = BOOK.member(member=self.members[member].member_ref, at=self.now)
        scanned = [sales.Scanned(quantity, goods_id=self.goods[what])]
        done = self.does(
            lambda: sales.sell(
                actor=self.staff[by], site_id=self.sites[shop].id, member_token=token, lines=scanned, book=BOOK
            )
        )
        if refusal or picks is None:
            assert done == refusal
            return
        held = Held(member, shop, wanted, picks, self.now, self.now, RedemptionState.HANDED_OVER)
        self.books.held[done.redemption.id] = held
        self.charge(held, wanted, picks, by, done.receipt)

    @precondition(lambda self: any(lot.batch.restricted for lot in self.books.lots))
    @rule(member=members, number=which, quantity=pieces, by=staff)
    def goods_are_given_for_their_purpose(self, member: int, number: int, quantity: int, by: int) -> None:
        """Hand restricted goods out for nothing: those who answer for the shop do, from those lots alone."""
        self.now += timedelta(minutes=1)  # a code pays once
        kept = [lot for lot in self.books.lots if lot.batch.restricted]
        lot = kept[-1 - number % len(kept)]
        shop, what = lot.shop, lot.batch.what
        refusal = self.books.gift_refusal(member, shop, what, quantity, self.now)
        picks = self.books.picked(shop, {what: quantity}, self.now, restricted=True)
        with clock.at(self.now):
            gift = giving(self.sites[shop], self.staff[by], self.members[member], self.goods[what], quantity)
        done = self.does(gift)
        if by == CLERK or refusal or picks is None:
            assert done == ("PURPOSE_NEEDS_COORDINATOR" if by == CLERK else refusal)
            return
        held = Held(member, shop, {what: quantity}, picks, self.now, self.now, RedemptionState.HANDED_OVER)
        held.for_nothing = True
        self.books.held[done.redemption.id] = held
        self.charge(held, {what: quantity}, picks, by, done.receipt)

    @rule(hours=st.sampled_from([1, 2, 20, 50]))
    def time_goes_on(self, hours: int) -> None:
        """Let hours pass: lots and redemptions fall due."""
        self.now += timedelta(hours=hours)

    @precondition(lambda self: any(held.state_at(self.now) != held.state for held in self.books.held.values()))
    @rule(limit=st.integers(1, 3))
    def the_sweep_comes(self, limit: int) -> None:
        """Sweep some of what is due."""
        due = [held for held in self.books.held.values() if held.state_at(self.now) != held.state]
        swept = self.does(lambda: reservations.sweep(limit=limit))
        assert swept == min(limit, len(due))
        states = seen(lambda: dict(session.query(Redemption.id, Redemption.state).all()))
        for redemption_id, held in self.books.held.items():
            if states[redemption_id] == RedemptionState.EXPIRED:
                assert held in due or held.state is RedemptionState.EXPIRED
                held.state = RedemptionState.EXPIRED

    def charge(self, held: Held, taken: dict[int, int], leaving: Pieces, by: int, receipt: Any) -> None:
        """Note that goods have left and minutes were taken; the receipt must agree."""
        cost = held.cost_of(taken)
        assert (receipt.minutes_before, receipt.charged_minutes) == (self.books.balance[held.member], cost)
        self.books.balance[held.member] -= cost
        held.close(taken, leaving, by=by, now=self.now)
        self.books.move(MoveKind.HAND_OVER, leaving, -1)

    def pay_back(self, held: Held, refunded: dict[int, int], back: Pieces, done: Any) -> None:
        """Note that minutes were given back and pieces are on the shelf again; the answer must agree."""
        held.refunded = True
        self.books.balance[held.member] += held.cost_of(refunded)
        assert done.account.balance_minutes == self.books.balance[held.member]
        for what, count in refunded.items():
            held.taken[what] -= count
        held.out.subtract(dict(back))
        self.books.move(MoveKind.RETURN, back)
