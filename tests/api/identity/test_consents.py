"""Consents, birth dates and guardians over HTTP."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.attendance import post_once, refusal_of
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, grant, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.protection import a_consent, a_guardian_of, a_minor
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.models import Consent, Person
from timebank.identity.rules import Actor, Purpose, Role, Via

CHILD = date(2014, 5, 1)
TEEN = date(2010, 5, 1)


@pytest.fixture
def me(app: Flask) -> Person:
    """Somebody."""
    return a_person()


@pytest.fixture
def clerk(app: Flask) -> Actor:
    """A coordinator."""
    return a_coordinator(an_organisation().id)


def _decide(client: FlaskClient, who: Any, path: str = "/me/consents", **body: Any) -> Any:
    sent = {"purpose": "location", "version": "2026-11", "given": True} | body
    return client.post(f"/api/v1{path}", json=sent, headers=signed_in(who))


def _shown(answer: Any, purpose: str = "location") -> dict[str, Any]:
    return next(item for item in answer.json["items"] if item["purpose"] == purpose)


def _birth(client: FlaskClient, who: Any, birth_on: Any) -> Any:
    body = {"display_name": "小明", "birth_on": birth_on}
    return client.put("/api/v1/me/profile", json=body, headers=signed_in(who))


def _paper(client: FlaskClient, clerk: Actor, person: Person, **body: Any) -> Any:
    organisation = str(clerk.grants[0].organisation_id)
    sent = {"organisation_id": organisation, "reason": "纸质同意书 3 号", "version": "2026-11", "given": True}
    return client.post(
        f"/api/v1/people/{person.id}/consents",
        json=sent | {"purpose": "service_record"} | body,
        headers=signed_in(clerk),
    )


@pytest.mark.rule("R39")
def test_a_consent_is_given_withdrawn_and_given_again(client: FlaskClient, me: Person) -> None:
    """Each decision is kept with its text and time; the last one counts."""
    before = client.get("/api/v1/me/consents", headers=signed_in(me))
    assert [(item["purpose"], item["given"], item["version"]) for item in before.json["items"]] == [
        ("service_record", False, None),
        ("location", False, None),
        ("minor_service", False, None),
    ]
    given = _shown(_decide(client, me))
    assert (given["given"], given["version"], given["via"], given["withdrawn_at"]) == (True, "2026-11", "self", None)
    withdrawn = _shown(_decide(client, me, given=False))
    assert (withdrawn["given"], withdrawn["given_at"]) == (False, given["given_at"])
    assert withdrawn["withdrawn_at"] is not None
    assert _shown(_decide(client, me, version="2027-01"))["given"] is True
    facts = session.query(Consent).order_by(Consent.number).all()
    assert [(fact.number, fact.given, fact.version) for fact in facts] == [
        (1, True, "2026-11"),
        (2, False, "2026-11"),
        (3, True, "2027-01"),
    ]


def test_the_same_word_twice_is_one_fact(client: FlaskClient, me: Person) -> None:
    """A second click changes nothing."""
    assert _decide(client, me).json == _decide(client, me).json
    assert session.query(Consent).count() == 1


@pytest.mark.parametrize(
    "body", [{"purpose": "marketing"}, {"given": "yes"}, {"given": 1}, {"version": ""}, {"version": "x" * 41}, {"x": 1}]
)
def test_a_consent_to_nothing_is_refused(client: FlaskClient, me: Person, body: dict[str, Any]) -> None:
    """Unknown purposes and what is neither yes nor no."""
    assert refusal_of(_decide(client, me, **body)) == (422, "INVALID")


def test_a_minor_does_not_consent_to_their_own_service(client: FlaskClient, me: Person) -> None:
    """That is for a guardian."""
    answer = _decide(client, me, purpose="minor_service")
    assert refusal_of(answer) == (422, "INVALID")
    assert answer.json["errors"][0]["pointer"] == "/purpose"


@pytest.mark.rule("R38")
def test_under_fourteen_a_guardian_consents(client: FlaskClient) -> None:
    """A child cannot agree by itself, but can always take it back; from fourteen on one agrees oneself."""
    child = a_minor(CHILD)
    assert refusal_of(_decide(client, child)) == (403, "GUARDIAN_REQUIRED")
    assert _decide(client, child, given=False).status_code == 200
    assert _decide(client, a_minor(TEEN)).status_code == 200


@pytest.mark.rule("R04")
def test_staff_enter_a_consent_on_paper(client: FlaskClient, me: Person, clerk: Actor) -> None:
    """It says who entered it, where the form lies, and which it is (令67 art 6)."""
    shown = _shown(_paper(client, clerk, me), "service_record")
    assert (shown["given"], shown["via"]) == (True, "staff")
    fact = session.query(Consent).one()
    assert (fact.entered_by, fact.reason) == (clerk.person_id, "纸质同意书 3 号")


def test_nobody_enters_papers_outside_their_scope_or_for_themself(
    client: FlaskClient, me: Person, clerk: Actor
) -> None:
    """Another organisation is not found, a volunteer has no role, and one's own consent is one's own click."""
    assert _paper(client, clerk, me, organisation_id=str(an_organisation().id)).status_code == 404
    assert _paper(client, Actor(me.id, clerk.grants), me).status_code == 403
    own = session.get_one(Person, clerk.person_id)
    assert refusal_of(_paper(client, clerk, own)) == (403, "OWN_FAMILY")
    headers = signed_in(clerk)
    nobody = client.post(
        f"/api/v1/people/{new_id()}/consents",
        json={
            "organisation_id": str(clerk.grants[0].organisation_id),
            "reason": "x",
            "version": "1",
            "given": True,
            "purpose": "location",
        },
        headers=headers,
    )
    assert nobody.status_code == 404


def test_a_birth_date_is_said_once(client: FlaskClient, me: Person, clerk: Actor) -> None:
    """Saying it again is no change, another one is staff's to enter; a name alone leaves it as it is."""
    assert _birth(client, me, "1958-03-01").json["birth_on"] == "1958-03-01"
    assert _birth(client, me, "1958-03-01").status_code == 200
    assert refusal_of(_birth(client, me, "2000-01-01")) == (409, "BIRTH_DATE_KNOWN")
    renamed = client.put("/api/v1/me/profile", json={"display_name": "新名"}, headers=signed_in(me))
    assert renamed.json["birth_on"] == "1958-03-01"
    entered = client.put(
        f"/api/v1/people/{me.id}/birth-date",
        json={"organisation_id": str(clerk.grants[0].organisation_id), "birth_on": "1959-03-01"},
        headers=signed_in(clerk),
    )
    assert (entered.status_code, entered.json) == (200, {"person_id": str(me.id)})
    assert session.get_one(Person, me.id).birth_on == date(1959, 3, 1)


