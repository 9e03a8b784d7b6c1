"""One number of one person: the one in their profile, and the keyed hash by which they are known again, go together."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.mergers import Office
from tests.factories.organisations import an_organisation
from tests.factories.protection import a_consent
from timebank.database import in_unit_of_work, session
from timebank.identity.binding_tables import Phone
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Purpose
from timebank.organisations.profile_tables import Profile

FIRST, SECOND, LINE = "13800000001", "13900000002", "057387001234"
ENDS_ALIKE = "13900000001"


@pytest.fixture
def me(app: Flask) -> Person:
    """Somebody who lets staff record them."""
    person = a_person("王秀英")
    a_consent(person.id, Purpose.SERVICE_RECORD)
    return person


@pytest.fixture
def clerk(app: Flask) -> Actor:
    """A coordinator."""
    return a_coordinator(an_organisation().id)


def says(client: FlaskClient, me: Person, phone: str | None) -> tuple[str | None, bool]:
    """Change the number in a profile; return what it says then, and whether it is proven."""
    body_of(Caller(client, me).put("/me/profile", {"display_name": "王秀英", "phone": phone}))
    return shown(client, me)


def shown(client: FlaskClient, me: Person) -> tuple[str | None, bool]:
    """Return the number in a profile, and whether it is proven."""
    profile: dict[str, Any] = body_of(Caller(client, me).get("/me/profile"))
    return profile["phone"], profile["phone_proven"]


def told(client: FlaskClient, me: Person, phone: str) -> None:
    """Tell a number by WeChat's button."""
    body_of(Caller(client, me).post("/me/phone", {"code": f"demo:{phone}"}))


def known_by(me: Person) -> str | None:
    """Return the end of the number by which somebody is known again."""

    def look() -> str | None:
        phone = session.get(Phone, me.id, populate_existing=True)
        return phone.last_four if phone else None

    return in_unit_of_work(look, write=False)


def changed_by(me: Person) -> UUID:
    """Return who has changed a profile last."""
    return in_unit_of_work(lambda: session.get_one(Profile, me.id, populate_existing=True).changed_by, write=False)


@pytest.mark.rule("R04")
def test_a_number_is_proven_by_wechat_alone(client: FlaskClient, me: Person, clerk: Actor) -> None:
    """What somebody types, or staff do, is marked as not proven; staff see the mark beside the masked number."""
    place = {"organisation_id": str(clerk.grants[0].organisation_id)}
    desk = Caller(client, clerk)
    assert says(client, me, FIRST) == (FIRST, False)
    body_of(desk.put(f"/people/{me.id}/phone", place | {"phone": FIRST}))
    assert shown(client, me) == (FIRST, False)
    told(client, me, FIRST)
    assert shown(client, me) == (FIRST, True)
    seen = body_of(desk.get(f"/people/{me.id}/profile?organisation_id={place['organisation_id']}"))
    assert (seen["phone"], seen["phone_proven"]) == ("138****0001", True)


def test_the_profile_follows_the_phone(client: FlaskClient, me: Person, clerk: Actor) -> None:
    """Another number that WeChat tells, or staff enter, stands in the profile that had one; forgotten, it is in neither."""
    told(client, me, FIRST)
    assert shown(client, me) == (None, False)  # nobody has asked for it in clear
    assert says(client, me, FIRST) == (FIRST, True)
    told(client, me, SECOND)
    assert shown(client, me) == (SECOND, True)
    place = {"organisation_id": str(clerk.grants[0].organisation_id)}
    body_of(Caller(client, clerk).put(f"/people/{me.id}/phone", place | {"phone": FIRST}))
    assert (shown(client, me), changed_by(me)) == ((FIRST, False), clerk.person_id)
    assert client.delete("/api/v1/me/phone", headers=signed_in(me)).status_code == 204
    assert (shown(client, me), known_by(me)) == ((None, False), None)


def test_the_phone_follows_the_profile(client: FlaskClient, me: Person) -> None:
    """Whoever gives another mobile number is not known by the old one any more; a fixed line is beside it."""
    told(client, me, FIRST)
    assert says(client, me, None) == (None, False)
    assert known_by(me) == "0001"  # nothing was taken away
    assert says(client, me, LINE) == (LINE, False)
    assert known_by(me) == "0001"
    assert says(client, me, SECOND) == (SECOND, False)
    assert known_by(me) is None
    told(client, me, SECOND)
    assert says(client, me, None) == (None, False)
    assert known_by(me) is None


def test_a_fixed_line_stays_when_the_phone_changes(client: FlaskClient, me: Person) -> None:
    """What nobody could be bound by is nobody's but its person's to change."""
    says(client, me, LINE)
    told(client, me, FIRST)
    assert client.delete("/api/v1/me/phone", headers=signed_in(me)).status_code == 204
    assert shown(client, me) == (LINE, False)


@pytest.mark.parametrize("other", [SECOND, ENDS_ALIKE], ids=["another end", "the same end"])
def test_a_merger_leaves_one_number(client: FlaskClient, app: Flask, other: str) -> None:
    """That of who goes on, whether it stands in their profile or is the one by which they are known again."""
    profiled, known = Office(), Office()
    says(client, profiled.person, FIRST)
    told(client, profiled.old, other)
    says(client, known.old, FIRST)
    told(client, known.person, other)
    for office in (profiled, known):
        office.merge()
    assert (shown(client, profiled.person), known_by(profiled.person)) == ((FIRST, False), None)
    assert (shown(client, known.person), known_by(known.person)) == ((None, False), other[-4:])


def test_a_merger_keeps_the_number_that_both_have(client: FlaskClient, app: Flask) -> None:
    """What WeChat has told of the one proves what the other has in their profile, whichever goes on."""
    profiled, known = Office(), Office()
    says(client, profiled.person, FIRST)
    told(client, profiled.old, FIRST)
    says(client, known.old, FIRST)
    told(client, known.person, FIRST)
    for office in (profiled, known):
        office.merge()
        assert (shown(client, office.person), known_by(office.person)) == ((FIRST, True), FIRST[-4:])
