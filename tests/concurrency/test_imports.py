"""Many who import at once: nobody comes in twice, and nobody is in two places."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.concurrency.test_attendance import count
from tests.factories.activities import an_activity
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.imports import HOURS, ROSTER, a_csv, an_identity_number
from tests.factories.organisations import an_organisation
from timebank.identity.document_models import Document
from timebank.identity.models import Person
from timebank.imports.models import ImportedFile
from timebank.organisations.models import Member
from timebank.records.models import ServiceRecord

RACERS = 8


def race(app: Flask, bring_in: Callable[[FlaskClient, int], Any]) -> Counter[tuple[int, str]]:
    """Let eight clients import at once; return how often each status and code came."""
    start = Barrier(RACERS)

    def run(index: int) -> tuple[int, str]:
        with app.app_context():
            client = app.test_client()
            start.wait()
            answer = bring_in(client, index)
            return answer.status_code, answer.json.get("code", "")

    with ThreadPoolExecutor(RACERS) as pool:
        return Counter(pool.map(run, range(RACERS)))


def send(client: FlaskClient, headers: dict[str, str], kind: str, organisation_id: Any, data: bytes) -> Any:
    """Import a file."""
    query = {"kind": kind, "reason": "旧系统迁移", "mode": "commit", "organisation": str(organisation_id)}
    return client.post("/api/v1/imports", query_string=query, data=data, headers=headers)


def test_one_file_that_many_import_comes_in_once(app: Flask) -> None:
    """Colleagues press the button together: one entry in the register, and everybody is answered with it."""
    ours = an_organisation()
    staff = [signed_in(a_coordinator(ours.id)) for _ in range(RACERS)]
    before = count(Person)
    data = a_csv(ROSTER, [[f"V{number}", f"张三{number}", "", "", "", ""] for number in range(20)])

    assert race(app, lambda client, index: send(client, staff[index], "roster", ours.id, data)) == {(200, ""): RACERS}
    assert (count(Person) - before, count(Member), count(ImportedFile)) == (20, 20, 1)


def test_one_person_whom_many_organisations_import_is_one(app: Flask) -> None:
    """Each brings the same document, name and telephone: whoever comes second finds the person that the first has made."""
    organisations = [an_organisation() for _ in range(RACERS)]
    staff = [signed_in(a_coordinator(one.id)) for one in organisations]
    before = count(Person)
    data = a_csv(ROSTER, [["V1", "张三", "", an_identity_number(), "13800138000", ""]])

    def bring_in(client: FlaskClient, index: int) -> Any:
        answer = send(client, staff[index], "roster", organisations[index].id, data)
        # Three may be faster: then one is told to try again, and does.
        return (
            answer if answer.status_code == 200 else send(client, staff[index], "roster", organisations[index].id, data)
        )

    assert race(app, bring_in) == {(200, ""): RACERS}
    assert (count(Person) - before, count(Document), count(Member)) == (1, 1, RACERS)


def test_the_same_hours_are_counted_by_one_organisation(app: Flask) -> None:
    """Each says that the person served for them at that time: one has it on record, the others are told of the overlap."""
    person = a_person("张三")
    organisations = [an_organisation() for _ in range(RACERS)]
    staff = [signed_in(a_coordinator(one.id)) for one in organisations]
    for one in organisations:
        an_activity("护绿", organisation_id=one.id)
    line = [person.volunteer_no, "张三", "护绿", "2025-03-05", "08:30", "11:30", "", "", ""]
    data = a_csv(HOURS, [line])

    outcome = race(app, lambda client, index: send(client, staff[index], "hours", organisations[index].id, data))
    assert outcome == {(200, ""): 1, (422, "IMPORT_HAS_FAULTS"): RACERS - 1}
    assert count(ServiceRecord) == 1
