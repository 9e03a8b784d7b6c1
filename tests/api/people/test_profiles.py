"""Profiles over HTTP: Order 67's eight fields, one's own in full, others' masked."""

from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.identity import a_coordinator, a_person
from tests.factories.mergers import merged_by
from tests.factories.organisations import an_area, an_organisation
from tests.factories.people import a_document, a_resident_number
from tests.factories.protection import a_consent, a_minor
from timebank.database import in_unit_of_work, new_id
from timebank.identity import states
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState, Purpose

FULL = {
    "display_name": "王秀英",
    "birth_on": "1955-03-08",
    "sex": "female",
    "phone": "138-1234 1234",
    "skills": ["理发", "急救", "理发"],
    "service_types": ["elder_care"],
}


@pytest.fixture
def me(app: Flask) -> Person:
    """Somebody."""
    return a_person()


@pytest.fixture
def clerk(app: Flask) -> Actor:
    """A coordinator."""
    return a_coordinator(an_organisation().id)


def place(clerk: Actor) -> str:
    """Return the organisation of a coordinator."""
    return str(clerk.grants[0].organisation_id)


def seen(client: FlaskClient, clerk: Actor, person: Person) -> Any:
    """Have staff look at somebody."""
    return Caller(client, clerk).get(f"/people/{person.id}/profile?organisation_id={place(clerk)}")


@pytest.mark.rule("R04")
def test_the_eight_fields_are_said_when_they_are_needed(client: FlaskClient, me: Person) -> None:
    """A new volunteer has a name; the rest is listed as missing, given bit by bit, and taken away by null."""
    mine = Caller(client, me)
    before = mine.get("/me/profile")
    assert before.headers["ETag"] == '"0"'
    assert body_of(before)["missing"] == [
        "sex",
        "birth_date",
        "document_number",
        "area",
        "contact",
        "skills",
        "service_types",
    ]
    area = str(an_area().id)
    whole = body_of(mine.put("/me/profile", FULL | {"area_id": area}))
    assert (whole["phone"], whole["skills"], whole["missing"]) == ("13812341234", ["理发", "急救"], ["document_number"])
    a_document(me.id, a_resident_number(date(1955, 3, 8)))
    assert body_of(mine.get("/me/profile"))["missing"] == []
    less = body_of(mine.put("/me/profile", {"display_name": "王秀英", "phone": None, "skills": []}))
    assert (less["phone"], less["skills"], less["sex"], less["area_id"]) == (None, [], "female", area)
    assert less["missing"] == ["contact", "skills"]


def test_two_devices_do_not_overwrite_each_other(client: FlaskClient, me: Person) -> None:
    """Who has seen an older version is told so, and nothing changes; without If-Match the last one counts."""
    mine = Caller(client, me)
    tag = mine.get("/me/profile").headers["ETag"]
    assert mine.put("/me/profile", {"display_name": "甲", "sex": "male"}, etag=tag).headers["ETag"] == '"1"'
    assert problem(mine.put("/me/profile", {"display_name": "乙"}, etag=tag)) == (412, "PRECONDITION_FAILED")
    assert body_of(mine.get("/me/profile"))["display_name"] == "甲"
    assert body_of(mine.put("/me/profile", {"display_name": "丙"}))["version"] == 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"sex": "x"}, "/sex"),
        ({"phone": "打我电话"}, "/phone"),
        ({"phone": "1" * 31}, "/phone"),
        ({"skills": ["唱\x00歌"]}, "/skills/0"),
        ({"skills": ["理发，烫发"]}, "/skills/0"),
        ({"skills": ["唱歌", "唱\u200f歌\n"]}, "/skills/1"),
        ({"skills": ["x"] * 11}, "/skills"),
        ({"skills": ["\\" * 60] * 7}, "/skills"),
        ({"service_types": ["meeting"]}, "/service_types/0"),
        ({"area_id": "00000000-0000-7000-8000-000000000000"}, "/area_id"),
        ({"birth_on": "2999-01-01"}, "/birth_on"),
    ],
)
def test_what_makes_no_sense_is_refused_whole(
    client: FlaskClient, me: Person, body: dict[str, Any], pointer: str
) -> None:
    """One wrong value keeps the others out, and the answer says which it is."""
    mine = Caller(client, me)
    answer = mine.put("/me/profile", {"display_name": "新名"} | body)
    assert problem(answer) == (422, "INVALID")
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]  # type: ignore[index]
    assert body_of(mine.get("/me/profile"))["display_name"] == "王秀英"


