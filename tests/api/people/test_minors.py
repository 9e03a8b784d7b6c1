"""A minor's name and data are nowhere in full for one colleague alone (rule R38; 未成年人网络保护条例 36)."""

import csv
import io
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.certificates import a_certificate, some_records
from tests.factories.documents import pdf_texts
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, an_admin
from tests.factories.mergers import merged_by
from tests.factories.organisations import an_organisation
from tests.factories.protection import a_consent, a_minor
from timebank.database import in_unit_of_work, session
from timebank.identity.audit_models import AuditNote
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Purpose
from timebank.organisations.models import Organisation

NAME = "欧阳小明"
BORN = date(2012, 5, 1)
WHY = {"reason": "核对证件"}


@pytest.fixture
def place(app: Flask) -> Organisation:
    """Where they serve."""
    return an_organisation()


@pytest.fixture
def clerk(place: Organisation) -> Actor:
    """A coordinator there."""
    return a_coordinator(place.id)


def asked_to_see(client: FlaskClient, clerk: Actor, child: Person) -> dict[str, Any]:
    """Have staff ask for a name."""
    body = WHY | {"organisation_id": str(clerk.grants[0].organisation_id), "fields": ["name"]}
    return body_of(Caller(client, clerk).post(f"/people/{child.id}/disclosures", body), 201)


def approved(client: FlaskClient, clerk: Actor, child: Person) -> None:
    """Have another person approve that a colleague sees a child's name."""
    asked = asked_to_see(client, clerk, child)
    body_of(Caller(client, an_admin()).post(f"/disclosures/{asked['id']}/decide", WHY | {"approved": True}))


def text_of(answer: Any) -> str:
    """Return what an answer or a printed page says."""
    return "".join(pdf_texts(answer.data)) if answer.mimetype == "application/pdf" else answer.text


@pytest.mark.rule("R38")
def test_paper_shows_a_minors_name_once_that_is_approved(
    client: FlaskClient, place: Organisation, clerk: Actor
) -> None:
    """On cards, invites and relations it is masked, and their certificate is not printed, until somebody else agrees."""
    child = a_minor(BORN, NAME)
    some_records(place, child.id, 60)
    certificate = a_certificate(child.id, place.id)
    relation = a_relation(a_person().id, child.id, state="confirmed", organisation_id=place.id)
    desk = Caller(client, clerk)
    body_of(desk.post(f"/people/{child.id}/card", {}), 201)

    def papers() -> dict[str, Any]:
        invite = desk.post(f"/people/{child.id}/invites?format=pdf", {"organisation_id": str(place.id)})
        return {
            "card": desk.get(f"/cards.pdf?ids={child.id}"),
            "invite": invite,
            "relation": desk.get(f"/family/{relation.id}"),
            "certificate": desk.get(f"/certificates/{certificate.number}.pdf"),
        }

    before = papers()
    assert problem(before.pop("certificate")) == (403, "MINOR_PROTECTED")
    assert {
        name: (NAME in text_of(paper), "欧**" in text_of(paper)) for name, paper in before.items()
    } == dict.fromkeys(before, (False, True))
    own = Caller(client, child).get(f"/certificates/{certificate.number}.pdf")
    assert NAME in text_of(own)
    approved(client, clerk, child)
    assert {name: NAME in text_of(paper) for name, paper in papers().items()} == dict.fromkeys(papers(), True)
    colleague = Caller(client, a_coordinator(place.id))
    assert problem(colleague.get(f"/certificates/{certificate.number}.pdf")) == (403, "MINOR_PROTECTED")
    notes = in_unit_of_work(lambda: [*session.query(AuditNote).filter_by(target_kind="certificate")], write=False)
    assert {(note.verb, note.person_id, note.actor_id) for note in notes} == {("unmask", child.id, clerk.person_id)}