@pytest.mark.parametrize("birth_on", ["1900-01-01", "0001-01-01", "2026-02-30", "yesterday", 19580301, True])
def test_a_birth_date_that_is_none_is_refused(client: FlaskClient, me: Person, birth_on: Any) -> None:
    """Nobody is 120, and February is short."""
    answer = _birth(client, me, birth_on)
    assert refusal_of(answer) == (422, "INVALID")
    assert answer.json["errors"][0]["pointer"] == "/birth_on"


def test_nobody_is_born_tomorrow(client: FlaskClient, me: Person) -> None:
    """The future is refused."""
    tomorrow = clock.day_of(clock.now()) + timedelta(days=1)
    assert refusal_of(_birth(client, me, tomorrow.isoformat())) == (422, "INVALID")


def _guardian(client: FlaskClient, clerk: Actor, child: Person, **body: Any) -> Any:
    sent = {"organisation_id": str(clerk.grants[0].organisation_id), "reason": "户口簿"} | body
    return post_once(client, f"/people/{child.id}/guardians", clerk, sent)


@pytest.mark.rule("R38")
def test_a_guardian_is_entered_and_consents(client: FlaskClient, clerk: Actor) -> None:
    """Staff see a document; the guardian agrees on their own phone, sees it there, and takes it back."""
    child, mother = a_minor(TEEN), a_person("李娟")
    assert _guardian(client, clerk, child, guardian_no=mother.volunteer_no).status_code == 201
    wards = client.get("/api/v1/me/wards", headers=signed_in(mother)).json["items"]
    assert [ward["person_id"] for ward in wards] == [str(child.id)]
    path = f"/me/wards/{child.id}/consents"
    given = _shown(_decide(client, mother, path, purpose="minor_service"), "minor_service")
    assert (given["given"], given["via"]) == (True, "guardian")
    assert (
        _shown(_decide(client, mother, path, purpose="minor_service", given=False), "minor_service")["given"] is False
    )


def test_nobody_consents_for_somebody_elses_child(client: FlaskClient, clerk: Actor, me: Person) -> None:
    """No link, no ward; and a ward who has come of age is none any more."""
    child = a_minor(TEEN)
    assert _decide(client, me, f"/me/wards/{child.id}/consents").status_code == 404
    a_guardian_of(child, me)
    with clock.at(clock.now() + timedelta(days=365 * 8)):
        assert _decide(client, me, f"/me/wards/{child.id}/consents").status_code == 404


