"""Leaving for good, several hands at once."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.concurrency.crowds import all_at_once
from tests.factories.identity import a_person
from tests.factories.ledger import earned, state_of
from tests.factories.organisations import an_area
from tests.factories.shop import a_stocked_shop, minutes_for
from timebank.database import in_unit_of_work, session
from timebank.giving.models import Donation
from timebank.identity.models import Person
from timebank.identity.state_models import StateChange
from timebank.ledger import proof
from timebank.people import erasing
from timebank.people.erasing import Choice
from timebank.people.models import ErasureEnd, ErasureRequest
from timebank.people.rules import Balance
from timebank.shop.redemption import reservations

CROWD = 6


def asked(person_id: UUID, choice: Choice) -> UUID:
    """Have somebody ask to be forgotten; return the request."""
    return in_unit_of_work(lambda: erasing.ask(person_id=person_id, choice=choice, by=person_id)).id


def counted(model: type[ErasureEnd | Donation | StateChange | ErasureRequest]) -> int:
    """Return how many rows there are."""
    return in_unit_of_work(lambda: session.scalar(select(func.count()).select_from(model)), write=False) or 0


def test_an_impatient_finger_asks_once(app: Flask) -> None:
    """Six clicks are one request; six more take it back once."""
    me = a_person().id
    ask = partial(erasing.ask, person_id=me, choice=Choice(Balance.EXPIRE), by=me)
    assert all_at_once(app, [ask] * CROWD) == {"done": CROWD}
    assert counted(ErasureRequest) == 1
    assert all_at_once(app, [partial(erasing.withdraw, person_id=me, by=me)] * CROWD) == {"done": CROWD}
    assert counted(ErasureEnd) == 1


@pytest.mark.rule("R36")
def test_sweeps_that_meet_forget_somebody_once(app: Flask) -> None:
    """Their minutes go to the pool once, their account is closed once, and the ledger verifies."""
    me, area = a_person().id, an_area()
    earned(me, 60)
    request_id = asked(me, Choice(Balance.DONATE, area.id))
    assert all_at_once(app, [partial(erasing.carry_out, request_id)] * CROWD) == {"done": CROWD}
    assert (counted(Donation), counted(StateChange), counted(ErasureEnd)) == (1, 1, 1)
    assert state_of(me).balance_minutes == 0
    assert proof.verify().ok


@pytest.mark.parametrize("round_", range(2))
def test_whoever_reserves_at_that_moment_stays_or_is_refused(app: Flask, round_: int) -> None:
    """Either something is set aside and they are still here, or they are gone and nothing is: never both."""
    site, goods = a_stocked_shop(price_minutes=10)
    people = [a_person().id for _ in range(CROWD)]
    work: list[Callable[[], object]] = []
    for me in people:
        minutes_for(me, 10 + round_)
        line = reservations.Line(goods.id, 1)
        work.append(partial(erasing.carry_out, asked(me, Choice(Balance.EXPIRE))))
        work.append(partial(reservations.reserve, person_id=me, site_id=site.id, lines=[line]))
    outcome = all_at_once(app, work)
    assert set(outcome) <= {"done", "INSUFFICIENT_MINUTES", "PERSON_NOT_ACTIVE"}
    for me in people:
        state = in_unit_of_work(partial(session.get_one, Person, me), write=False).state
        assert (state == "closed") == (state_of(me).held_minutes == 0), me
        assert state_of(me).available_minutes == (0 if state == "closed" else round_)
    assert proof.verify().ok
