"""What keeps a merged account's id is read for who goes on: they answer to it, and decide on none of it."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.family import a_relation
from tests.factories.identity import a_person, an_admin
from tests.factories.mergers import Office
from tests.factories.notifications import messages_of
from tests.factories.records import a_record
from tests.factories.stars import PROPOSED, a_bank_with_stars, a_star_proposed, served
from tests.factories.supplements import a_past_shift, a_supplement, reviewed
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.identity import service as identity
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Grant, Role
from timebank.notifications.rules import Topic

REASON = {"reason": "登记有误"}


@pytest.fixture
def office(client: FlaskClient) -> Office:
    """An office where one person has two accounts."""
    return Office()


def hired(office: Office, person: Person) -> None:
    """Make somebody a coordinator of the office's organisation."""
    granted = Grant(Role.COORDINATOR, organisation_id=office.organisation.id)
    in_unit_of_work(lambda: identity.grant(person_id=person.id, granted=granted))


def an_evaluation(client: FlaskClient, office: Office) -> str:
    """Have a colleague say how a service of the old account was."""
    record = a_record(volunteer_id=office.old.id, organisation=office.organisation)
    made = Caller(client, office.one).post(f"/records/{record.record_id}/evaluation", {"score": 2, "words": "迟到"})
    evaluation_id: str = body_of(made, 201)["id"]
    return evaluation_id


def an_award(client: FlaskClient, office: Office) -> tuple[dict[str, Any], str]:
    """Have a colleague enter an award of the old account; return what was sent, and its id."""
    form = {
        "organisation_id": str(office.organisation.id),
        "volunteer_no": office.old.volunteer_no,
        "name": "年度优秀志愿者",
        "awarding_unit": "海宁市民政局",
        "awarded_on": "2026-03-05",
        "evidence_note": "看过证书原件",
    }
    return form, body_of(Caller(client, office.one).post("/awards", form), 201)["id"]


def a_course(client: FlaskClient, office: Office) -> str:
    """Have a colleague enter a course, and that the old account took part; return where its list is."""
    course = {
        "organisation_id": str(office.organisation.id),
        "name": "老年人急救培训",
        "content": "心肺复苏",
        "held_on": "2026-03-02",
        "learning_minutes": 90,
    }
    clerk = Caller(client, office.one)
    path = f"/trainings/{body_of(clerk.post('/trainings', course), 201)['id']}"
    took_part = {"participants": [{"volunteer_no": office.old.volunteer_no}]}
    assert body_of(clerk.post(f"{path}/participants", took_part), 201)["participants"] == 1
    return path


@pytest.mark.rule("R05")
def test_who_goes_on_replies_and_hears_of_answers(client: FlaskClient, office: Office) -> None:
    """To an evaluation of the old account; of the answer to a complaint that the old account had made."""
    evaluation_id, form = an_evaluation(client, office), {"kind": "conduct", "words": "态度不好"}
    form |= {"organisation_id": str(office.organisation.id)}
    complaint = body_of(Caller(client, office.old).post("/complaints", form), 201)["id"]
    office.merge()
    person = Caller(client, office.person)
    assert person.post(f"/me/evaluations/{evaluation_id}/reply", {"words": "那天堵车"}).status_code == 204
    answer = {"outcome": "dismissed", "answer": "已向双方核实。"}
    body_of(Caller(client, office.other).post(f"/complaints/{complaint}/answer", answer), 201)
    assert Topic.COMPLAINT_ANSWERED in [one.topic for one in messages_of(office.person.id)]


@pytest.mark.rule("R09")
def test_who_goes_on_opens_the_supplements_of_the_old_account(client: FlaskClient, office: Office) -> None:
    """One is listed as theirs, and shows what the reviewers said; to a stranger it does not exist."""
    asked = a_supplement(a_past_shift(organisation_id=office.organisation.id), actor=Actor(office.old.id))
    for reviewer in (office.one, office.other):
        reviewed(reviewer, asked)
    office.merge()
    mine = Caller(client, office.person)
    (listed,) = body_of(mine.get("/me/supplements"))["items"]
    assert body_of(mine.get(f"/supplements/{listed['id']}"))["id"] == str(asked.id)
    assert problem(Caller(client, a_person()).get(f"/supplements/{asked.id}")) == (404, "NOT_FOUND")


