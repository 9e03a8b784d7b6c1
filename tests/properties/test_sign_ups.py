"""Whatever people do with two shifts, in whatever order: places add up, the list is in order, and refusals are the right ones."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from sqlalchemy import select

from tests.factories.policies import a_policy
from tests.properties.lengths import examples
from tests.properties.places_street import PlacesOfTwoShifts
from timebank.activities import places, queries, showing, waiting_reading
from timebank.activities.models import Shift, SignUp
from timebank.activities.rules import ShiftState
from timebank.activities.waiting_rules import STILL_WAITING, WaitingState
from timebank.activities.waiting_tables import WaitingPlace
from timebank.attendance.models import Attendance
from timebank.database import in_unit_of_work, session

FRESH = {"populate_existing": True}


class WhatHolds(PlacesOfTwoShifts):
    """What holds after every step, at both shifts."""

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        """The same people hold places, wait in the same order for the same time, and are inside."""
        in_unit_of_work(lambda: [self._same(number) for number in range(2)], write=False)

    @invariant()
    def places_add_up(self) -> None:
        """By role: never above capacity, nobody waits for a place that is free, the first come first offered."""
        in_unit_of_work(lambda: [self._adds_up(number) for number in range(2)], write=False)

    @invariant()
    def phones_show_what_holds_now(self) -> None:
        """Free places and everybody's turn are shown as of now, whether or not anything has run."""
        in_unit_of_work(lambda: [self._shown(number) for number in range(2)], write=False)

    @invariant()
    def one_time_is_one_shift(self) -> None:
        """Nobody has signed up for both while both were on, and nobody is inside both."""
        first, second = self.model.shifts
        for person in first.held.keys() & second.held.keys():
            if not (first.cancelled or first.closed or second.cancelled or second.closed):
                assert first.held[person].walk_in or second.held[person].walk_in
        assert not first.inside.keys() & second.inside.keys()

    def _same(self, number: int) -> None:
        shift, ids, model = self._shift(number), self.role_ids[number], self.model.shifts[number]
        of_role = {role_id: role for role, role_id in enumerate(ids)}
        live = session.scalars(
            select(SignUp).where(SignUp.shift_id == shift.id, SignUp.state == "live"), execution_options=FRESH
        )
        assert {self.people.index(up.volunteer_id): (of_role[up.role_id], up.walk_in, up.group_id) for up in live} == {
            person: (place.role, place.walk_in, self.group if place.for_group else None)
            for person, place in model.held.items()
        }
        assert [
            (self.people.index(turn.volunteer_id), of_role[turn.role_id], turn.confirm_by if turn.offered_at else None)
            for turn in self._turns(shift)
        ] == [(turn.person, turn.role, turn.confirm_by) for turn in model.turns]
        here = session.scalars(
            select(Attendance.volunteer_id).where(Attendance.shift_id == shift.id, Attendance.state == "open")
        )
        assert {self.people.index(who) for who in here} == model.inside.keys() <= model.held.keys()
        assert (shift.state == ShiftState.CANCELLED, shift.closed_at is not None) == (model.cancelled, model.closed)

    def _adds_up(self, number: int) -> None:
        shift, turns = self._shift(number), self._turns(self._shift(number))
        live = list(session.scalars(select(SignUp).where(SignUp.shift_id == shift.id, SignUp.state == "live")))
        assert len({up.volunteer_id for up in live}) == len(live)
        assert not {up.volunteer_id for up in live} & {turn.volunteer_id for turn in turns}
        roles = places.roles_of(shift.id)
        buckets = [(role.id, role.capacity, role.taken) for role in roles] or [(None, shift.capacity, shift.taken)]
        assert (sum(one[1] for one in buckets), sum(one[2] for one in buckets)) == (shift.capacity, shift.taken)
        for role_id, capacity, taken in buckets:
            states = [turn.state for turn in turns if turn.role_id == role_id]
            offered = states.count(WaitingState.OFFERED)
            assert sum(up.role_id == role_id for up in live) + offered == taken <= capacity
            assert states == [WaitingState.OFFERED] * offered + [WaitingState.WAITING] * (len(states) - offered)
            if self.model.shifts[number].offers_at(self.now):
                assert taken == capacity or WaitingState.WAITING not in states

    def _shown(self, number: int) -> None:
        context, model = queries.shift_context(self.shifts[number].id), self.model.shifts[number]
        assert context is not None
        (shown,) = showing.shown([context], self.now)
        by_role = [role["free_places"] for role in shown["roles"]] or [shown["free_places"]]
        assert by_role == [model.shown_free(role, self.now) for role in model.wanted]
        for turn in self._turns(self._shift(number)):
            told = waiting_reading.standing_of(turn, self.now)["state"]
            late = turn.confirm_by is not None and turn.confirm_by <= self.now
            assert (told == WaitingState.LAPSED) == late

    def _shift(self, number: int) -> Shift:
        return session.get_one(Shift, self.shifts[number].id, populate_existing=True)

    def _turns(self, shift: Shift) -> list[Any]:
        found = select(WaitingPlace).where(WaitingPlace.shift_id == shift.id, WaitingPlace.state.in_(STILL_WAITING))
        return list(session.scalars(found.order_by(WaitingPlace.number), execution_options=FRESH))


