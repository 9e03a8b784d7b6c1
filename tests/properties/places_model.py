"""What the model of two shifts knows: who holds which place, who waits in which order, who is inside, and what must come of it.

It is written as a coordinator would say it, one list of people for each role, and counts nothing that it can look at.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Person = int
Role = int
HOUR = timedelta(hours=1)
OPENS, CLOSES, MIN_STAY = HOUR / 2, HOUR, HOUR / 6
CONFIRM_WITHIN = 12 * HOUR
MEMBERS_OF_THE_GROUP = (0, 1, 2)


class Refused(Exception):
    """What is asked is refused, with this code; nothing has changed."""


@dataclass
class Place:
    """A place that somebody holds."""

    role: Role
    walk_in: bool
    for_group: bool = False


@dataclass
class Turn:
    """Somebody on the list; with a ``confirm_by`` a place is kept for them."""

    person: Person
    role: Role
    confirm_by: datetime | None = None


@dataclass
class Shift:
    """One shift: how many of each role are wanted, who has a place, who waits, who is or was there."""

    starts_at: datetime
    ends_at: datetime
    wanted: dict[Role, int]
    cancelled: bool = False
    closed: bool = False
    held: dict[Person, Place] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    inside: dict[Person, datetime] = field(default_factory=dict)
    stays: dict[Person, int] = field(default_factory=dict)
    group_before: dict[Person, bool] = field(default_factory=dict)

    def on_at(self, now: datetime) -> bool:
        """Whether it takes place and is not over."""
        return not self.cancelled and not self.closed and now < self.ends_at

    def free(self, role: Role) -> int:
        """Return how many places of a role nobody holds and that are kept for nobody."""
        held = sum(place.role == role for place in self.held.values())
        kept = sum(turn.role == role and turn.confirm_by is not None for turn in self.turns)
        return self.wanted[role] - held - kept

    def offers_at(self, now: datetime) -> bool:
        """Whether the list goes on: it ends with the start."""
        return self.on_at(now) and now < self.starts_at

    def turn_of(self, person: Person) -> Turn | None:
        """Return somebody's turn."""
        return next((turn for turn in self.turns if turn.person == person), None)

    def settle(self, now: datetime, *, besides: Person | None = None) -> None:
        """Take off the list who has a place or was too late, and offer what is free in the order of the list."""
        for turn in list(self.turns):
            has_a_place = turn.person in self.held and turn.person != besides
            if has_a_place or (turn.confirm_by is not None and turn.confirm_by <= now):
                self.turns.remove(turn)
        if self.offers_at(now):
            for turn in self.turns:
                if turn.confirm_by is None and self.free(turn.role) > 0:
                    turn.confirm_by = now + min(CONFIRM_WITHIN, (self.starts_at - now) / 2)

    def shown_free(self, role: Role, now: datetime) -> int:
        """Return how many places a phone shows as free."""
        later = copy.deepcopy(self)
        later.settle(now)
        return max(0, later.free(role))


