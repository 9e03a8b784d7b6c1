"""Whatever is signed up for, given up, waited for, changed and swept, in whatever order: a shift's places add up."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.factories.activities import a_shift, a_shift_with_roles, an_activity
from tests.factories.identity import a_person
from tests.factories.organisations import THE_BANK
from tests.properties.lengths import examples
from timebank import clock
from timebank.activities import places, shift_changes, sign_ups, waiting, waiting_reading
from timebank.activities.models import Shift, SignUp
from timebank.activities.roles import Wanted
from timebank.activities.rules import ShiftState
from timebank.activities.waiting_rules import STILL_WAITING, WaitingState
from timebank.activities.waiting_tables import WaitingPlace
from timebank.database import in_unit_of_work, session
from timebank.errors import Refusal

PEOPLE = 6
MAY_FOLLOW = {
    "waiting": {"waiting", "offered", "left"},
    "offered": {"offered", "accepted", "lapsed", "left"},
    "accepted": {"accepted"},
    "lapsed": {"lapsed"},
    "left": {"left"},
}

who = st.integers(0, PEOPLE - 1)
steps = st.one_of(
    st.tuples(st.just("sign_up"), who, st.integers(0, 1)),
    st.tuples(st.just("withdraw"), who),
    st.tuples(st.just("join"), who, st.integers(0, 1)),
    st.tuples(st.just("leave"), who),
    st.tuples(st.just("withdraw"), st.integers(0, 1)),
    st.tuples(st.just("leave"), st.integers(2, 4)),
    st.tuples(st.just("walk_in"), who),
    st.tuples(st.just("change"), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 13, 30])),
    st.tuples(st.just("sweep")),
    st.tuples(st.just("cancel")),
)


class Street:
    """A full shift of two places, with roles or without, three who wait, one more person, and a clock that only runs on."""

    def __init__(self, people: list[UUID], *, with_roles: bool) -> None:
        self.people = people
        self.now = clock.now()
        self.roles: list[UUID | None] = [None, None]
        if with_roles:
            self.shift, roles = a_shift_with_roles(Wanted(name="社工", capacity=1), Wanted(name="学生", capacity=1))
            self.roles = [roles["社工"], roles["学生"]]
        else:
            starts_at = self.now + timedelta(days=4)
            self.shift = a_shift(
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=2),
                capacity=2,
                activity_id=an_activity().id,
            )
        self.states: dict[UUID, str] = {}
        for person in (0, 1):
            self.take(("sign_up", person, person))
        for person in (2, 3, 4):
            self.take(("join", person, person % 2))

    def take(self, step: tuple[Any, ...]) -> None:
        """Take one step; whoever is refused is told why, and nothing has changed."""
        verb, *details = step
        with clock.at(self.now), suppress(Refusal):
            getattr(self, verb)(*details)

    def sign_up(self, person: int, role: int) -> None:
        """Sign up, or confirm."""
        self._do(sign_ups.sign_up, volunteer_id=self.people[person], role_id=self.roles[role])

    def withdraw(self, person: int) -> None:
        """Give up a place."""
        self._do(sign_ups.withdraw, volunteer_id=self.people[person])

    def join(self, person: int, role: int) -> None:
        """Wait."""
        self._do(waiting.join, volunteer_id=self.people[person], role_id=self.roles[role])

    def leave(self, person: int) -> None:
        """Stop waiting, or decline."""
        self._do(waiting.leave, volunteer_id=self.people[person])

    def walk_in(self, person: int) -> None:
        """Come to the door."""
        self._do(sign_ups.take_place, volunteer_id=self.people[person], now=self.now)

    def change(self, capacity: int) -> None:
        """Give the shift, or its second role, other numbers."""
        shift = in_unit_of_work(lambda: session.get_one(Shift, self.shift.id, populate_existing=True), write=False)
        role = self.roles[1]
        numbers: dict[str, Any] = {"capacity": capacity} if role is None else {"role_capacities": {role: capacity}}
        self._do(shift_changes.change, actor=THE_BANK, starts_at=shift.starts_at, ends_at=shift.ends_at, **numbers)

    def wait(self, hours: int) -> None:
        """Let time go by."""
        self.now += timedelta(hours=hours)

    def sweep(self) -> None:
        """Sweep."""
        in_unit_of_work(lambda: waiting.sweep(limit=10))

    def cancel(self) -> None:
        """Cancel the shift, now and then."""
        if len(self.states) > 3:
            self._do(shift_changes.cancel, actor=THE_BANK, reason="雨")

    def _do(self, verb: Callable[..., Any], **details: Any) -> None:
        in_unit_of_work(lambda: verb(shift_id=self.shift.id, **details))


def agree(street: Street) -> None:
    """Check everything that must hold of a shift at any time."""
    shift = session.get_one(Shift, street.shift.id, populate_existing=True)
    turns = list(
        session.scalars(
            select(WaitingPlace).where(WaitingPlace.shift_id == shift.id).order_by(WaitingPlace.number),
            execution_options={"populate_existing": True},
        )
    )
    live = list(session.scalars(select(SignUp).where(SignUp.shift_id == shift.id, SignUp.state == "live")))
    holders = [place.volunteer_id for place in live]
    assert len(holders) == len(set(holders))
    roles = places.roles_of(shift.id)
    buckets = [(role.id, role.capacity, role.taken) for role in roles] or [(None, shift.capacity, shift.taken)]
    assert (sum(one[1] for one in buckets), sum(one[2] for one in buckets)) == (shift.capacity, shift.taken)
    for role_id, capacity, taken in buckets:
        mine = [turn for turn in turns if turn.role_id == role_id]
        offered = sum(turn.state == WaitingState.OFFERED for turn in mine)
        held = sum(place.role_id == role_id for place in live)
        assert held + offered == taken <= capacity
        if shift.state == ShiftState.OPEN and street.now < shift.starts_at:
            assert taken == capacity or not any(turn.state == WaitingState.WAITING for turn in mine)
    waits = [turn.volunteer_id for turn in turns if turn.state in STILL_WAITING]
    assert len(waits) == len(set(waits))
    assert not set(waits) & set(holders)
    for turn in turns:
        assert turn.state in MAY_FOLLOW[street.states.get(turn.id, "waiting")]
        street.states[turn.id] = turn.state
        assert turn.confirm_by is None or turn.confirm_by <= shift.starts_at
    _first_come_first_offered(turns)
    for turn in turns:
        told = waiting_reading.standing_of(turn, street.now)["state"]
        assert (told == "lapsed") == (
            turn.state == "lapsed"
            or bool(turn.state == "offered" and turn.confirm_by and turn.confirm_by <= street.now)
        )


def _first_come_first_offered(turns: list[WaitingPlace]) -> None:
    """Nobody waits in front of somebody of the same role who is offered a place."""
    waiting_roles: set[UUID | None] = set()
    for turn in turns:
        if turn.state == WaitingState.WAITING:
            waiting_roles.add(turn.role_id)
        assert not (turn.state == WaitingState.OFFERED and turn.role_id in waiting_roles)


@settings(max_examples=examples(30, 600))
@given(with_roles=st.booleans(), story=st.lists(steps, min_size=8, max_size=30))
def test_the_places_of_a_shift_add_up_whatever_happens(
    app: Flask, with_roles: bool, story: list[tuple[Any, ...]]
) -> None:
    """After every step: never above capacity, no place free while somebody waits for it, the first come first offered."""
    street = Street([a_person().id for _ in range(PEOPLE)], with_roles=with_roles)
    for step in story:
        street.take(step)
        in_unit_of_work(lambda: agree(street), write=False)
