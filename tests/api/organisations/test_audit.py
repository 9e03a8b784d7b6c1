"""The audit log: what is noted, and who reads it."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories.calls import Caller, body_of, problem
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin
from tests.factories.mergers import Office
from tests.factories.organisations import an_area, an_organisation
from timebank import clock
from timebank.commands import cli
from timebank.database import NIL, in_unit_of_work, session
from timebank.identity import audit, passwords, service
from timebank.identity.audit import Verb
from timebank.identity.audit_models import AuditNote
from timebank.identity.rules import LOCK_OUT_AFTER, Actor, RelationState, Role
from timebank.organisations.models import Organisation

ADMITTED = "/members/{}/admit"


def notes() -> list[AuditNote]:
    """Return all notes, the oldest first."""
    return in_unit_of_work(
        lambda: list(session.scalars(select(AuditNote).order_by(AuditNote.noted_at, AuditNote.id))), write=False
    )


def a_request(client: FlaskClient, organisation: Organisation) -> tuple[Any, str]:
    """Have somebody ask to belong to an organisation; return them and the request's id."""
    person = a_person()
    asked = body_of(Caller(client, person).post("/me/groups", {"organisation_id": str(organisation.id)}), 201)
    return person, asked["id"]


@pytest.mark.rule("R39")
def test_an_act_is_noted_with_who_what_and_why(client: FlaskClient) -> None:
    """Who, in which role and organisation, what, whom it concerns, the reason, the request; and no name."""
    organisation, person = an_organisation(), a_person("周淑芬")
    clerk = a_coordinator(organisation.id)
    body = {
        "organisation_id": str(organisation.id),
        "kind": "first_aid",
        "reason": "看过急救证，电话 138 0013 8000",
        "valid_from": "2026-01-01",
    }
    answer = Caller(client, clerk).post(f"/people/{person.id}/qualifications", body)
    (note,) = notes()

    assert (note.actor_id, note.role, note.verb) == (clerk.person_id, "coordinator", "approve")
    assert (note.target_kind, note.target) == ("qualification", answer.json["id"])
    assert (note.person_id, note.organisation_id) == (person.id, organisation.id)
    assert note.reason == "看过急救证，电话 …"
    assert note.request_id == answer.headers["X-Request-Id"]
    assert "周淑芬" not in str(vars(note))


def test_what_is_refused_or_repeated_is_not_noted(client: FlaskClient) -> None:
    """The note stands in the transaction of the act: it goes with it, and comes once for one key."""
    organisation = an_organisation()
    clerk, stranger = (
        Caller(client, a_coordinator(organisation.id)),
        Caller(client, a_coordinator(an_organisation().id)),
    )
    person, member = a_request(client, organisation)

    assert problem(stranger.post(ADMITTED.format(member))) == (404, "NOT_FOUND")
    assert notes() == []
    body_of(clerk.post(ADMITTED.format(member)))
    for _ in range(2):
        body_of(clerk.post(f"/people/{person.id}/card", key="the-same"), 201)

    assert [(note.verb, note.target_kind) for note in notes()] == [("approve", "member"), ("issue", "card")]


def test_auditors_read_what_lies_in_their_scope(client: FlaskClient) -> None:
    """Of one organisation, of an area, of the bank; a coordinator reads none of it."""
    area = an_area()
    near, far = an_organisation(area_id=area.id), an_organisation()
    for organisation in (near, far):
        _, member = a_request(client, organisation)
        body_of(Caller(client, a_coordinator(organisation.id)).post(ADMITTED.format(member)))
    body_of(Caller(client, an_admin()).post("/areas", {"name": "海昌", "code": "0999"}), 201)

    def read(who: Actor) -> list[str | None]:
        return [item["organisation_id"] for item in body_of(Caller(client, who).get("/audit"))["items"]]

    assert read(a_staff_member(Role.AUDITOR, organisation_id=far.id)) == [str(far.id)]
    assert read(a_staff_member(Role.AUDITOR, area_path=area.path)) == [str(near.id)]
    assert read(a_staff_member(Role.AUDITOR, area_path="")) == [None, str(far.id), str(near.id)]
    assert problem(Caller(client, a_coordinator(near.id)).get("/audit")) == (403, "FORBIDDEN")


