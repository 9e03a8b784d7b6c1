"""Waiting lists: whoever has waited longest is offered what is free, and has time to take it. On both engines."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories.activities import a_coming_shift, a_full_shift, a_sign_up, a_turn, taken_of
from tests.factories.identity import a_person
from tests.factories.policies import a_policy
from timebank import clock
from timebank.activities import sign_ups, waiting, waiting_reading
from timebank.activities.errors import (
    AlreadySignedUp,
    AlreadyWaiting,
    CapacityFull,
    NotWaiting,
    PlaceFree,
    WaitingOver,
)
from timebank.activities.models import Shift, SignUp
from timebank.activities.rules import ShiftState
from timebank.database import in_unit_of_work, session
from timebank.notifications.models import Notification

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def withdraw(shift_id: UUID, volunteer_id: UUID) -> None:
    """Give up a place."""
    in_unit_of_work(lambda: sign_ups.withdraw(shift_id=shift_id, volunteer_id=volunteer_id))


def sign_up(shift_id: UUID, volunteer_id: UUID) -> SignUp:
    """Sign up, or confirm what is offered."""
    return in_unit_of_work(lambda: sign_ups.sign_up(shift_id=shift_id, volunteer_id=volunteer_id))


def leave(shift_id: UUID, volunteer_id: UUID) -> None:
    """Leave the list."""
    in_unit_of_work(lambda: waiting.leave(shift_id=shift_id, volunteer_id=volunteer_id))


def sweep() -> int:
    """Sweep."""
    return in_unit_of_work(lambda: waiting.sweep(limit=10))


def state_of(shift_id: UUID, volunteer_id: UUID) -> str:
    """Return how somebody's turn stands now, as they are told."""
    turn = in_unit_of_work(lambda: waiting_reading.turn_at(shift_id, volunteer_id, clock.now()), write=False)
    assert turn is not None
    return str(turn["state"])


def confirm_by(shift_id: UUID, volunteer_id: UUID) -> datetime:
    """Return until when a place is kept for somebody."""
    turn = in_unit_of_work(lambda: waiting.turn_of(shift_id, volunteer_id), write=False)
    assert turn is not None
    assert turn.confirm_by is not None
    return turn.confirm_by


def told(volunteer_id: UUID) -> list[str]:
    """Return the topics that somebody was told of, in order."""
    found = select(Notification.topic).where(Notification.person_id == volunteer_id).order_by(Notification.id)
    return in_unit_of_work(lambda: list(session.scalars(found)), write=False)


def test_a_freed_place_is_offered_to_the_first_and_kept_for_them(app: Flask) -> None:
    """Nobody else gets it meanwhile; whoever it was offered to signs up, and the second goes on waiting."""
    shift, (holder,) = a_full_shift()
    first, second = a_turn(shift.id).volunteer_id, a_turn(shift.id).volunteer_id
    withdraw(shift.id, holder)
    assert (state_of(shift.id, first), state_of(shift.id, second)) == ("offered", "waiting")
    for other in (second, a_person().id):
        with pytest.raises(CapacityFull):
            sign_up(shift.id, other)
    taken = sign_up(shift.id, first)
    assert state_of(shift.id, first) == "accepted"
    assert (taken.state, taken_of(shift.id)) == ("live", 1)
    assert told(first) == ["place_offered"]
    assert told(second) == []


@pytest.mark.parametrize("swept", [False, True])
def test_an_offer_that_is_not_confirmed_goes_to_the_next_whether_or_not_anything_has_run(
    app: Flask, swept: bool
) -> None:
    """At its very deadline it is over: the next one can take the place at once, and nobody who comes later can."""
    shift, (holder,) = a_full_shift()
    first, second = a_turn(shift.id).volunteer_id, a_turn(shift.id).volunteer_id
    withdraw(shift.id, holder)
    until = confirm_by(shift.id, first)
    with clock.at(until - SECOND):
        assert state_of(shift.id, first) == "offered"
        assert sweep() == 0
    with clock.at(until):
        if swept:
            assert (sweep(), sweep()) == (1, 0)
            assert (told(first), told(second)) == (["place_offered", "place_lapsed"], ["place_offered"])
        assert (state_of(shift.id, first), state_of(shift.id, second)) == ("lapsed", "offered")
        for other in (first, a_person().id):
            with pytest.raises(CapacityFull):
                sign_up(shift.id, other)
        sign_up(shift.id, second)
    assert taken_of(shift.id) == 1


