"""A star from the application to the award: proposed by rule, shown to everybody, decided by a person."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.attendance import post_once, refusal_of
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.records import a_record
from tests.factories.shop import minutes_for
from tests.factories.stars import (
    NOTICE_OVER,
    PROPOSED,
    a_bank_with_stars,
    a_star_proposed,
    decided,
    served,
    shortened,
)
from timebank import clock
from timebank.commands import cli
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.organisations.models import Organisation
from timebank.policies.rules import BUILT_IN
from timebank.stars.rules import Decision


class Office:
    """Requests at an instant."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def post(self, who: Any, path: str, at: datetime = NOTICE_OVER, **body: Any) -> TestResponse:
        """Post once."""
        with clock.at(at):
            return post_once(self._client, path, who, body)

    def get(self, who: Any, path: str, at: datetime = NOTICE_OVER) -> Any:
        """Return what a path says."""
        with clock.at(at):
            answer = self._client.get(f"/api/v1{path}", headers=signed_in(who))
        assert answer.status_code == 200, answer.text
        return answer.json


@pytest.fixture
def office(client: FlaskClient) -> Office:
    """Where requests come from, in a bank that gives stars at one, two and five hours."""
    a_bank_with_stars()
    return Office(client)


@pytest.fixture
def organisation(office: Office) -> Organisation:
    """Where most of the service is recorded."""
    return an_organisation()


@pytest.fixture
def coordinator(organisation: Organisation) -> Actor:
    """Who decides."""
    return a_coordinator(organisation.id)


@pytest.fixture
def volunteer(organisation: Organisation) -> Person:
    """Who has served for two hours."""
    person = a_person("王秀英")
    served(person.id, 125, organisation=organisation)
    return person


AWARD = {"decision": "awarded", "reason": "时长达标，服务认真"}


@pytest.mark.rule("R17")
def test_a_star_is_applied_for_shown_and_awarded(
    office: Office, organisation: Organisation, volunteer: Person, coordinator: Actor
) -> None:
    """The highest one that the service is worth; five working days on notice; then a person awards it, with a reason."""
    before = office.get(volunteer, "/me/stars", PROPOSED)
    assert (before["service_minutes"], before["level"], before["items"]) == (125, 0, [])
    assert before["next"] == {"level": 1, "threshold_minutes": 60, "missing_minutes": 0}

    applied = office.post(volunteer, "/me/stars", PROPOSED).json
    (star,) = applied["items"]
    assert (applied["level"], star["level"], star["state"], star["ends_on"]) == (0, 2, "on_notice", "2026-11-16")
    (notice,) = office.get(a_person(), "/stars/notices", PROPOSED)["items"]
    assert notice == {
        "id": star["id"],
        "volunteer_name": "王**",
        "organisation_name": organisation.name,
        "level": 2,
        "ends_on": "2026-11-16",
        "provisional": False,
    }
    early = office.post(coordinator, f"/stars/{star['id']}/decision", NOTICE_OVER - timedelta(seconds=1), **AWARD)
    assert refusal_of(early) == (409, "STAR_ON_NOTICE")
    assert early.json["context"] == {"ends_on": "2026-11-16"}

    assert office.get(a_person(), "/stars/notices")["items"] == []
    (ready,) = office.get(coordinator, "/stars?state=ready")["items"]
    assert (ready["volunteer_no"], ready["volunteer_name"]) == (volunteer.volunteer_no, "王**")
    awarded = office.post(coordinator, f"/stars/{star['id']}/decision", **AWARD)
    assert (awarded.status_code, awarded.json["state"], awarded.json["reason"]) == (201, "awarded", AWARD["reason"])
    assert refusal_of(office.post(an_admin(), f"/stars/{star['id']}/decision", **AWARD)) == (409, "STAR_DECIDED")
    mine = office.get(volunteer, "/me/stars")
    assert (mine["level"], mine["next"]) == (2, {"level": 3, "threshold_minutes": 300, "missing_minutes": 175})


@pytest.mark.rule("R17")
@pytest.mark.rule("R02")
def test_stars_count_service_and_never_the_balance(office: Office, organisation: Organisation) -> None:
    """Minutes that somebody was credited without service are worth no star; service that earned nothing is."""
    rich, poor = a_person(), a_person()
    minutes_for(rich.id, 6_000)
    nothing_is_credited = dataclasses.replace(BUILT_IN, min_credit_minutes=1_440)
    record = a_record(volunteer_id=poor.id, organisation=organisation, minutes=65, policy=nothing_is_credited)
    refused = office.post(rich, "/me/stars", PROPOSED)

    assert refusal_of(refused) == (409, "STAR_NOT_REACHED")
    assert refused.json["context"] == {"service_minutes": 0, "needed_minutes": 60}
    assert record.credited_minutes == 0
    assert office.post(poor, "/me/stars", PROPOSED).json["items"][0]["level"] == 1


