"""The pool over HTTP: donations in, grants out by priority, and nobody who decides alone or for their own."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.family import a_relation
from tests.factories.giving import a_donation, a_request, a_steward, an_application
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.ledger import a_volunteer_with, earned, state_of
from tests.factories.organisations import an_area, an_organisation
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.giving.rules import Priority
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.ledger import proof
from timebank.organisations.models import Area

pytestmark = pytest.mark.rule("R23")

Who = Person | Actor


@pytest.fixture
def area(client: FlaskClient) -> Area:
    """The one district of the bank, and its pool."""
    return an_area()


def post(client: FlaskClient, who: Who, path: str, body: dict[str, Any] | None = None) -> Any:
    """Send one act of somebody."""
    headers = signed_in(who) | {"Idempotency-Key": str(new_id())}
    sent = {} if body is None else {"json": body}
    return client.post(f"/api/v1/pool/{path}", headers=headers, **sent)


def grant_body(area: Area, person: Person, minutes: int = 60, **more: Any) -> dict[str, Any]:
    """Return the body of a request for a grant."""
    body = {
        "area_id": str(area.id),
        "person_id": str(person.id),
        "minutes": minutes,
        "reason_code": "aged_80_alone",
        "reason": "上门核实，82 岁独居",
    }
    return body | more


def filled(area: Area, minutes: int = 600) -> None:
    """Put minutes into the pool."""
    donor = a_person()
    earned(donor.id, minutes)
    a_donation(donor.id, area.id, minutes)


def pool(client: FlaskClient, area: Area) -> dict[str, int]:
    """Return what everybody sees of the pool."""
    shown: dict[str, int] = client.get(f"/api/v1/pool?area={area.id}", headers=signed_in(a_person())).json
    return {name: shown[f"{name}_minutes"] for name in ("balance", "donated", "granted")}


def approve(client: FlaskClient, who: Who, grant_id: Any, verb: str = "approve") -> Any:
    """Decide a grant."""
    return post(client, who, f"grants/{grant_id}/{verb}", {"reason": "情况属实"})


def test_a_donation_goes_into_the_pool_at_once(client: FlaskClient, area: Area) -> None:
    """Without an area it is the one district's pool; everybody sees what it has."""
    donor = a_person()
    earned(donor.id, 300)
    given = post(client, donor, "donations", {"minutes": 120})

    assert (given.status_code, given.json["area_id"], given.json["minutes"]) == (201, str(area.id), 120)
    assert given.json["account"]["balance_minutes"] == 180
    assert pool(client, area) == {"balance": 120, "donated": 120, "granted": 0}
    assert proof.verify().ok


def test_a_donation_that_cannot_be_is_refused(client: FlaskClient, area: Area) -> None:
    """More than one has, an area that is none, or no area where there are several districts."""
    donor = a_person()
    earned(donor.id, 100)
    short = post(client, donor, "donations", {"minutes": 101})
    nowhere = post(client, donor, "donations", {"minutes": 1, "area_id": str(new_id())})
    an_area("海洲街道")
    which = post(client, donor, "donations", {"minutes": 1})

    assert (short.status_code, short.json["code"]) == (409, "INSUFFICIENT_MINUTES")
    assert short.json["context"] == {"needed_minutes": 101, "available_minutes": 100}
    for refused in (nowhere, which):
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/area_id")
    assert state_of(donor.id).balance_minutes == 100


@pytest.mark.rule("R35")
def test_one_asks_and_another_approves(client: FlaskClient, area: Area) -> None:
    """Nothing moves with the request; who asked may not approve; with the approval minutes and list move together."""
    filled(area)
    neighbour, asker, approver = a_person("吴阿婆"), a_steward(area), a_steward(area, Role.ADMIN)
    an_application(neighbour.id, area)
    asked = post(client, asker, "grants", grant_body(area, neighbour, 240))
    alone = approve(client, asker, asked.json["id"])
    assert pool(client, area) == {"balance": 600, "donated": 600, "granted": 0}
    approved = approve(client, approver, asked.json["id"])

    assert (asked.status_code, asked.json["state"], asked.json["display_name"]) == (201, "requested", "吴**")
    assert (alone.status_code, alone.json["code"]) == (403, "SECOND_PERSON_NEEDED")
    assert (approved.status_code, approved.json["state"]) == (200, "approved")
    assert approved.json["decided_by"] == str(approver.person_id)
    assert pool(client, area) == {"balance": 360, "donated": 600, "granted": 240}
    assert state_of(neighbour.id).balance_minutes == 240
    own = client.get("/api/v1/me/pool-applications", headers=signed_in(neighbour)).json["items"]
    assert [(item["state"], item["answer"]) for item in own] == [("granted", "情况属实")]
    assert proof.verify().ok


