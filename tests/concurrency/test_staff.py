"""Staff accounts, many hands at once."""

from functools import partial

from flask import Flask

from tests.concurrency.crowds import all_at_once
from tests.factories.staff import a_staff_account
from timebank.identity import staff
from timebank.identity.rules import Grant, Role


def test_administrators_do_not_end_each_other(app: Flask) -> None:
    """Each of three disables the next one at the same moment: two are disabled at most, and one is left."""
    people = [a_staff_account(name, Grant(Role.ADMIN, area_path="")) for name in ("one", "two", "three")]
    ring = zip(people, [*people[1:], people[0]], strict=True)
    outcomes = all_at_once(app, [partial(staff.disable, person_id=whom.id, by=who.id) for who, whom in ring])

    assert outcomes == {"done": 2, "LAST_ADMIN": 1}
