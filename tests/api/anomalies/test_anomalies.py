"""The inbox through HTTP: who sees what, who decides, and that nothing else moves."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.anomalies import an_anomaly
from tests.factories.attendance import refusal_of
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.ledger import state_of
from tests.factories.organisations import an_area, an_organisation
from timebank.anomalies.models import Anomaly
from timebank.identity.rules import Role
from timebank.organisations.models import Organisation

V1 = "/api/v1"


@pytest.fixture
def organisation(app: Flask) -> Organisation:
    """Somebody's organisation."""
    return an_organisation(area_id=an_area().id)


def _decide(client: FlaskClient, anomaly: Anomaly, who: Any, outcome: str, reason: str = "已电话核实") -> Any:
    body = {"outcome": outcome, "reason": reason}
    return client.post(f"{V1}/anomalies/{anomaly.id}/decisions", json=body, headers=signed_in(who))


@pytest.mark.rule("R13")
def test_a_person_decides_and_says_why(client: FlaskClient, organisation: Organisation) -> None:
    """Found, confirmed, reopened, cleared: every decision stays, and neither record nor balance has moved."""
    volunteer = a_person()
    anomaly = an_anomaly(organisation, volunteer_id=volunteer.id)
    coordinator = a_coordinator(organisation.id)
    before = state_of(volunteer.id)
    listed = client.get(f"{V1}/anomalies?state=open", headers=signed_in(coordinator)).json
    assert [one["id"] for one in listed["items"]] == [str(anomaly.id)]
    assert listed["items"][0]["explanation"] == "同一人一天服务合计 780 分钟。"
    assert _decide(client, anomaly, coordinator, "confirmed").json["state"] == "confirmed"
    assert refusal_of(_decide(client, anomaly, coordinator, "cleared")) == (409, "ANOMALY_DECIDED")
    assert _decide(client, anomaly, coordinator, "reopened", "家属来电").json["state"] == "open"
    assert refusal_of(_decide(client, anomaly, coordinator, "reopened")) == (409, "ANOMALY_OPEN")
    last = _decide(client, anomaly, coordinator, "cleared").json
    assert [one["outcome"] for one in last["decisions"]] == ["confirmed", "reopened", "cleared"]
    assert client.get(f"{V1}/anomalies?state=open", headers=signed_in(coordinator)).json["items"] == []
    assert state_of(volunteer.id) == before


def test_what_lies_elsewhere_does_not_exist(client: FlaskClient, organisation: Organisation) -> None:
    """A coordinator of another organisation sees nothing and decides nothing; volunteers have no inbox."""
    anomaly = an_anomaly(organisation)
    stranger = a_coordinator(an_organisation("别队", area_id=an_area(code="09").id).id)
    assert client.get(f"{V1}/anomalies", headers=signed_in(stranger)).json["items"] == []
    assert refusal_of(_decide(client, anomaly, stranger, "cleared")) == (404, "NOT_FOUND")
    shown = client.get(f"{V1}/anomalies/{anomaly.id}", headers=signed_in(stranger))
    assert refusal_of(shown) == (404, "NOT_FOUND")
    assert refusal_of(_decide(client, anomaly, a_person(), "cleared")) == (403, "FORBIDDEN")


@pytest.mark.rule("R13")
def test_nobody_decides_about_themselves(client: FlaskClient, organisation: Organisation) -> None:
    """A coordinator's own long day is somebody else's to judge."""
    coordinator = a_coordinator(organisation.id)
    anomaly = an_anomaly(organisation, volunteer_id=coordinator.person_id)
    assert refusal_of(_decide(client, anomaly, coordinator, "cleared")) == (403, "CONCERNS_YOU")
    assert _decide(client, anomaly, an_admin(), "cleared").status_code == 201


def test_auditors_read_and_leave_the_daily_ones_to_coordinators(
    client: FlaskClient, organisation: Organisation
) -> None:
    """An auditor sees it and cannot decide it; in English on request."""
    anomaly = an_anomaly(organisation)
    auditor = a_staff_member(Role.AUDITOR, area_path="")
    headers = signed_in(auditor) | {"Accept-Language": "en"}
    shown = client.get(f"{V1}/anomalies/{anomaly.id}", headers=headers).json
    assert shown["explanation"] == "780 minutes of service of one person on one day."
    assert refusal_of(_decide(client, anomaly, auditor, "cleared")) == (404, "NOT_FOUND")


def test_of_two_who_decide_at_once_one_wins(app: Flask, organisation: Organisation) -> None:
    """The other one learns that it is decided."""
    anomaly = an_anomaly(organisation)
    callers = [signed_in(a_coordinator(organisation.id)) for _ in range(4)]
    url, body = f"{V1}/anomalies/{anomaly.id}/decisions", {"outcome": "cleared", "reason": "已核实"}

    def send(headers: dict[str, str]) -> TestResponse:
        with app.app_context():
            return app.test_client().post(url, json=body, headers=headers)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, callers))
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    assert {one.json["code"] for one in answers if one.json and one.status_code == 409} == {"ANOMALY_DECIDED"}