def test_one_star_at_a_time_and_none_above_the_highest(
    office: Office, organisation: Organisation, volunteer: Person, coordinator: Actor
) -> None:
    """What is not decided is waited for; what one has is not proposed again; the last star is the last."""
    star = a_star_proposed(volunteer.id)
    assert refusal_of(office.post(volunteer, "/me/stars", PROPOSED)) == (409, "STAR_PROPOSED")
    decided(coordinator, star)
    again = office.post(volunteer, "/me/stars")
    assert refusal_of(again) == (409, "STAR_NOT_REACHED")
    assert again.json["context"] == {"service_minutes": 125, "needed_minutes": 300}

    served(volunteer.id, 400, organisation=organisation, day=4)
    (third, _) = office.post(volunteer, "/me/stars").json["items"]
    assert third["level"] == 3
    with clock.at(NOTICE_OVER + timedelta(days=20)):
        later = clock.now()
    assert office.post(coordinator, f"/stars/{third['id']}/decision", later, **AWARD).json["state"] == "awarded"
    assert refusal_of(office.post(volunteer, "/me/stars", later)) == (409, "STAR_HIGHEST")
    assert office.get(volunteer, "/me/stars", later)["next"] is None


def test_a_declined_star_needs_more_service(
    office: Office, organisation: Organisation, volunteer: Person, coordinator: Actor
) -> None:
    """The rule does not propose it again and again against somebody's decision."""
    decided(coordinator, a_star_proposed(volunteer.id), Decision.DECLINED)
    assert refusal_of(office.post(volunteer, "/me/stars")) == (409, "STAR_NOT_REACHED")
    assert office.get(volunteer, "/me/stars")["items"][0]["state"] == "declined"

    served(volunteer.id, 1, organisation=organisation, day=4)
    assert office.post(volunteer, "/me/stars").json["items"][0]["state"] == "on_notice"


@pytest.mark.rule("R17")
@pytest.mark.parametrize(("outcome", "state"), [("refused", "ready"), ("upheld", "declined")])
def test_an_objection_holds_the_star(
    office: Office, volunteer: Person, coordinator: Actor, outcome: str, state: str
) -> None:
    """Anybody may object while it is on notice, once; who it was is not told; upheld, the star is declined."""
    star, neighbour = a_star_proposed(volunteer.id), a_person()
    path = f"/stars/{star}"
    assert office.post(neighbour, path + "/objections", PROPOSED, reason="没见过她").status_code == 204
    second = office.post(neighbour, path + "/objections", PROPOSED, reason="真的")
    assert refusal_of(second) == (409, "STAR_OBJECTION_MADE")
    late = office.post(a_person(), path + "/objections", NOTICE_OVER, reason="晚了")
    assert refusal_of(late) == (409, "STAR_NOT_ON_NOTICE")

    assert refusal_of(office.post(coordinator, path + "/decision", **AWARD)) == (409, "STAR_OBJECTED")
    shown = office.get(volunteer, path)
    (said,) = shown["objections"]
    assert (shown["state"], said["reason"], said["outcome"]) == ("objected", "没见过她", None)
    assert str(neighbour.id) not in str(shown)
    answer = {"outcome": outcome, "answer": "查过签到表"}
    answered = office.post(coordinator, f"/star-objections/{said['id']}/answer", **answer)
    assert (answered.status_code, answered.json["state"]) == (201, state)
    assert answered.json["objections"][0]["answer"] == "查过签到表"
    again = office.post(coordinator, f"/star-objections/{said['id']}/answer", **answer)
    assert refusal_of(again) == (409, "STAR_OBJECTION_ANSWERED")
    unknown = office.post(coordinator, f"/star-objections/{star}/answer", **answer)
    assert refusal_of(unknown) == (404, "NOT_FOUND")
    awarded = office.post(coordinator, path + "/decision", **AWARD)
    assert awarded.status_code == (201 if outcome == "refused" else 409)


def test_who_may_decide(office: Office, organisation: Organisation, volunteer: Person, coordinator: Actor) -> None:
    """Staff of the organisation that recorded most; neither themselves, nor relatives, nor who has objected, nor strangers."""
    a_bank_with_stars([60])
    path = f"/stars/{a_star_proposed(volunteer.id)}"
    served(coordinator.person_id, 60, organisation=organisation)
    own = f"/stars/{a_star_proposed(coordinator.person_id)}"
    relative = a_coordinator(organisation.id)
    a_relation(volunteer.id, relative.person_id)
    objector = a_coordinator(organisation.id)
    office.post(objector, path + "/objections", PROPOSED, reason="有疑问")

    for who, where, refusal in (
        (coordinator, own, (403, "OWN_RECORD")),
        (relative, path, (403, "RELATIVES_RECORD")),
        (objector, path, (403, "SECOND_PERSON_NEEDED")),
        (a_coordinator(an_organisation().id), path, (404, "NOT_FOUND")),
        (a_staff_member(Role.AUDITOR, organisation_id=organisation.id), path, (403, "FORBIDDEN")),
        (volunteer, path, (403, "FORBIDDEN")),
    ):
        assert refusal_of(office.post(who, where + "/decision", **AWARD)) == refusal
    assert [item["id"] for item in office.get(a_coordinator(an_organisation().id), "/stars")["items"]] == []


