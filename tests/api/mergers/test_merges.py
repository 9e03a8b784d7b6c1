"""Merging over HTTP: who may ask, who may decide, and what speaks against it."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import a_coming_shift, a_sign_up, an_open_shift
from tests.factories.attendance import checked_in
from tests.factories.calls import Caller, body_of, problem
from tests.factories.corrections import a_correction, corrected
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member
from tests.factories.notices import an_objection
from tests.factories.organisations import an_organisation
from tests.factories.records import NINE_O_CLOCK, a_record
from tests.factories.shop import a_clerk, a_stocked_shop, minutes_for, reserved
from tests.factories.stars import a_bank_with_stars, a_star_proposed, served
from tests.factories.supplements import a_past_shift, a_supplement
from timebank.database import new_id, session
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState, Role
from timebank.ledger import proof
from timebank.organisations.models import Organisation


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Where both accounts were made."""
    return an_organisation()


@pytest.fixture
def two(organisation: Organisation) -> tuple[Actor, Actor]:
    """Two coordinators of it."""
    return a_coordinator(organisation.id), a_coordinator(organisation.id)


@pytest.fixture
def pair(client: FlaskClient) -> tuple[Person, Person]:
    """One person, twice: the account to be closed, and the one to go on."""
    return a_person("王秀英"), a_person("王秀英")


def ask(client: FlaskClient, who: Any, organisation: Organisation, old: Any, person: Any, **more: Any) -> Any:
    """Ask for a merger."""
    body = {"old_id": str(old), "person_id": str(person), "organisation_id": str(organisation.id), "reason": "同一证件"}
    return Caller(client, who).post("/merges", body | more)


def decide(client: FlaskClient, who: Any, merge_id: str, verb: str = "approve", **body: Any) -> Any:
    """Decide on one."""
    return Caller(client, who).post(f"/merges/{merge_id}/{verb}", body)


def test_one_asks_and_another_approves(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor], pair: tuple[Person, Person]
) -> None:
    """Asked twice it is one request; it is seen, listed, approved once, and over."""
    old, person = pair
    a_record(volunteer_id=old.id, organisation=organisation)
    asked = body_of(ask(client, two[0], organisation, old.id, person.id), 201)
    assert body_of(ask(client, two[0], organisation, old.id, person.id), 201)["id"] == asked["id"]
    assert (asked["state"], asked["old"]["service_minutes"], asked["overlaps"]) == ("open", 120, [])
    noted = body_of(Caller(client, a_staff_member(Role.AUDITOR, area_path="")).get("/audit?verb=request"))["items"]
    assert sorted(one["person_id"] for one in noted) == sorted([str(old.id), str(person.id)] * 2)
    assert asked["old"]["display_name"] == "王**"
    [listed] = body_of(Caller(client, two[1]).get("/merges"))["items"]
    assert listed["id"] == asked["id"]
    assert problem(decide(client, two[0], asked["id"])) == (403, "MERGE_SECOND_PERSON")
    assert problem(decide(client, two[0], asked["id"], "reject", reason="不是")) == (403, "MERGE_SECOND_PERSON")

    done = body_of(decide(client, two[1], asked["id"], reason="已核对身份证"))
    assert (done["state"], done["decided_by"], done["decision_reason"]) == (
        "approved",
        str(two[1].person_id),
        "已核对身份证",
    )
    assert (done["old"]["state"], done["old"]["service_minutes"], done["person"]["service_minutes"]) == (
        "closed",
        0,
        120,
    )
    for verb in ("approve", "reject"):
        assert problem(decide(client, two[1], asked["id"], verb, reason="再来")) == (409, "MERGE_DECIDED")
    assert problem(ask(client, two[0], organisation, old.id, person.id)) == (409, "ALREADY_MERGED")
    assert problem(ask(client, two[0], organisation, person.id, old.id)) == (409, "ALREADY_MERGED")
    assert body_of(Caller(client, two[1]).get("/merges"))["items"] == []
    assert len(body_of(Caller(client, two[1]).get("/merges?open=false"))["items"]) == 1
    assert proof.verify().ok


