"""Binding over HTTP: a guest comes to the account that is theirs, and to nobody else's."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.factories.calls import Caller, body_of, problem
from tests.factories.documents import pdf_texts
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person, a_staff_member, signed_in
from tests.factories.mergers import a_guest, a_phone, bound
from tests.factories.organisations import an_organisation
from tests.factories.protection import a_consent
from tests.factories.records import a_record
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.demo.wechat import FakeWechat
from timebank.demo.wechat_messages import PHONE_PATH
from timebank.identity.binding_tables import Invite, Phone
from timebank.identity.models import Person, WechatIdentity
from timebank.identity.rules import Actor, PersonState, Purpose, Role
from timebank.mergers import queries
from timebank.mergers.models import MergeHint
from timebank.organisations.models import Organisation

NUMBER, CODE = "13800000001", "demo:13800000001"


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Where staff know the volunteer."""
    return an_organisation()


@pytest.fixture
def clerk(organisation: Organisation) -> Actor:
    """Who enters numbers and hands out invites."""
    return a_coordinator(organisation.id)


@pytest.fixture
def granny(organisation: Organisation, clerk: Actor) -> Person:
    """A volunteer with a card, a record and a number on file, and without a phone until now."""
    person = a_person("陈阿婆")
    a_record(volunteer_id=person.id, organisation=organisation)
    a_phone(person.id, NUMBER, by=clerk, organisation_id=organisation.id)
    return person


def tells(client: FlaskClient, who: Any, code: str = CODE, *, key: str | None = None) -> Any:
    """Tell the number by WeChat's button."""
    return Caller(client, who).post("/me/phone", {"code": code}, key=key)


def binds(client: FlaskClient, who: Any) -> Any:
    """Confirm."""
    return Caller(client, who).post("/me/binding")


def an_invite(client: FlaskClient, clerk: Actor, person: Person, organisation: Organisation) -> str:
    """Have a code made."""
    made = Caller(client, clerk).post(f"/people/{person.id}/invites", {"organisation_id": str(organisation.id)})
    code: str = body_of(made, 201)["code"]
    return code


def enters(client: FlaskClient, who: Any, code: str) -> Any:
    """Type a code."""
    return Caller(client, who).post("/me/binding/invite", {"code": code})


def signs_in_as(client: FlaskClient, name: str) -> str:
    """Open the mini-program; return whose account it is."""
    person_id: str = client.post("/api/v1/auth/wechat", json={"code": f"demo:{name}"}).json["person"]["id"]
    return person_id


def test_a_number_says_who_it_may_be_and_binds_after_a_yes(client: FlaskClient, granny: Person) -> None:
    """The name is masked; nothing is bound before the confirmation; the guest's consent and sign-in follow."""
    guest = a_guest("apo")
    a_consent(guest.id, Purpose.LOCATION)
    told = body_of(tells(client, guest))
    assert told == {
        "last_four": "0001",
        "state": "found",
        "match": {"display_name": "陈**", "volunteer_no_end": granny.volunteer_no[-4:]},
    }
    assert signs_in_as(client, "apo") == str(guest.id)
    assert body_of(binds(client, guest))["person_id"] == str(granny.id)
    assert body_of(binds(client, guest))["person_id"] == str(granny.id)
    assert signs_in_as(client, "apo") == str(granny.id)
    consents = body_of(Caller(client, granny).get("/me/consents"))["items"]
    assert {one["purpose"] for one in consents if one["given"]} == {"location"}
    assert session.get_one(Person, guest.id).state == PersonState.CLOSED
    assert session.get(Phone, guest.id) is None


