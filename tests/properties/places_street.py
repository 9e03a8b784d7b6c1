"""What people do with two shifts at one time, of two organisations: each step in the product and in the model at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.factories.activities import a_shift, an_activity
from tests.factories.attendance import screen_of, the_reader
from tests.factories.identity import a_person
from tests.factories.organisations import THE_BANK, an_organisation
from tests.properties.places_model import HOUR, MEMBERS_OF_THE_GROUP, OPENS, Shift, Street
from timebank import clock
from timebank.activities import groups, places, service, shift_changes, sign_ups, waiting
from timebank.activities.roles import Wanted
from timebank.attendance import groups as closing
from timebank.attendance import service as attendance
from timebank.attendance.reading import Presented
from timebank.database import in_unit_of_work
from timebank.errors import Refusal
from timebank.identity.rules import Actor
from timebank.organisations import members

PEOPLE = 7
ROLES = ("社工", "学生")
"""Of the second shift; the first one has none."""
FIRST_DAY = timedelta(days=4)

shifts = st.sampled_from([0, 0, 1])
people = st.integers(0, PEOPLE - 1)
roles = st.integers(0, 1)


class PlacesOfTwoShifts(RuleBasedStateMachine):
    """One shift of two places and one of two roles, an hour later; seven people, of whom three belong to a group."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = clock.start_of(clock.day_of(clock.now())) + 8 * HOUR
        with clock.at(self.now):
            self.people = [a_person().id for _ in range(PEOPLE)]
            self.group = an_organisation().id
            for number in MEMBERS_OF_THE_GROUP:
                in_unit_of_work(partial(self._belongs, number))
            starts_at = self.now + FIRST_DAY + HOUR
            plain = a_shift(starts_at=starts_at, ends_at=starts_at + 3 * HOUR, capacity=2, activity_id=an_activity().id)
            meals = an_activity("送餐").id
            by_role = in_unit_of_work(partial(self._with_roles, meals, starts_at + HOUR))
            self.shifts = [plain, by_role]
            there = in_unit_of_work(lambda: [role.id for role in places.roles_of(by_role.id)], write=False)
            self.role_ids: list[list[Any]] = [[None], there]
        self.model = Street(
            [
                Shift(plain.starts_at, plain.ends_at, {0: 2}),
                Shift(by_role.starts_at, by_role.ends_at, {0: 1, 1: 1}),
            ]
        )
        for person in range(3):
            self.somebody_signs_up(number=0, person=person, role=0)
            self.somebody_waits(number=0, person=person, role=0)

    def _belongs(self, number: int) -> None:
        asked = members.ask(person_id=self.people[number], organisation_id=self.group)
        members.admit(actor=THE_BANK, member_id=asked.id)

    def _with_roles(self, activity_id: UUID, starts_at: datetime) -> Any:
        return service.publish_shift(
            actor=THE_BANK,
            activity_id=activity_id,
            starts_at=starts_at,
            ends_at=starts_at + 3 * HOUR,
            wanted=[Wanted(name=name, capacity=1) for name in ROLES],
        )

    def teardown(self) -> None:
        """Let every offer lapse, for the next run shares the database."""
        with clock.at(self.now + timedelta(days=30)):
            in_unit_of_work(lambda: waiting.sweep(limit=100))

    def both(self, expected: Callable[[], None], verb: Callable[[], Any]) -> None:
        """Do the same in the model and in the product; what comes of it must be the same. A second goes by."""
        answer = self.model.answer(expected)
        assert self.outcome_of(verb) == answer
        self.now += timedelta(seconds=1)

    def outcome_of(self, verb: Callable[[], Any]) -> str:
        """Do something in the product; return ``done``, or the code of the refusal."""
        with clock.at(self.now):
            try:
                in_unit_of_work(verb)
            except Refusal as refusal:
                return refusal.code
        return "done"

    def asked(self, number: int, person: int) -> dict[str, Any]:
        """Return whom and what it is about."""
        return {"shift_id": self.shifts[number].id, "volunteer_id": self.people[person]}

    def role_of(self, number: int, role: int) -> tuple[int, Any]:
        """Return a role that the shift has, and its id."""
        ids = self.role_ids[number]
        return role % len(ids), ids[role % len(ids)]

    @rule(number=shifts, person=people, role=roles)
    def somebody_signs_up(self, number: int, person: int, role: int) -> None:
        """Sign up, or confirm what is kept."""
        role, role_id = self.role_of(number, role)
        self.both(
            lambda: self.model.sign_up(number, person, role, self.now),
            lambda: sign_ups.sign_up(**self.asked(number, person), role_id=role_id),
        )

    @rule(number=shifts, person=people)
    def somebody_withdraws(self, number: int, person: int) -> None:
        """Give a place up."""
        self.both(
            lambda: self.model.withdraw(number, person, self.now),
            lambda: sign_ups.withdraw(**self.asked(number, person)),
        )

    @precondition(lambda self: any(shift.held for shift in self.model.shifts))
    @rule(data=st.data())
    def a_place_is_given_up(self, data: st.DataObject) -> None:
        """Somebody who has one withdraws: most of what happens to a list begins so."""
        held = [(number, person) for number in range(2) for person in self.model.shifts[number].held]
        number, person = data.draw(st.sampled_from(held))
        self.somebody_withdraws(number=number, person=person)

    @rule(number=shifts, person=people, role=roles)
    def somebody_waits(self, number: int, person: int, role: int) -> None:
        """Wait."""
        role, role_id = self.role_of(number, role)
        self.both(
            lambda: self.model.join(number, person, role, self.now),
            lambda: waiting.join(**self.asked(number, person), role_id=role_id),
        )

    @rule(number=shifts, person=people)
    def somebody_stops_waiting(self, number: int, person: int) -> None:
        """Leave the list, or decline."""
        self.both(
            lambda: self.model.leave(number, person, self.now), lambda: waiting.leave(**self.asked(number, person))
        )

    @precondition(lambda self: any(shift.turns for shift in self.model.shifts))
    @rule(data=st.data())
    def somebody_on_a_list_signs_up(self, data: st.DataObject) -> None:
        """Confirm in time, too late, or before there is anything to confirm; sometimes for another role."""
        turns = [(number, turn.person) for number in range(2) for turn in self.model.shifts[number].turns]
        number, person = data.draw(st.sampled_from(turns))
        turn = self.model.shifts[number].turn_of(person)
        role = data.draw(st.sampled_from([0, 1] if turn is None else [turn.role, turn.role, 0, 1]))
        self.somebody_signs_up(number=number, person=person, role=role)

    @rule(number=shifts, role=roles, wanted=st.integers(1, 4))
    def the_numbers_change(self, number: int, role: int, wanted: int) -> None:
        """Want more or fewer."""
        role, role_id = self.role_of(number, role)
        shift = self.shifts[number]
        numbers: dict[str, Any] = {"role_capacities": {role_id: wanted}} if role_id else {"capacity": wanted}
        times = {"starts_at": shift.starts_at, "ends_at": shift.ends_at}
        self.both(
            lambda: self.model.change(number, role, wanted, self.now),
            lambda: shift_changes.change(actor=THE_BANK, shift_id=shift.id, **times, **numbers),
        )

    @precondition(lambda self: self.now > min(self.starts()) - 5 * HOUR)
    @rule(number=shifts)
    def a_shift_is_cancelled(self, number: int) -> None:
        """Call it off, on its day."""
        self.both(
            lambda: self.model.cancel(number, self.now),
            lambda: shift_changes.cancel(actor=THE_BANK, shift_id=self.shifts[number].id, reason="雨"),
        )

    @precondition(lambda self: self.now > min(self.starts()))
    @rule(number=shifts)
    def a_shift_is_closed(self, number: int) -> None:
        """Send everybody home."""
        if not self.model.shifts[number].cancelled:
            self.both(
                lambda: self.model.close(number, self.now),
                lambda: closing.close_shift(actor=THE_BANK, shift_id=self.shifts[number].id),
            )

    @rule(number=shifts, person=people, group=st.booleans())
    def somebody_says_for_whom(self, number: int, person: int, group: bool) -> None:
        """Serve for the group, or for oneself."""
        self.both(
            lambda: self.model.serve_for(number, person, self.now, group=group),
            lambda: groups.serve_for(**self.asked(number, person), organisation_id=self.group if group else None),
        )

    @precondition(lambda self: self.now > min(self.starts()) - HOUR)
    @rule(number=shifts, person=people)
    def somebody_comes(self, number: int, person: int) -> None:
        """Scan the screen at the door."""

        def arrive() -> None:
            presented = Presented(token=screen_of(self.shifts[number]))
            attendance.check_in(actor=Actor(self.people[person]), reader=the_reader(), presented=presented)

        self.both(lambda: self.model.check_in(number, person, self.now), arrive)

    @precondition(lambda self: self.now > min(self.starts()) - HOUR and any(one.turns for one in self.model.shifts))
    @rule(data=st.data())
    def somebody_on_a_list_comes(self, data: st.DataObject) -> None:
        """Come to the door with no place, or with one that is kept."""
        turns = [(number, turn.person) for number in range(2) for turn in self.model.shifts[number].turns]
        number, person = data.draw(st.sampled_from(turns))
        self.somebody_comes(number=number, person=person)

    @precondition(lambda self: any(shift.inside for shift in self.model.shifts))
    @rule(data=st.data())
    def somebody_goes(self, data: st.DataObject) -> None:
        """Scan it once more."""
        there = [(number, person) for number in range(2) for person in self.model.shifts[number].inside]
        number, person = data.draw(st.sampled_from(there))

        def leave() -> None:
            presented = Presented(token=screen_of(self.shifts[number]))
            attendance.check_out(actor=Actor(self.people[person]), reader=the_reader(), presented=presented)

        self.both(lambda: self.model.check_out(number, person, self.now), leave)

    @rule(minutes=st.sampled_from([7, 40, 5 * 60, 13 * 60]))
    def time_passes(self, minutes: int) -> None:
        """Let time go by."""
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.now < min(self.starts()) - HOUR)
    @rule()
    def the_day_comes(self) -> None:
        """Let the doors open."""
        self.now = min(self.starts()) - OPENS

    @rule()
    def the_sweep_runs(self) -> None:
        """Sweep."""
        self.both(lambda: self.model.sweep(self.now), lambda: waiting.sweep(limit=100))

    def starts(self) -> list[datetime]:
        """Return when the shifts begin."""
        return [shift.starts_at for shift in self.model.shifts]
