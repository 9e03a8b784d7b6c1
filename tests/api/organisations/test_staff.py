"""Staff accounts: opened, granted, disabled, reset; nobody reaches further than they do."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.mergers import a_guest
from tests.factories.organisations import a_shop, an_area, an_organisation
from tests.factories.protection import a_consent
from tests.factories.staff import WORD, SignedInStaff, a_staff_account, by_password
from timebank.database import in_unit_of_work, new_id
from timebank.identity import service, staff
from timebank.identity.rules import Grant, Purpose, Role
from timebank.identity.staff_errors import LastAdmin
from timebank.identity.wechat import OpenId
from timebank.organisations.models import Organisation

WHY = {"reason": "岗位调整"}
NEW = "a word of one's own"


@pytest.fixture
def organisation(app: Flask) -> Organisation:
    """An organisation."""
    return an_organisation()


def clerk_body(organisation: Organisation, username: str = "zhou", **more: Any) -> dict[str, Any]:
    """Return the body that opens an account for a clerk."""
    grants = [{"role": "counter", "organisation_id": str(organisation.id)}]
    return {"username": username, "display_name": "小周", "grants": grants, "reason": "新到岗", **more}


def test_a_new_clerk_chooses_a_password_at_the_first_sign_in(client: FlaskClient, organisation: Organisation) -> None:
    """The temporary password opens nothing by itself, and nothing any more once it is replaced; weak ones are refused."""
    admin = Caller(client, an_admin())
    made = body_of(admin.post("/staff", clerk_body(organisation)), 201)
    first = made["temporary_password"]

    assert problem(by_password(client, "zhou", first)) == (403, "PASSWORD_CHANGE_REQUIRED")
    for weak in ("short", "aaaaaaaaaaaa", "xx zhou xx yy", first):
        assert problem(by_password(client, "zhou", first, new_password=weak)) == (422, "INVALID")
    clerk = SignedInStaff(client, "zhou", first, new_password=NEW)
    assert body_of(clerk.get("/me"))["person"]["roles"] == ["volunteer", "counter"]
    assert problem(by_password(client, "zhou", first)) == (401, "WRONG_PASSWORD")
    assert by_password(client, "zhou", NEW).status_code == 200
    shown = body_of(admin.get(f"/staff/{made['person_id']}"))
    assert (shown["username"], shown["must_change"], shown["disabled_at"]) == ("zhou", False, None)
    assert [one["role"] for one in shown["grants"]] == ["counter"]
    assert problem(admin.post("/staff", clerk_body(organisation))) == (409, "USERNAME_TAKEN")


def test_disabling_ends_everything_at_once(client: FlaskClient, organisation: Organisation) -> None:
    """Access token, refresh token and password are worth nothing from that moment; enabling gives the grants back."""
    person = a_staff_account("zhou", Grant(Role.COORDINATOR, organisation_id=organisation.id))
    zhou = SignedInStaff(client, "zhou")
    admin = Caller(client, an_admin())
    members = f"/organisations/{organisation.id}/members"
    assert zhou.get(members).status_code == 200

    for _ in range(2):
        assert admin.post(f"/staff/{person.id}/disable", WHY).status_code == 204
    assert problem(zhou.get(members)) == (401, "SESSION_EXPIRED")
    assert problem(zhou.refresh()) == (401, "REFRESH_TOKEN_INVALID")
    assert problem(by_password(client, "zhou")) == (403, "PERSON_NOT_ACTIVE")
    assert problem(Caller(client, person).get(members)) == (403, "FORBIDDEN")
    body = {"role": "counter", "organisation_id": str(organisation.id), **WHY}
    assert problem(admin.post(f"/staff/{person.id}/grants", body)) == (409, "STAFF_DISABLED")
    assert problem(admin.post(f"/staff/{person.id}/reset", WHY)) == (409, "STAFF_DISABLED")

    assert admin.post(f"/staff/{person.id}/enable", WHY).status_code == 204
    assert SignedInStaff(client, "zhou").get(members).status_code == 200
    noted = body_of(admin.get(f"/audit?person={person.id}"))["items"]
    assert [one["verb"] for one in noted] == ["lift", "revoke", "revoke"]
    assert {one["reason"] for one in noted} == {"岗位调整"}


@pytest.mark.parametrize("ends", ["disable", "grant", "freeze"])
def test_codes_of_whoever_may_make_none_any_more_open_nothing(
    client: FlaskClient, organisation: Organisation, ends: str
) -> None:
    """An invite or a device's code in somebody's pocket is worth as much as the role by which it was made."""
    granny, shop = a_person("陈阿婆"), a_shop(organisation_id=organisation.id)
    a_consent(granny.id, Purpose.SERVICE_RECORD)
    person = a_staff_account("zhou", Grant(Role.COORDINATOR, organisation_id=organisation.id))
    admin, zhou, colleague = Caller(client, an_admin()), Caller(client, person), a_coordinator(organisation.id)

    def codes(who: Caller) -> tuple[str, str]:
        invited = who.post(f"/people/{granny.id}/invites", {"organisation_id": str(organisation.id)})
        device = who.post(f"/sites/{shop.id}/device-codes", {"kind": "till", "name": "平板"})
        return body_of(invited, 201)["code"], body_of(device, 201)["code"]

    def used(invite: str, device: str) -> list[int]:
        bound = Caller(client, a_guest(new_id().hex)).post("/me/binding/invite", {"code": invite})
        return [bound.status_code, client.post("/api/v1/devices", json={"code": device}).status_code]

    invite, device = codes(zhou)
    if ends == "disable":
        assert admin.post(f"/staff/{person.id}/disable", WHY).status_code == 204
    elif ends == "grant":
        (held,) = body_of(admin.get(f"/staff/{person.id}"))["grants"]
        assert admin.post(f"/staff/{person.id}/grants/{held['id']}/end", WHY).status_code == 204
    else:
        frozen = {"organisation_id": str(organisation.id), "state": "frozen", "reason": "核查"}
        body_of(admin.put(f"/people/{person.id}/state", frozen))
    assert used(invite, device) == [422, 422]
    assert used(*codes(Caller(client, colleague))) == [200, 201]


def test_rights_change_at_once(client: FlaskClient, organisation: Organisation) -> None:
    """A role that is granted counts in the next request, and one that is taken away does no more; each is held once."""
    person = a_staff_account("zhou", Grant(Role.COUNTER, organisation_id=organisation.id))
    zhou, admin = SignedInStaff(client, "zhou"), Caller(client, an_admin())
    members, grants = f"/organisations/{organisation.id}/members", f"/staff/{person.id}/grants"
    body = {"role": "coordinator", "organisation_id": str(organisation.id), **WHY}

    assert problem(zhou.get(members)) == (403, "FORBIDDEN")
    granted = body_of(admin.post(grants, body), 201)
    assert problem(admin.post(grants, body)) == (409, "GRANT_HELD")
    assert zhou.get(members).status_code == 200
    assert admin.post(f"{grants}/{granted['id']}/end", WHY).status_code == 204
    assert problem(zhou.get(members)) == (403, "FORBIDDEN")
    assert problem(admin.post(f"{grants}/{granted['id']}/end", WHY)) == (404, "NOT_FOUND")


def test_nobody_reaches_further_than_they_do(client: FlaskClient, organisation: Organisation) -> None:
    """An administrator of one organisation grants nothing elsewhere, nothing above, nothing to themself."""
    own = Grant(Role.ADMIN, organisation_id=organisation.id)
    me = a_staff_account("boss", own)
    boss, elsewhere = SignedInStaff(client, "boss"), an_organisation()
    far = a_staff_account("far", Grant(Role.COUNTER, organisation_id=elsewhere.id))
    both = a_staff_account("both", own, Grant(Role.AUDITOR, area_path=""))
    wider: list[dict[str, Any]] = [
        {"role": "counter", "organisation_id": str(elsewhere.id)},
        {"role": "auditor", "area_path": ""},
    ]

    for granted in wider:
        body = clerk_body(organisation) | {"grants": [granted]}
        assert problem(boss.post("/staff", body)) == (403, "BEYOND_SCOPE")
        assert problem(boss.post(f"/staff/{me.id}/grants", granted | WHY)) == (403, "OWN_STAFF_ACCOUNT")
    for verb in ("disable", "enable", "reset", "sign-out", "second-factor/end"):
        assert problem(boss.post(f"/staff/{far.id}/{verb}", WHY)) == (404, "NOT_FOUND")
        assert problem(boss.post(f"/staff/{both.id}/{verb}", WHY)) == (403, "BEYOND_SCOPE")
        assert problem(boss.post(f"/staff/{me.id}/{verb}", WHY)) == (403, "OWN_STAFF_ACCOUNT")
    (wide,) = [one for one in staff.grants_of(both.id) if one.area_path == ""]
    assert problem(boss.post(f"/staff/{both.id}/grants/{wide.id}/end", WHY)) == (404, "NOT_FOUND")
    assert problem(boss.get(f"/staff/{far.id}")) == (404, "NOT_FOUND")
    listed = {one["username"] for one in body_of(boss.get("/staff"))["items"]}
    assert listed == {"boss", "both"}
    nowhere = clerk_body(organisation) | {"grants": [{"role": "counter", "area_path": "9.9"}]}
    assert problem(boss.post("/staff", nowhere)) == (422, "INVALID")
    twice = clerk_body(organisation) | {"grants": [wider[0] | wider[1]]}
    assert problem(boss.post("/staff", twice)) == (422, "INVALID")


def test_an_area_is_kept_by_its_administrator(client: FlaskClient) -> None:
    """Staff of an organisation and of areas below are theirs, those of the area beside are not; auditors read only."""
    area = an_area()
    inside, below = an_organisation(area_id=area.id), an_area(parent_id=area.id)
    admin = Caller(client, an_admin(area.path))
    for number, granted in enumerate([{"organisation_id": str(inside.id)}, {"area_path": below.path}]):
        body = clerk_body(inside, f"inside{number}") | {"grants": [{"role": "coordinator", **granted}]}
        body_of(admin.post("/staff", body), 201)
    a_staff_account("beside", Grant(Role.COUNTER, area_path=area.path + "9"))

    for who in (admin, Caller(client, a_staff_member(Role.AUDITOR, area_path=area.path))):
        assert {one["username"] for one in body_of(who.get("/staff"))["items"]} == {"inside0", "inside1"}
    assert problem(Caller(client, a_coordinator(inside.id)).get("/staff")) == (403, "FORBIDDEN")


def test_the_last_administrator_stays(client: FlaskClient) -> None:
    """Of the whole bank's administrators one is always left, whether they are disabled or lose the grant."""
    one, two = (a_staff_account(name, Grant(Role.ADMIN, area_path="")) for name in ("one", "two"))
    first = SignedInStaff(client, "one")
    assert first.post(f"/staff/{two.id}/disable", WHY).status_code == 204
    (own,) = staff.grants_of(one.id)

    assert problem(first.post(f"/staff/{one.id}/disable", WHY)) == (403, "OWN_STAFF_ACCOUNT")
    with pytest.raises(LastAdmin):
        in_unit_of_work(lambda: staff.disable(person_id=one.id, by=two.id))
    with pytest.raises(LastAdmin):
        in_unit_of_work(lambda: staff.end_grant(person_id=one.id, grant_id=own.id))


