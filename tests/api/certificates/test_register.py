"""The register, ones own list, who answers, and what remains of somebody who has left."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from tests.api.certificates.conftest import Desk
from tests.conftest import Statements
from tests.factories.attendance import post_once, refusal_of
from tests.factories.certificates import some_records
from tests.factories.corrections import corrected
from tests.factories.identity import a_coordinator, a_person, an_admin
from tests.factories.organisations import an_organisation
from timebank import clock, database
from timebank.certificates import service
from timebank.certificates.models import Certificate, CertificateCounter, CertificateNames
from timebank.database import in_unit_of_work, session
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.organisations.models import Organisation
from timebank.records.models import Revision


def test_the_register_and_ones_own_list(
    desk: Desk, organisation: Organisation, volunteer: Person, coordinator: Actor, records: list[Revision]
) -> None:
    """Both newest first and in pages; names are masked, numbers have no gaps, the status is that of now."""
    for _ in range(3):
        desk.certificate(volunteer, organisation)
    register = desk.get(coordinator, f"/organisations/{organisation.id}/certificates?limit=2").json
    rest = desk.get(coordinator, register["next"].removeprefix("/api/v1")).json
    corrected(coordinator, a_coordinator(organisation.id), records[0].record_id, 60)
    own = desk.get(volunteer, "/me/certificates?limit=2").json

    numbers = [item["number"][:11] for item in register["items"] + rest["items"]]
    assert numbers == ["2026-000003", "2026-000002", "2026-000001"]
    assert {item["holder_name"] for item in register["items"]} == {"王**"}
    assert {item["status"] for item in register["items"]} == {"valid"}
    assert len(own["items"]) == 2
    assert {item["status"] for item in own["items"]} == {"superseded"}
    assert len(desk.get(volunteer, own["next"].removeprefix("/api/v1")).json["items"]) == 1
    assert desk.get(a_person(), "/me/certificates").json == {"items": [], "next": None}
    elsewhere = desk.get(coordinator, f"/organisations/{an_organisation().id}/certificates")
    assert refusal_of(elsewhere) == (404, "NOT_FOUND")


@pytest.fixture
def three(organisation: Organisation) -> list[Person]:
    """Three people who have served an hour each."""
    people = [a_person() for _ in range(3)]
    for person in people:
        some_records(organisation, person.id, 60)
    return people


def test_the_register_costs_one_statement_however_many_there_are(
    desk: Desk, organisation: Organisation, coordinator: Actor, three: list[Person], statements: Statements
) -> None:
    """The status of each comes with it."""
    for one in three:
        desk.certificate(one, organisation)
    with statements() as sent:
        desk.get(coordinator, f"/organisations/{organisation.id}/certificates")

    assert len([statement for statement in sent if "certificate" in statement]) == 1


def test_holders_print_their_own_while_others_write(
    desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nobody to note, and so no turn to write to wait for."""
    made = desk.certificate(volunteer, organisation)
    begun: list[bool] = []
    transaction = database._transaction

    def begin(work: Any, *, write: bool, snapshot: bool) -> Any:
        begun.append(write)
        return transaction(work, write=write, snapshot=snapshot)

    monkeypatch.setattr(database, "_transaction", begin)
    assert desk.get(volunteer, f"/certificates/{made['number']}.pdf").status_code == 200
    assert (True in begun, False in begun) == (False, True)


@pytest.mark.rule("R36")
def test_somebody_who_leaves_is_erased_and_what_was_certified_remains(
    desk: Desk, organisation: Organisation, volunteer: Person, coordinator: Actor, records: list[Revision]
) -> None:
    """No name, number or document is kept; the paper can be verified and not be printed again. Others keep theirs."""
    other = a_person("李娟")
    some_records(organisation, other.id, 60)
    made, others = desk.certificate(volunteer, organisation), desk.certificate(other, organisation)

    assert in_unit_of_work(lambda: service.erase_holder(person_id=volunteer.id)) == 1
    assert in_unit_of_work(lambda: service.erase_holder(person_id=volunteer.id)) == 0
    kept = desk.get(coordinator, f"/certificates/{made['number']}").json
    assert (kept["holder_name"], kept["volunteer_no"], kept["service_minutes"]) == ("", None, 359)
    assert refusal_of(desk.get(coordinator, f"/certificates/{made['number']}.pdf")) == (410, "CERTIFICATE_ERASED")
    assert desk.status(made["number"]) == "valid"
    assert desk.get(other, f"/certificates/{others['number']}.pdf").status_code == 200