def test_a_guardian_is_entered_once_and_never_by_a_relative(client: FlaskClient, clerk: Actor) -> None:
    """The same one again is refused, so is staff's own child, an adult ward, and a guardian who is a child."""
    child, mother = a_minor(TEEN), a_person()
    assert _guardian(client, clerk, child, guardian_no=mother.volunteer_no).status_code == 201
    again = _guardian(client, clerk, child, guardian_no=mother.volunteer_no)
    assert refusal_of(again) == (409, "GUARDIAN_EXISTS")
    own = session.get_one(Person, clerk.person_id)
    assert refusal_of(_guardian(client, clerk, child, guardian_no=own.volunteer_no)) == (403, "OWN_FAMILY")
    assert refusal_of(_guardian(client, clerk, mother, guardian_name="王建国")) == (422, "INVALID")
    young = _guardian(client, clerk, child, guardian_no=a_minor(CHILD).volunteer_no)
    assert young.json["errors"][0]["pointer"] == "/guardian_no"
    assert refusal_of(_guardian(client, clerk, child)) == (422, "INVALID")


def test_a_consent_outlives_no_guardian(client: FlaskClient, clerk: Actor) -> None:
    """When the last guardian ends, what guardians agreed to is taken back; what one agreed to oneself stays."""
    child, mother = a_minor(TEEN), a_person()
    first = _guardian(client, clerk, child, guardian_no=mother.volunteer_no).json
    second = _guardian(client, clerk, child, guardian_name="王建国").json
    _decide(client, mother, f"/me/wards/{child.id}/consents", purpose="minor_service")
    a_consent(child.id, Purpose.LOCATION, via=Via.SELF)

    def end(link: dict[str, Any]) -> Any:
        return client.post(f"/api/v1/people/{child.id}/guardians/{link['id']}/end", headers=signed_in(clerk))

    def given() -> dict[str, bool]:
        shown = client.get("/api/v1/me/consents", headers=signed_in(child)).json["items"]
        return {item["purpose"]: item["given"] for item in shown}

    assert end(first).json["ended_at"] is not None
    assert given()["minor_service"] is True
    assert end(second).status_code == 200
    assert given() == {"service_record": False, "location": True, "minor_service": False}
    assert end(second).status_code == 200
    assert in_unit_of_work(lambda: session.query(Consent).count(), write=False) == 3


def test_a_guardian_is_ended_where_they_were_entered(client: FlaskClient, clerk: Actor) -> None:
    """Another organisation's staff find none, and another child's path leads nowhere."""
    child = a_minor(TEEN)
    link = a_guardian_of(child)
    assert (
        client.post(f"/api/v1/people/{child.id}/guardians/{link.id}/end", headers=signed_in(clerk)).status_code == 404
    )
    owner = a_coordinator(link.organisation_id)
    other = f"/api/v1/people/{new_id()}/guardians/{link.id}/end"
    assert client.post(other, headers=signed_in(owner)).status_code == 404


@pytest.mark.rule("R38")
@pytest.mark.parametrize("whose", ["their own", "their relative's"])
def test_nobody_ends_a_guardianship_in_their_own_family(client: FlaskClient, whose: str) -> None:
    """With it a consent is taken back and a request for erasure lapses: a colleague looks at the document."""
    child, father = a_minor(TEEN), a_person("王建国")
    link = a_guardian_of(child, father)
    owner = a_coordinator(link.organisation_id)
    if whose == "their own":
        grant(Actor(father.id), Role.COORDINATOR, organisation_id=link.organisation_id)
        owner = Actor(father.id)
    else:
        a_relation(owner.person_id, child.id)
    path = f"/api/v1/people/{child.id}/guardians/{link.id}/end"
    assert refusal_of(client.post(path, headers=signed_in(owner))) == (403, "OWN_FAMILY")
    assert client.post(path, headers=signed_in(a_coordinator(link.organisation_id))).status_code == 200


def test_a_paper_for_a_minor_needs_a_guardian_on_record(client: FlaskClient, clerk: Actor) -> None:
    """Somebody has signed it, and who that is stands there; of an adult there is nothing to sign."""
    child = a_minor(TEEN)
    assert refusal_of(_paper(client, clerk, child, purpose="minor_service")) == (403, "GUARDIAN_REQUIRED")
    _guardian(client, clerk, child, guardian_name="王建国")
    assert _shown(_paper(client, clerk, child, purpose="minor_service"), "minor_service")["via"] == "staff"
    assert refusal_of(_paper(client, clerk, a_person(), purpose="minor_service")) == (422, "INVALID")