def test_whoever_was_not_told_yet_has_lost_no_time(app: Flask) -> None:
    """The next one's time begins with the sweep that tells them, however late that is."""
    shift, (holder,) = a_full_shift(starts_in=timedelta(days=30))
    first, second = a_turn(shift.id).volunteer_id, a_turn(shift.id).volunteer_id
    withdraw(shift.id, holder)
    late = confirm_by(shift.id, first) + timedelta(days=3)
    with clock.at(late):
        sweep()
    assert confirm_by(shift.id, second) == late + timedelta(hours=12)


def test_how_long_a_place_is_kept_is_policy_and_never_more_than_half_of_what_is_left(app: Flask) -> None:
    """Hours by the key; shortly before the start less, so that the next one still has time."""
    a_policy("waiting_confirm_hours", 3)
    shift, (holder, other) = a_full_shift(2)
    first, second = a_turn(shift.id).volunteer_id, a_turn(shift.id).volunteer_id
    now = clock.now()
    with clock.at(now):
        withdraw(shift.id, holder)
    assert confirm_by(shift.id, first) == now + 3 * HOUR
    with clock.at(shift.starts_at - HOUR):
        withdraw(shift.id, other)
    assert confirm_by(shift.id, second) == shift.starts_at - HOUR / 2


def test_the_list_ends_with_the_start(app: Flask) -> None:
    """From the first instant of the shift a free place is for whoever comes first, and nobody joins."""
    shift, (holder,) = a_full_shift()
    first, second = a_turn(shift.id).volunteer_id, a_turn(shift.id).volunteer_id
    withdraw(shift.id, holder)
    with clock.at(shift.starts_at):
        assert (state_of(shift.id, first), state_of(shift.id, second)) == ("lapsed", "over")
        with pytest.raises(WaitingOver):
            a_turn(shift.id)
        with pytest.raises(NotWaiting):
            leave(shift.id, second)
        walk_in = a_person().id
        in_unit_of_work(lambda: sign_ups.take_place(shift_id=shift.id, volunteer_id=walk_in, now=clock.now()))
        with pytest.raises(CapacityFull):
            sign_up(shift.id, second)
    assert taken_of(shift.id) == 1


def test_a_scan_that_comes_late_settles_the_list_as_it_is_now(app: Flask) -> None:
    """Scanned before the start and sent after it: the list is over, nobody is offered what is free for who is there."""
    shift, (holder,) = a_full_shift()
    first, second = a_turn(shift.id).volunteer_id, a_turn(shift.id).volunteer_id
    with clock.at(shift.starts_at + HOUR):
        withdraw(shift.id, holder)
        scanned_at = shift.starts_at - 10 * SECOND
        in_unit_of_work(lambda: sign_ups.take_place(shift_id=shift.id, volunteer_id=second, now=scanned_at))
        assert (state_of(shift.id, first), taken_of(shift.id)) == ("over", 1)
    assert told(first) == []


def test_walking_in_takes_no_place_that_is_kept_for_somebody(app: Flask) -> None:
    """Check-in opens before the start: until then an offered place is its owner's, who may walk in as well."""
    shift, (holder,) = a_full_shift()
    first = a_turn(shift.id).volunteer_id
    with clock.at(shift.starts_at - HOUR):
        withdraw(shift.id, holder)
        stranger = a_person().id

        def walk_in(who: UUID) -> Callable[[], SignUp]:
            return lambda: sign_ups.take_place(shift_id=shift.id, volunteer_id=who, now=clock.now())

        with pytest.raises(CapacityFull):
            in_unit_of_work(walk_in(stranger))
        assert in_unit_of_work(walk_in(first)).walk_in
    assert (state_of(shift.id, first), taken_of(shift.id)) == ("accepted", 1)