def test_a_name_that_was_changed_afterwards_is_found_out(
    desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision]
) -> None:
    """Nothing is printed that does not match the registered hash."""
    made = desk.certificate(volunteer, organisation)
    in_unit_of_work(lambda: session.execute(update(CertificateNames).values(holder_name="李四")))

    refused = desk.get(volunteer, f"/certificates/{made['number']}.pdf")
    assert refusal_of(refused) == (409, "CERTIFICATE_ALTERED")


def test_who_answers_is_copied_when_a_certificate_is_issued(
    desk: Desk, organisation: Organisation, volunteer: Person, coordinator: Actor, records: list[Revision]
) -> None:
    """Coordinators and administrators say who; what was issued before keeps what it says."""
    path = f"/organisations/{organisation.id}/issuer"
    nobody = {"person_in_charge": None, "handler": None, "contact": None}
    somebody = {"person_in_charge": "李建国", "handler": "陈桂花", "contact": "0573-87000000"}
    before = desk.certificate(volunteer, organisation)

    assert desk.get(coordinator, path).json == nobody
    assert desk.put(coordinator, path, **somebody).json == desk.get(an_admin(), path).json == somebody
    after = desk.certificate(volunteer, organisation)
    assert {name: before[name] for name in nobody} == nobody
    assert {name: after[name] for name in somebody} == somebody
    assert desk.put(an_admin(), path, **nobody).json == nobody
    assert refusal_of(desk.put(coordinator, path, handler="陈")) == (422, "INVALID")
    assert refusal_of(desk.put(a_coordinator(an_organisation().id), path, **somebody)) == (404, "NOT_FOUND")
    assert refusal_of(desk.get(volunteer, path)) == (403, "FORBIDDEN")


def test_the_audit_finds_what_was_changed(
    desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision]
) -> None:
    """Every hash is recomputed, but for those who have left; a changed name, lost names and a gap are named."""
    run = desk.run
    assert run("certificates", "audit") == (0, "OK: 0 certificates, 0 of them erased\n")
    people = [a_person() for _ in range(3)]
    for person in people:
        some_records(organisation, person.id, 60)
    made = [desk.certificate(person, organisation)["number"] for person in [volunteer, *people]]
    in_unit_of_work(lambda: service.erase_holder(person_id=people[0].id))
    assert run("certificates", "audit") == (0, "OK: 4 certificates, 1 of them erased\n")

    def tamper() -> None:
        ids = {one.number: one.id for one in session.scalars(select(Certificate))}
        session.execute(
            update(CertificateNames).where(CertificateNames.certificate_id == ids[made[0]]).values(handler="李四")
        )
        session.execute(delete(CertificateNames).where(CertificateNames.certificate_id == ids[made[3]]))
        session.execute(update(CertificateCounter).values(last=5))

    in_unit_of_work(tamper)
    code, told = run("certificates", "audit")
    assert code == 1
    assert told.startswith("FAILED: 4 certificates, 1 of them erased\n")
    assert f"{organisation.id} 2026: 4 certificates, the last is 4, given out 5" in told
    assert f"{made[0]}: says something else than its hash" in told
    assert f"{made[3]}: its names are gone" in told


def test_the_audit_finds_numbers_that_no_counter_knows(
    desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision]
) -> None:
    """A register whose counter is gone is one whose numbers were never given out."""
    desk.certificate(volunteer, organisation)
    in_unit_of_work(lambda: session.execute(delete(CertificateCounter)))

    code, told = desk.run("certificates", "audit")

    assert code == 1
    assert f"{organisation.id} 2026: 1 certificates, the last is 1, given out 0" in told


def test_the_register_begins_anew_with_the_year_of_shanghai(
    client: FlaskClient, organisation: Organisation, volunteer: Person, records: list[Revision]
) -> None:
    """At four in the afternoon of the last day UTC it is the next year there: number one."""
    year_ends = datetime(2026, 12, 31, 16, tzinfo=UTC)
    wanted = {"organisation_id": str(organisation.id)}
    numbers = []
    for instant in (year_ends - timedelta(seconds=1), year_ends, year_ends + timedelta(seconds=1)):
        with clock.at(instant):
            made = post_once(client, "/me/certificates", volunteer, wanted).json
            numbers.append((made["number"][:11], made["issued_on"]))

    assert numbers == [
        ("2026-000001", "2026-12-31"),
        ("2027-000001", "2027-01-01"),
        ("2027-000002", "2027-01-01"),
    ]
