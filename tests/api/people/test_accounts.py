"""Account states over HTTP: who, why, and what follows."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin
from tests.factories.organisations import an_area, an_organisation
from timebank.database import in_unit_of_work
from timebank.identity import service, states
from timebank.identity.errors import PersonNotActive, StateUnchangeable
from timebank.identity.models import Person
from timebank.identity.rules import PersonState, Role
from timebank.organisations.models import Organisation


@pytest.fixture
def me(app: Flask) -> Person:
    """Somebody."""
    return a_person()


@pytest.fixture
def organisation(app: Flask) -> Organisation:
    """An organisation."""
    return an_organisation(area_id=an_area().id)


def body(organisation: Organisation, state: str = "frozen", reason: str = "本人挂失") -> dict[str, str]:
    """Return a change of state."""
    return {"organisation_id": str(organisation.id), "state": state, "reason": reason}


@pytest.mark.rule("R26")
def test_each_change_is_kept_with_who_and_why(client: FlaskClient, me: Person, organisation: Organisation) -> None:
    """Frozen, the same again, and free: two facts, readable by auditors."""
    admin = an_admin()
    desk, path = Caller(client, admin), f"/people/{me.id}/state"
    for state in ("frozen", "frozen", "active"):
        assert body_of(desk.put(path, body(organisation, state)))["state"] == state
    auditor = Caller(client, a_staff_member(Role.AUDITOR, area_path=""))
    facts = body_of(auditor.get(f"/people/{me.id}/states?organisation_id={organisation.id}"))["items"]
    assert [(fact["number"], fact["state_before"], fact["state_after"], fact["reason"]) for fact in facts] == [
        (1, "active", "frozen", "本人挂失"),
        (2, "frozen", "active", "本人挂失"),
    ]
    assert {fact["changed_by"] for fact in facts} == {str(admin.person_id)}


@pytest.mark.rule("R26")
def test_whoever_is_frozen_is_signed_out_everywhere(
    client: FlaskClient, me: Person, organisation: Organisation
) -> None:
    """Their refresh token is good no more, and a new sign-in is refused, until they are free again."""
    signed = in_unit_of_work(lambda: service.sign_in(person_id=me.id))
    desk, path = Caller(client, an_admin()), f"/people/{me.id}/state"
    body_of(desk.put(path, body(organisation)))
    refused = client.post("/api/v1/auth/refresh", json={"refresh_token": signed.refresh_token})
    assert problem(refused) == (401, "REFRESH_TOKEN_INVALID")
    with pytest.raises(PersonNotActive):
        in_unit_of_work(lambda: service.sign_in(person_id=me.id))
    body_of(desk.put(path, body(organisation, "active")))
    in_unit_of_work(lambda: service.sign_in(person_id=me.id))


def test_nobody_comes_back_from_the_dead(client: FlaskClient, me: Person, organisation: Organisation) -> None:
    """A death that was entered stands; only an erasure closes an account."""
    desk, path = Caller(client, an_admin()), f"/people/{me.id}/state"
    body_of(desk.put(path, body(organisation, "deceased")))
    assert problem(desk.put(path, body(organisation, "active"))) == (409, "STATE_UNCHANGEABLE")
    assert problem(desk.put(path, body(organisation, "closed"))) == (422, "INVALID")
    in_unit_of_work(lambda: states.change(person_id=me.id, to=PersonState.CLOSED, by=me.id, reason="x"))
    with pytest.raises(StateUnchangeable):
        in_unit_of_work(lambda: states.change(person_id=me.id, to=PersonState.ACTIVE, by=me.id, reason="x"))


def test_who_may_change_whom(client: FlaskClient, me: Person, organisation: Organisation) -> None:
    """Administrators in their scope; not oneself; and staff only by administrators of the whole bank."""
    path = f"/people/{me.id}/state"
    coordinator = a_coordinator(organisation.id)
    assert problem(Caller(client, coordinator).put(path, body(organisation))) == (403, "FORBIDDEN")
    elsewhere = a_staff_member(Role.ADMIN, organisation_id=an_organisation().id)
    assert problem(Caller(client, elsewhere).put(path, body(organisation))) == (404, "NOT_FOUND")
    local = a_staff_member(Role.ADMIN, organisation_id=organisation.id)
    desk = Caller(client, local)
    assert problem(desk.put(f"/people/{local.person_id}/state", body(organisation))) == (403, "OWN_FAMILY")
    chief = an_admin()
    assert problem(desk.put(f"/people/{chief.person_id}/state", body(organisation))) == (403, "STAFF_STATE")
    body_of(desk.put(path, body(organisation)))
    body_of(Caller(client, chief).put(f"/people/{coordinator.person_id}/state", body(organisation)))
    assert problem(Caller(client, coordinator).get(f"/people/{me.id}/states?organisation_id={organisation.id}")) == (
        403,
        "FORBIDDEN",
    )
