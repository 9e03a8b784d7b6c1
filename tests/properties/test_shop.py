"""A day at a shop in any order: whatever happens, goods, minutes and receipts add up at every step."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.factories.organisations import a_shop
from tests.factories.shop import BOOK, a_clerk, a_member, account_of, findings, seen, some_goods
from tests.properties.lengths import examples
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.errors import Refusal
from timebank.identity.rules import Actor
from timebank.shop import intakes, levels, refunds, reservations, sales
from timebank.shop.handovers import hand_over
from timebank.shop.intakes import Delivered
from timebank.shop.models import Redemption
from timebank.shop.rules import DonorKind, Line, RedemptionState, Source, state_at

PRICES = (0, 20, 50)
MEMBERS = 2
ENDS = {
    RedemptionState.CANCELLED: "REDEMPTION_CANCELLED",
    RedemptionState.EXPIRED: "HOLD_EXPIRED",
    RedemptionState.HANDED_OVER: "ALREADY_HANDED_OVER",
}

which = st.integers(0, 99)
pieces = st.integers(1, 4)


class Held:
    """What the model knows of a redemption."""

    def __init__(self, member: int, wanted: dict[int, int], paid: int, expires_at: datetime) -> None:
        self.member, self.wanted, self.paid, self.expires_at = member, wanted, paid, expires_at
        self.state = RedemptionState.HELD
        self.taken: dict[int, int] = {}
        self.extended = False

    def state_at(self, now: datetime) -> RedemptionState:
        """Return the state that everyone sees."""
        return state_at(self.state, self.expires_at, now)


class ShopDay(RuleBasedStateMachine):
    """One shop, three goods, two members, and time that goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = clock.now()
        with clock.at(self.now):
            self.site = a_shop()
            self.goods = [some_goods(price_minutes=price).id for price in PRICES]
            self.members = [a_member(400) for _ in range(MEMBERS)]
            self.clerk = a_clerk(self.site)
        self.balance = [400] * MEMBERS
        self.received = [0] * len(PRICES)
        self.left = [0] * len(PRICES)
        self.held: dict[UUID, Held] = {}

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

    def one_of_the_held(self, number: int) -> tuple[UUID, Held]:
        """Return one of all redemptions so far."""
        return list(self.held.items())[number % len(self.held)]

    def available_minutes(self, member: int) -> int:
        """Return what a member may still spend now."""
        open_now = [h.paid for h in self.held.values() if h.member == member and self.is_open(h)]
        return self.balance[member] - sum(open_now)

    def is_open(self, held: Held) -> bool:
        """Whether a redemption is held and not due."""
        return held.state_at(self.now) is RedemptionState.HELD

    @rule(what=st.integers(0, 2), quantity=pieces, hours=st.none() | st.sampled_from([1, 30, 100]))
    def goods_come_in(self, what: int, quantity: int, hours: int | None) -> None:
        """Take a lot in that expires soon, later or never."""
        end = None if hours is None else self.now + timedelta(hours=hours)
        line = Delivered(self.goods[what], quantity, end)
        self.does(
            lambda: intakes.take_in(
                actor=self.clerk,
                site_id=self.site.id,
                source=Source.DONATED,
                donor_kind=DonorKind.ANONYMOUS,
                lines=[line],
            )
        )
        self.received[what] += quantity

    @rule(member=st.integers(0, 1), wanted=st.dictionaries(st.integers(0, 2), pieces, min_size=1, max_size=3))
    def somebody_reserves(self, member: int, wanted: dict[int, int]) -> None:
        """Reserve up to three goods: granted exactly when goods and minutes are there, goods asked first."""
        before, affordable = self.promisable(), self.available_minutes(member)
        cost = sum(count * PRICES[what] for what, count in wanted.items())
        done = self.does(
            lambda: reservations.reserve(
                person_id=self.members[member].id, site_id=self.site.id, lines=self.lines(wanted)
            )
        )
        if any(count > before[what] for what, count in wanted.items()):
            assert done == "OUT_OF_STOCK"
        elif cost > affordable:
            assert done == "INSUFFICIENT_MINUTES"
        else:
            redemption = done.redemption
            assert self.now < redemption.expires_at <= self.now + timedelta(hours=48)
            self.held[redemption.id] = Held(member, wanted, cost, redemption.expires_at)

    @precondition(lambda self: self.held)
    @rule(number=which, by_clerk=st.booleans())
    def somebody_cancels(self, number: int, *, by_clerk: bool) -> None:
        """Cancel a redemption, whatever has become of it."""
        redemption_id, held = self.one_of_the_held(number)
        actor = self.clerk if by_clerk else Actor(self.members[held.member].id)
        done = self.does(lambda: reservations.cancel(actor=actor, redemption_id=redemption_id))
        if self.is_open(held):
            assert not isinstance(done, str)
            held.state = RedemptionState.CANCELLED
        else:
            assert done == ENDS[held.state_at(self.now)]

    @precondition(lambda self: self.held)
    @rule(number=which, part=st.none() | st.dictionaries(st.integers(0, 2), pieces, min_size=1, max_size=2))
    def the_clerk_hands_over(self, number: int, part: dict[int, int] | None) -> None:
        """Hand a redemption over, whole or in part, whatever has become of it."""
        redemption_id, held = self.one_of_the_held(number)
        lines = None if part is None else self.lines(part)
        done = self.does(lambda: hand_over(actor=self.clerk, redemption_id=redemption_id, lines=lines))
        taken = held.wanted if part is None else part
        if not self.is_open(held):
            assert done == ENDS[held.state_at(self.now)]
        elif any(count > held.wanted.get(what, 0) for what, count in taken.items()):
            assert done == "LINE_OVER_PICKED"
        else:
            held.state = RedemptionState.HANDED_OVER
            held.taken = dict(taken)
            self.charge(held.member, taken, done.receipt)

    @precondition(lambda self: self.held)
    @rule(number=which, what=st.integers(0, 2), quantity=pieces, restock=st.booleans())
    def something_comes_back(self, number: int, what: int, quantity: int, *, restock: bool) -> None:
        """Refund pieces of a redemption: exactly as many as are still out, on the shelf only while their lots are good."""
        redemption_id, held = self.one_of_the_held(number)
        lines = [refunds.Returned(self.goods[what], quantity, restock=restock)]
        done = self.does(
            lambda: refunds.refund(actor=self.clerk, redemption_id=redemption_id, lines=lines, reason="退")
        )
        if held.state is not RedemptionState.HANDED_OVER:
            assert done == "NOT_HANDED_OVER"
        elif quantity > held.taken.get(what, 0):
            assert done == "REFUND_EXCEEDS_TAKEN"
        elif done == "LOT_EXPIRED":
            assert restock
        else:
            held.taken[what] -= quantity
            self.balance[held.member] += quantity * PRICES[what]
            assert done.account.balance_minutes == self.balance[held.member]
            if restock:
                self.left[what] -= quantity

    @precondition(lambda self: self.held)
    @rule(number=which)
    def the_clerk_undoes(self, number: int) -> None:
        """Undo a hand-over; hours go by between most of them, so it is mostly too late."""
        redemption_id, held = self.one_of_the_held(number)
        done = self.does(lambda: refunds.undo(actor=self.clerk, redemption_id=redemption_id))
        if held.state is not RedemptionState.HANDED_OVER:
            assert done == "NOT_HANDED_OVER"
        elif isinstance(done, str):
            assert done in {"UNDO_TOO_LATE", "LOT_EXPIRED"}
        else:
            self.balance[held.member] += sum(count * PRICES[what] for what, count in held.taken.items())
            for what, count in held.taken.items():
                self.left[what] -= count
            held.taken = {}

    @precondition(lambda self: self.held)
    @rule(number=which)
    def somebody_extends(self, number: int) -> None:
        """Extend a redemption, once."""
        redemption_id, held = self.one_of_the_held(number)
        actor = Actor(self.members[held.member].id)
        done = self.does(lambda: reservations.extend(actor=actor, redemption_id=redemption_id))
        if not self.is_open(held):
            assert done == ENDS[held.state_at(self.now)]
        elif held.extended:
            assert done == "ALREADY_EXTENDED"
        else:
            held.extended = True
            assert held.expires_at <= done[0].expires_at <= self.now + timedelta(hours=48)
            held.expires_at = done[0].expires_at

    @rule(member=st.integers(0, 1), what=st.integers(0, 2), quantity=pieces)
    def somebody_walks_in(self, member: int, what: int, quantity: int) -> None:
        """Sell goods for a member code."""
        self.now += timedelta(minutes=1)  # a code pays once
        before, affordable = self.promisable(), self.available_minutes(member)
        token = BOOK.member(member=self.members[member].member_ref, at=self.now)
        scanned = [sales.Scanned(quantity, goods_id=self.goods[what])]
        done = self.does(
            lambda: sales.sell(actor=self.clerk, site_id=self.site.id, member_token=token, lines=scanned, book=BOOK)
        )
        if quantity > before[what]:
            assert done == "OUT_OF_STOCK"
        elif quantity * PRICES[what] > affordable:
            assert done == "INSUFFICIENT_MINUTES"
        else:
            self.charge(member, {what: quantity}, done.receipt)

    @rule(hours=st.sampled_from([1, 20, 50]))
    def time_goes_on(self, hours: int) -> None:
        """Let hours pass: lots and redemptions fall due."""
        self.now += timedelta(hours=hours)

    @rule(limit=st.integers(1, 3))
    def the_sweep_comes(self, limit: int) -> None:
        """Sweep some of what is due."""
        due = [h for h in self.held.values() if h.state_at(self.now) != h.state]
        swept = self.does(lambda: reservations.sweep(limit=limit))
        assert swept == min(limit, len(due))
        states = seen(lambda: dict(session.query(Redemption.id, Redemption.state).all()))  # type: ignore[arg-type]
        for redemption_id, held in self.held.items():
            if states[redemption_id] == RedemptionState.EXPIRED:
                assert held in due or held.state is RedemptionState.EXPIRED
                held.state = RedemptionState.EXPIRED

    def lines(self, wanted: dict[int, int]) -> list[Line]:
        """Return what is wanted as lines."""
        return [Line(self.goods[what], count) for what, count in wanted.items()]

    def charge(self, member: int, taken: dict[int, int], receipt: Any) -> None:
        """Note that goods have left and minutes were taken; the receipt must agree."""
        cost = sum(count * PRICES[what] for what, count in taken.items())
        assert (receipt.minutes_before, receipt.charged_minutes) == (self.balance[member], cost)
        self.balance[member] -= cost
        for what, count in taken.items():
            self.left[what] += count

    def promisable(self) -> list[int]:
        """Return what the shop says it can promise of each goods."""
        with clock.at(self.now):
            found = seen(lambda: levels.stocked(self.goods, self.now, site_id=self.site.id))
        return [
            sum(lot.available for _, lot in found if lot.goods_id == one and lot.good_at(self.now))
            for one in self.goods
        ]

    @invariant()
    def what_came_in_is_here_or_has_left(self) -> None:
        """Moves add up to what is on hand, and open redemptions to what is reserved."""
        found = seen(lambda: levels.stocked(self.goods, self.now, site_id=self.site.id))
        for what, goods_id in enumerate(self.goods):
            lots = [lot for _, lot in found if lot.goods_id == goods_id]
            assert sum(lot.on_hand for lot in lots) == self.received[what] - self.left[what]
            promised = sum(h.wanted.get(what, 0) for h in self.held.values() if self.is_open(h))
            assert sum(lot.reserved - lot.due for lot in lots) == promised

    @invariant()
    def the_ledger_says_the_same(self) -> None:
        """The ledger has the balances that the model has."""
        with clock.at(self.now):
            for member, person in enumerate(self.members):
                state = account_of(person.id)
                assert state.balance_minutes == self.balance[member]
                assert state.available_minutes == self.available_minutes(member)

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        """The audit agrees at every step."""
        with clock.at(self.now):
            assert findings() == []


@pytest.mark.rule("R28")
def test_goods_and_minutes_add_up_whatever_happens(app: Flask) -> None:
    """On both engines, in any order: moves are what is on hand, open redemptions what is reserved, the ledger the balance."""
    run_state_machine_as_test(
        ShopDay, settings=settings(max_examples=examples(6, 200), stateful_step_count=examples(20, 50))
    )