def test_a_number_that_was_entered_under_the_key_before_binds(
    client: FlaskClient, granny: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secrets were rotated since: what is found is bound, and a number that two have suggests them to staff."""
    settings = client.application.extensions["timebank-settings"]
    later = replace(settings, secret_keys=("the secret of next year, 32 letters or more", *settings.secret_keys))
    monkeypatch.setitem(client.application.extensions, "timebank-settings", later)
    guest = a_guest()
    assert body_of(tells(client, guest))["state"] == "found"
    (pair,) = in_unit_of_work(lambda: queries.suggested(limit=5), write=False)
    assert ({pair.one.id, pair.other.id}, pair.signs) == ({guest.id, granny.id}, (queries.Sign.PHONE,))
    assert body_of(binds(client, guest))["person_id"] == str(granny.id)


def test_the_number_that_bound_is_proven(client: FlaskClient, granny: Person) -> None:
    """What staff have entered and WeChat has told is one number, and it counts as told."""
    mine, guest = Caller(client, granny), a_guest("apo")
    before = body_of(mine.put("/me/profile", {"display_name": "陈阿婆", "phone": NUMBER}))
    tells(client, guest)
    body_of(binds(client, guest))
    after = body_of(mine.get("/me/profile"))
    assert [(one["phone"], one["phone_proven"]) for one in (before, after)] == [(NUMBER, False), (NUMBER, True)]


def test_a_lost_answer_is_given_again_though_the_code_is_used(client: FlaskClient, granny: Person) -> None:
    """The same key gets the same answer; another one learns that WeChat's codes work once."""
    guest = a_guest()
    first = tells(client, guest, "once:13800000001:1", key="one")
    again = tells(client, guest, "once:13800000001:1", key="one")
    assert (first.status_code, again.status_code, again.json) == (200, 200, first.json)
    assert problem(tells(client, guest, "once:13800000001:1")) == (422, "WECHAT_PHONE_CODE_INVALID")


def test_a_number_that_nobody_has_is_noted(client: FlaskClient, organisation: Organisation) -> None:
    """There is nothing to bind; it can be forgotten."""
    guest = a_guest()
    assert body_of(tells(client, guest))["state"] == "noted"
    assert problem(binds(client, guest)) == (404, "NOT_FOUND")
    assert client.delete("/api/v1/me/phone", headers=signed_in(guest)).status_code == 204
    assert session.scalars(select(Phone)).all() == []


def test_a_number_that_two_have_is_for_staff(
    client: FlaskClient, granny: Person, clerk: Actor, organisation: Organisation
) -> None:
    """A couple with one phone: nobody is chosen for them."""
    grandpa, guest = a_person("陈爷爷"), a_guest()
    a_phone(grandpa.id, NUMBER, by=clerk, organisation_id=organisation.id)
    assert body_of(tells(client, guest)) == {"last_four": "0001", "state": "ambiguous", "match": None}
    assert problem(binds(client, guest)) == (409, "PHONE_AMBIGUOUS")


def test_a_number_that_only_staff_have_entered_binds_nobody_else(
    client: FlaskClient, granny: Person, clerk: Actor, organisation: Organisation
) -> None:
    """What counts is that WeChat says so of the one who binds."""
    other = a_guest()
    a_phone(other.id, NUMBER, by=clerk, organisation_id=organisation.id)
    assert problem(binds(client, other)) == (404, "NOT_FOUND")


def test_who_signs_in_from_another_wechat_is_not_bound_again(client: FlaskClient, granny: Person) -> None:
    """In the same mini-program; an openid of another mini-program is another key to the same door."""
    bound(granny.id, "old", app_id="wxother")
    first, second = a_guest("one"), a_guest("two")
    for guest in (first, second):
        tells(client, guest)
    assert problem(binds(client, first)) == (409, "PHONE_AMBIGUOUS")
    in_unit_of_work(lambda: session.delete(session.get_one(Phone, second.id)))
    assert body_of(binds(client, first))["person_id"] == str(granny.id)
    tells(client, second)
    assert problem(binds(client, second)) == (409, "ALREADY_BOUND")
    known = session.scalars(select(WechatIdentity.app_id).where(WechatIdentity.person_id == granny.id))
    assert sorted(known) == ["wxother", "wxtest"]


@pytest.mark.parametrize("role_of", ["guest", "person"])
def test_nobody_with_a_role_is_bound(
    client: FlaskClient, clerk: Actor, organisation: Organisation, role_of: str
) -> None:
    """A number that a colleague has entered must not hand a role to the colleague's phone."""
    person, guest = a_person(), a_guest()
    staff = a_staff_member(Role.COORDINATOR, organisation_id=organisation.id).person_id
    if role_of == "guest":
        bound(staff, "staff")
    guest_id, person_id = (staff, person.id) if role_of == "guest" else (guest.id, staff)
    a_phone(person_id, NUMBER, by=clerk, organisation_id=organisation.id)
    tells(client, guest_id)
    assert problem(binds(client, guest_id)) == (403, "NOT_FOR_STAFF")


def test_whoever_has_something_of_their_own_is_suggested_to_staff(
    client: FlaskClient, granny: Person, clerk: Actor, organisation: Organisation
) -> None:
    """By number and by invite: nothing is bound, both accounts stay, and staff see the pair with its signs."""
    busy = a_guest("busy")
    a_record(volunteer_id=busy.id, organisation=organisation)
    tells(client, busy)
    assert problem(binds(client, busy)) == (409, "MERGE_NEEDED")
    assert problem(enters(client, busy, an_invite(client, clerk, granny, organisation))) == (409, "MERGE_NEEDED")
    assert len(session.scalars(select(MergeHint)).all()) == 1
    [pair] = body_of(Caller(client, clerk).get(f"/merges/suggestions?person={granny.id}"))["items"]
    assert {one["person_id"] for one in pair["people"]} == {str(granny.id), str(busy.id)}
    assert pair["signs"] == ["binding", "phone"]
    assert {one["display_name"] for one in pair["people"]} == {"陈**", "新**"}
    assert signs_in_as(client, "busy") == str(busy.id)


def test_an_invite_binds_once(client: FlaskClient, granny: Person, clerk: Actor, organisation: Organisation) -> None:
    """Typed small and in groups by the right guest, again without effect, and by nobody else."""
    code = an_invite(client, clerk, granny, organisation)
    first, second = a_guest("one"), a_guest("two")
    typed = f" {code[:5].lower()}-{code[5:]} "
    for _ in range(2):
        assert body_of(enters(client, first, typed))["person_id"] == str(granny.id)
    assert problem(enters(client, second, code)) == (422, "INVITE_INVALID")
    assert signs_in_as(client, "one") == str(granny.id)
    stored = session.scalars(select(Invite)).one()
    assert code.encode() not in stored.code_hash


def test_an_invite_ends(client: FlaskClient, granny: Person, clerk: Actor, organisation: Organisation) -> None:
    """Replaced, too old, or never made: the answer is the same."""
    replaced, newest = (an_invite(client, clerk, granny, organisation) for _ in range(2))
    guest = a_guest()
    for code in (replaced, "0000000000", "?", "签到"):
        assert problem(enters(client, guest, code))[1] in {"INVITE_INVALID", "TOKEN_MALFORMED"}, code
    in_unit_of_work(lambda: session.execute(update(Invite).values(expires_at=clock.wall() - timedelta(seconds=1))))
    assert problem(enters(client, guest, newest)) == (422, "INVITE_INVALID")


def test_an_invite_is_printed(client: FlaskClient, granny: Person, clerk: Actor, organisation: Organisation) -> None:
    """In large letters, with the name and what to do; the printed code works."""
    path = f"/people/{granny.id}/invites?format=pdf"
    slip = Caller(client, clerk).post(path, {"organisation_id": str(organisation.id)})
    assert (slip.status_code, slip.mimetype) == (201, "application/pdf")
    [text] = pdf_texts(slip.data)
    assert "陈阿婆" in text
    words = [word for word in text.split() if len(word) == 5 and word.isascii() and word.isalnum()]
    assert body_of(enters(client, a_guest(), " ".join(words[:2])))["person_id"] == str(granny.id)


def test_who_may_enter_a_number_and_make_an_invite(
    client: FlaskClient, granny: Person, clerk: Actor, organisation: Organisation
) -> None:
    """Staff of the organisation, for people who have agreed, and not for themselves, their family, or staff."""
    where = {"organisation_id": str(organisation.id)}
    colleague = a_coordinator(organisation.id)
    child = a_person()
    a_relation(clerk.person_id, child.id)

    def answers(who: Any, person_id: Any) -> set[tuple[int, str]]:
        caller = Caller(client, who)
        return {
            problem(caller.put(f"/people/{person_id}/phone", where | {"phone": NUMBER})),
            problem(caller.post(f"/people/{person_id}/invites", where)),
        }

    assert answers(a_coordinator(an_organisation().id), granny.id) == {(404, "NOT_FOUND")}
    assert answers(granny, granny.id) == {(403, "FORBIDDEN")}
    assert answers(clerk, clerk.person_id) == {(403, "OWN_FAMILY")}
    assert answers(clerk, child.id) == {(403, "OWN_FAMILY")}
    assert answers(clerk, colleague.person_id) == {(403, "NOT_FOR_STAFF")}
    assert answers(clerk, organisation.id) == {(404, "NOT_FOUND")}
    put = Caller(client, clerk).put
    assert problem(put(f"/people/{granny.id}/phone", where | {"phone": NUMBER})) == (403, "CONSENT_REQUIRED")
    a_consent(granny.id, Purpose.SERVICE_RECORD)
    for wrong in ("1380000000", "12345678901", "+0123456", "手机"):
        assert problem(put(f"/people/{granny.id}/phone", where | {"phone": wrong})) == (422, "INVALID"), wrong
    for right in ("138-0000-0002", "+86 138 0000 0002", "８６13800000002", "+85261234567"):
        entered = put(f"/people/{granny.id}/phone", where | {"phone": right})
        assert entered.status_code == 200, (right, entered.text)


def test_a_number_is_nowhere_but_its_last_digits(
    client: FlaskClient, granny: Person, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither stored, nor in an answer, nor in the log; a failure of WeChat says nothing of it either."""
    guest = a_guest()
    answers = [tells(client, guest), binds(client, guest), tells(client, guest, "error:48001")]
    stored = str([vars(one) for one in session.scalars(select(Phone))])
    assert NUMBER not in "".join(answer.text for answer in answers) + "".join(capfd.readouterr()) + stored


def test_while_wechat_is_away_nothing_is_noted(client: FlaskClient, granny: Person, fake_wechat: FakeWechat) -> None:
    """Busy twice is unavailable: try again later."""
    fake_wechat.messages.fail_next(PHONE_PATH, -1, -1)
    guest = a_guest()
    assert problem(tells(client, guest)) == (503, "WECHAT_UNAVAILABLE")
    assert session.get(Phone, guest.id) is None
