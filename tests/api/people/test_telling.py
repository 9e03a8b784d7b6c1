"""Who is told that a guardian has asked for a ward's erasure, and that such a request has lapsed (PIPL 31, rule R38)."""

from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin
from tests.factories.notifications import messages_of
from tests.factories.organisations import THE_BANK, an_area, an_organisation
from tests.factories.protection import a_guardian_of, a_minor
from timebank import clock
from timebank.database import NIL, in_unit_of_work
from timebank.identity import states
from timebank.identity.models import Person
from timebank.identity.rules import PersonState, Role
from timebank.notifications.rules import facts_from_text
from timebank.organisations import papers
from timebank.people import erasing
from timebank.people.rules import COOL_OFF

EXPIRE = {"balance": "expire"}


def of_age(years: int) -> Person:
    """Enrol somebody under age of so many years."""
    return a_minor(date(clock.day_of(clock.now()).year - years, 1, 1))


def heard(person_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """Return what somebody was told of erasures, oldest first: topic and facts."""
    told = [(one.topic, facts_from_text(one.facts)) for one in reversed(messages_of(person_id))]
    return [(topic, facts) for topic, facts in told if topic.startswith("erasure_")]


@pytest.mark.rule("R38")
def test_whoever_can_take_it_back_hears_that_a_guardian_has_asked(client: FlaskClient, app: Flask) -> None:
    """Once: both guardians, the ward from 14 on, and staff over the organisation that knows them; nobody else, and no name."""
    district = an_area()
    place = an_organisation(area_id=an_area(parent_id=district.id).id)
    near = [a_coordinator(place.id), an_admin(), an_admin(district.path)]
    far = [
        a_coordinator(an_organisation(area_id=district.id).id),
        a_staff_member(Role.COUNTER, organisation_id=place.id),
        a_staff_member(Role.AUDITOR, organisation_id=place.id),
        a_staff_member(Role.ADMIN, area_path=an_area().path),
        frozen := a_coordinator(place.id),
        aunt := a_coordinator(place.id),
    ]
    in_unit_of_work(lambda: states.change(person_id=frozen.person_id, to=PersonState.FROZEN, by=NIL, reason="停用"))
    for age in (13, 16):
        ward, mother, father = of_age(age), a_person("王秀英"), a_person("王建国")
        for parent in (mother, father):
            a_guardian_of(ward, parent, organisation_id=place.id)
        uncle = a_person("王叔叔")
        link = a_guardian_of(ward, uncle, organisation_id=place.id)
        in_unit_of_work(partial(papers.end_guardian, actor=THE_BANK, person_id=ward.id, guardian_id=link.id))
        a_relation(aunt.person_id, ward.id)
        ask = [Caller(client, mother).post(f"/me/wards/{ward.id}/erasure", EXPIRE) for _ in range(2)]
        asked = body_of(ask[0], 202)
        told = ("erasure_asked", {"due_at": asked["due_at"], "erasure_id": asked["id"], "ward_id": str(ward.id)})
        hearers = [mother.id, father.id, *([ward.id] if age == 16 else [])]
        for person_id in (*hearers, *(colleague.person_id for colleague in near)):
            assert heard(person_id)[-1:] == [told]
            assert heard(person_id).count(told) == 1
        assert [heard(one) for one in (uncle.id, *(colleague.person_id for colleague in far))] == [[]] * (len(far) + 1)
        assert heard(ward.id) == ([told] if age == 16 else [])


@pytest.mark.rule("R39")
def test_an_export_names_no_ward_by_id(client: FlaskClient, app: Flask) -> None:
    """To the ward it says that they are meant, to everybody else that it was somebody."""
    place = an_organisation()
    ward, mother, colleague = of_age(16), a_person("王秀英"), a_coordinator(place.id)
    a_guardian_of(ward, mother, organisation_id=place.id)
    body_of(Caller(client, mother).post(f"/me/wards/{ward.id}/erasure", EXPIRE), 202)
    for who, shown in ((ward.id, "self"), (mother.id, "other"), (colleague.person_id, "other")):
        held = body_of(Caller(client, who).get("/me/export"))["holdings"]["messages"]
        assert [facts_from_text(message["facts"])["ward_id"] for message in held] == [shown]


def test_what_somebody_asks_for_themself_is_told_to_nobody(client: FlaskClient, app: Flask) -> None:
    """They read it on their own screen; their guardian and the staff have no part in it."""
    place = an_organisation()
    ward, mother, colleague = of_age(16), a_person("王秀英"), a_coordinator(place.id)
    a_guardian_of(ward, mother, organisation_id=place.id)
    body_of(Caller(client, ward).post("/me/erasure", EXPIRE), 202)
    assert [heard(one) for one in (ward.id, mother.id, colleague.person_id)] == [[], [], []]


@pytest.mark.rule("R38")
@pytest.mark.parametrize("stays", [True, False], ids=["who asked stays", "who asked has left"])
def test_that_it_has_lapsed_is_told_to_the_same_people_once(client: FlaskClient, app: Flask, stays: bool) -> None:
    """The mother answers for the child no more: she, the father, the ward and the staff hear that the account stays."""
    place = an_organisation()
    ward, mother, father, colleague = of_age(16), a_person("王秀英"), a_person("王建国"), a_coordinator(place.id)
    link = a_guardian_of(ward, mother, organisation_id=place.id)
    a_guardian_of(ward, father, organisation_id=place.id)
    asked = body_of(Caller(client, mother).post(f"/me/wards/{ward.id}/erasure", EXPIRE), 202)
    in_unit_of_work(lambda: papers.end_guardian(actor=THE_BANK, person_id=ward.id, guardian_id=link.id))
    if not stays:
        in_unit_of_work(lambda: states.change(person_id=mother.id, to=PersonState.CLOSED, by=NIL, reason="注销"))
    day = clock.day_of(clock.now()).isoformat()
    with clock.at(clock.now() + COOL_OFF):
        assert [erasing.sweep(limit=5) for _ in range(2)] == [0, 0]
    told = ("erasure_lapsed", {"asked_on": day, "erasure_id": asked["id"], "ward_id": str(ward.id)})
    hearers = [father.id, ward.id, colleague.person_id]
    for person_id in (mother.id, *hearers):
        assert heard(person_id)[1:] == ([told] if stays or person_id in hearers else [])