def test_the_log_is_asked_by_person_target_verb_and_time(client: FlaskClient) -> None:
    """A person is who acted or whom it concerned; pages follow each other, the newest first."""
    organisation = an_organisation()
    clerk = a_coordinator(organisation.id)
    person, member = a_request(client, organisation)
    body_of(Caller(client, clerk).post(ADMITTED.format(member)))
    body_of(Caller(client, clerk).post(f"/members/{member}/dismiss"))
    body_of(Caller(client, clerk).post(f"/people/{person.id}/card"), 201)
    auditor = Caller(client, a_staff_member(Role.AUDITOR, area_path=""))

    def verbs(query: str) -> list[str]:
        return [item["verb"] for item in body_of(auditor.get(f"/audit?{query}"))["items"]]

    assert verbs(f"person={clerk.person_id}") == ["issue", "end", "approve"]
    assert verbs(f"target={member}") == ["end", "approve"]
    assert verbs(f"person={person.id}") == ["issue", "end", "approve"]
    assert verbs("verb=approve") == ["approve"]
    later = (clock.wall() + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    assert (verbs(f"from={later}"), verbs(f"to={later}")) == ([], ["issue", "end", "approve"])
    first = body_of(auditor.get("/audit?limit=1"))
    second = body_of(auditor.get(first["next"].removeprefix("/api/v1")))
    assert [first["items"][0]["verb"], second["items"][0]["verb"]] == ["issue", "end"]
    assert problem(auditor.get("/audit?verb=steal")) == (422, "INVALID")


@pytest.mark.rule("R39")
def test_an_auditor_finds_by_person_what_only_an_id_named(client: FlaskClient) -> None:
    """Both of a relation, whose number was typed, whom a complaint is about and not who made it; also after a merger."""
    office = Office()
    desk, place = Caller(client, office.one), str(office.organisation.id)
    person, relative, complainant = office.old, a_person(), a_person()
    relation = a_relation(person.id, relative.id, state=RelationState.CONFIRMED, organisation_id=office.organisation.id)
    body_of(desk.post(f"/family/{relation.id}/verify", {"reason": "户口簿"}))
    award = {"name": "优秀志愿者", "awarding_unit": "民政局", "awarded_on": "2026-03-05", "evidence_note": "证书"}
    entered = body_of(
        desk.post("/awards", award | {"organisation_id": place, "volunteer_no": person.volunteer_no}), 201
    )
    body_of(desk.post(f"/awards/{entered['id']}/withdrawal", {"reason": "登记错了"}), 201)
    about = {"organisation_id": place, "kind": "conduct", "words": "迟到", "volunteer_no": person.volunteer_no}
    made = body_of(Caller(client, complainant).post("/complaints", about), 201)
    answer = {"outcome": "dismissed", "answer": "已核实，没有迟到"}
    body_of(desk.post(f"/complaints/{made['id']}/answer", answer), 201)
    home = {"organisation_id": place, "volunteer_nos": [relative.volunteer_no], "reason": "户口簿"}
    body_of(desk.post("/households", home), 201)
    office.merge()
    auditor = Caller(client, a_staff_member(Role.AUDITOR, area_path=""))

    def found(one: Any) -> list[tuple[str, str]]:
        items = body_of(auditor.get(f"/audit?person={one.id}"))["items"]
        return sorted((item["verb"], item["target_kind"]) for item in items)

    of_both = [("approve", "relation"), ("decide", "complaint"), ("enter", "award"), ("revoke", "award")]
    assert found(person) == found(office.person) == of_both
    assert found(relative) == [("approve", "relation"), ("enter", "household")]
    assert found(complainant) == []


def test_reading_a_whole_name_is_noted(client: FlaskClient) -> None:
    """A card carries a whole name: printing it is noted for each person, before the file goes out."""
    organisation = an_organisation()
    clerk = a_coordinator(organisation.id)
    people = [a_person(), a_person()]
    for person in people:
        body_of(Caller(client, clerk).post(f"/people/{person.id}/card"), 201)
    ids = ",".join(str(person.id) for person in people)
    assert Caller(client, clerk).get(f"/cards.pdf?ids={ids}").status_code == 200

    assert [(note.verb, note.person_id) for note in notes()] == [
        ("issue", people[0].id), ("issue", people[1].id), ("unmask", people[0].id), ("unmask", people[1].id),
    ]  # fmt: skip


def test_a_lock_out_is_noted_once_for_an_account_that_exists(client: FlaskClient) -> None:
    """The guess that locks is noted; those after it, and guesses at nobody, are not."""

    def work() -> Any:
        person = service.enrol(display_name="柜台")
        service.set_password(person_id=person.id, username="clerk", password_hash=passwords.hash_password("right one"))
        return person

    person = in_unit_of_work(work)
    for username in ("clerk", "nobody"):
        for _ in range(LOCK_OUT_AFTER + 1):
            client.post("/api/v1/auth/password", json={"username": username, "password": "wrong"})

    assert [(note.verb, note.role, note.actor_id, note.person_id) for note in notes()] == [
        ("lock_out", "system", NIL, person.id)
    ]


def test_the_terminal_writes_the_log_as_a_table(app: Flask) -> None:
    """`audit export` writes ids and words as CSV and is an export itself; a day that is over ends at midnight."""
    who = a_staff_member(Role.ADMIN, area_path="")
    in_unit_of_work(lambda: audit.note(actor=who, verb=Verb.CHANGE, kind="policy", target="walk_in", reason="=1+1"))
    done = app.test_cli_runner().invoke(cli, ["audit", "export", "--verb", "change"])
    assert done.exit_code == 0, done.output
    rows = list(csv.reader(io.StringIO(done.stdout_bytes.decode("utf-8-sig"))))
    past = app.test_cli_runner().invoke(cli, ["audit", "export", "--to", "2020-01-01"])

    assert len(rows) == 2
    assert rows[1][1:7] == [str(who.person_id), "volunteer,admin", "change", "", "policy", "walk_in"]
    assert rows[1][9] == "'=1+1"
    assert len(past.stdout_bytes.decode().splitlines()) == 1
    assert [(note.role, note.verb) for note in notes()][1:] == [("operator", "export")] * 2
