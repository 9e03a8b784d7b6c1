"""Evaluations: by the leader and by those who were served, once each; the volunteer replies; what is improper goes."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member
from tests.factories.notifications import messages_of
from tests.factories.organisations import an_organisation
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record
from timebank import clock
from timebank.database import new_id
from timebank.evaluations.invitation_page import POLICY
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.notifications.rules import Topic
from timebank.organisations.models import Organisation
from timebank.records import queries as records
from timebank.records.models import Revision

SOON = NINE_O_CLOCK + timedelta(days=1)
GOOD = {"score": 5, "words": "耐心细致，李阿姨很满意👍"}


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Where the service was."""
    return an_organisation()


@pytest.fixture
def coordinator(organisation: Organisation) -> Actor:
    """Who answers for it."""
    return a_coordinator(organisation.id)


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Who has served."""
    return a_person("王秀英")


@pytest.fixture
def record(organisation: Organisation, volunteer: Person) -> Revision:
    """Two hours of it, final."""
    return a_record(volunteer_id=volunteer.id, organisation=organisation)


@pytest.mark.rule("R05")
def test_the_leader_and_those_served_say_how_it_was(
    client: FlaskClient, coordinator: Actor, volunteer: Person, record: Revision
) -> None:
    """Once each; the volunteer sees scores, words and the average, not who said it, and replies once."""
    office, mine = Caller(client, coordinator), Caller(client, volunteer)
    with clock.at(SOON):
        made = body_of(office.post(f"/records/{record.record_id}/evaluation", GOOD), 201)
        again = office.post(f"/records/{record.record_id}/evaluation", {"score": 1})
        assert problem(again) == (409, "EVALUATION_MADE")
        invitation = body_of(office.post(f"/records/{record.record_id}/evaluation-invitations"), 201)
        path = invitation["path"]
        asked = body_of(client.get(path))
        assert (asked["volunteer_name"], asked["served_on"]) == ("王**", record.served_on.isoformat())
        assert client.post(path, json={"score": 4}).status_code == 204
        assert problem(client.post(path, json={"score": 1})) == (409, "INVITATION_USED")
        assert problem(client.get(path)) == (409, "INVITATION_USED")
        assert mine.post(f"/me/evaluations/{made['id']}/reply", {"words": "谢谢，下次再来。"}).status_code == 204
        replied = mine.post(f"/me/evaluations/{made['id']}/reply", {"words": "再说一句"})
        assert problem(replied) == (409, "REPLY_MADE")
        seen = body_of(mine.get("/me/evaluations"))
    assert (seen["average_tenths"], seen["count"]) == (45, 2)
    assert [one.topic for one in messages_of(volunteer.id)].count(Topic.EVALUATED) == 2
    assert [(one["rater"], one["score"], one["words"], one["reply"]) for one in seen["items"]] == [
        ("served", 4, None, None),
        ("leader", 5, GOOD["words"], "谢谢，下次再来。"),
    ]
    assert not any(str(coordinator.person_id) in str(one) for one in seen["items"])
    listed = body_of(office.get(f"/evaluations?organisation={record.organisation_id}"))["items"]
    assert [(one["volunteer_no"], one["volunteer_name"]) for one in listed] == [(volunteer.volunteer_no, "王**")] * 2
    for asked, expected in ((volunteer.volunteer_no, listed), (a_person().volunteer_no, []), ("0000000000", [])):
        assert body_of(office.get(f"/evaluations?volunteer_no={asked}"))["items"] == expected
    assert sum(records.totals(volunteer.id).values()) == record.service_minutes


@pytest.mark.rule("R06")
@pytest.mark.parametrize(("days", "late"), [(14, False), (15, True)])
def test_an_evaluation_after_ten_working_days_is_late(
    client: FlaskClient, coordinator: Actor, record: Revision, days: int, late: bool
) -> None:
    """It is taken, and says so: of Monday 2 November 2026 the tenth working day is Monday 16 November."""
    assert record.served_on.isoformat() == "2026-11-02"
    with clock.at(NINE_O_CLOCK + timedelta(days=days)):
        made = body_of(Caller(client, coordinator).post(f"/records/{record.record_id}/evaluation", GOOD), 201)
    assert made["late"] is late


def test_an_invitation_ends(client: FlaskClient, coordinator: Actor, record: Revision) -> None:
    """After thirty days it is over; a code of nobody's is not there; one service has twenty of them."""
    office = Caller(client, coordinator)
    with clock.at(SOON):
        path = body_of(office.post(f"/records/{record.record_id}/evaluation-invitations"), 201)["path"]
        for _ in range(19):
            body_of(office.post(f"/records/{record.record_id}/evaluation-invitations"), 201)
        more = office.post(f"/records/{record.record_id}/evaluation-invitations")
        assert problem(more) == (409, "INVITATIONS_USED_UP")
    with clock.at(SOON + timedelta(days=30)):
        assert problem(client.get(path)) == (410, "INVITATION_EXPIRED")
        assert problem(client.post(path, json={"score": 3})) == (410, "INVITATION_EXPIRED")
    assert client.get("/api/v1/evaluation-invitations/nothing").status_code == 404