@pytest.mark.rule("R35")
def test_nobody_grants_to_themself_or_their_family(client: FlaskClient, area: Area) -> None:
    """Neither who asks, nor who approves, nor who refuses an application."""
    filled(area)
    steward, mother, other = a_steward(area), a_person(), a_steward(area)
    a_relation(mother.id, steward.person_id)
    oneself = in_unit_of_work(lambda: session.get_one(Person, steward.person_id), write=False)
    refused = [post(client, steward, "grants", grant_body(area, person)) for person in (oneself, mother)]
    asked = a_request(other, area, mother.id)
    refused += [approve(client, steward, asked.id, verb) for verb in ("approve", "reject")]
    application = an_application(mother.id, area)
    refused.append(post(client, steward, f"applications/{application.id}/refuse", {"reason": "不急"}))

    assert [(one.status_code, one.json["code"]) for one in refused] == [(403, "OWN_FAMILY")] * 5
    assert pool(client, area)["granted"] == 0


def test_a_pool_gives_no_more_than_it_has(client: FlaskClient, area: Area) -> None:
    """The grant goes on waiting, and is approved when somebody has donated."""
    filled(area, 100)
    neighbour, asker, approver = a_person(), a_steward(area), a_steward(area)
    asked = a_request(asker, area, neighbour.id, 150)
    short = approve(client, approver, asked.id)
    filled(area, 50)

    assert (short.status_code, short.json["code"]) == (409, "POOL_EMPTY")
    assert short.json["context"] == {"needed_minutes": 150, "available_minutes": 100}
    assert approve(client, approver, asked.id).status_code == 200
    assert pool(client, area) == {"balance": 0, "donated": 150, "granted": 150}


def test_a_grant_is_decided_once_and_asked_for_once(client: FlaskClient, area: Area) -> None:
    """A second request for the same person is refused while one waits; a decided one stays decided."""
    filled(area)
    neighbour, asker, approver = a_person(), a_steward(area), a_steward(area)
    asked = a_request(asker, area, neighbour.id)
    twice = post(client, approver, "grants", grant_body(area, neighbour))
    rejected = approve(client, approver, asked.id, "reject")
    late = approve(client, a_steward(area), asked.id)

    assert (twice.status_code, twice.json["code"]) == (409, "GRANT_WAITING")
    assert (rejected.status_code, rejected.json["state"], rejected.json["answer"]) == (200, "rejected", "情况属实")
    assert (late.status_code, late.json["code"], late.json["context"]) == (409, "GRANT_DECIDED", {"state": "rejected"})
    assert post(client, asker, "grants", grant_body(area, neighbour)).status_code == 201


def test_the_list_puts_the_most_urgent_first(client: FlaskClient, area: Area) -> None:
    """80 and older living alone before low-income disabled living alone before other hardship; then by time."""
    people = [a_person(name) for name in ("甲", "乙", "丙", "丁")]
    order = [Priority.HARDSHIP, Priority.AGED_80_ALONE, Priority.LOW_INCOME_DISABLED_ALONE, Priority.AGED_80_ALONE]
    start = clock.now()
    for hours, (person, priority) in enumerate(zip(people, order, strict=True)):
        with clock.at(start + timedelta(hours=hours)):
            an_application(person.id, area, priority)
    steward = a_steward(area)
    first = client.get(f"/api/v1/pool/applications?area={area.id}&limit=3", headers=signed_in(steward)).json
    rest = client.get(first["next"], headers=signed_in(steward)).json
    asked = post(client, steward, "grants", grant_body(area, people[0], reason_code="hardship"))

    assert [item["person_id"] for item in first["items"] + rest["items"]] == [str(people[n].id) for n in (1, 3, 2, 0)]
    assert [item["rank"] for item in first["items"]] == [1, 1, 2]
    assert first["items"][0]["display_name"] == "乙*"
    assert asked.json["waiting_ahead"] == 3
    listed = client.get(f"/api/v1/pool/grants?area={area.id}&state=requested", headers=signed_in(steward)).json
    assert [item["id"] for item in listed["items"]] == [asked.json["id"]]


