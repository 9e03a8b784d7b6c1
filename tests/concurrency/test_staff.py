"""Staff accounts, many hands at once."""

from functools import partial

from flask import Flask

from tests.concurrency.crowds import all_at_once
from tests.factories.staff import a_staff_account
from timebank.database import NIL, in_unit_of_work
from timebank.identity import staff, states
from timebank.identity.rules import Grant, PersonState, Role


def test_administrators_do_not_end_each_other(app: Flask) -> None:
    """Each of three disables the next one at the same moment: two are disabled at most, and one is left."""
    people = [a_staff_account(name, Grant(Role.ADMIN, area_path="")) for name in ("one", "two", "three")]
    ring = zip(people, [*people[1:], people[0]], strict=True)
    outcomes = all_at_once(app, [partial(staff.disable, person_id=whom.id, by=who.id) for who, whom in ring])

    assert outcomes == {"done": 2, "LAST_ADMIN": 1}


def test_administrators_do_not_end_each_other_by_different_ways(app: Flask) -> None:
    """Frozen, closed, disabled and stripped of their role in the same moment: whoever comes last is refused."""
    people = [a_staff_account(name, Grant(Role.ADMIN, area_path="")) for name in ("one", "two", "three", "four")]
    frozen, closed, disabled, stripped = (person.id for person in people)
    [held] = in_unit_of_work(lambda: staff.grants_of(stripped), write=False)
    change = partial(states.change, by=NIL, reason="离任")
    ways = [
        partial(change, person_id=frozen, to=PersonState.FROZEN),
        partial(change, person_id=closed, to=PersonState.CLOSED),
        partial(staff.disable, person_id=disabled, by=NIL),
        partial(staff.end_grant, person_id=stripped, grant_id=held.id),
    ]

    assert all_at_once(app, ways) == {"done": 3, "LAST_ADMIN": 1}