def test_the_code_on_paper_opens_a_page(
    client: FlaskClient, coordinator: Actor, volunteer: Person, record: Revision
) -> None:
    """Whoever was served scans, chooses, presses: no account, no script; the page then says that it has come, once."""
    with clock.at(SOON):
        invitation = body_of(
            Caller(client, coordinator).post(f"/records/{record.record_id}/evaluation-invitations"), 201
        )
        path, browser = invitation["path"], {"Accept": "text/html,*/*;q=0.8"}
        assert invitation["url"] == f"http://127.0.0.1:8000{path}"
        assert invitation["qr_svg"].startswith("<?xml")
        page = client.get(path, headers=browser)
        assert (page.status_code, page.mimetype) == (200, "text/html")
        assert page.headers["Content-Security-Policy"] == POLICY
        assert all(
            said in page.text for said in ("王**", record.activity_name, "2026 年 11 月 2 日", "很满意", "不用登录")
        )
        assert "王秀英" not in page.text
        assert "<script" not in page.text
        (action,) = re.findall(r'action="([^"]*)"', page.text)
        assert re.findall(r'name="score" value="(\d)"', page.text) == ["5", "4", "3", "2", "1"]
        sent = urljoin(path, action)
        assert problem(client.post(sent, data={"score": "6"})) == (422, "INVALID")
        assert problem(client.post(sent, json={"score": 5})) == (422, "INVALID")
        for words in ("很好\r\n谢谢", ""):  # the second time is a second press of the same button
            answer = client.post(sent, data={"score": "5", "words": words})
            assert (answer.status_code, urljoin(sent, answer.headers["Location"])) == (303, path)
        thanks = client.get(path, headers=browser)
        seen = body_of(Caller(client, volunteer).get("/me/evaluations"))
    assert (thanks.status_code, "您的评价已经收到" in thanks.text) == (200, True)
    assert [(one["score"], one["words"]) for one in seen["items"]] == [(5, "很好\r\n谢谢")]


def test_a_page_that_asks_nothing_says_why(client: FlaskClient, coordinator: Actor, record: Revision) -> None:
    """A code of nobody's and one that is over are told in words, with their status; what is sent then changes nothing."""
    browser = {"Accept": "text/html"}
    with clock.at(SOON):
        path = body_of(Caller(client, coordinator).post(f"/records/{record.record_id}/evaluation-invitations"), 201)[
            "path"
        ]
    for address, status, said in (
        (path, 410, "已过期"),
        ("/api/v1/evaluation-invitations/nothing", 404, "没有这份邀请"),
    ):
        with clock.at(SOON + timedelta(days=30)):
            assert client.post(f"{address}/form", data={"score": "1"}).status_code == 303
            answer = client.get(address, headers=browser)
        assert (answer.status_code, answer.mimetype, said in answer.text) == (status, "text/html", True)