def test_staff_apply_for_somebody_without_a_phone(client: FlaskClient, area: Area) -> None:
    """By volunteer number, and within their area; others may apply for themselves only."""
    neighbour = a_person()
    body = {
        "area_id": str(area.id),
        "priority": "aged_80_alone",
        "reason": "独居",
        "volunteer_no": neighbour.volunteer_no,
    }
    done = post(client, a_steward(area), "applications", body)
    twice = post(
        client, neighbour, "applications", {**body, "volunteer_no": None} | {"volunteer_no": neighbour.volunteer_no}
    )
    again = post(
        client, neighbour, "applications", {key: value for key, value in body.items() if key != "volunteer_no"}
    )
    wrong = post(client, a_steward(area), "applications", body | {"volunteer_no": "1"})
    nowhere = {"area_id": str(new_id()), "priority": "hardship", "reason": "独居"}

    assert (done.status_code, done.json["person_id"], done.json["state"]) == (201, str(neighbour.id), "waiting")
    assert twice.status_code == 404
    assert (again.status_code, again.json["code"]) == (409, "ALREADY_APPLIED")
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/volunteer_no")
    assert post(client, neighbour, "applications", nowhere).json["errors"][0]["pointer"] == "/area_id"


def test_an_application_is_withdrawn_or_refused_once(client: FlaskClient, area: Area) -> None:
    """By whoever it is for, or by staff with a reason; afterwards one may apply again."""
    neighbour, steward = a_person(), a_steward(area)
    first = an_application(neighbour.id, area)
    assert post(client, a_person(), f"applications/{first.id}/withdraw").status_code == 404
    withdrawn = post(client, neighbour, f"applications/{first.id}/withdraw")
    late = post(client, steward, f"applications/{first.id}/refuse", {"reason": "不急"})
    second = an_application(neighbour.id, area)
    refused = post(client, steward, f"applications/{second.id}/refuse", {"reason": "与子女同住"})

    assert (withdrawn.status_code, withdrawn.json["state"]) == (200, "withdrawn")
    assert (late.status_code, late.json["code"]) == (409, "APPLICATION_CLOSED")
    assert (refused.status_code, refused.json["state"], refused.json["answer"]) == (200, "refused", "与子女同住")


def test_a_pool_is_its_areas(client: FlaskClient, area: Area) -> None:
    """Staff of a neighbouring area and of a single organisation find nothing; a bank's administrator does."""
    neighbour = a_person()
    other, organisation = an_area("海洲街道"), an_organisation(area_id=area.id)
    application, asked = an_application(neighbour.id, area), a_request(a_steward(area), area, neighbour.id)
    for who in (a_steward(other), a_coordinator(organisation.id)):
        assert post(client, who, "grants", grant_body(area, neighbour)).status_code == 404
        assert approve(client, who, asked.id).status_code == 404
        assert post(client, who, f"applications/{application.id}/refuse", {"reason": "不急"}).status_code == 404
        for what in ("applications", "grants"):
            assert client.get(f"/api/v1/pool/{what}?area={area.id}", headers=signed_in(who)).status_code == 404
    assert client.get(f"/api/v1/pool?area={new_id()}", headers=signed_in(neighbour)).status_code == 404
    assert approve(client, an_admin(), new_id()).status_code == 404
    auditor = a_staff_member(Role.AUDITOR, area_path=area.path)
    assert client.get(f"/api/v1/pool/grants?area={area.id}", headers=signed_in(auditor)).status_code == 200
    assert approve(client, auditor, asked.id).status_code == 403


def test_a_grant_to_nobody_is_refused(client: FlaskClient, area: Area) -> None:
    """A person who does not exist is 422, pointing at the person."""
    body = grant_body(area, a_person()) | {"person_id": str(a_volunteer_with(1))}
    refused = post(client, a_steward(area), "grants", body)

    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/person_id")