def test_a_reset_signs_out_and_forgets_guesses(client: FlaskClient, organisation: Organisation) -> None:
    """The old password and every session are over, a lock-out is lifted, and the new password is temporary."""
    person = a_staff_account("zhou", Grant(Role.COUNTER, organisation_id=organisation.id))
    zhou = SignedInStaff(client, "zhou")
    for _ in range(10):
        by_password(client, "zhou", "wrong")
    assert problem(by_password(client, "zhou")) == (429, "SIGN_IN_LOCKED")
    told = body_of(Caller(client, an_admin()).post(f"/staff/{person.id}/reset", WHY))

    assert problem(zhou.get("/me")) == (401, "SESSION_EXPIRED")
    assert problem(by_password(client, "zhou")) == (401, "WRONG_PASSWORD")
    assert problem(by_password(client, "zhou", told["temporary_password"])) == (403, "PASSWORD_CHANGE_REQUIRED")
    assert by_password(client, "zhou", told["temporary_password"], new_password=NEW).status_code == 200


def test_whom_wechat_signs_in_chooses_their_own_password(client: FlaskClient, organisation: Organisation) -> None:
    """No administrator learns a password with which they could spend a volunteer's minutes."""
    person = a_person()
    in_unit_of_work(lambda: service.bind_openid(person_id=person.id, who=OpenId("wxtest", "openid")))
    admin = Caller(client, an_admin())
    body = clerk_body(organisation)
    body.pop("display_name")
    made = body_of(admin.post("/staff", body | {"volunteer_no": person.volunteer_no}), 201)
    assert (made["person_id"], made["temporary_password"]) == (str(person.id), None)
    assert problem(admin.post("/staff", body | {"volunteer_no": person.volunteer_no, "username": "again"})) == (
        409,
        "STAFF_ALREADY",
    )
    assert problem(admin.post("/staff", body | {"volunteer_no": "1234567890"})) == (422, "INVALID")

    me = Caller(client, person)
    assert problem(by_password(client, "zhou", "")) == (422, "INVALID")
    assert problem(me.put("/me/password", {"new_password": "short"})) == (422, "INVALID")
    assert me.put("/me/password", {"new_password": NEW}).status_code == 204
    assert problem(me.put("/me/password", {"new_password": "another long word"})) == (401, "WRONG_PASSWORD")
    assert by_password(client, "zhou", NEW).status_code == 200
    assert body_of(admin.post(f"/staff/{person.id}/reset", WHY))["temporary_password"] is None