def test_places_and_lists_hold_whatever_happens(app: Flask) -> None:
    """On both engines, in any order: never above capacity, no place free while somebody waits, every refusal as expected."""
    a_policy("overlapping_sign_ups", "refuse")
    run_state_machine_as_test(
        WhatHolds, settings=settings(max_examples=examples(10, 300), stateful_step_count=examples(30, 60))
    )


def test_what_chance_seldom_makes(app: Flask) -> None:
    """A group kept, roles changed with a place in hand, a list that ends with the start, a forgotten check-out."""
    a_policy("overlapping_sign_ups", "refuse")
    day = WhatHolds()

    def then(step: Callable[..., None], **details: Any) -> None:
        step(**details)
        day.the_database_says_what_the_model_says()
        day.places_add_up()
        day.phones_show_what_holds_now()
        day.one_time_is_one_shift()

    # Whoever serves for a group, gives up and comes back, serves for it still.
    then(day.somebody_says_for_whom, number=0, person=0, group=True)
    then(day.somebody_withdraws, number=0, person=0)
    then(day.somebody_signs_up, number=0, person=0, role=0)  # kept for the one who waits: refused
    then(day.somebody_stops_waiting, number=0, person=2)
    then(day.somebody_signs_up, number=0, person=0, role=0)
    assert day.model.shifts[0].held[0].for_group
    then(day.somebody_waits, number=0, person=2, role=0)

    # Of the two roles each has one; somebody who is offered the one takes the other, which nobody wants.
    for role, person in enumerate((3, 4)):
        then(day.somebody_signs_up, number=1, person=person, role=role)
    for person in (5, 6):
        then(day.somebody_waits, number=1, person=person, role=0)
    then(day.somebody_withdraws, number=1, person=3)
    then(day.somebody_withdraws, number=1, person=4)
    then(day.somebody_signs_up, number=1, person=5, role=1)
    assert [turn.confirm_by is not None for turn in day.model.shifts[1].turns] == [True]
    then(day.somebody_signs_up, number=0, person=5, role=0)  # at the same time: refused

    # Once the first shift has begun a place given up is for whoever is there, on the list or not.
    then(day.the_day_comes)
    then(day.somebody_comes, number=0, person=1)
    then(day.time_passes, minutes=40)
    then(day.somebody_withdraws, number=0, person=1)  # inside: refused
    then(day.somebody_withdraws, number=0, person=0)
    then(day.somebody_comes, number=0, person=2)
    assert (day.model.shifts[0].turns, day.model.shifts[0].inside.keys()) == ([], {1, 2})

    # She forgets to check out: until the time for it is over she is still there, after it she has left and comes to the other.
    then(day.time_passes, minutes=3 * 60 + 40)
    then(day.somebody_comes, number=1, person=2)
    then(day.time_passes, minutes=40)
    then(day.somebody_comes, number=1, person=2)
    assert (day.model.shifts[0].inside.keys(), day.model.shifts[1].inside.keys()) == ({1}, {2})
    then(day.a_shift_is_closed, number=0)
    day.teardown()
