"""Training: learning time of its own, which is no service time and earns nothing."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member
from tests.factories.organisations import an_organisation
from timebank.database import new_id
from timebank.identity import queries as people
from timebank.identity.models import Person
from timebank.identity.rules import Role
from timebank.organisations.models import Organisation
from timebank.records import queries as records


class Office:
    """An organisation and who enters its training."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.organisation: Organisation = an_organisation()
        self.coordinator = Caller(client, a_coordinator(self.organisation.id))

    def course(self, **other: Any) -> dict[str, Any]:
        """Enter a course of 90 minutes."""
        wanted = {
            "organisation_id": str(self.organisation.id),
            "name": "老年人急救培训",
            "content": "心肺复苏和海姆立克急救法",
            "held_on": "2026-03-02",
            "learning_minutes": 90,
        }
        entered: dict[str, Any] = body_of(self.coordinator.post("/trainings", wanted | other), 201)
        return entered

    def enter(self, course: dict[str, Any], *people: Person, minutes: int | None = None) -> Any:
        """Send a list."""
        more = {} if minutes is None else {"learning_minutes": minutes}
        listed = [{"volunteer_no": person.volunteer_no} | more for person in people]
        return self.coordinator.post(f"/trainings/{course['id']}/participants", {"participants": listed})


@pytest.fixture
def office(client: FlaskClient) -> Office:
    """Where training is entered."""
    return Office(client)


@pytest.mark.rule("R05")
def test_training_is_learnt_and_never_served(office: Office) -> None:
    """Two who took part see it with their learning minutes; service time and balance stay at nothing."""
    li, zhang = a_person("李桂兰"), a_person("张伟")
    course = office.course()
    body_of(office.enter(course, li), 201)
    shown = body_of(office.enter(course, zhang, minutes=60), 201)
    assert shown["participants"] == 2
    assert {one["volunteer_name"]: one["learning_minutes"] for one in shown["people"]} == {"李**": 90, "张*": 60}
    mine = body_of(Caller(office.client, zhang).get("/me/trainings"))
    assert mine["learning_minutes"] == 60
    assert mine["items"] == [
        {
            "name": "老年人急救培训",
            "content": "心肺复苏和海姆立克急救法",
            "organisation_name": office.organisation.name,
            "held_on": "2026-03-02",
            "learning_minutes": 60,
        }
    ]
    assert sum(records.totals(zhang.id).values()) == 0
    assert body_of(Caller(office.client, zhang).get("/me/account"))["balance_minutes"] == 0
    (listed,) = body_of(office.coordinator.get(f"/trainings?organisation={office.organisation.id}"))["items"]
    assert listed == {key: value for key, value in shown.items() if key != "people"}


def test_a_list_sent_twice_is_one_list(office: Office) -> None:
    """Whoever is on it stays as they are; with other minutes the whole list is refused."""
    li, zhang = a_person(), a_person()
    course = office.course()
    office.enter(course, li)
    assert body_of(office.enter(course, li, zhang), 201)["participants"] == 2
    differs = office.enter(course, a_person(), li, minutes=30)
    assert problem(differs) == (409, "PARTICIPATION_DIFFERS")
    assert differs.json["context"] == {"entered_minutes": 90}
    assert body_of(office.coordinator.get(f"/trainings/{course['id']}"))["participants"] == 2


def test_what_was_entered_by_mistake_is_withdrawn_and_entered_anew(office: Office) -> None:
    """It is shown no more, and the right minutes take its place."""
    li = a_person()
    course = office.course()
    (entry,) = body_of(office.enter(course, li), 201)["people"]
    path = f"/training-participations/{entry['id']}/withdrawal"
    assert body_of(office.coordinator.post(path, {"reason": "中途离开"}), 201)["people"] == []
    assert problem(office.coordinator.post(path, {"reason": "再点一次"})) == (409, "PARTICIPATION_WITHDRAWN")
    assert body_of(office.enter(course, li, minutes=30), 201)["people"][0]["learning_minutes"] == 30
    assert body_of(Caller(office.client, li).get("/me/trainings"))["learning_minutes"] == 30


def test_a_wrong_line_stops_the_whole_list(office: Office) -> None:
    """Each wrong line is named: a number of nobody's, one that stands there twice, minutes beyond the course's."""
    li = a_person()
    course = office.course()
    nobody = {"volunteer_no": "0000000000"}
    twice = [{"volunteer_no": li.volunteer_no}, nobody, {"volunteer_no": li.volunteer_no}]
    answer = office.coordinator.post(f"/trainings/{course['id']}/participants", {"participants": twice})
    assert problem(answer) == (422, "INVALID")
    assert [one["pointer"] for one in answer.json["errors"]] == [
        "/participants/1/volunteer_no",
        "/participants/2/volunteer_no",
    ]
    assert problem(office.enter(course, li, minutes=91)) == (422, "INVALID")
    assert body_of(office.coordinator.get(f"/trainings/{course['id']}"))["participants"] == 0


def test_nobody_learns_for_longer_than_a_day(office: Office) -> None:
    """Two courses of one day are added up."""
    li = a_person()
    office.enter(office.course(learning_minutes=1000), li)
    answer = office.enter(office.course(learning_minutes=441, name="消防培训"), li)
    assert problem(answer) == (422, "TRAINING_DAY_FULL")
    assert answer.json["context"] == {"entered_minutes": 1000, "learning_minutes": 441}
    body_of(office.enter(office.course(learning_minutes=440, name="消防培训"), li), 201)


def test_nobody_enters_themselves_or_a_relative(office: Office, client: FlaskClient) -> None:
    """A colleague does."""
    actor = a_coordinator(office.organisation.id)
    mother = a_person()
    a_relation(actor.person_id, mother.id)
    course = office.course()
    own = people.person(actor.person_id)
    assert own is not None
    for person in (own, mother):
        form = {"participants": [{"volunteer_no": person.volunteer_no}]}
        answer = Caller(client, actor).post(f"/trainings/{course['id']}/participants", form)
        assert problem(answer) == (403, "OWN_FAMILY")


def test_training_of_others_is_not_there(office: Office, client: FlaskClient) -> None:
    """Other organisations' staff get 404 for reading, entering and withdrawing; volunteers 403."""
    course = office.course()
    (entry,) = body_of(office.enter(course, a_person()), 201)["people"]
    stranger = Caller(client, a_coordinator(an_organisation().id))
    form = {"participants": [{"volunteer_no": a_person().volunteer_no}]}
    assert stranger.get(f"/trainings/{course['id']}").status_code == 404
    assert stranger.post(f"/trainings/{course['id']}/participants", form).status_code == 404
    assert stranger.post(f"/training-participations/{entry['id']}/withdrawal", {"reason": "x"}).status_code == 404
    assert stranger.post(f"/training-participations/{new_id()}/withdrawal", {"reason": "x"}).status_code == 404
    assert body_of(stranger.get("/trainings"))["items"] == []
    assert Caller(client, a_person()).get("/trainings").status_code == 403
    auditor = Caller(client, a_staff_member(Role.AUDITOR, area_path=""))
    assert body_of(auditor.get(f"/trainings/{course['id']}"))["participants"] == 1
    assert auditor.post(f"/trainings/{course['id']}/participants", form).status_code == 403


def test_a_day_to_come_is_no_training(office: Office) -> None:
    """Only what was held is entered."""
    wanted = {
        "organisation_id": str(office.organisation.id),
        "name": "明天的培训",
        "content": "…",
        "held_on": "2999-01-01",
        "learning_minutes": 60,
    }
    assert problem(office.coordinator.post("/trainings", wanted)) == (422, "INVALID")