def test_sessions_are_listed_and_ended_one_by_one(client: FlaskClient, organisation: Organisation) -> None:
    """By oneself and by an administrator; one's own goes on, somebody else's is not there."""
    person = a_staff_account("zhou", Grant(Role.COUNTER, organisation_id=organisation.id))
    first, second, third = (SignedInStaff(client, "zhou") for _ in range(3))
    admin = Caller(client, an_admin())
    listed = body_of(third.get("/me/sessions"))["items"]
    assert [one["current"] for one in listed] == [True, False, False]
    assert len(body_of(admin.get(f"/staff/{person.id}/sessions"))["items"]) == 3

    assert third.delete(f"/me/sessions/{listed[2]['id']}").status_code == 204
    assert problem(first.get("/me")) == (401, "SESSION_EXPIRED")
    assert admin.post(f"/staff/{person.id}/sessions/{listed[1]['id']}/end", WHY).status_code == 204
    assert problem(second.get("/me")) == (401, "SESSION_EXPIRED")
    stranger = client.delete(f"/api/v1/me/sessions/{listed[0]['id']}", headers=signed_in(a_person()))
    assert problem(stranger) == (404, "NOT_FOUND")
    fourth = SignedInStaff(client, "zhou")
    assert fourth.post("/me/sessions/end-others").status_code == 204
    assert [problem(third.get("/me")), fourth.get("/me").status_code] == [(401, "SESSION_EXPIRED"), 200]
    assert admin.post(f"/staff/{person.id}/sign-out", WHY).status_code == 204
    assert problem(fourth.refresh()) == (401, "REFRESH_TOKEN_INVALID")
    assert body_of(admin.get(f"/staff/{person.id}/sessions"))["items"] == []


def test_a_changed_password_ends_the_other_sessions(client: FlaskClient, organisation: Organisation) -> None:
    """The old one has to be known; whoever else was signed in is not any more."""
    a_staff_account("zhou", Grant(Role.COUNTER, organisation_id=organisation.id))
    here, there = SignedInStaff(client, "zhou"), SignedInStaff(client, "zhou")
    assert problem(here.put("/me/password", {"password": "wrong", "new_password": NEW})) == (401, "WRONG_PASSWORD")
    assert here.put("/me/password", {"password": WORD, "new_password": NEW}).status_code == 204
    assert here.get("/me").status_code == 200
    assert problem(there.get("/me")) == (401, "SESSION_EXPIRED")
    assert problem(Caller(client, a_person()).put("/me/password", {"new_password": NEW})) == (404, "NOT_FOUND")
