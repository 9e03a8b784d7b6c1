"""Somebody without a phone carries a card; a leader scans it, and it counts as a staff scan."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Statements
from tests.factories.activities import an_activity
from tests.factories.attendance import (
    a_morning_shift,
    minutes_past_nine,
    post_once,
    refusal_of,
    scan_in,
    scan_out,
    the_book,
)
from tests.factories.documents import pdf_codes, pdf_texts
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.organisations import an_organisation
from timebank.activities.models import Shift
from timebank.codes.book import CodeBook
from timebank.database import new_id
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.organisations.models import Organisation


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Whose shift it is."""
    return an_organisation()


@pytest.fixture
def leader(organisation: Organisation) -> Person:
    """Who leads it."""
    return a_person("李队长")


@pytest.fixture
def coordinator(organisation: Organisation) -> Actor:
    """Who issues cards."""
    return a_coordinator(organisation.id)


@pytest.fixture
def shift(organisation: Organisation, leader: Person) -> Shift:
    """A shift from nine to twelve."""
    return a_morning_shift(activity_id=an_activity(organisation_id=organisation.id, leader_id=leader.id).id)


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Somebody of 82 without a phone."""
    return a_person("欧阳玉兰")


def rolled(client: FlaskClient, who: Any, person: Person) -> TestResponse:
    """Issue a card."""
    return post_once(client, f"/people/{person.id}/card", who, {})


def sheet(client: FlaskClient, who: Any, *people: Person) -> TestResponse:
    """Print cards."""
    ids = ",".join(str(person.id) for person in people)
    return client.get(f"/api/v1/cards.pdf?ids={ids}", headers=signed_in(who))


def card_of(person: Person, serial: int = 1) -> str:
    """Return what is on somebody's card."""
    return the_book().card(member=person.member_ref, serial=serial)


def test_a_card_checks_in_and_out(
    client: FlaskClient, shift: Shift, leader: Person, coordinator: Actor, volunteer: Person
) -> None:
    """The leader scans it twice; the service is credited as a staff scan."""
    assert rolled(client, coordinator, volunteer).json["serial"] == 1
    (token,) = pdf_codes(sheet(client, coordinator, volunteer).data)
    arrived = scan_in(client, leader, shift, at=0, token=token, shift_id=str(shift.id))
    left = scan_out(client, leader, shift, at=60, token=token, shift_id=str(shift.id))

    assert (arrived.status_code, arrived.json["volunteer_name"], arrived.json["flags"]) == (201, "欧**", [])
    record = left.json["record"]
    assert (record["provenance"], record["state"], record["credited_minutes"]) == ("staff_scan", "final", 60)
    with minutes_past_nine(61):
        assert client.get("/api/v1/me/account", headers=signed_in(volunteer)).json["balance_minutes"] == 60


def test_a_lost_card_is_worth_nothing_once_there_is_another(
    client: FlaskClient, shift: Shift, leader: Person, coordinator: Actor, volunteer: Person
) -> None:
    """Issued anew, the old one is 410 at both ends."""
    rolled(client, coordinator, volunteer)
    assert rolled(client, an_admin(), volunteer).json["serial"] == 2
    old, new = ({"token": card_of(volunteer, serial), "shift_id": str(shift.id)} for serial in (1, 2))

    assert refusal_of(scan_in(client, leader, shift, at=0, **old)) == (410, "TOKEN_REVOKED")
    assert scan_in(client, leader, shift, at=0, **new).status_code == 201
    assert refusal_of(scan_out(client, leader, shift, at=60, **old)) == (410, "TOKEN_REVOKED")
    assert scan_out(client, leader, shift, at=60, **new).status_code == 201


def test_a_card_that_is_not_ours_or_not_whole_is_refused(
    client: FlaskClient, shift: Shift, leader: Person, coordinator: Actor, volunteer: Person
) -> None:
    """Another bank's, a forged one, half of one, one that was never issued."""
    rolled(client, coordinator, volunteer)
    token = card_of(volunteer)
    foreign = CodeBook((b"another bank's key of thirty-two bytes",)).card(member=volunteer.member_ref, serial=1)
    forged = token[:-1] + ("0" if token[-1] != "0" else "1")
    for bad, refusal in (
        (foreign, (422, "TOKEN_INVALID")),
        (forged, (422, "TOKEN_INVALID")),
        (token[:14], (400, "TOKEN_MALFORMED")),
        (card_of(volunteer, 2), (410, "TOKEN_REVOKED")),
        (card_of(a_person()), (410, "TOKEN_REVOKED")),
    ):
        for scan in (scan_in, scan_out):
            assert refusal_of(scan(client, leader, shift, at=0, token=bad, shift_id=str(shift.id))) == refusal


