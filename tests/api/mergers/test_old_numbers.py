"""The number on an old card names whoever goes on after a merger, wherever somebody types a volunteer number."""

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories.calls import Caller, body_of, problem
from tests.factories.certificates import some_records
from tests.factories.family import a_relation
from tests.factories.identity import a_person, signed_in
from tests.factories.imports import ROSTER, a_csv
from tests.factories.ledger import earned
from tests.factories.mergers import Office, look
from tests.factories.protection import a_minor
from timebank.awards.models import Award
from timebank.certificates.models import Certificate
from timebank.database import session
from timebank.identity.models import Guardian, HouseholdMember
from timebank.shop.allowance.proxy_tables import Proxy
from timebank.training.models import TrainingParticipation


@pytest.fixture
def office(client: FlaskClient) -> Office:
    """An office where one person's two accounts have become one."""
    office = Office()
    office.merge()
    return office


def test_staff_type_an_old_number(client: FlaskClient, office: Office) -> None:
    """Whatever is entered by it is entered of the person who goes on."""
    desk, place = Caller(client, office.one), {"organisation_id": str(office.organisation.id)}
    some_records(office.organisation, office.person.id, 60)
    number, said = office.old.volunteer_no, place | {"reason": "看过证件"}
    award = {"name": "优秀志愿者", "awarding_unit": "海宁市民政局", "awarded_on": "2026-03-05", "evidence_note": "证书"}
    course = {"name": "急救培训", "content": "心肺复苏", "held_on": "2026-03-02", "learning_minutes": 90}
    child, other = a_minor(date(2014, 5, 1)), a_person()
    held = body_of(desk.post("/trainings", place | course), 201)
    typed: dict[str, tuple[str, dict[str, Any], Any]] = {
        "award": ("/awards", place | award | {"volunteer_no": number}, Award.volunteer_id),
        "household": ("/households", said | {"volunteer_nos": [number]}, HouseholdMember.person_id),
        "guardian": (f"/people/{child.id}/guardians", said | {"guardian_no": number}, Guardian.guardian_id),
        "proxy": (f"/people/{other.id}/proxies", said | {"volunteer_no": number}, Proxy.proxy_id),
        "certificate": (
            f"/organisations/{office.organisation.id}/certificates",
            {"volunteer_no": number, "reason": "本人到场"},
            Certificate.volunteer_id,
        ),
        "training": (
            f"/trainings/{held['id']}/participants",
            {"participants": [{"volunteer_no": number}]},
            TrainingParticipation.volunteer_id,
        ),
    }
    for name, (path, body, column) in typed.items():
        answer = desk.post(path, body)
        assert answer.status_code in {200, 201}, (name, answer.json)
        assert look(lambda of=column: set(session.scalars(select(of)))) == {office.person.id}, name
    both = {"participants": [{"volunteer_no": one.volunteer_no} for one in (office.old, office.person)]}
    assert problem(desk.post(f"/trainings/{held['id']}/participants", both)) == (422, "INVALID")


def test_a_roster_may_hold_an_old_number(client: FlaskClient, office: Office) -> None:
    """It is nobody new, whatever number the organisation has given them since."""

    def imported(number: str) -> dict[str, Any]:
        file = a_csv(ROSTER, [[number, "王秀英", "", "", "", ""]])
        answer = client.post(
            "/api/v1/imports",
            query_string={
                "kind": "roster",
                "reason": "迁移",
                "mode": "commit",
                "organisation": str(office.organisation.id),
            },
            data=file,
            content_type="application/octet-stream",
            headers=signed_in(office.one),
        )
        return body_of(answer)

    first = imported(office.old.volunteer_no)
    assert (first["created"], first["changed"]) == (0, 1)  # a member from now on
    again = imported(office.old.volunteer_no)
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 1)


def test_relatives_give_by_an_old_number(client: FlaskClient, office: Office) -> None:
    """Whoever knows the number gives as before, and is shown what they typed until the other has confirmed."""
    giver, stranger = a_person(), a_person()
    earned(giver.id, 60)
    a_relation(giver.id, office.person.id)
    body = {"to": office.old.volunteer_no, "minutes": 30}
    given = Caller(client, giver).post("/gifts", body)
    assert given.status_code == 201, given.json
    proposed = {
        "volunteer_no": office.old.volunteer_no,
        "kinship": "sibling",
        "organisation_id": str(office.organisation.id),
    }
    shown = body_of(Caller(client, stranger).post("/me/family", proposed), 201)
    assert shown["relative"] == {"volunteer_no": office.old.volunteer_no, "display_name": None}