@pytest.mark.rule("R17")
def test_too_few_minutes_are_looked_at_by_a_person_and_never_taken_away_silently(
    office: Office, organisation: Organisation, coordinator: Actor
) -> None:
    """An annulled record marks the star; somebody lets it stand, until there is less still; then it is withdrawn."""
    person = a_person()
    first, second, third = (served(person.id, 100, organisation=organisation, day=day) for day in (2, 3, 4))
    star = a_star_proposed(person.id)
    decided(coordinator, star)
    path = f"/stars/{star}"
    keep, withdraw = {"outcome": "kept", "reason": "补足在即"}, {"outcome": "withdrawn", "reason": "时长造假"}
    assert refusal_of(office.post(coordinator, path + "/review", **keep)) == (409, "STAR_REVIEW_NOT_DUE")

    shortened(first, 0)
    marked = office.get(person, "/me/stars")
    assert (marked["level"], marked["items"][0]["state"], marked["service_minutes"]) == (3, "review_due", 200)
    assert [item["id"] for item in office.get(coordinator, "/stars?state=review_due")["items"]] == [str(star)]
    assert office.post(coordinator, path + "/review", **keep).json["state"] == "awarded"
    assert refusal_of(office.post(coordinator, path + "/review", **keep)) == (409, "STAR_REVIEW_NOT_DUE")
    assert office.get(coordinator, "/stars?state=review_due")["items"] == []
    assert [item["id"] for item in office.get(coordinator, "/stars?state=awarded")["items"]] == [str(star)]

    shortened(second, 30)
    withdrawn = office.post(coordinator, path + "/review", **withdraw).json
    assert (withdrawn["state"], withdrawn["reason"]) == ("withdrawn", "时长造假")
    assert office.get(person, "/me/stars")["level"] == 0
    assert [item["id"] for item in office.get(coordinator, "/stars?state=withdrawn")["items"]] == [str(star)]
    assert third.service_minutes == 100


def test_minutes_that_are_gone_before_the_award_are_not_awarded(
    office: Office, organisation: Organisation, coordinator: Actor
) -> None:
    """What was proposed rests on the records of that day; the award on those of today. It can still be declined."""
    person = a_person()
    record = served(person.id, 60, organisation=organisation)
    path = f"/stars/{a_star_proposed(person.id)}/decision"
    shortened(record, 59)

    refused = office.post(coordinator, path, **AWARD)
    assert refusal_of(refused) == (409, "STAR_NOT_REACHED")
    assert refused.json["context"] == {"service_minutes": 59, "needed_minutes": 60}
    assert office.post(coordinator, path, decision="declined", reason="时长不足").json["state"] == "declined"


@pytest.mark.rule("R17")
def test_the_command_proposes_for_everybody_once(
    office: Office, organisation: Organisation, volunteer: Person, client: FlaskClient
) -> None:
    """The rule proposes, for each in the organisation that recorded most; run again it changes nothing."""
    other = an_organisation()
    people = [a_person() for _ in range(3)]
    for person in people:
        served(person.id, 59, organisation=other)
    served(people[0].id, 2, organisation=organisation, day=3)
    run = client.application.test_cli_runner().invoke
    with clock.at(PROPOSED):
        assert run(cli, ["stars", "propose"]).output == "proposed=2\n"
        assert run(cli, ["stars", "propose"]).output == "proposed=0\n"

    (notice, _) = office.get(volunteer, "/stars/notices", PROPOSED)["items"]
    assert notice["provisional"] is False
    assert office.get(people[0], "/me/stars", PROPOSED)["items"][0]["organisation_id"] == str(other.id)
    assert office.get(people[1], "/me/stars", PROPOSED)["items"] == []


def test_a_bank_may_give_no_stars(office: Office, volunteer: Person, client: FlaskClient) -> None:
    """Nobody applies, nobody is proposed, nothing is promised."""
    a_bank_with_stars(None)
    with clock.at(PROPOSED):
        assert client.application.test_cli_runner().invoke(cli, ["stars", "propose"]).output == "proposed=0\n"
    assert refusal_of(office.post(volunteer, "/me/stars", PROPOSED)) == (409, "STARS_NOT_GIVEN")
    assert office.get(volunteer, "/me/stars", PROPOSED)["next"] is None
