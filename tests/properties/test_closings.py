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
from tests.properties.test_shop import MEMBERS, PRICES, ShopDay
from timebank import clock
from timebank.database import session
from timebank.shop import closings
from timebank.shop.closings import Counted
from timebank.shop.counter_models import Closing


class ClosedDays(ShopDay):
    """The same shop, whose clerk closes a day now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.closed_on: Any = None

    @rule(slips=st.none() | st.integers(0, 3))
    def the_day_is_closed(self, slips: int | None) -> None:
        """Close the day, with or without a count; a second time it is refused."""
        day = clock.day_of(self.now)
        counted = Counted(slips, {self.goods[0]: 1})
        done = self.does(lambda: closings.close(actor=self.clerk, site_id=self.site.id, counted=counted, note="点过了"))
        if day == self.closed_on:
            assert done == "CLOSED_ALREADY"
        else:
            assert done.closed_on == day
            self.closed_on = day

    @invariant()
    def every_minute_is_in_one_closing_or_in_the_next(self) -> None:
        """Closings and what is still to be closed have all minutes and pieces, none of them twice."""
        with clock.at(self.now):
            waiting = seen(lambda: closings.pending(actor=self.clerk, site_id=self.site.id)).figures
            contents = seen(
                lambda: list(session.scalars(select(Closing.content).where(Closing.site_id == self.site.id)))
            )
        said = [waiting, *(json.loads(content)["figures"] for content in contents)]
        assert sum(one["net_minutes"] for one in said) == 400 * MEMBERS - sum(self.balance)
        for what in range(len(PRICES)):
            lines = [line for one in said for line in one["goods"] if line["goods_id"] == str(self.goods[what])]
            assert sum(line["handed_over"] - line["restocked"] for line in lines) == self.left[what]


@pytest.mark.rule("R35")
def test_closings_add_up_whatever_happens(app: Flask) -> None:
    """On both engines, in any order: nothing is left out of the closings or stands in two of them."""
    run_state_machine_as_test(
        ClosedDays, settings=settings(max_examples=examples(4, 100), stateful_step_count=examples(20, 50))
    )
