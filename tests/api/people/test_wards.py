"""Leaving as a minor: who asks and who takes it back, under 14 and from 14 on (PIPL 31; 未成年人网络保护条例 34)."""

from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.identity import a_person
from tests.factories.ledger import earned, held
from tests.factories.organisations import THE_BANK, an_area
from tests.factories.protection import a_guardian_of, a_minor
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.models import Guardian, Person
from timebank.organisations import papers
from timebank.people import erasing
from timebank.people.rules import COOL_OFF

EXPIRE = {"balance": "expire"}


def born(years_ago: int) -> date:
    """Return the birth date of somebody of that age."""
    today = clock.day_of(clock.now())
    return date(today.year - years_ago, 1, 1)


def a_family(age: int) -> tuple[Person, Person, Guardian]:
    """Return a child of some age, and their mother, who answers for them."""
    child, mother = a_minor(born(age)), a_person("王秀英")
    return child, mother, a_guardian_of(child, mother)


def a_week_later() -> int:
    """Let the sweep come by when the week is over; return how many it has forgotten."""
    with clock.at(clock.now() + COOL_OFF):
        return erasing.sweep(limit=5)


def state_of(person: Person) -> str:
    """Return how an account stands."""
    return in_unit_of_work(lambda: session.get_one(Person, person.id).state, write=False)


@pytest.mark.rule("R36")
@pytest.mark.rule("R38")
def test_a_guardian_has_a_child_forgotten(client: FlaskClient, app: Flask) -> None:
    """As one asks for oneself: a week, twice is once, taken back or done; a child under 14 does neither alone."""
    child, mother, _ = a_family(12)
    hers, childs, path = Caller(client, mother), Caller(client, child), f"/me/wards/{child.id}/erasure"
    assert problem(childs.post("/me/erasure", EXPIRE)) == (403, "GUARDIAN_DECIDES")
    asked = body_of(hers.post(path, EXPIRE), 202)
    assert body_of(hers.post(path, EXPIRE), 202) == asked
    assert body_of(hers.get(path)) == body_of(childs.get("/me/erasure")) == {"request": asked, "blockers": []}
    assert problem(childs.post("/me/erasure/withdraw")) == (403, "GUARDIAN_DECIDES")
    assert body_of(hers.post(f"{path}/withdraw"))["id"] == asked["id"]
    assert a_week_later() == 0
    body_of(hers.post(path, EXPIRE), 202)
    assert a_week_later() == 1
    assert (state_of(child), state_of(mother)) == ("closed", "active")


@pytest.mark.rule("R38")
def test_from_14_on_both_ask_and_both_take_it_back(client: FlaskClient, app: Flask) -> None:
    """Whoever of the two wants the account to stay has it stay: what is forgotten does not come back."""
    child, mother, _ = a_family(15)
    hers, childs, path = Caller(client, mother), Caller(client, child), f"/me/wards/{child.id}/erasure"
    asked = body_of(hers.post(path, EXPIRE), 202)
    assert body_of(childs.post("/me/erasure/withdraw"))["id"] == asked["id"]
    body_of(childs.post("/me/erasure", EXPIRE), 202)
    body_of(hers.post(f"{path}/withdraw"))
    assert a_week_later() == 0
    body_of(childs.post("/me/erasure", EXPIRE), 202)
    assert a_week_later() == 1


def test_what_is_open_of_a_ward_is_settled_first(client: FlaskClient, app: Flask) -> None:
    """The same codes as for oneself, to the guardian."""
    child, mother, _ = a_family(12)
    earned(child.id, 60)
    held(child.id, 10)
    path = f"/me/wards/{child.id}/erasure"
    refused = Caller(client, mother).post(path, EXPIRE)
    assert problem(refused) == (409, "ERASURE_BLOCKED")
    assert refused.json["context"]["blockers"] == ["OPEN_HOLD"]
    assert body_of(Caller(client, mother).get(path))["blockers"] == ["OPEN_HOLD"]


def test_nobody_else_asks_for_a_child(client: FlaskClient, app: Flask) -> None:
    """A stranger, a ward for their mother, a mother for nobody: there is no such ward."""
    child, mother, _ = a_family(12)
    for who, ward in ((a_person().id, child.id), (child.id, mother.id), (mother.id, new_id())):
        caller, path = Caller(client, who), f"/me/wards/{ward}/erasure"
        answers = (caller.get(path), caller.post(path, EXPIRE), caller.post(f"{path}/withdraw"))
        assert [problem(answer) for answer in answers] == [(404, "NOT_FOUND")] * 3


def test_what_a_guardian_asked_for_lapses_with_them(client: FlaskClient, app: Flask) -> None:
    """Whoever is no guardian any more at the end of the week, or answers for somebody who came of age, forgets nobody."""
    child, mother, link = a_family(12)
    body_of(Caller(client, mother).post(f"/me/wards/{child.id}/erasure", EXPIRE), 202)
    in_unit_of_work(lambda: papers.end_guardian(actor=THE_BANK, person_id=child.id, guardian_id=link.id))
    today = clock.day_of(clock.now())
    grown = a_minor(date(today.year - 18, today.month, today.day) + (COOL_OFF - COOL_OFF / 7))
    a_guardian_of(grown, mother)
    body_of(Caller(client, mother).post(f"/me/wards/{grown.id}/erasure", EXPIRE), 202)
    assert a_week_later() == 0
    assert (state_of(child), state_of(grown)) == ("active", "active")
    assert in_unit_of_work(lambda: erasing.standing_of(child.id).request, write=False) is None


def test_what_a_ward_asks_for_themself_is_theirs(client: FlaskClient, app: Flask) -> None:
    """In the place of what their guardian has asked for, by the same day; it does not lapse with the guardian."""
    ward, mother, link = a_family(16)
    hers, wards = Caller(client, mother), Caller(client, ward)
    before = body_of(hers.post(f"/me/wards/{ward.id}/erasure", EXPIRE), 202)
    with clock.at(clock.now() + COOL_OFF / 7):
        other = wards.post("/me/erasure", {"balance": "donate", "area_id": str(an_area().id)})
        assert problem(other) == (409, "ERASURE_WAITING")
        own = body_of(wards.post("/me/erasure", EXPIRE), 202)
        assert body_of(wards.post("/me/erasure", EXPIRE), 202) == own
        assert body_of(hers.post(f"/me/wards/{ward.id}/erasure", EXPIRE), 202) == own
    assert own["id"] != before["id"]
    assert own["due_at"] == before["due_at"]
    in_unit_of_work(lambda: papers.end_guardian(actor=THE_BANK, person_id=ward.id, guardian_id=link.id))
    assert a_week_later() == 1
    assert state_of(ward) == "closed"
