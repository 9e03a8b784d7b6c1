"""Ending or changing a series while one of its shifts is cancelled: whoever is first, each shift is called off once."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.concurrency.crowds import meanwhile
from tests.factories.activities import an_activity
from tests.factories.organisations import THE_BANK
from timebank import clock
from timebank.activities import series, series_changes, shift_changes
from timebank.activities.models import Shift
from timebank.activities.series_rules import Frequency, Rule
from timebank.activities.shift_tables import ShiftChange, ShiftOccurrence, ShiftSeries
from timebank.database import in_unit_of_work, session


def a_series() -> tuple[ShiftSeries, UUID]:
    """Begin a weekly series from tomorrow on, and return it with its second shift."""
    day = clock.day_of(clock.now()) + timedelta(days=1)
    activity_id = an_activity().id
    made = in_unit_of_work(
        lambda: series.begin(
            actor=THE_BANK,
            activity_id=activity_id,
            rule=Rule(frequency=Frequency.WEEKLY, first_on=day),
            start_minute=630,
            length_minutes=60,
            capacity=4,
        )
    )
    second = select(ShiftOccurrence.shift_id).where(ShiftOccurrence.on_day == day + timedelta(days=7))
    return made, in_unit_of_work(lambda: session.scalars(second).one(), write=False)


def rows_of(shift_id: UUID) -> tuple[str, int]:
    """Return the state of a shift and how often it was changed or cancelled."""
    changes = select(func.count()).select_from(ShiftChange).where(ShiftChange.shift_id == shift_id)
    return in_unit_of_work(
        lambda: (session.get_one(Shift, shift_id, populate_existing=True).state, session.scalars(changes).one()),
        write=False,
    )


@pytest.mark.parametrize("verb", ["end", "change"])
def test_a_shift_that_is_cancelled_meanwhile_is_left_alone(app: Flask, verb: str) -> None:
    """It stays cancelled, once, and the others are ended or changed all the same."""
    made, shift_id = a_series()
    ended: list[series_changes.Ended] = []

    def follow() -> None:
        if verb == "end":
            done = series_changes.end(actor=THE_BANK, series_id=made.id, from_on=made.first_on, reason="经费用完")
        else:
            done = series_changes.change_following(
                actor=THE_BANK, series_id=made.id, from_on=made.first_on, start_minute=660, length_minutes=60
            )
        ended.append(done)

    cancelling = partial(shift_changes.cancel, actor=THE_BANK, shift_id=shift_id, reason="停电")
    assert meanwhile(app, cancelling, follow) == "done"
    assert rows_of(shift_id) == ("cancelled", 1)
    assert (ended[-1].touched, ended[-1].left_alone) == (4, [shift_id])