@pytest.mark.rule("R39")
def test_staff_see_a_profile_masked(client: FlaskClient, me: Person, clerk: Actor) -> None:
    """A first character, a year of birth, the ends of numbers; what names nobody stands as it is."""
    body_of(Caller(client, me).put("/me/profile", FULL))
    number = a_resident_number(date(1955, 3, 8))
    a_document(me.id, number)
    answer = seen(client, clerk, me)
    shown = body_of(answer)
    assert (shown["display_name"], shown["birth_on"], shown["phone"]) == ("王**", "1955-**-**", "138****1234")
    assert shown["document"] == f"居民身份证 **************{number[-4:]}"
    assert (shown["sex"], shown["skills"], shown["missing"]) == ("female", ["理发", "急救"], ["area"])
    assert not [word for word in ("王秀英", "13812341234", number) if word in answer.text]


def test_staff_look_from_an_organisation_of_theirs(client: FlaskClient, me: Person, clerk: Actor) -> None:
    """Another organisation's and nobody's profile are not there; a volunteer has no business with others'."""
    other = str(an_organisation().id)
    assert problem(Caller(client, clerk).get(f"/people/{me.id}/profile?organisation_id={other}")) == (404, "NOT_FOUND")
    nobody = f"/people/{new_id()}/profile?organisation_id={place(clerk)}"
    assert problem(Caller(client, clerk).get(nobody)) == (404, "NOT_FOUND")
    assert problem(Caller(client, me).get(nobody)) == (403, "FORBIDDEN")


@pytest.mark.rule("R04")
def test_staff_enter_a_profile_with_consent(client: FlaskClient, me: Person, clerk: Actor) -> None:
    """Without it nobody's data are entered (令67 art 6), and nobody enters their own."""
    desk, body = Caller(client, clerk), {"organisation_id": place(clerk), "phone": "13812341234"}
    assert problem(desk.put(f"/people/{me.id}/profile", body)) == (403, "CONSENT_REQUIRED")
    a_consent(me.id, Purpose.SERVICE_RECORD)
    entered = desk.put(f"/people/{me.id}/profile", body, etag='"0"')
    assert (body_of(entered)["phone"], entered.headers["ETag"]) == ("138****1234", '"1"')
    assert problem(desk.put(f"/people/{me.id}/profile", body, etag='"0"')) == (412, "PRECONDITION_FAILED")
    assert problem(desk.put(f"/people/{clerk.person_id}/profile", body)) == (403, "OWN_FAMILY")
    assert body_of(Caller(client, me).get("/me/profile"))["phone"] == "13812341234"


@pytest.mark.rule("R04")
def test_staff_enter_the_profile_that_they_see(client: FlaskClient, me: Person, clerk: Actor) -> None:
    """Of a merged account it is that of who goes on; an account that is closed takes nothing any more."""
    desk, body, old = Caller(client, clerk), {"organisation_id": place(clerk), "sex": "female"}, a_person()
    a_consent(me.id, Purpose.SERVICE_RECORD)
    where = UUID(place(clerk))
    merged_by(clerk, a_coordinator(where), old_id=old.id, person_id=me.id, organisation_id=where)
    tag = seen(client, clerk, old).headers["ETag"]
    entered = desk.put(f"/people/{old.id}/profile", body, etag=tag)
    assert (body_of(entered)["person_id"], entered.headers["ETag"]) == (str(me.id), '"1"')
    assert body_of(seen(client, clerk, old)) == body_of(seen(client, clerk, me)) == body_of(entered)
    closed = partial(states.change, person_id=me.id, to=PersonState.CLOSED, by=me.id, reason="不再参加")
    in_unit_of_work(closed)
    assert problem(desk.put(f"/people/{me.id}/profile", body)) == (403, "PERSON_NOT_ACTIVE")


@pytest.mark.rule("R38")
def test_a_minors_profile_is_not_for_staff_without_approval(client: FlaskClient, clerk: Actor) -> None:
    """Not even masked: they ask first, and somebody else approves."""
    assert problem(seen(client, clerk, a_minor(date(2012, 5, 1)))) == (403, "MINOR_PROTECTED")
