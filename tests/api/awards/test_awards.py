"""Awards: entered by staff who have seen them, read by whose they are, withdrawn with a reason."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.files import a_file
from tests.factories.identity import a_coordinator, a_person, a_staff_member
from tests.factories.organisations import an_organisation
from timebank.database import new_id
from timebank.identity import queries as people
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.organisations.models import Organisation


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Who enters the award."""
    return an_organisation()


@pytest.fixture
def coordinator(organisation: Organisation) -> Actor:
    """Who has seen it."""
    return a_coordinator(organisation.id)


def form(organisation: Organisation, person: Person, **other: Any) -> dict[str, Any]:
    """Return what is sent."""
    return {
        "organisation_id": str(organisation.id),
        "volunteer_no": person.volunteer_no,
        "name": "年度优秀志愿者",
        "awarding_unit": "海宁市民政局",
        "awarded_on": "2026-03-05",
        "evidence_note": "看过证书原件",
    } | other


@pytest.mark.rule("R05")
def test_an_award_is_entered_and_read_by_whose_it_is(
    client: FlaskClient, organisation: Organisation, coordinator: Actor
) -> None:
    """With its evidence, which its volunteer may open and a stranger may not."""
    li = a_person("李桂兰")
    picture = a_file(coordinator)
    made = body_of(Caller(client, coordinator).post("/awards", form(organisation, li, file_ids=[str(picture.id)])), 201)
    assert (made["volunteer_name"], made["file_ids"]) == ("李**", [str(picture.id)])
    (mine,) = body_of(Caller(client, li).get("/me/awards"))["items"]
    assert (mine["name"], mine["awarding_unit"], mine["awarded_on"]) == ("年度优秀志愿者", "海宁市民政局", "2026-03-05")
    assert Caller(client, li).get(f"/files/{picture.id}").status_code == 200
    assert Caller(client, a_person()).get(f"/files/{picture.id}").status_code == 404
    (listed,) = body_of(Caller(client, coordinator).get(f"/awards?organisation={organisation.id}"))["items"]
    assert listed == made


def test_an_award_is_entered_once(client: FlaskClient, organisation: Organisation, coordinator: Actor) -> None:
    """A second entry is refused; after a withdrawal it may be entered again."""
    li, office = a_person(), Caller(client, coordinator)
    made = body_of(office.post("/awards", form(organisation, li)), 201)
    assert problem(office.post("/awards", form(organisation, li))) == (409, "AWARD_ENTERED")
    withdrawal = f"/awards/{made['id']}/withdrawal"
    body_of(office.post(withdrawal, {"reason": "登记错人"}), 201)
    assert problem(office.post(withdrawal, {"reason": "登记错人"})) == (409, "AWARD_WITHDRAWN")
    assert body_of(Caller(client, li).get("/me/awards"))["items"] == []
    body_of(office.post("/awards", form(organisation, li)), 201)


def test_what_cannot_be_an_award(client: FlaskClient, organisation: Organisation, coordinator: Actor) -> None:
    """A number of nobody's, a day to come, a file that somebody else has sent, a foreign organisation, a NUL, one's own."""
    li, office = a_person(), Caller(client, coordinator)
    foreign = a_file(a_coordinator(organisation.id))
    elsewhere = an_organisation()
    own = people.person(coordinator.person_id)
    assert own is not None
    for wanted, expected in (
        ({"volunteer_no": "0000000000"}, (422, "INVALID")),
        ({"awarded_on": "2999-01-01"}, (422, "INVALID")),
        ({"file_ids": [str(foreign.id)]}, (422, "UNKNOWN_FILE")),
        ({"organisation_id": str(elsewhere.id)}, (404, "NOT_FOUND")),
        ({"name": "\x00"}, (422, "INVALID")),
        ({"volunteer_no": own.volunteer_no}, (403, "OWN_FAMILY")),
    ):
        assert problem(office.post("/awards", form(organisation, li, **wanted))) == expected, wanted
    assert body_of(office.get("/awards"))["items"] == []


def test_awards_of_others_are_not_there(client: FlaskClient, organisation: Organisation, coordinator: Actor) -> None:
    """Other organisations' staff neither list nor withdraw them; auditors only read; volunteers get 403."""
    made = body_of(Caller(client, coordinator).post("/awards", form(organisation, a_person())), 201)
    stranger = Caller(client, a_coordinator(an_organisation().id))
    assert body_of(stranger.get("/awards"))["items"] == []
    for award_id in (made["id"], new_id()):
        assert stranger.post(f"/awards/{award_id}/withdrawal", {"reason": "x"}).status_code == 404
    auditor = Caller(client, a_staff_member(Role.AUDITOR, area_path=""))
    assert len(body_of(auditor.get("/awards"))["items"]) == 1
    assert auditor.post(f"/awards/{made['id']}/withdrawal", {"reason": "x"}).status_code == 403
    assert Caller(client, a_person()).get("/awards").status_code == 403