def test_rejected_it_is_suggested_no_more(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """Same name and birth date suggest two people; a colleague who has looked says that they are two."""
    born = {"display_name": "王秀英", "birth_on": "1955-03-08"}
    old, person = a_person(), a_person()
    for one in (old, person):
        assert Caller(client, one).put("/me/profile", born).status_code == 200
    [pair] = body_of(Caller(client, two[0]).get("/merges/suggestions"))["items"]
    assert pair["signs"] == ["name_and_birth"]
    asked = body_of(ask(client, two[0], organisation, old.id, person.id), 201)
    body_of(decide(client, two[1], asked["id"], "reject", reason="是一对表姐妹"))
    assert body_of(Caller(client, two[0]).get("/merges/suggestions"))["items"] == []
    assert session.get_one(Person, old.id).state == PersonState.ACTIVE


def test_who_may_not_ask_or_decide(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor], pair: tuple[Person, Person]
) -> None:
    """Not a stranger, not a volunteer, not who is concerned or whose relative is; a role is never merged away."""
    old, person = pair
    elsewhere = a_coordinator(an_organisation().id)
    child = a_person()
    a_relation(two[1].person_id, child.id)
    asked = body_of(ask(client, two[0], organisation, old.id, person.id), 201)["id"]
    tried = {
        "stranger": problem(ask(client, elsewhere, organisation, old.id, person.id)),
        "stranger sees": problem(Caller(client, elsewhere).get(f"/merges/{asked}")),
        "stranger decides": problem(decide(client, elsewhere, asked)),
        "volunteer": problem(ask(client, old, organisation, old.id, person.id)),
        "nobody": problem(ask(client, two[0], organisation, new_id(), person.id)),
        "oneself": problem(ask(client, two[0], organisation, old.id, two[0].person_id)),
        "relative": problem(ask(client, two[1], organisation, old.id, child.id)),
        "with themself": problem(ask(client, two[0], organisation, old.id, old.id)),
        "staff": problem(ask(client, two[0], organisation, two[1].person_id, old.id)),
    }
    assert tried == {
        "stranger": (404, "NOT_FOUND"),
        "stranger sees": (404, "NOT_FOUND"),
        "stranger decides": (404, "NOT_FOUND"),
        "volunteer": (403, "FORBIDDEN"),
        "nobody": (404, "NOT_FOUND"),
        "oneself": (403, "OWN_FAMILY"),
        "relative": (403, "OWN_FAMILY"),
        "with themself": (422, "SAME_PERSON"),
        "staff": (403, "NOT_FOR_STAFF"),
    }
    asked = body_of(ask(client, two[0], organisation, old.id, child.id), 201)["id"]
    assert problem(decide(client, two[1], asked)) == (403, "OWN_FAMILY")
    assert problem(decide(client, two[1], asked, "reject", reason="不是")) == (403, "OWN_FAMILY")


def test_relatives_are_two_people(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor], pair: tuple[Person, Person]
) -> None:
    """Whoever has said that the other is their relative is not the other."""
    a_relation(pair[1].id, pair[0].id)
    assert problem(ask(client, two[0], organisation, pair[0].id, pair[1].id)) == (409, "RELATIVES_NOT_MERGED")


def test_open_holds_and_two_open_attendances(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor], pair: tuple[Person, Person]
) -> None:
    """Goods that wait for the old account, and both inside at once: first things first."""
    old, person = pair
    shop, goods = a_stocked_shop()
    minutes_for(old.id, 120)
    reserved(old.id, shop.id, (goods.id, 1))
    answer = ask(client, two[0], organisation, old.id, person.id)
    assert (problem(answer), answer.json["context"]) == ((409, "OPEN_HOLDS"), {"held_minutes": 60})
    third, shift = a_person(), an_open_shift()
    for one in (third, person):
        checked_in(one.id, shift)
    assert problem(ask(client, two[0], organisation, third.id, person.id)) == (409, "OPEN_ATTENDANCES")


