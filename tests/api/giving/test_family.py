"""Family relations over HTTP: who may propose, confirm, verify and end them, and what nobody learns on the way."""

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.organisations import an_organisation
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.family import relatives_of
from timebank.identity.models import FamilyRelation, Person
from timebank.identity.rules import Actor, Kinship, RelationState, Role, new_volunteer_no
from timebank.organisations.models import Organisation

Who = Person | Actor


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Where documents are shown."""
    return an_organisation()


def propose(client: FlaskClient, who: Who, volunteer_no: str, where: Organisation, **more: Any) -> Any:
    """Say that somebody is one's grandchild."""
    body = {"volunteer_no": volunteer_no, "kinship": "grandchild", "organisation_id": str(where.id)} | more
    return client.post("/api/v1/me/family", json=body, headers=signed_in(who))


def post(client: FlaskClient, who: Who, relation_id: Any, verb: str, reason: str | None = None) -> Any:
    """Confirm, verify or reject a relation."""
    body = {"json": {"reason": reason}} if reason else {}
    return client.post(f"/api/v1/family/{relation_id}/{verb}", headers=signed_in(who), **body)


def mine(client: FlaskClient, who: Who) -> list[dict[str, Any]]:
    """Return one's own relations."""
    listed: list[dict[str, Any]] = client.get("/api/v1/me/family", headers=signed_in(who)).json["items"]
    return listed


def relatives(person_id: UUID) -> frozenset[UUID]:
    """Return the verified relatives."""
    return in_unit_of_work(lambda: relatives_of(person_id), write=False)


@pytest.mark.rule("R22")
def test_two_say_it_and_a_third_verifies_it(client: FlaskClient, organisation: Organisation) -> None:
    """Proposed by one, confirmed by the other, verified by staff who saw a document: then they are relatives."""
    grandmother, grandson = a_person("周桂芳"), a_person("陈小宇")
    proposed = propose(client, grandmother, grandson.volunteer_no, organisation)
    relation_id = proposed.json["id"]
    seen_there = mine(client, grandson)[0]
    confirmed = post(client, grandson, relation_id, "confirm")
    coordinator = a_coordinator(organisation.id)
    waiting = client.get("/api/v1/family", headers=signed_in(coordinator)).json["items"]
    beside_the_document = client.get(f"/api/v1/family/{relation_id}", headers=signed_in(coordinator)).json
    assert relatives(grandmother.id) == frozenset()
    verified = post(client, coordinator, relation_id, "verify", "核对户口簿原件")

    assert (proposed.status_code, proposed.json["state"], proposed.json["kinship"]) == (201, "proposed", "grandchild")
    assert (seen_there["kinship"], seen_there["proposed_by_me"]) == ("grandparent", False)
    assert seen_there["relative"] == {"volunteer_no": grandmother.volunteer_no, "display_name": "周桂芳"}
    assert (confirmed.status_code, confirmed.json["state"]) == (200, "confirmed")
    assert [item["proposer"]["display_name"] for item in waiting] == ["周**"]
    assert beside_the_document["relative"]["display_name"] == "陈小宇"
    assert (verified.status_code, verified.json["state"]) == (200, "verified")
    assert verified.json["reason"] == "核对户口簿原件"
    assert verified.json["decided_by"] == str(coordinator.person_id)
    assert relatives(grandmother.id) == {grandson.id}
    assert mine(client, grandmother)[0]["relative"]["display_name"] == "陈小宇"
    assert client.get("/api/v1/family", headers=signed_in(coordinator)).json["items"] == []


@pytest.mark.rule("R39")
def test_nobody_learns_who_exists(client: FlaskClient, organisation: Organisation) -> None:
    """A number that nobody has is answered, listed and refused a second time just like one that somebody has."""
    asker, somebody = a_person(), a_person()
    answers = [propose(client, asker, number, organisation) for number in (somebody.volunteer_no, new_volunteer_no())]
    again = [propose(client, asker, answer.json["relative"]["volunteer_no"], organisation) for answer in answers]

    def without_identity(item: dict[str, Any]) -> dict[str, Any]:
        return item | {"id": "", "proposed_at": "", "relative": item["relative"] | {"volunteer_no": ""}}

    assert [answer.status_code for answer in answers] == [201, 201]
    assert without_identity(answers[0].json) == without_identity(answers[1].json)
    assert answers[0].json["relative"]["display_name"] is None
    assert len({str(without_identity(item)) for item in mine(client, asker)}) == 1
    assert [(answer.status_code, answer.json["code"]) for answer in again] == [(409, "RELATION_EXISTS")] * 2
    refused = [post(client, asker, answer.json["id"], "confirm") for answer in answers]
    assert [(answer.status_code, answer.json["code"]) for answer in refused] == [(403, "OTHER_PERSON_DECIDES")] * 2


def test_numbers_cannot_be_tried_by_the_hundred(client: FlaskClient, organisation: Organisation) -> None:
    """After twenty proposals in an hour the answer is 429."""
    asker = a_person()
    codes = [propose(client, asker, new_volunteer_no(), organisation).status_code for _ in range(21)]

    assert codes == [201] * 20 + [429]


@pytest.mark.parametrize("wrong", ["1234567890", "12345", "一二三四五六七八九十", "own"])
def test_a_wrong_number_is_refused_where_it_stands(client: FlaskClient, organisation: Organisation, wrong: str) -> None:
    """A mistyped number and one's own are 422, pointing at the number."""
    asker = a_person()
    number = asker.volunteer_no if wrong == "own" else wrong
    refused = propose(client, asker, number, organisation)

    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/volunteer_no")