@pytest.mark.rule("R38")
def test_no_export_holds_a_minors_name(client: FlaskClient, place: Organisation) -> None:
    """Whoever may export full names gets those of grown-ups: of minors the mask stands, and no birth date."""
    child, adult = a_minor(BORN, NAME), a_minor(date(1950, 3, 8), "王秀英")
    for person in (child, adult):
        some_records(place, person.id, 60)
    boss = Caller(client, an_admin())
    kinds: dict[str, dict[str, str]] = {
        "records": {},
        "hours": {},
        "figures": {"rows": "volunteer"},
    }
    for kind, more in kinds.items():
        wanted = WHY | {"kind": kind, "format": "csv", "unmask": True} | more
        done = body_of(boss.post("/statistics/exports", wanted), 201)
        file = boss.get(f"/statistics/exports/{done['id']}/file").data.decode("utf-8-sig")
        names = {line.get("姓名") or line.get("志愿者") for line in csv.DictReader(io.StringIO(file))}
        assert names == {"欧**", "王秀英"}, kind


@pytest.mark.rule("R38")
def test_entering_a_minors_data_shows_none_of_the_rest(client: FlaskClient, clerk: Actor) -> None:
    """The answer holds what was entered now, and not what had been there."""
    child = a_minor(BORN, NAME)
    a_consent(child.id, Purpose.SERVICE_RECORD)
    mine = {"display_name": NAME, "phone": "13812341234", "skills": ["书法"], "sex": "male"}
    body_of(Caller(client, child).put("/me/profile", mine))
    entered = {"organisation_id": str(clerk.grants[0].organisation_id), "skills": ["朗读"]}
    answer = body_of(Caller(client, clerk).put(f"/people/{child.id}/profile", entered))
    assert answer["skills"] == ["朗读"]
    assert {answer[name] for name in ("phone", "birth_on", "sex", "document", "area_id")} == {None}
    assert Caller(client, child).get("/me/profile").json["phone"] == "13812341234"


@pytest.mark.rule("R38")
def test_no_way_round_the_approval(client: FlaskClient, place: Organisation, clerk: Actor) -> None:
    """Neither a birth date that comes later, nor one that they change, nor an earlier account of theirs."""
    desk, birth = Caller(client, clerk), {"organisation_id": str(place.id)}
    late = a_person(NAME)
    asked = asked_to_see(client, clerk, late)
    body_of(
        Caller(client, a_coordinator(place.id)).put(f"/people/{late.id}/birth-date", birth | {"birth_on": str(BORN)})
    )
    assert problem(desk.post(f"/disclosures/{asked['id']}/open")) == (409, "DISCLOSURE_NOT_OPEN")
    body_of(Caller(client, an_admin()).post(f"/disclosures/{asked['id']}/decide", WHY | {"approved": True}))
    assert body_of(desk.post(f"/disclosures/{asked['id']}/open"))["name"] == NAME

    made_older = a_minor(BORN, NAME)
    correction, grown_up = f"/people/{made_older.id}/birth-date", birth | {"birth_on": "1990-01-01"}
    assert problem(desk.put(correction, grown_up)) == (403, "MINOR_PROTECTED")
    body_of(desk.put(correction, birth | {"birth_on": str(BORN.replace(day=2))}))
    relation = a_relation(a_person().id, made_older.id, state="confirmed", organisation_id=place.id)
    assert "欧**" in text_of(desk.get(f"/family/{relation.id}"))
    approved(client, clerk, made_older)
    body_of(desk.put(correction, grown_up))
    assert asked_to_see(client, clerk, made_older)["state"] == "waiting"

    old, child = a_person(NAME), a_minor(BORN, NAME)
    clerks = (a_coordinator(place.id), a_coordinator(place.id))
    merged_by(*clerks, old_id=old.id, person_id=child.id, organisation_id=place.id)
    assert asked_to_see(client, clerk, old)["state"] == "waiting"
    masked = desk.get(f"/people/{old.id}/profile?organisation_id={place.id}")
    assert problem(masked) == (403, "MINOR_PROTECTED")