def test_minutes_that_both_have_are_shown_and_decided_first(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor], pair: tuple[Person, Person]
) -> None:
    """The refusal counts them and names the records; annulled by a correction, they stand in nobody's way."""
    old, person = pair
    a_record(volunteer_id=person.id, organisation=organisation)
    twice = a_record(volunteer_id=old.id, organisation=organisation, started_at=NINE_O_CLOCK + timedelta(minutes=60))
    a_record(volunteer_id=old.id, organisation=organisation, started_at=NINE_O_CLOCK + timedelta(days=1))
    answer = ask(client, two[0], organisation, old.id, person.id)
    assert problem(answer) == (409, "RECORDS_OVERLAP")
    assert answer.json["context"] == {"records": 1, "minutes": 60}
    assert str(twice.record_id) in answer.json["errors"][0]["detail"]

    corrected(*two, twice.record_id, 0)
    asked = body_of(ask(client, two[0], organisation, old.id, person.id), 201)
    done = body_of(decide(client, two[1], asked["id"]))
    assert done["person"]["service_minutes"] == done["person"]["balance_minutes"] == 240


def test_what_is_unfinished_is_named(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor], pair: tuple[Person, Person]
) -> None:
    """Each of it for itself: nobody could decide it any more, or it would stand there twice."""
    old, person = pair
    a_bank_with_stars()

    def pointers() -> list[str]:
        answer = ask(client, two[0], organisation, old.id, person.id)
        assert problem(answer) == (409, "MERGE_UNFINISHED")
        return [one["pointer"] for one in answer.json["errors"]]

    record = served(old.id, 60, organisation=organisation)
    a_correction(two[0], record.record_id, 30)
    assert pointers() == ["/corrections"]
    an_objection(record.record_id, old.id)
    assert pointers() == ["/corrections", "/objections"]
    a_supplement(a_past_shift(organisation_id=organisation.id, days_later=3), actor=two[0], volunteer_id=old.id)
    assert pointers() == ["/corrections", "/objections", "/supplements"]
    a_star_proposed(old.id)
    shift = a_coming_shift()
    for one in (old, person):
        a_sign_up(shift.id, one.id)
    waiting = ["/corrections", "/objections", "/supplements", "/stars", "/sign_ups"]
    assert pointers() == waiting
    shop, bread = a_stocked_shop(price_minutes=0)
    free = reserved(old.id, shop.id, (bread.id, 1)).redemption.id
    assert pointers() == [*waiting, "/redemptions"]
    body_of(Caller(client, old).post(f"/redemptions/{free}/cancel"))
    assert pointers() == waiting


def test_what_came_between_asking_and_approving_is_seen(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor], pair: tuple[Person, Person]
) -> None:
    """Everything is asked again under the lock; a refusal changes nothing and can be tried again."""
    old, person = pair
    shop, goods = a_stocked_shop()
    minutes_for(old.id, 120)
    asked = body_of(ask(client, two[0], organisation, old.id, person.id), 201)["id"]
    reserved(old.id, shop.id, (goods.id, 1))
    assert problem(decide(client, two[1], asked)) == (409, "OPEN_HOLDS")
    assert session.get_one(Person, old.id).state == PersonState.ACTIVE
    redemption = body_of(Caller(client, old).get("/me/redemptions"))["items"][0]["id"]
    body_of(Caller(client, old).post(f"/redemptions/{redemption}/cancel"))
    assert body_of(decide(client, two[1], asked))["person"]["balance_minutes"] == 120


def test_the_account_with_the_wallet_goes_on(
    client: FlaskClient, organisation: Organisation, two: tuple[Actor, Actor], pair: tuple[Person, Person]
) -> None:
    """An empty wallet opens no other one: merged the other way round, nothing is lost."""
    old, person = pair
    shop, goods = a_stocked_shop()
    minutes_for(old.id, 60)
    paid = reserved(old.id, shop.id, (goods.id, 1)).redemption
    body_of(Caller(client, a_clerk(shop)).post(f"/redemptions/{paid.id}/hand-over"))
    asked = body_of(ask(client, two[0], organisation, old.id, person.id), 201)["id"]
    assert problem(decide(client, two[1], asked)) == (409, "MERGE_OTHER_WAY")
    asked = body_of(ask(client, two[0], organisation, person.id, old.id), 201)["id"]
    assert body_of(decide(client, two[1], asked))["state"] == "approved"