def test_an_organisation_that_is_none_is_refused(client: FlaskClient, organisation: Organisation) -> None:
    """The document has to be shown somewhere."""
    refused = propose(client, a_person(), a_person().volunteer_no, organisation, organisation_id=str(new_id()))

    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/organisation_id")


def test_a_pair_has_one_open_relation_whoever_proposes(client: FlaskClient, organisation: Organisation) -> None:
    """The other side's proposal is refused while one is open, and welcome after it has ended."""
    one, other = a_person(), a_person()
    relation_id = propose(client, one, other.volunteer_no, organisation).json["id"]
    refused = propose(client, other, one.volunteer_no, organisation, kinship="grandparent")
    declined = client.delete(f"/api/v1/me/family/{relation_id}", headers=signed_in(other))
    again = client.delete(f"/api/v1/me/family/{relation_id}", headers=signed_in(one))

    assert (refused.status_code, refused.json["code"]) == (409, "RELATION_EXISTS")
    assert (declined.status_code, again.status_code) == (204, 204)
    assert in_unit_of_work(lambda: session.get_one(FamilyRelation, UUID(relation_id)).ended_by) == other.id
    assert propose(client, other, one.volunteer_no, organisation).status_code == 201
    late = post(client, other, relation_id, "confirm")
    assert (late.status_code, late.json["code"]) == (409, "RELATION_NOT_WAITING")


def test_confirming_twice_changes_nothing(client: FlaskClient, organisation: Organisation) -> None:
    """A second click answers like the first."""
    one, other = a_person(), a_person()
    relation_id = propose(client, one, other.volunteer_no, organisation).json["id"]
    first, second = (post(client, other, relation_id, "confirm") for _ in range(2))

    assert first.json == second.json


def test_a_relation_is_its_two_peoples_and_their_staffs(client: FlaskClient, organisation: Organisation) -> None:
    """Strangers, other organisations' staff, and staff before both have said it find nothing."""
    one, other = a_person(), a_person()
    relation_id = propose(client, one, other.volunteer_no, organisation).json["id"]
    stranger, elsewhere = a_person(), a_coordinator(an_organisation().id)
    here = a_coordinator(organisation.id)
    show = f"/api/v1/family/{relation_id}"

    assert post(client, stranger, relation_id, "confirm").status_code == 404
    assert client.delete(f"/api/v1/me/family/{relation_id}", headers=signed_in(stranger)).status_code == 404
    assert client.get(show, headers=signed_in(here)).status_code == 404
    post(client, other, relation_id, "confirm")
    assert client.get(show, headers=signed_in(here)).status_code == 200
    assert client.get(show, headers=signed_in(elsewhere)).status_code == 404
    assert post(client, elsewhere, relation_id, "verify", "看过了").status_code == 404
    assert client.get("/api/v1/family", headers=signed_in(elsewhere)).json["items"] == []
    assert len(client.get("/api/v1/family", headers=signed_in(an_admin())).json["items"]) == 1


@pytest.mark.rule("R08")
def test_nobody_verifies_their_own_family(client: FlaskClient, organisation: Organisation) -> None:
    """Not one of the two, and not a relative of either; a colleague does it."""
    coordinator, sister, child = a_coordinator(organisation.id), a_person(), a_person()
    own = a_relation(coordinator.person_id, child.id, state=RelationState.CONFIRMED, organisation_id=organisation.id)
    a_relation(coordinator.person_id, sister.id, kinship=Kinship.SIBLING)
    hers = a_relation(sister.id, child.id, state=RelationState.CONFIRMED, organisation_id=organisation.id)

    for relation in (own, hers):
        for verb in ("verify", "reject"):
            refused = post(client, coordinator, relation.id, verb, "我认识")
            assert (refused.status_code, refused.json["code"]) == (403, "OWN_FAMILY")
        assert post(client, a_coordinator(organisation.id), relation.id, "verify", "户口簿").status_code == 200


def test_a_relation_is_decided_once(client: FlaskClient, organisation: Organisation) -> None:
    """Whoever comes second is told that it is done; what was rejected may be proposed anew."""
    one, other = a_person(), a_person()
    relation = a_relation(one.id, other.id, state=RelationState.CONFIRMED, organisation_id=organisation.id)
    first, second = a_coordinator(organisation.id), a_coordinator(organisation.id)
    rejected = post(client, first, relation.id, "reject", "证件与姓名不符")
    late = post(client, second, relation.id, "verify", "户口簿")

    assert (rejected.status_code, rejected.json["state"]) == (200, "rejected")
    assert (late.status_code, late.json["code"]) == (409, "RELATION_NOT_WAITING")
    assert mine(client, one)[0]["reason"] == "证件与姓名不符"
    assert propose(client, one, other.volunteer_no, organisation).status_code == 201


def test_volunteers_and_counter_staff_verify_nothing(client: FlaskClient, organisation: Organisation) -> None:
    """Only coordinators and administrators do."""
    one, other = a_person(), a_person()
    relation = a_relation(one.id, other.id, state=RelationState.CONFIRMED, organisation_id=organisation.id)
    for who in (one, a_staff_member(Role.COUNTER, organisation_id=organisation.id)):
        assert post(client, who, relation.id, "verify", "我看过了").status_code == 403
