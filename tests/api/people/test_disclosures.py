"""Seeing people's data in full over HTTP: a role, a reason, a trace, and for minors somebody else's approval."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.attendance import minutes_past_nine
from tests.factories.calls import Caller, body_of, problem
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin
from tests.factories.organisations import an_organisation
from tests.factories.people import a_document, a_resident_number, the_keys
from tests.factories.protection import a_minor
from timebank.identity.document_keys import DocumentKeys
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role

A_DAY = int(timedelta(days=1).total_seconds()) // 60


@pytest.fixture
def clerk(app: Flask) -> Actor:
    """A coordinator."""
    return a_coordinator(an_organisation().id)


def ask(client: FlaskClient, clerk: Actor, person: Person, *fields: str) -> Any:
    """Ask to see somebody's data."""
    body = {
        "organisation_id": str(clerk.grants[0].organisation_id),
        "fields": list(fields or ("name", "contact")),
        "reason": "通知本人补材料",
    }
    return Caller(client, clerk).post(f"/people/{person.id}/disclosures", body)


def register(client: FlaskClient, person: Person) -> list[dict[str, Any]]:
    """Return what an auditor of the bank finds about somebody."""
    auditor = Caller(client, a_staff_member(Role.AUDITOR, area_path=""))
    items: list[dict[str, Any]] = body_of(auditor.get(f"/disclosures?person_id={person.id}"))["items"]
    return items


@pytest.mark.rule("R39")
def test_data_are_seen_in_full_with_a_reason_and_a_trace(client: FlaskClient, clerk: Actor) -> None:
    """What was asked for, nothing else; auditors read who, whose, which, why and how often."""
    person = a_person("王秀英")
    body_of(Caller(client, person).put("/me/profile", {"display_name": "王秀英", "phone": "13812341234"}))
    asked = body_of(ask(client, clerk, person), 201)
    assert (asked["state"], asked["minor"], asked["openings"]) == ("open", False, 0)
    desk = Caller(client, clerk)
    for _ in range(2):
        data = body_of(desk.post(f"/disclosures/{asked['id']}/open"))
        assert data == {"person_id": str(person.id), "name": "王秀英", "contact": "13812341234"}
    [fact] = register(client, person)
    assert (fact["asked_by"], fact["fields"], fact["reason"], fact["openings"]) == (
        str(clerk.person_id),
        ["name", "contact"],
        "通知本人补材料",
        2,
    )


def test_only_whoever_asked_looks_and_for_a_day(client: FlaskClient, clerk: Actor) -> None:
    """A colleague asks for themself; after 24 hours so does everybody."""
    person = a_person()
    with minutes_past_nine(0):
        asked = body_of(ask(client, clerk, person), 201)
        colleague = a_coordinator(clerk.grants[0].organisation_id)  # type: ignore[arg-type]
        assert problem(Caller(client, colleague).post(f"/disclosures/{asked['id']}/open")) == (404, "NOT_FOUND")
    with minutes_past_nine(A_DAY):
        late = Caller(client, clerk).post(f"/disclosures/{asked['id']}/open")
        assert problem(late) == (409, "DISCLOSURE_NOT_OPEN")
        decided = Caller(client, an_admin()).post(
            f"/disclosures/{asked['id']}/decide", {"approved": True, "reason": "x"}
        )
        assert problem(decided) == (409, "DISCLOSURE_DECIDED")


@pytest.mark.rule("R38")
def test_a_minors_data_need_another_persons_approval(client: FlaskClient, clerk: Actor) -> None:
    """Asked by one, approved by an administrator, looked at by the first; a refusal opens nothing; all of it is kept."""
    child = a_minor(date(2012, 5, 1), "小明")
    desk, admin = Caller(client, clerk), Caller(client, an_admin())
    first = body_of(ask(client, clerk, child, "name", "birth_date"), 201)
    assert (first["state"], first["minor"]) == ("waiting", True)
    assert problem(desk.post(f"/disclosures/{first['id']}/open")) == (409, "DISCLOSURE_NOT_OPEN")
    assert problem(desk.post(f"/disclosures/{first['id']}/decide", {"approved": True, "reason": "x"})) == (
        403,
        "FORBIDDEN",
    )
    decided = body_of(admin.post(f"/disclosures/{first['id']}/decide", {"approved": True, "reason": "家访需要"}))
    assert (decided["state"], decided["decision_reason"]) == ("open", "家访需要")
    assert body_of(desk.post(f"/disclosures/{first['id']}/open"))["name"] == "小明"
    second = body_of(ask(client, clerk, child), 201)
    body_of(admin.post(f"/disclosures/{second['id']}/decide", {"approved": False, "reason": "理由不足"}))
    assert problem(desk.post(f"/disclosures/{second['id']}/open")) == (409, "DISCLOSURE_NOT_OPEN")
    assert [(fact["state"], fact["openings"]) for fact in register(client, child)] == [("refused", 0), ("open", 1)]


@pytest.mark.rule("R38")
def test_nobody_approves_what_they_asked_for(client: FlaskClient, app: Flask) -> None:
    """An administrator who wants to see a child's data needs another one."""
    place = an_organisation().id
    admin = a_staff_member(Role.ADMIN, organisation_id=place)
    asked = body_of(ask(client, admin, a_minor(date(2012, 5, 1))), 201)
    own = Caller(client, admin).post(f"/disclosures/{asked['id']}/decide", {"approved": True, "reason": "x"})
    assert problem(own) == (403, "OWN_FAMILY")
    elsewhere = a_staff_member(Role.ADMIN, organisation_id=an_organisation().id)
    foreign = Caller(client, elsewhere).post(f"/disclosures/{asked['id']}/decide", {"approved": True, "reason": "x"})
    assert problem(foreign) == (404, "NOT_FOUND")
    reader = Caller(client, a_staff_member(Role.AUDITOR, organisation_id=an_organisation().id))
    assert body_of(reader.get("/disclosures"))["items"] == []


def test_a_document_number_is_shown_as_far_as_it_is_kept(
    app: Flask, client: FlaskClient, clerk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last four characters; the whole of it only where the operator has a vault."""
    person, number = a_person(), a_resident_number()
    keys = DocumentKeys(the_keys().algorithm, the_keys().hashing, (bytes(32),))
    a_document(person.id, number, keys=keys)
    asked = body_of(ask(client, clerk, person, "document_number"), 201)
    path = f"/disclosures/{asked['id']}/open"
    masked = body_of(Caller(client, clerk).post(path))["document_number"]
    assert masked == f"居民身份证 **************{number[-4:]}"
    monkeypatch.setitem(app.extensions, "timebank-documents", keys)
    assert body_of(Caller(client, clerk).post(path))["document_number"] == number


@pytest.mark.parametrize("change", [{"fields": []}, {"fields": ["sex"]}, {"reason": " "}, {"reason": None}])
def test_no_reason_and_no_field_is_no_request(client: FlaskClient, clerk: Actor, change: dict[str, Any]) -> None:
    """Each request says which data, and for what."""
    person = a_person()
    body = {"organisation_id": str(clerk.grants[0].organisation_id), "fields": ["name"], "reason": "x"} | change
    assert problem(Caller(client, clerk).post(f"/people/{person.id}/disclosures", body)) == (422, "INVALID")
    assert problem(ask(client, clerk, Person(id=clerk.person_id))) == (403, "OWN_FAMILY")