def test_a_card_is_scanned_by_who_leads_and_says_which_shift(
    client: FlaskClient, shift: Shift, leader: Person, coordinator: Actor, volunteer: Person
) -> None:
    """Its owner cannot scan it, nor a stranger; without the shift it says nothing; it opens no ticket."""
    rolled(client, coordinator, volunteer)
    token = card_of(volunteer)
    for who in (volunteer, a_person(), a_coordinator(an_organisation().id)):
        answer = scan_in(client, who, shift, at=0, token=token, shift_id=str(shift.id))
        assert refusal_of(answer) == (404, "NOT_FOUND")
    assert refusal_of(scan_in(client, leader, shift, at=0, token=token)) == (422, "INVALID")
    with minutes_past_nine(0):
        scanned = client.post("/api/v1/scans", json={"token": token}, headers=signed_in(volunteer))
    assert refusal_of(scanned) == (422, "TOKEN_INVALID")


def test_a_leader_with_a_card_of_their_own_is_looked_at(
    client: FlaskClient, shift: Shift, leader: Person, coordinator: Actor
) -> None:
    """Scanning oneself earns nothing until somebody else has approved it."""
    rolled(client, coordinator, leader)
    body = {"token": card_of(leader), "shift_id": str(shift.id)}

    assert scan_in(client, leader, shift, at=0, **body).json["flags"] == ["MANUAL"]
    assert scan_out(client, leader, shift, at=60, **body).json["record"]["state"] == "pending"


def test_a_sheet_holds_ten_cards_with_name_and_number(client: FlaskClient, coordinator: Actor) -> None:
    """The eleventh begins a second sheet; each card scans; printing twice gives the same bytes."""
    people = [a_person(f"志愿{'甲乙丙丁戊己庚辛壬癸子'[n]}") for n in range(11)]
    for person in people:
        rolled(client, coordinator, person)
    answer = sheet(client, coordinator, *people)
    first, second = pdf_texts(answer.data)

    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Cache-Control"] == "no-store"
    for person in people[:10]:
        assert person.display_name in first
        assert person.volunteer_no in first
    assert people[10].display_name in second
    assert pdf_codes(answer.data) == sorted(card_of(person) for person in people[:10])
    assert pdf_codes(answer.data, page=1) == [card_of(people[10])]
    assert sheet(client, coordinator, *people).data == answer.data


def test_many_cards_cost_as_many_statements_as_one(
    client: FlaskClient, coordinator: Actor, statements: Statements
) -> None:
    """People are looked up together."""
    people = [a_person(f"志愿{'甲乙丙'[n]}") for n in range(3)]
    for person in people:
        rolled(client, coordinator, person)
    with statements() as one:
        sheet(client, coordinator, people[0])
    with statements() as three:
        sheet(client, coordinator, *people)
    assert len(one) == len(three)


def test_one_prints_the_cards_that_one_has_issued(
    client: FlaskClient, coordinator: Actor, volunteer: Person, organisation: Organisation
) -> None:
    """Who wants somebody's card issues it and is known to have: no browsing of names by number."""
    colleague = a_coordinator(organisation.id)
    assert refusal_of(sheet(client, coordinator, volunteer)) == (404, "NOT_FOUND")
    rolled(client, coordinator, volunteer)
    assert sheet(client, coordinator, volunteer, volunteer).status_code == 200
    assert refusal_of(sheet(client, colleague, volunteer)) == (404, "NOT_FOUND")
    rolled(client, colleague, volunteer)
    assert refusal_of(sheet(client, coordinator, volunteer)) == (404, "NOT_FOUND")
    assert refusal_of(sheet(client, colleague, volunteer, a_person())) == (404, "NOT_FOUND")


def test_only_coordinators_issue_and_print(
    client: FlaskClient, volunteer: Person, leader: Person, organisation: Organisation
) -> None:
    """Neither a volunteer nor the counter; and nobody for people or lists that make no sense."""
    for who in (volunteer, leader, a_staff_member(Role.COUNTER, organisation_id=organisation.id)):
        assert refusal_of(rolled(client, who, volunteer)) == (403, "FORBIDDEN")
        assert refusal_of(sheet(client, who, volunteer)) == (403, "FORBIDDEN")
    admin = an_admin()
    assert refusal_of(post_once(client, f"/people/{new_id()}/card", admin, {})) == (404, "NOT_FOUND")
    for query in ("", "?ids=", "?ids=x", f"?ids={new_id()},", "?ids=" + ",".join(str(new_id()) for _ in range(101))):
        answer = client.get(f"/api/v1/cards.pdf{query}", headers=signed_in(admin))
        assert refusal_of(answer) == (422, "INVALID")
    answer = client.get(f"/api/v1/cards.pdf?ids={new_id()}", headers=signed_in(admin))
    assert refusal_of(answer) == (404, "NOT_FOUND")


def test_a_name_that_cannot_be_printed_is_refused(client: FlaskClient, coordinator: Actor) -> None:
    """No card with a hole where a name should be; the code point says what is missing."""
    person = a_person("王𬳽")
    rolled(client, coordinator, person)
    answer = sheet(client, coordinator, person)

    assert refusal_of(answer) == (422, "GLYPH_MISSING")
    assert answer.json["context"] == {"characters": "U+2CCFD"}
