"""Leaving for good over HTTP: asked for, waited for, taken back, done; and what is left then."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import CheckConstraint, String, select
from sqlalchemy.types import JSON

from tests.api.people.columns import GOES, STAYS
from tests.factories.activities import a_coming_shift, a_sign_up
from tests.factories.attendance import a_morning_shift, checked_in, minutes_past_nine
from tests.factories.calls import Caller, body_of, problem
from tests.factories.giving import a_donation, a_giver, an_offer
from tests.factories.identity import a_coordinator, a_person, an_admin
from tests.factories.ledger import earned, held, state_of
from tests.factories.mergers import merged_by
from tests.factories.notices import an_objection
from tests.factories.organisations import an_area, an_organisation
from tests.factories.people import a_resident_number, the_keys
from tests.factories.protection import a_guardian_of, a_minor
from tests.factories.records import a_pending_record, a_record
from tests.factories.shop import a_stocked_shop, minutes_for, reserved
from tests.factories.statistics import expected, summed
from tests.factories.traces import somebody_with_traces
from timebank import clock
from timebank.activities.models import SignUp
from timebank.database import in_unit_of_work, session
from timebank.files.models import FileUpload
from timebank.giving import pool
from timebank.identity import documents
from timebank.identity.document_rules import DocumentKind
from timebank.identity.models import Person
from timebank.identity.state_models import StateChange
from timebank.ledger import proof
from timebank.people import erasing
from timebank.people.holdings import HOLDINGS
from timebank.people.rules import COOL_OFF, GONE_NAME
from timebank.statistics import summary

WORD = "上官暗号丁"
EXPIRE = {"balance": "expire"}


@pytest.fixture
def me(app: Flask) -> Person:
    """Somebody."""
    return a_person()


def ask(client: FlaskClient, who: Person | UUID, **body: Any) -> Any:
    """Have somebody ask to be forgotten."""
    return Caller(client, who).post("/me/erasure", EXPIRE | body)


def a_week_later() -> int:
    """Let the sweep come by when the week is over; return how many it has forgotten."""
    with clock.at(clock.now() + COOL_OFF):
        return erasing.sweep(limit=2)


def seen(look: Callable[[], Any]) -> Any:
    """Return what is there now."""
    return in_unit_of_work(look, write=False)


def where(word: str) -> set[tuple[str, str]]:
    """Return in which columns a word stands."""
    from tests.stories.test_privacy import where as found

    return found(word)


# --- every column that can hold a word about somebody -----------------------------------------------------------------


def test_every_text_about_people_is_known() -> None:
    """Each text column of a table about people goes with its person or stays for a reason; ``columns.py`` says which."""
    texts = {
        (holding.table.name, column.name)
        for holding in HOLDINGS
        for column in holding.table.columns
        if isinstance(column.type, String | JSON) and not _is_a_list_of_words(holding.table, column.name)
    }
    assert sorted(texts - GOES - {*STAYS}) == []
    assert sorted(GOES & {*STAYS}) == []
    assert sorted((GOES | {*STAYS}) - texts) == []


def _is_a_list_of_words(table: Any, column: str) -> bool:
    """Whether only words of ours may stand in a column."""
    name = f"ck_{table.name}_{column}"
    return any(
        isinstance(one, CheckConstraint) and one.name == name and " IN (" in str(one.sqltext)
        for one in table.constraints
    )


@pytest.mark.rule("R36")
def test_nothing_that_can_go_is_left(client: FlaskClient, app: Flask) -> None:
    """A word planted in every column that goes is nowhere afterwards, in no table at all; ids and figures stay."""
    me = somebody_with_traces(WORD)
    earned(me.id, 60)
    number = me.volunteer_no
    before = {place for place in where(WORD) if place != ("idempotent_reply", "body")}
    assert GOES - before == {
        # Not a word of theirs: what the bank made.
        ("certificate_names", "document"),
        ("certificate_names", "salt"),
        ("certificate_names", "volunteer_no"),
        ("identity_document", "key_id"),
        ("identity_document", "last_four"),
        ("identity_document_vault", "key_id"),
        ("identity_person", "member_ref"),
        ("identity_person", "volunteer_no"),
        ("identity_phone", "last_four"),
        ("identity_wechat", "app_id"),
        ("notification", "last_error"),
    }
    figures = expected()
    body_of(ask(client, me), 202)
    assert a_week_later() == 1
    assert where(WORD) == set()
    assert where(number) == set()
    person = seen(lambda: session.get_one(Person, me.id))
    assert (person.display_name, person.state, person.birth_on) == (GONE_NAME, "closed", None)
    assert seen(lambda: session.scalars(select(FileUpload).where(FileUpload.person_id == me.id)).all()) == []
    assert expected() == figures
    summary.fold_all()
    assert summed() == figures


def test_whoever_was_merged_leaves_whole(client: FlaskClient) -> None:
    """What an earlier account of theirs said goes with them, and their export holds the rows under its id."""
    organisation = an_organisation()
    old, me = somebody_with_traces(WORD), a_person("李桂兰")
    earned(me.id, 60)
    clerks = (a_coordinator(organisation.id), a_coordinator(organisation.id))
    merged_by(*clerks, old_id=old.id, person_id=me.id, organisation_id=organisation.id)
    held = body_of(Caller(client, me).get("/me/export"))["holdings"]
    assert {row["volunteer_id"] for row in held["records"]} == {"self"}
    body_of(ask(client, me), 202)
    assert a_week_later() == 1
    assert where(WORD) == set()
    assert where("李桂兰") == set()


# --- the minutes ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R36")
@pytest.mark.parametrize("balance", ["expire", "donate"])
def test_minutes_go_as_their_person_has_chosen(client: FlaskClient, me: Person, balance: str) -> None:
    """To the pool or out of the world, by a posting like any other; the ledger verifies, and service stays certified."""
    area = an_area()
    record = a_record(volunteer_id=me.id, minutes=90)
    chosen = {"balance": balance} | ({"area_id": str(area.id)} if balance == "donate" else {})
    asked = body_of(ask(client, me, **chosen), 202)
    assert asked["balance"] == balance
    assert a_week_later() == 1
    assert state_of(me.id).balance_minutes == 0
    assert seen(lambda: pool.pool_of(area.id)).balance_minutes == (90 if balance == "donate" else 0)
    assert proof.verify().ok
    assert seen(lambda: session.get_one(type(record), record.id)).service_minutes == 90


def test_a_pool_that_is_none_is_refused(client: FlaskClient, me: Person) -> None:
    """Whoever donates says where, unless there is one district only."""
    nowhere = {"balance": "donate", "area_id": "00000000-0000-7000-8000-000000000000"}
    assert problem(ask(client, me, **nowhere)) == (422, "INVALID")
    assert problem(ask(client, me, balance="keep")) == (422, "INVALID")


# --- the week, and changing one's mind --------------------------------------------------------------------------------


def test_a_request_waits_a_week_and_can_be_taken_back(client: FlaskClient, me: Person) -> None:
    """Nothing happens before; taken back, nothing happens at all; twice is once, in both directions."""
    mine = Caller(client, me)
    asked = body_of(ask(client, me), 202)
    assert body_of(ask(client, me), 202) == asked
    assert body_of(mine.get("/me/erasure")) == {"request": asked, "blockers": []}
    assert problem(ask(client, me, balance="donate", area_id=str(an_area().id))) == (409, "ERASURE_WAITING")
    assert erasing.sweep(limit=10) == 0
    for _ in range(2):
        assert body_of(mine.post("/me/erasure/withdraw"))["id"] == asked["id"]
    assert body_of(mine.get("/me/erasure"))["request"] is None
    assert a_week_later() == 0
    again = body_of(ask(client, me), 202)
    assert again["id"] != asked["id"]
    assert a_week_later() == 1
    assert a_week_later() == 0
    assert problem(ask(client, me)) == (403, "PERSON_NOT_ACTIVE")
    assert problem(mine.post("/me/erasure/withdraw")) == (409, "NO_ERASURE")
    facts = seen(lambda: session.scalars(select(StateChange).where(StateChange.person_id == me.id)).all())
    assert [(fact.state_before, fact.state_after) for fact in facts] == [("active", "closed")]
    assert problem(Caller(client, a_person()).post("/me/erasure/withdraw")) == (409, "NO_ERASURE")


@pytest.mark.rule("R36")
def test_staff_enter_what_somebody_asks_for_in_person(client: FlaskClient, me: Person) -> None:
    """With the paper named, in their own scope, not for themselves; taken back at the desk as well."""
    clerk = a_coordinator(an_organisation().id)
    desk, place = Caller(client, clerk), str(clerk.grants[0].organisation_id)
    paper = EXPIRE | {"organisation_id": place, "reason": "注销申请书 12 号"}
    path = f"/people/{me.id}/erasure"
    assert problem(desk.post(path, EXPIRE | {"organisation_id": place})) == (422, "INVALID")
    assert problem(desk.post(path, paper | {"organisation_id": str(an_organisation().id)})) == (404, "NOT_FOUND")
    assert problem(desk.post(f"/people/{clerk.person_id}/erasure", paper)) == (403, "OWN_FAMILY")
    assert problem(Caller(client, me).post(path, paper)) == (403, "FORBIDDEN")
    body_of(desk.post(path, paper), 202)
    body_of(desk.post(f"{path}/withdraw", {"organisation_id": place}))
    assert a_week_later() == 0
    body_of(desk.post(path, paper), 202)
    assert a_week_later() == 1


# --- what keeps somebody here -----------------------------------------------------------------------------------------


def _inside(me: Person) -> None:
    with minutes_past_nine(0):
        checked_in(me.id, a_morning_shift())


def _reserved(me: Person) -> None:
    shop, goods = a_stocked_shop(price_minutes=10)
    minutes_for(me.id, 60)
    reserved(me.id, shop.id, (goods.id, 1))


def _set_aside(me: Person) -> None:
    earned(me.id, 60)
    held(me.id, 10)


def _objected(me: Person) -> None:
    record = a_record(volunteer_id=me.id)
    with clock.at(record.recorded_at + timedelta(hours=1)):
        an_objection(record.record_id, me.id)


def _answers_for_a_child(me: Person) -> None:
    a_guardian_of(a_minor((clock.now() - timedelta(days=365 * 12)).date()), me)


OPEN: dict[str, tuple[Callable[[Person], object], list[str]]] = {
    "inside a shift": (_inside, ["OPEN_ATTENDANCE"]),
    "goods reserved": (_reserved, ["OPEN_REDEMPTION", "OPEN_HOLD"]),
    "minutes set aside": (_set_aside, ["OPEN_HOLD"]),
    "a record under review": (lambda me: a_pending_record(volunteer_id=me.id), ["PENDING_RECORD"]),
    "an objection without answer": (_objected, ["FROZEN_RECORD", "OPEN_OBJECTION"]),
    "a guardian": (_answers_for_a_child, ["GUARDIAN"]),
}


@pytest.mark.parametrize("case", OPEN)
def test_what_is_open_is_settled_first(client: FlaskClient, me: Person, case: str) -> None:
    """The answer names each thing by a code and says what to do about it."""
    do, expected_ = OPEN[case]
    do(me)
    with clock.at(max(clock.now(), _nine())):
        refused = ask(client, me)
        assert problem(refused) == (409, "ERASURE_BLOCKED")
        assert refused.json["context"]["blockers"] == expected_
        assert [error["pointer"] for error in refused.json["errors"]] == [f"/blockers/{code}" for code in expected_]
        assert body_of(Caller(client, me).get("/me/erasure"))["blockers"] == expected_


def _nine() -> Any:
    from tests.factories.records import NINE_O_CLOCK

    return NINE_O_CLOCK + timedelta(minutes=5)


def test_gifts_and_roles_keep_somebody_here(client: FlaskClient, app: Flask) -> None:
    """An open offer keeps both; staff give their roles back first."""
    grandmother, grandson = a_giver()
    an_offer(grandmother.id, grandson)
    for person in (grandmother, grandson):
        assert ask(client, person).json["context"]["blockers"] == ["PENDING_GIFT"]
    staff = ask(client, an_admin().person_id)
    assert staff.json["context"]["blockers"] == ["STAFF_ROLE"]


def test_what_was_opened_meanwhile_is_waited_for(client: FlaskClient, me: Person) -> None:
    """Somebody who sets minutes aside after asking is not forgotten until that is settled; others are, in the same sweep."""
    others = [a_person() for _ in range(3)]
    for person in (me, *others):
        body_of(ask(client, person), 202)
    earned(me.id, 60)
    held(me.id, 10, expires_at=clock.now() + timedelta(days=30))
    assert a_week_later() == 3
    assert a_week_later() == 0
    assert seen(lambda: session.get_one(Person, me.id)).state == "active"
    with clock.at(clock.now() + timedelta(days=31)):
        assert erasing.sweep(limit=2) == 1
    assert state_of(me.id).balance_minutes == 0
    assert proof.verify().ok


# --- what becomes of the rest -----------------------------------------------------------------------------------------


def test_places_on_coming_shifts_are_given_up(client: FlaskClient, me: Person) -> None:
    """Somebody else can have them; service that was given stays with its record."""
    with clock.at(clock.now()):
        shift = a_coming_shift()
        taken = a_sign_up(shift.id, me.id)
        body_of(ask(client, me), 202)
        request = seen(lambda: erasing.standing_of(me.id).request)
        assert in_unit_of_work(partial(erasing.carry_out, request.id)) is True
        assert in_unit_of_work(partial(erasing.carry_out, request.id)) is False
    assert seen(lambda: session.get_one(SignUp, taken.id)).state == "withdrawn"


def test_a_document_number_is_free_again(client: FlaskClient, me: Person) -> None:
    """Whoever comes back later starts anew, with the same document."""
    number = a_resident_number()
    for person in (me, a_person()):
        body_of(Caller(client, person).put("/me/document", {"kind": "resident_id", "number": number}))
        body_of(ask(client, person), 202)
        assert a_week_later() == 1
    spelt = documents.number_of(DocumentKind.RESIDENT_ID, number)
    assert seen(lambda: documents.holder_of(spelt, keys=the_keys())) is None


def test_donations_to_the_pool_stay_what_they_were(client: FlaskClient, me: Person) -> None:
    """What was given to others is theirs: the pool keeps its minutes, and the books agree."""
    area = an_area()
    earned(me.id, 60)
    a_donation(me.id, area.id, 25)
    body_of(ask(client, me), 202)
    assert a_week_later() == 1
    assert seen(lambda: pool.pool_of(area.id)).donated_minutes == 25
    assert proof.verify().ok
