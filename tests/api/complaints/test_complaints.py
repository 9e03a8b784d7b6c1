"""Complaints: everybody may make one; it is answered in time by somebody without a part in it; nobody learns who made it."""

from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import an_activity
from tests.factories.calls import Caller, body_of, problem
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin
from tests.factories.notifications import messages_of
from tests.factories.organisations import an_organisation
from timebank import clock
from timebank.clock import SHANGHAI
from timebank.identity import queries as people
from timebank.identity.rules import Actor, Role
from timebank.notifications.rules import Topic
from timebank.organisations.models import Organisation

MONDAY = datetime(2026, 3, 9, 10, tzinfo=SHANGHAI)
ANSWER = {"outcome": "upheld", "answer": "情况属实，已批评教育并更正记录。"}


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Which is complained about."""
    return an_organisation()


@pytest.fixture
def coordinator(organisation: Organisation) -> Actor:
    """Who answers."""
    return a_coordinator(organisation.id)


def form(organisation: Organisation, **other: Any) -> dict[str, Any]:
    """Return what is sent."""
    return {"organisation_id": str(organisation.id), "kind": "false_hours", "words": "他当天只来了十分钟。"} | other


def test_a_complaint_is_answered(client: FlaskClient, organisation: Organisation, coordinator: Actor) -> None:
    """Within ten working days; who made it reads the answer, whom it is about reads what was found and not by whom."""
    witness, subject = a_person("证人"), a_person("王秀英")
    with clock.at(MONDAY):
        wanted = form(organisation, volunteer_no=subject.volunteer_no)
        made = body_of(Caller(client, witness).post("/complaints", wanted), 201)
        assert (made["state"], made["due_on"], made["answer"]) == ("open", "2026-03-23", None)
        (listed,) = body_of(Caller(client, coordinator).get("/complaints?state=open"))["items"]
        assert (listed["volunteer_no"], listed["volunteer_name"]) == (subject.volunteer_no, "王**")
        assert str(witness.id) not in str(listed)
        answered = Caller(client, coordinator).post(f"/complaints/{made['id']}/answer", ANSWER)
        assert body_of(answered, 201)["state"] == "upheld"
        again = Caller(client, an_admin()).post(f"/complaints/{made['id']}/answer", ANSWER)
        assert problem(again) == (409, "COMPLAINT_ANSWERED")
    (mine,) = body_of(Caller(client, witness).get("/me/complaints"))["items"]
    assert (mine["state"], mine["answer"]) == ("upheld", ANSWER["answer"])
    assert [one.topic for one in messages_of(witness.id)] == [Topic.COMPLAINT_ANSWERED]
    (upheld,) = body_of(Caller(client, subject).get("/me/upheld-complaints"))["items"]
    assert (upheld["kind"], upheld["answer"]) == ("false_hours", ANSWER["answer"])
    assert made["words"] not in str(upheld)
    assert body_of(Caller(client, coordinator).get("/complaints?state=open"))["items"] == []


def test_an_unanswered_complaint_is_overdue(
    client: FlaskClient, organisation: Organisation, coordinator: Actor
) -> None:
    """From the day after the tenth working day."""
    with clock.at(MONDAY):
        Caller(client, a_person()).post("/complaints", form(organisation))
    for day, overdue in ((23, False), (24, True)):
        with clock.at(datetime(2026, 3, day, 10, tzinfo=SHANGHAI)):
            (listed,) = body_of(Caller(client, coordinator).get("/complaints"))["items"]
        assert listed["overdue"] is overdue


def test_nobody_answers_what_concerns_them(client: FlaskClient, organisation: Organisation, coordinator: Actor) -> None:
    """Neither who made it nor whom it is about nor their relatives; about oneself one sees nothing before it is upheld."""
    concerned, witness = Caller(client, coordinator), Caller(client, a_person())
    subject = people.person(coordinator.person_id)
    assert subject is not None
    made = body_of(witness.post("/complaints", form(organisation, volunteer_no=subject.volunteer_no)), 201)
    assert body_of(concerned.get("/complaints"))["items"] == []
    assert concerned.get(f"/complaints/{made['id']}").status_code == 404
    relative = a_coordinator(organisation.id)
    a_relation(relative.person_id, coordinator.person_id)
    for who in (coordinator, relative):
        answer = Caller(client, who).post(f"/complaints/{made['id']}/answer", ANSWER)
        assert problem(answer) == (403, "OWN_FAMILY")
    own = body_of(Caller(client, relative).post("/complaints", form(organisation)), 201)
    answer = Caller(client, relative).post(f"/complaints/{own['id']}/answer", ANSWER)
    assert problem(answer) == (403, "OWN_FAMILY")


def test_a_number_of_nobodys_tells_nothing(client: FlaskClient, organisation: Organisation) -> None:
    """Whoever tries numbers gets the same answer for each."""
    who = Caller(client, a_person())
    known = body_of(who.post("/complaints", form(organisation, volunteer_no=a_person().volunteer_no)), 201)
    unknown = body_of(who.post("/complaints", form(organisation, volunteer_no="0000000000")), 201)
    varying = {"id", "made_at"}
    assert {k: v for k, v in known.items() if k not in varying} == {
        k: v for k, v in unknown.items() if k not in varying
    }


def test_what_is_no_complaint(client: FlaskClient, organisation: Organisation) -> None:
    """An organisation of nobody's, another's activity, an unknown kind; the eleventh that waits."""
    who = Caller(client, a_person())
    activity = an_activity()
    for wanted in (
        {"organisation_id": str(activity.id)},
        {"activity_id": str(activity.id)},
        {"kind": "weather"},
        {"words": ""},
    ):
        assert problem(who.post("/complaints", form(organisation, **wanted))) == (422, "INVALID"), wanted
    own = an_activity(organisation_id=organisation.id)
    for _ in range(10):
        body_of(who.post("/complaints", form(organisation, activity_id=str(own.id))), 201)
    assert problem(who.post("/complaints", form(organisation))) == (409, "TOO_MANY_COMPLAINTS")


def test_complaints_of_others_are_not_there(client: FlaskClient, organisation: Organisation) -> None:
    """Other organisations' staff read and answer nothing; auditors read; other volunteers neither."""
    made = body_of(Caller(client, a_person()).post("/complaints", form(organisation)), 201)
    stranger = Caller(client, a_coordinator(an_organisation().id))
    assert body_of(stranger.get("/complaints"))["items"] == []
    assert stranger.get(f"/complaints/{made['id']}").status_code == 404
    assert stranger.post(f"/complaints/{made['id']}/answer", ANSWER).status_code == 404
    volunteer = Caller(client, a_person())
    assert volunteer.get(f"/complaints/{made['id']}").status_code == 404
    assert volunteer.get("/complaints").status_code == 403
    auditor = Caller(client, a_staff_member(Role.AUDITOR, area_path=""))
    assert body_of(auditor.get(f"/complaints/{made['id']}"))["words"] == made["words"]
    assert auditor.post(f"/complaints/{made['id']}/answer", ANSWER).status_code == 403
