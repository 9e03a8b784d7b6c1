"""A household, a neighbour and a free quota in any order: no limit and no quota is ever exceeded, and the audit agrees."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.factories.allowances import a_household, a_limit, entitled, limited, quotas_of
from tests.factories.organisations import THE_BANK
from tests.factories.shop import a_clerk, a_lot, a_member, a_stocked_shop, findings, seen, some_goods
from tests.properties.lengths import examples
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.errors import Refusal
from timebank.identity import households
from timebank.identity.rules import Actor
from timebank.shop.allowance import entitlements, quotas
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.redemption import refunds, reservations
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.rules import Line, RedemptionState, state_at

PRICES = (0, 20)
OF_A_PERSON, DAYS = 4, 2
OF_A_HOUSEHOLD = 6
QUOTA = 100

which = st.integers(0, 99)
someone = st.integers(0, 2)
something = st.integers(0, 1)
pieces = st.integers(1, 4)


class Taken:
    """What the model knows of a redemption of one goods."""

    def __init__(self, who: int, what: int, pieces: int, at: datetime, expires_at: datetime, *, by_quota: bool) -> None:
        self.who, self.what, self.pieces, self.at, self.expires_at = who, what, pieces, at, expires_at
        self.by_quota = by_quota
        self.state = RedemptionState.HELD

    def counts(self, now: datetime) -> int:
        """Return how many pieces somebody has or has reserved."""
        seen_as = state_at(self.state, self.expires_at, now)
        return self.pieces if seen_as in {RedemptionState.HELD, RedemptionState.HANDED_OVER} else 0


class UnderLimits(RuleBasedStateMachine):
    """Two who live together, a third who moves in and out, two goods; two of the three have a free quota."""

    def __init__(self) -> None:
        super().__init__()
        self.now = clock.now()
        with clock.at(self.now):
            self.site, free = a_stocked_shop(10_000, price_minutes=PRICES[0])
            soap = some_goods(price_minutes=PRICES[1])
            a_lot(soap.id, self.site.id, 10_000)
            self.goods = [free.id, soap.id]
            limited(
                self.site,
                a_limit(OF_A_PERSON, window={"days": DAYS}),
                a_limit(OF_A_HOUSEHOLD, per="household", of="all", window="month"),
            )
            quotas_of(self.site)
            self.people = [a_member(100_000) for _ in range(3)]
            for person in self.people[:2]:
                entitled(person.id, self.site)
            self.home = a_household(*self.people[:2])
            self.clerk = a_clerk(self.site)
        self.spells: list[list[Any]] = []
        self.taken: dict[UUID, Taken] = {}

    def teardown(self) -> None:
        """End what is still held, for the next run shares the database, and the sweeps know no shops."""
        with clock.at(self.now + timedelta(days=9)):
            in_unit_of_work(lambda: reservations.sweep(limit=1000))
            in_unit_of_work(lambda: quotas.sweep(limit=1000))

    def does(self, work: Callable[[], Any]) -> Any:
        """Do something a second later; return its result, or the code of its refusal."""
        self.now += timedelta(seconds=1)
        with clock.at(self.now):
            try:
                return in_unit_of_work(work)
            except Refusal as refusal:
                return refusal.code

    def one_of_the_taken(self, number: int) -> tuple[UUID, Taken]:
        """Return one of all redemptions so far."""
        return list(self.taken.items())[number % len(self.taken)]

    def lives_there(self, who: int) -> bool:
        """Whether somebody is in the household now."""
        return who < 2 or bool(self.spells and self.spells[-1][1] is None)

    def of_the_home(self, one: Taken) -> bool:
        """Whether something counts for the household now."""
        return self.lives_there(one.who) or any(since <= one.at < until for since, until in self.spells)

    def used_by_person(self, who: int, what: int) -> int:
        """Return what somebody has had of one goods in the last two days."""
        since = self.now - timedelta(days=DAYS)
        mine = [one for one in self.taken.values() if (one.who, one.what) == (who, what) and one.at > since]
        return sum(one.counts(self.now) for one in mine)

    def used_by_household(self, who: int) -> int:
        """Return what somebody's household, or they alone, have had this month."""
        since = clock.start_of(clock.day_of(self.now).replace(day=1))
        together = self.lives_there(who)
        counted = [
            one
            for one in self.taken.values()
            if one.at >= since and (self.of_the_home(one) if together else one.who == who)
        ]
        return sum(one.counts(self.now) for one in counted)

    def left_of_quota(self, who: int) -> int:
        """Return what is left of somebody's free quota this year."""
        year = clock.day_of(self.now).year
        spent = [
            one for one in self.taken.values() if one.who == who and one.by_quota and clock.day_of(one.at).year == year
        ]
        return QUOTA - sum(one.counts(self.now) * PRICES[one.what] for one in spent)

    @rule(who=someone, what=something, quantity=pieces, by_quota=st.booleans())
    def somebody_reserves(self, who: int, what: int, quantity: int, *, by_quota: bool) -> None:
        """Reserve one goods: granted exactly when both limits, and the quota if it pays, have room."""
        pay_with = PayWith.FREE_QUOTA if by_quota else PayWith.MINUTES
        lines = [Line(self.goods[what], quantity)]
        done = self.does(
            lambda: reservations.reserve(
                person_id=self.people[who].id, site_id=self.site.id, lines=lines, pay_with=pay_with
            )
        )
        over_person = self.used_by_person(who, what) + quantity > OF_A_PERSON
        over_household = self.used_by_household(who) + quantity > OF_A_HOUSEHOLD
        if over_person or over_household:
            assert done == "LIMIT_REACHED"
        elif by_quota and who == 2:
            assert done == "NO_FREE_QUOTA"
        elif by_quota and quantity * PRICES[what] > self.left_of_quota(who):
            assert done == "FREE_QUOTA_SPENT"
        else:
            redemption = done.redemption
            taken = Taken(who, what, quantity, self.now, redemption.expires_at, by_quota=by_quota)
            self.taken[redemption.id] = taken

    @precondition(lambda self: self.taken)
    @rule(number=which)
    def somebody_cancels(self, number: int) -> None:
        """Cancel a redemption, if it is still held."""
        redemption_id, one = self.one_of_the_taken(number)
        actor = Actor(self.people[one.who].id)
        done = self.does(lambda: reservations.cancel(actor=actor, redemption_id=redemption_id))
        if not isinstance(done, str):
            assert state_at(one.state, one.expires_at, self.now) is RedemptionState.HELD
            one.state = RedemptionState.CANCELLED

    @precondition(lambda self: self.taken)
    @rule(number=which)
    def somebody_extends(self, number: int) -> None:
        """Extend a redemption, if it may be."""
        redemption_id, one = self.one_of_the_taken(number)
        actor = Actor(self.people[one.who].id)
        done = self.does(lambda: reservations.extend(actor=actor, redemption_id=redemption_id))
        if not isinstance(done, str):
            one.expires_at = done[0].expires_at

    @precondition(lambda self: self.taken)
    @rule(number=which, part=pieces)
    def the_clerk_hands_over(self, number: int, part: int) -> None:
        """Hand over some of the pieces; the rest goes back."""
        redemption_id, one = self.one_of_the_taken(number)
        lines = [Line(self.goods[one.what], part)]
        done = self.does(lambda: hand_over(actor=self.clerk, redemption_id=redemption_id, lines=lines))
        if not isinstance(done, str):
            assert part <= one.pieces
            one.state, one.pieces = RedemptionState.HANDED_OVER, part

    @precondition(lambda self: self.taken)
    @rule(number=which, quantity=pieces)
    def something_comes_back(self, number: int, quantity: int) -> None:
        """Refund pieces that were handed over, never more."""
        redemption_id, one = self.one_of_the_taken(number)
        lines = [refunds.Returned(self.goods[one.what], quantity)]
        done = self.does(
            lambda: refunds.refund(actor=self.clerk, redemption_id=redemption_id, lines=lines, reason="退")
        )
        if one.state is RedemptionState.HANDED_OVER and quantity <= one.pieces:
            assert not isinstance(done, str)
            one.pieces -= quantity
        else:
            assert isinstance(done, str)

    @rule()
    def the_third_moves(self) -> None:
        """Move in, or out again."""
        third = self.people[2]
        if self.lives_there(2):
            done = self.does(
                lambda: households.end(by=THE_BANK.person_id, household_id=self.home.id, person_id=third.id)
            )
            self.spells[-1][1] = self.now
        else:
            done = self.does(
                lambda: households.add(
                    by=THE_BANK.person_id, household_id=self.home.id, volunteer_no=third.volunteer_no
                )
            )
            self.spells.append([self.now, None])
        assert not isinstance(done, str)

    @rule(hours=st.sampled_from([1, 20, 49, 24 * 32]))
    def time_goes_on(self, hours: int) -> None:
        """Let hours or a month pass."""
        self.now += timedelta(hours=hours)

    @rule()
    def the_sweeps_come(self) -> None:
        """Sweep a little of what is due."""
        self.does(lambda: reservations.sweep(limit=1))
        self.does(lambda: quotas.sweep(limit=1))

    @invariant()
    def the_quota_says_what_is_left(self) -> None:
        """What one reads is what the model has, whether or not a sweep has come by."""
        with clock.at(self.now):
            for who in (0, 1):
                [one] = seen(lambda who=who: entitlements.standing(self.people[who].id))  # type: ignore[misc]
                assert one.left == self.left_of_quota(who)

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        """The audit agrees at every step."""
        with clock.at(self.now):
            assert findings() == []


@pytest.mark.rule("R30")
def test_no_limit_and_no_quota_is_exceeded_whatever_happens(app: Flask) -> None:
    """On both engines, in any order: granted exactly while there is room, and every balance is the sum of its moves."""
    run_state_machine_as_test(
        UnderLimits, settings=settings(max_examples=examples(6, 200), stateful_step_count=examples(25, 50))
    )