@dataclass
class Street:
    """Two shifts, where one time is one shift (policy ``overlapping_sign_ups``)."""

    shifts: list[Shift]

    @contextmanager
    def or_nothing(self) -> Iterator[None]:
        """Undo what was done if it ends in a refusal."""
        before = copy.deepcopy(self.shifts)
        try:
            yield
        except Refused:
            self.shifts = before
            raise

    def answer(self, verb: Callable[[], None]) -> str:
        """Do something; return ``done``, or the code of the refusal."""
        try:
            with self.or_nothing():
                verb()
        except Refused as refusal:
            return str(refusal)
        return "done"

    def sign_up(self, number: int, person: Person, role: Role, now: datetime) -> None:
        """Take a place, or the one that is kept."""
        shift = self.shifts[number]
        _refuse("SHIFT_CANCELLED", shift.cancelled)
        _refuse("SHIFT_OVER", not shift.on_at(now))
        other = self.shifts[1 - number]
        _refuse("SIGN_UP_CLASH", person in other.held and not other.cancelled and not other.closed)
        _refuse("ALREADY_SIGNED_UP", person in shift.held)
        self._take(shift, person, role, now, walk_in=False)

    def _take(self, shift: Shift, person: Person, role: Role, now: datetime, *, walk_in: bool) -> None:
        shift.settle(now, besides=person)
        turn = shift.turn_of(person)
        if turn is not None and turn.confirm_by is not None and turn.role == role:
            shift.turns.remove(turn)
        _refuse("CAPACITY_FULL", shift.free(role) <= 0)
        if turn in shift.turns:
            shift.turns.remove(turn)
        shift.held[person] = Place(role, walk_in, shift.group_before.get(person, False))
        shift.settle(now)

    def withdraw(self, number: int, person: Person, now: datetime) -> None:
        """Give a place up."""
        shift = self.shifts[number]
        _refuse("SHIFT_OVER", shift.closed or now >= shift.ends_at)
        _refuse("NOT_SIGNED_UP", person not in shift.held)
        _refuse("STILL_INSIDE", person in shift.inside)
        _refuse("SERVED_HERE", bool(shift.stays.get(person)))
        shift.group_before[person] = shift.held.pop(person).for_group
        shift.settle(now)

    def join(self, number: int, person: Person, role: Role, now: datetime) -> None:
        """Wait."""
        shift = self.shifts[number]
        _refuse("WAITING_OVER", not shift.offers_at(now))
        shift.settle(now)
        _refuse("ALREADY_SIGNED_UP", person in shift.held)
        _refuse("ALREADY_WAITING", shift.turn_of(person) is not None)
        _refuse("PLACE_FREE", shift.free(role) > 0)
        shift.turns.append(Turn(person, role))

    def leave(self, number: int, person: Person, now: datetime) -> None:
        """Stop waiting, or decline."""
        shift = self.shifts[number]
        turn = shift.turn_of(person)
        if turn is None or not shift.offers_at(now):
            raise Refused("NOT_WAITING")
        shift.turns.remove(turn)
        shift.settle(now)

    def change(self, number: int, role: Role, wanted: int, now: datetime) -> None:
        """Want more or fewer; who has a place keeps it."""
        shift = self.shifts[number]
        _refuse("SHIFT_CANCELLED", shift.cancelled)
        _refuse("SHIFT_OVER", not shift.on_at(now))
        _refuse("SHIFT_ATTENDED", bool(shift.stays))
        _refuse("SHIFT_STARTED", now >= shift.starts_at)
        shift.settle(now)
        _refuse("CAPACITY_TAKEN", wanted < shift.wanted[role] - shift.free(role))
        shift.wanted[role] = wanted
        shift.settle(now)

    def cancel(self, number: int, now: datetime) -> None:
        """Call a shift off."""
        shift = self.shifts[number]
        _refuse("SHIFT_CANCELLED", shift.cancelled)
        _refuse("SHIFT_OVER", not shift.on_at(now))
        _refuse("SHIFT_ATTENDED", bool(shift.stays))
        shift.cancelled = True

    def close(self, number: int, now: datetime) -> None:
        """Send everybody home."""
        shift = self.shifts[number]
        _refuse("TOO_EARLY_TO_CLOSE", now < shift.starts_at)
        shift.closed = True
        shift.inside.clear()

    def serve_for(self, number: int, person: Person, now: datetime, *, group: bool) -> None:
        """Say for whom one serves."""
        shift = self.shifts[number]
        _refuse("SHIFT_OVER", shift.closed or now > shift.ends_at + CLOSES)
        _refuse("NOT_A_MEMBER", group and person not in MEMBERS_OF_THE_GROUP)
        _refuse("NOT_SIGNED_UP", person not in shift.held)
        shift.held[person].for_group = group

    def check_in(self, number: int, person: Person, now: datetime) -> None:
        """Come in, with a place or without one; whoever has forgotten to leave the other shift has left it."""
        shift, other = self.shifts[number], self.shifts[1 - number]
        if person in shift.inside and now <= shift.ends_at + CLOSES:
            raise Refused("ALREADY_CHECKED_IN")
        if person in other.inside:
            _refuse("OPEN_ELSEWHERE", now <= other.ends_at + CLOSES)
            del other.inside[person]
        _refuse("ALREADY_CLOSED", shift.cancelled or shift.closed)
        _refuse("NOT_OPEN_YET", now < shift.starts_at - OPENS)
        _refuse("ALREADY_CLOSED", now >= shift.ends_at + CLOSES)
        _refuse("TOO_MANY_PAIRS", shift.stays.get(person, 0) >= 3)
        if person not in shift.held:
            self._walk_in(shift, person, now)
        shift.inside[person] = now
        shift.stays[person] = shift.stays.get(person, 0) + 1

    def _walk_in(self, shift: Shift, person: Person, now: datetime) -> None:
        """Take the place that is kept, or else a free one of the first role that has any."""
        turn = shift.turn_of(person)
        if turn is None and len(shift.wanted) == 1 and shift.free(0) > 0:  # at once, without a look at the list
            shift.held[person] = Place(0, walk_in=True, for_group=shift.group_before.get(person, False))
            return
        shift.settle(now, besides=person)
        turn = shift.turn_of(person)
        if turn is not None and turn.confirm_by is not None:
            role = turn.role
        else:
            role = next((role for role in shift.wanted if shift.free(role) > 0), 0)
        self._take(shift, person, role, now, walk_in=True)

    def check_out(self, number: int, person: Person, now: datetime) -> None:
        """Go home."""
        shift = self.shifts[number]
        _refuse("TOO_SOON", now < shift.inside[person] + MIN_STAY)
        del shift.inside[person]

    def sweep(self, now: datetime) -> None:
        """Let time do its work where somebody was too late."""
        for shift in self.shifts:
            if any(turn.confirm_by is not None and turn.confirm_by <= now for turn in shift.turns):
                shift.settle(now)


def _refuse(code: str, applies: bool) -> None:
    if applies:
        raise Refused(code)
