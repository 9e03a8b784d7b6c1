"""A check-in while its shift is cancelled, changed or closed: whoever is first, nobody is inside a shift that is over."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.concurrency.crowds import all_at_once, meanwhile
from tests.factories.activities import a_shift, a_sign_up, an_open_shift, taken_of
from tests.factories.attendance import screen_of, the_reader
from tests.factories.identity import a_person
from tests.factories.organisations import THE_BANK
from timebank import clock
from timebank.activities import shift_changes
from timebank.activities.models import Shift
from timebank.attendance import groups
from timebank.attendance import service as attendance
from timebank.attendance.queries import is_inside
from timebank.attendance.reading import Presented
from timebank.database import in_unit_of_work
from timebank.identity.rules import Actor


def a_shift_soon() -> Shift:
    """Publish a shift that starts in twenty minutes: one may check in, and it may still be changed."""
    starts_at = clock.now() + timedelta(minutes=20)
    return a_shift(starts_at=starts_at, ends_at=starts_at + timedelta(hours=2))


def cancel(shift: Shift) -> None:
    """Say that it does not take place."""
    shift_changes.cancel(actor=THE_BANK, shift_id=shift.id, reason="雨")


def put_off(shift: Shift) -> None:
    """Have it a day later."""
    a_day = timedelta(days=1)
    shift_changes.change(
        actor=THE_BANK, shift_id=shift.id, starts_at=shift.starts_at + a_day, ends_at=shift.ends_at + a_day
    )


def check_in(volunteer_id: UUID, token: str) -> None:
    """Check somebody in by their own scan, in the caller's unit of work."""
    attendance.check_in(actor=Actor(volunteer_id), reader=the_reader(), presented=Presented(token=token))


@pytest.mark.parametrize("signed_up", [True, False])
@pytest.mark.parametrize(("work", "told"), [(cancel, "ALREADY_CLOSED"), (put_off, "NOT_OPEN_YET")])
def test_nobody_slips_into_a_shift_that_is_called_off_or_put_off(
    app: Flask, work: Callable[[Shift], None], told: str, signed_up: bool
) -> None:
    """Scanned before it was decided, written after it: refused as a scan a moment later, and nothing is kept."""
    shift, li = a_shift_soon(), a_person()
    if signed_up:
        a_sign_up(shift.id, li.id)
    token = screen_of(shift)
    assert meanwhile(app, partial(work, shift), partial(check_in, li.id, token)) == told
    assert not in_unit_of_work(partial(is_inside, shift.id, li.id), write=False)
    assert taken_of(shift.id) == int(signed_up)


def test_a_check_in_and_a_cancellation_at_one_instant(app: Flask) -> None:
    """Either somebody is inside and it takes place, or it does not and they are not."""
    for _ in range(6):
        shift, people = a_shift_soon(), [a_person().id for _ in range(2)]
        a_sign_up(shift.id, people[0])
        token = screen_of(shift)
        works: list[Any] = [partial(cancel, shift), *(partial(check_in, who, token) for who in people)]
        outcome = all_at_once(app, works)
        inside = sum(in_unit_of_work(partial(is_inside, shift.id, who), write=False) for who in people)
        assert outcome in ({"SHIFT_ATTENDED": 1, "done": 2}, {"done": 1, "ALREADY_CLOSED": 2})
        assert inside == (2 if "SHIFT_ATTENDED" in outcome else 0)


def close(shift: Shift) -> None:
    """Send everybody home."""
    groups.close_shift(actor=THE_BANK, shift_id=shift.id)


@pytest.mark.parametrize("signed_up", [True, False])
def test_nobody_is_left_in_a_shift_that_is_closed(app: Flask, signed_up: bool) -> None:
    """Who is being checked in while it is closed goes home with the others; who comes while it is being closed stays out."""
    for close_first in (False, True):
        shift, li = an_open_shift(), a_person()
        if signed_up:
            a_sign_up(shift.id, li.id)
        closing, coming = partial(close, shift), partial(check_in, li.id, screen_of(shift))
        first, second = (closing, coming) if close_first else (coming, closing)
        assert meanwhile(app, first, second) == ("ALREADY_CLOSED" if close_first else "done")
        assert not in_unit_of_work(partial(is_inside, shift.id, li.id), write=False)