@pytest.mark.rule("R08")
@pytest.mark.parametrize("relative", [False, True], ids=["oneself", "a relative"])
def test_who_goes_on_decides_on_nothing_of_the_old_account(client: FlaskClient, office: Office, relative: bool) -> None:
    """Hired later: not on its evaluation, award or training, nor on a complaint about it, which they do not see."""
    evaluation_id, (_, award_id), course = (
        an_evaluation(client, office),
        an_award(client, office),
        a_course(client, office),
    )
    form = {"kind": "false_hours", "words": "只来了十分钟", "volunteer_no": office.old.volunteer_no}
    form |= {"organisation_id": str(office.organisation.id)}
    body_of(Caller(client, a_person()).post("/complaints", form), 201)
    office.merge()
    clerk = office.person
    if relative:
        clerk = a_person("王小明")
        a_relation(clerk.id, office.person.id)
    hired(office, clerk)
    theirs = Caller(client, clerk)
    (taken,) = body_of(Caller(client, office.one).get(course))["people"]
    own = "RELATIVES_RECORD" if relative else "OWN_RECORD"
    assert problem(theirs.post(f"/evaluations/{evaluation_id}/removal", REASON)) == (403, own)
    assert problem(theirs.post(f"/awards/{award_id}/withdrawal", REASON)) == (403, "OWN_FAMILY")
    withdrawn = theirs.post(f"/training-participations/{taken['id']}/withdrawal", REASON)
    assert problem(withdrawn) == (403, "OWN_FAMILY")
    assert len(body_of(theirs.get("/complaints"))["items"]) == (1 if relative else 0)


def test_what_was_entered_of_the_old_account_is_not_entered_again(client: FlaskClient, office: Office) -> None:
    """The same award is refused, the same list changes nothing, and a day of learning has as many minutes as before."""
    (form, _), course, clerk = an_award(client, office), a_course(client, office), Caller(client, office.one)
    office.merge()
    again = clerk.post("/awards", form | {"volunteer_no": office.person.volunteer_no})
    assert problem(again) == (409, "AWARD_ENTERED")
    took_part = {"participants": [{"volunteer_no": office.person.volunteer_no}]}
    assert body_of(clerk.post(f"{course}/participants", took_part), 201)["participants"] == 1
    shorter = {"participants": [took_part["participants"][0] | {"learning_minutes": 60}]}
    assert problem(clerk.post(f"{course}/participants", shorter)) == (409, "PARTICIPATION_DIFFERS")
    assert body_of(Caller(client, office.person).get("/me/trainings"))["learning_minutes"] == 90


@pytest.mark.rule("R17")
def test_who_has_objected_by_the_old_account_does_not_again_nor_answers(client: FlaskClient, office: Office) -> None:
    """One objection a person, and somebody else decides on it."""
    a_bank_with_stars()
    neighbour = a_person("李桂兰")
    served(neighbour.id, 60, organisation=office.organisation)
    star = a_star_proposed(neighbour.id)
    with clock.at(PROPOSED):
        said = Caller(client, office.old).post(f"/stars/{star}/objections", {"reason": "时长不实"})
        assert said.status_code == 204
        office.merge()
        hired(office, office.person)
        theirs = Caller(client, office.person)
        assert problem(theirs.post(f"/stars/{star}/objections", {"reason": "还是不实"})) == (409, "STAR_OBJECTION_MADE")
        decision = {"decision": "declined", "reason": "时长不实"}
        assert problem(theirs.post(f"/stars/{star}/decision", decision)) == (403, "SECOND_PERSON_NEEDED")


@pytest.mark.rule("R39")
def test_auditors_find_who_has_looked_at_either_account(client: FlaskClient, office: Office) -> None:
    """The register of looks is asked by either id."""
    asked = {"organisation_id": str(office.organisation.id), "fields": ["name"], "reason": "核对名册"}
    for one in (office.old, office.person):
        body_of(Caller(client, office.one).post(f"/people/{one.id}/disclosures", asked), 201)
    office.merge()
    for one in (office.old, office.person):
        found = body_of(Caller(client, an_admin()).get(f"/disclosures?person_id={one.id}"))["items"]
        assert {fact["person_id"] for fact in found} == {str(office.old.id), str(office.person.id)}