def test_only_what_counts_is_evaluated(client: FlaskClient, organisation: Organisation, coordinator: Actor) -> None:
    """A record that waits for review has neither evaluation nor invitation."""
    waiting = a_pending_record(organisation=organisation)
    for path in ("evaluation", "evaluation-invitations"):
        answer = Caller(client, coordinator).post(
            f"/records/{waiting.record_id}/{path}", GOOD if path == "evaluation" else None
        )
        assert problem(answer) == (409, "RECORD_NOT_FINAL")


def test_nobody_praises_themselves(client: FlaskClient, organisation: Organisation, coordinator: Actor) -> None:
    """Neither one's own service nor a relative's, neither directly nor by an invitation."""
    own = a_record(volunteer_id=coordinator.person_id, organisation=organisation)
    mother = a_person()
    a_relation(coordinator.person_id, mother.id)
    hers = a_record(volunteer_id=mother.id, organisation=organisation)
    for record, code in ((own, "OWN_RECORD"), (hers, "RELATIVES_RECORD")):
        for path, body in (("evaluation", GOOD), ("evaluation-invitations", None)):
            answer = Caller(client, coordinator).post(f"/records/{record.record_id}/{path}", body)
            assert problem(answer) == (403, code)


def test_what_is_improper_is_removed(
    client: FlaskClient, organisation: Organisation, coordinator: Actor, volunteer: Person, record: Revision
) -> None:
    """By a second person; it is neither shown nor counted, and cannot be said again."""
    office, colleague = Caller(client, coordinator), Caller(client, a_coordinator(organisation.id))
    made = body_of(office.post(f"/records/{record.record_id}/evaluation", {"score": 1, "words": "……"}), 201)
    removal = f"/evaluations/{made['id']}/removal"
    assert problem(office.post(removal, {"reason": "辱骂"})) == (403, "SECOND_PERSON_NEEDED")
    assert colleague.post(removal, {"reason": "辱骂"}).status_code == 204
    assert problem(colleague.post(removal, {"reason": "辱骂"})) == (409, "EVALUATION_REMOVED")
    mine = Caller(client, volunteer)
    seen = body_of(mine.get("/me/evaluations"))
    assert (seen["items"], seen["average_tenths"], seen["count"]) == ([], None, 0)
    assert mine.post(f"/me/evaluations/{made['id']}/reply", {"words": "不是这样"}).status_code == 404
    assert problem(office.post(f"/records/{record.record_id}/evaluation", GOOD)) == (409, "EVALUATION_MADE")


def test_evaluations_of_others_are_not_there(client: FlaskClient, coordinator: Actor, record: Revision) -> None:
    """Strangers evaluate, invite, list, reply to and remove nothing; auditors read."""
    made = body_of(Caller(client, coordinator).post(f"/records/{record.record_id}/evaluation", GOOD), 201)
    for who in (a_coordinator(an_organisation().id), a_person()):
        stranger = Caller(client, who)
        assert stranger.post(f"/records/{record.record_id}/evaluation", GOOD).status_code == 404
        assert stranger.post(f"/records/{new_id()}/evaluation", GOOD).status_code == 404
        assert stranger.post(f"/records/{record.record_id}/evaluation-invitations").status_code == 404
        assert stranger.post(f"/me/evaluations/{made['id']}/reply", {"words": "x"}).status_code == 404
    foreign = Caller(client, a_coordinator(an_organisation().id))
    assert body_of(foreign.get("/evaluations"))["items"] == []
    assert foreign.post(f"/evaluations/{made['id']}/removal", {"reason": "x"}).status_code == 404
    auditor = Caller(client, a_staff_member(Role.AUDITOR, area_path=""))
    assert len(body_of(auditor.get("/evaluations"))["items"]) == 1
    assert auditor.post(f"/evaluations/{made['id']}/removal", {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("score", [0, 6, -1, 10**12, 4.5, True, "5", None])
def test_a_score_is_one_to_five(client: FlaskClient, coordinator: Actor, record: Revision, score: Any) -> None:
    """Anything else is refused and nothing is kept."""
    office = Caller(client, coordinator)
    answer = office.post(f"/records/{record.record_id}/evaluation", {"score": score})
    assert problem(answer) == (422, "INVALID")
    assert body_of(office.get("/evaluations"))["items"] == []
