"""Places on a shift: taken, given up, never more than there are, on both engines."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from tests.conftest import Statements
from tests.factories.activities import (
    a_coming_shift,
    a_shift,
    a_sign_up,
    an_open_shift,
    taken_of,
)
from tests.factories.identity import a_person
from timebank import clock
from timebank.activities import queries, service
from timebank.activities.errors import (
    AlreadySignedUp,
    CapacityFull,
    NothingToWithdraw,
    ShiftCancelled,
    ShiftOver,
)
from timebank.activities.models import Shift, SignUp
from timebank.activities.rules import ShiftState, SignUpState
from timebank.constraints import violated_constraint
from timebank.database import in_unit_of_work, new_id, session
from timebank.errors import NotFound, refusal_for


def sign_up(shift_id: UUID, volunteer_id: UUID) -> SignUp:
    """Sign up in a unit of work of its own."""
    return in_unit_of_work(lambda: service.sign_up(shift_id=shift_id, volunteer_id=volunteer_id))


def withdraw(shift_id: UUID, volunteer_id: UUID) -> None:
    """Withdraw in a unit of work of its own."""
    in_unit_of_work(lambda: service.withdraw(shift_id=shift_id, volunteer_id=volunteer_id))


def test_sign_up_takes_a_place_and_withdrawal_frees_it(app: Flask) -> None:
    """The one place of a shift goes to the first; when she withdraws, the second gets it."""
    shift, first, second = a_coming_shift(capacity=1), a_person(), a_person()
    assert sign_up(shift.id, first.id).state == SignUpState.LIVE
    with pytest.raises(CapacityFull) as refused:
        sign_up(shift.id, second.id)
    assert refused.value.context == {"capacity": 1}
    assert in_unit_of_work(lambda: queries.signed_up(shift.id, first.id), write=False)
    withdraw(shift.id, first.id)
    assert not in_unit_of_work(lambda: queries.signed_up(shift.id, first.id), write=False)
    assert sign_up(shift.id, second.id).volunteer_id == second.id
    assert taken_of(shift.id) == 1


def test_second_sign_up_is_refused_even_when_the_shift_is_full(app: Flask) -> None:
    """Who holds a place learns that, not that the shift is full; the place is counted once."""
    shift, volunteer = a_coming_shift(capacity=1), a_person()
    sign_up(shift.id, volunteer.id)
    with pytest.raises(AlreadySignedUp):
        sign_up(shift.id, volunteer.id)
    assert taken_of(shift.id) == 1


def test_one_may_sign_up_again_after_withdrawing(app: Flask) -> None:
    """The withdrawn sign-up stays as a fact beside the new one."""
    shift, volunteer = a_coming_shift(capacity=1), a_person()
    for _ in range(2):
        sign_up(shift.id, volunteer.id)
        withdraw(shift.id, volunteer.id)
    sign_up(shift.id, volunteer.id)
    states = in_unit_of_work(lambda: session.scalars(select(SignUp.state).order_by(SignUp.state)).all(), write=False)
    assert states == ["live", "withdrawn", "withdrawn"]
    assert taken_of(shift.id) == 1


def test_withdrawing_nothing_is_refused_and_frees_nothing(app: Flask) -> None:
    """A stranger, or the same person twice, cannot free a place that they do not hold."""
    shift, volunteer = a_coming_shift(), a_sign_up
    holder = volunteer(shift.id).volunteer_id
    with pytest.raises(NothingToWithdraw):
        withdraw(shift.id, a_person().id)
    withdraw(shift.id, holder)
    with pytest.raises(NothingToWithdraw):
        withdraw(shift.id, holder)
    assert taken_of(shift.id) == 0


def test_over_is_over(app: Flask) -> None:
    """After its end nobody signs up for a shift or withdraws; while it runs both are possible."""
    running = an_open_shift()
    late, holder = a_person(), a_sign_up(running.id).volunteer_id
    with clock.at(running.ends_at - timedelta(seconds=1)):
        sign_up(running.id, late.id)
        withdraw(running.id, late.id)
    with clock.at(running.ends_at):
        with pytest.raises(ShiftOver):
            sign_up(running.id, late.id)
        with pytest.raises(ShiftOver):
            withdraw(running.id, holder)


def test_cancelled_shift_takes_nobody(app: Flask) -> None:
    """Neither a sign-up nor a walk-in gets a place on a shift that does not take place."""
    shift, volunteer = an_open_shift(), a_person()
    in_unit_of_work(lambda: session.execute(update(Shift).values(state=ShiftState.CANCELLED)))
    with pytest.raises(ShiftCancelled):
        sign_up(shift.id, volunteer.id)
    with pytest.raises(ShiftCancelled):
        in_unit_of_work(lambda: service.take_place(shift_id=shift.id, volunteer_id=volunteer.id, now=clock.now()))


def test_unknown_shift_takes_nobody(app: Flask) -> None:
    """There is nothing to sign up for, and nothing to withdraw from."""
    volunteer = a_person()
    with pytest.raises(NotFound):
        sign_up(new_id(), volunteer.id)
    with pytest.raises(NotFound):
        withdraw(new_id(), volunteer.id)


def test_walk_in_takes_a_place_within_the_capacity(app: Flask) -> None:
    """Who comes without a sign-up gets one, marked as walk-in, as long as there are places."""
    shift, first, second = an_open_shift(capacity=1), a_person(), a_person()
    taken = in_unit_of_work(lambda: service.take_place(shift_id=shift.id, volunteer_id=first.id, now=clock.now()))
    assert (taken.walk_in, taken.state) == (True, SignUpState.LIVE)
    with pytest.raises(CapacityFull):
        in_unit_of_work(lambda: service.take_place(shift_id=shift.id, volunteer_id=second.id, now=clock.now()))
    with pytest.raises(AlreadySignedUp):
        in_unit_of_work(lambda: service.take_place(shift_id=shift.id, volunteer_id=first.id, now=clock.now()))


def test_taking_a_place_costs_two_statements(app: Flask, statements: Statements) -> None:
    """A walk-in adds one insert and one counting update to a check-in."""
    shift, volunteer = an_open_shift(), a_person()
    with statements() as sent:
        in_unit_of_work(lambda: service.take_place(shift_id=shift.id, volunteer_id=volunteer.id, now=clock.now()))
    assert len([statement for statement in sent if "demo_clock" not in statement]) == 2


def test_database_itself_keeps_the_capacity(app: Flask) -> None:
    """Also past the service no shift has more places taken than it has, and the refusal is known by name."""
    shift = a_shift(starts_at=clock.now() + timedelta(1), ends_at=clock.now() + timedelta(1, 60), capacity=2)
    with pytest.raises(IntegrityError) as refused:
        in_unit_of_work(lambda: session.execute(text("UPDATE shift SET taken = 3")))
    assert refusal_for(violated_constraint(refused.value) or "") is CapacityFull
    assert taken_of(shift.id) == 0


def test_database_itself_keeps_one_live_sign_up(app: Flask) -> None:
    """A second live sign-up of one person is refused by the database, under a name that is mapped."""
    held = a_sign_up(a_coming_shift().id)
    copy = {"shift_id": held.shift_id, "volunteer_id": held.volunteer_id, "state": "live", "walk_in": False}
    with pytest.raises(IntegrityError) as refused:
        in_unit_of_work(lambda: session.add(SignUp(id=new_id(), signed_up_at=clock.now(), **copy)))
    assert refusal_for(violated_constraint(refused.value) or "") is AlreadySignedUp
