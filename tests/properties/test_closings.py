"""Days that are closed at any moment of a shop's life: what the closings say adds up to what the members have paid."""

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from tests.factories.shop import seen
from tests.properties.lengths import examples
from tests.properties.shop_day import CHIEF, MEMBERS, Counters
from tests.properties.shop_model import PRICES
from timebank import clock
from timebank.database import session
from timebank.shop.counter import closings
from timebank.shop.counter.closings import Counted
from timebank.shop.counter.models import Closing
from timebank.shop.rules import MoveKind


class ClosedDays(Counters):
    """The same two shops, whose staff close a day now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.closed_on: list[Any] = [None, None]

    @rule(shop=st.integers(0, 1), slips=st.none() | st.integers(0, 3))
    def the_day_is_closed(self, shop: int, slips: int | None) -> None:
        """Close the day of a shop, with or without a count; a second time it is refused."""
        day, site_id = clock.day_of(self.now), self.sites[shop].id
        counted = Counted(slips, {self.goods[0]: 1})
        done = self.does(
            lambda: closings.close(actor=self.staff[CHIEF], site_id=site_id, counted=counted, note="点过了")
        )
        if day == self.closed_on[shop]:
            assert done == "CLOSED_ALREADY"
        else:
            assert done.closed_on == day
            self.closed_on[shop] = day

    @invariant()
    def every_minute_is_in_one_closing_or_in_the_next(self) -> None:
        """Closings and what is still to be closed have all minutes and pieces, none of them twice."""
        said = []
        with clock.at(self.now):
            for site in self.sites:
                site_id = site.id
                said.append(seen(lambda: closings.pending(actor=self.staff[CHIEF], site_id=site_id)).figures)  # noqa: B023
                of_site = select(Closing.content).where(Closing.site_id == site_id)
                said += [json.loads(one)["figures"] for one in seen(lambda: list(session.scalars(of_site)))]  # noqa: B023
        assert sum(one["net_minutes"] for one in said) == 400 * MEMBERS - sum(self.books.balance)
        for what in range(len(PRICES)):
            lines = [line for one in said for line in one["goods"] if line["goods_id"] == str(self.goods[what])]
            out = sum(
                -moved
                for (_, which, kind), moved in self.books.moved.items()
                if which == what and kind in {MoveKind.HAND_OVER, MoveKind.RETURN}
            )
            assert sum(line["handed_over"] - line["restocked"] for line in lines) == out


@pytest.mark.rule("R35")
def test_closings_add_up_whatever_happens(app: Flask) -> None:
    """On both engines, in any order: nothing is left out of the closings or stands in two of them."""
    run_state_machine_as_test(
        ClosedDays, settings=settings(max_examples=examples(4, 100), stateful_step_count=examples(20, 50))
    )