def test_leaving_passes_the_place_on(app: Flask) -> None:
    """Whoever declines an offer frees it for the next; whoever leaves the middle of the list changes nothing else."""
    shift, (holder,) = a_full_shift()
    first, second, third = (a_turn(shift.id).volunteer_id for _ in range(3))
    leave(shift.id, second)
    withdraw(shift.id, holder)
    leave(shift.id, first)
    assert [state_of(shift.id, who) for who in (first, second, third)] == ["left", "left", "offered"]
    with pytest.raises(NotWaiting):
        leave(shift.id, first)
    leave(shift.id, third)
    assert taken_of(shift.id) == 0
    assert sign_up(shift.id, first).state == "live"


def test_one_may_wait_again_at_the_end(app: Flask) -> None:
    """A turn that has ended stays; a new one stands behind everybody."""
    shift, (holder,) = a_full_shift()
    first, second = a_turn(shift.id).volunteer_id, a_turn(shift.id).volunteer_id
    leave(shift.id, first)
    a_turn(shift.id, first)
    withdraw(shift.id, holder)
    assert (state_of(shift.id, first), state_of(shift.id, second)) == ("waiting", "offered")


def test_nobody_waits_twice_or_with_a_place_or_where_one_is_free(app: Flask) -> None:
    """Each is a refusal that says what to do instead."""
    shift, (holder,) = a_full_shift()
    first = a_turn(shift.id).volunteer_id
    with pytest.raises(AlreadyWaiting):
        a_turn(shift.id, first)
    with pytest.raises(AlreadySignedUp):
        a_turn(shift.id, holder)
    with pytest.raises(PlaceFree):
        a_turn(a_coming_shift().id)
    shift, _ = a_full_shift()
    in_unit_of_work(lambda: setattr(session.get_one(Shift, shift.id), "state", ShiftState.CANCELLED))
    with pytest.raises(WaitingOver):
        a_turn(shift.id)


def test_whoever_waits_is_told_that_it_is_full_when_they_try_to_sign_up(app: Flask) -> None:
    """The attempt changes nothing about their turn."""
    shift, (holder,) = a_full_shift()
    first, second = a_turn(shift.id).volunteer_id, a_turn(shift.id).volunteer_id
    with pytest.raises(CapacityFull):
        sign_up(shift.id, first)
    withdraw(shift.id, holder)
    assert (state_of(shift.id, first), state_of(shift.id, second)) == ("offered", "waiting")


@pytest.mark.parametrize(("before", "late"), [(timedelta(hours=24), False), (timedelta(hours=24) - SECOND, True)])
def test_withdrawing_after_the_deadline_is_marked(app: Flask, before: timedelta, late: bool) -> None:
    """On the dot is in time; later it is marked, and the place is free all the same."""
    shift, (holder,) = a_full_shift()
    with clock.at(shift.starts_at - before):
        withdraw(shift.id, holder)
    kept = in_unit_of_work(lambda: session.scalars(select(SignUp.withdrawn_late)).one(), write=False)
    assert (kept, taken_of(shift.id)) == (late, 0)


def test_the_deadline_to_cancel_is_policy(app: Flask) -> None:
    """Zero hours: until the start nobody is late."""
    a_policy("cancel_deadline_hours", 0)
    shift, (holder,) = a_full_shift()
    with clock.at(shift.starts_at):
        withdraw(shift.id, holder)
    assert in_unit_of_work(lambda: session.scalars(select(SignUp.withdrawn_late)).one(), write=False) is False


def test_several_offers_stand_side_by_side(app: Flask) -> None:
    """Three places freed are offered to the first three of four."""
    shift, holders = a_full_shift(3)
    turns = [a_turn(shift.id).volunteer_id for _ in range(4)]
    for holder in holders:
        withdraw(shift.id, holder)
    assert [state_of(shift.id, who) for who in turns] == ["offered"] * 3 + ["waiting"]
    assert taken_of(shift.id) == 3
    sign_up(shift.id, turns[2])
    withdraw(shift.id, turns[2])
    assert state_of(shift.id, turns[3]) == "offered"
    assert a_sign_up(a_coming_shift().id).state == "live"
