"""Stories of an office: somebody leaves on bad terms at noon; two tablets stand in one shop."""

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.identity import a_coordinator
from tests.factories.organisations import a_shop, an_organisation
from tests.factories.records import a_pending_record
from tests.factories.shop import a_lot, a_member, reserved, some_goods
from tests.factories.staff import WORD, SignedInStaff, a_staff_account, by_password
from timebank.database import in_unit_of_work
from timebank.identity import service
from timebank.identity.guards import DEVICE_TOKEN
from timebank.identity.rules import Grant, Role
from timebank.identity.wechat import OpenId

SEEN = {"reason": "负责人证实"}
LEFT = {"reason": "中午离职，交接未完成"}


def enrolled(client: FlaskClient, keeper: Any, shop: Any, name: str) -> tuple[str, dict[str, str]]:
    """Enrol a till with a code that is typed on it; return its id and the header that it sends from then on."""
    made = body_of(keeper.post(f"/sites/{shop.id}/device-codes", {"kind": "till", "name": name}), 201)
    device = body_of(client.post("/api/v1/devices", json={"code": made["code"]}), 201)
    assert problem(client.post("/api/v1/devices", json={"code": made["code"]})) == (422, "DEVICE_CODE_INVALID")
    return device["device"]["id"], {DEVICE_TOKEN: device["token"]}


@pytest.mark.rule("R38")
def test_somebody_leaves_on_bad_terms_at_noon(client: FlaskClient) -> None:
    """From the moment in which she is disabled nothing of hers opens anything; what she did stands, and who asks finds it."""
    organisation = an_organisation()
    shop = a_shop(organisation_id=organisation.id)
    a_staff_account("fan", Grant(Role.ADMIN, area_path=""))
    shen = a_staff_account("shen", Grant(Role.COORDINATOR, organisation_id=organisation.id))
    in_unit_of_work(lambda: service.bind_openid(person_id=shen.id, who=OpenId("wxtest", "openid-shen")))
    fan = SignedInStaff(client, "fan")
    _, tablet = enrolled(client, Caller(client, a_coordinator(organisation.id)), shop, "前台平板")

    # In the morning she works at her desk and on the tablet, approves a record and prints a card.
    desk, counter = SignedInStaff(client, "shen"), SignedInStaff(client, "shen", headers=tablet)
    record = a_pending_record(organisation=organisation)
    body_of(desk.post(f"/records/{record.record_id}/approve", SEEN))
    assert counter.get(f"/sites/{shop.id}/lots").status_code == 200
    waiting = a_pending_record(organisation=organisation)

    # At noon she goes, and the administrator disables her account while her pages are still open.
    assert fan.post(f"/staff/{shen.id}/disable", LEFT).status_code == 204
    assert problem(desk.post(f"/records/{waiting.record_id}/approve", SEEN)) == (401, "SESSION_EXPIRED")
    assert problem(counter.get(f"/sites/{shop.id}/lots")) == (401, "SESSION_EXPIRED")
    for session in (desk, counter):
        assert problem(session.refresh()) == (401, "REFRESH_TOKEN_INVALID")
    assert problem(by_password(client, "shen")) == (403, "PERSON_NOT_ACTIVE")

    # She tries to lock her successor's and the administrator's accounts out from her own kitchen table.
    a_staff_account("lin", Grant(Role.COORDINATOR, organisation_id=organisation.id))
    for username in ("lin", "fan"):
        for _ in range(11):
            client.post(
                "/api/v1/auth/password",
                json={"username": username, "password": "guess"},
                environ_base={"REMOTE_ADDR": "203.0.113.7"},
            )
    assert by_password(client, "fan").status_code == 200
    lin = SignedInStaff(client, "lin", headers=tablet)
    body_of(SignedInStaff(client, "lin").post(f"/records/{waiting.record_id}/approve", SEEN))
    assert lin.get(f"/sites/{shop.id}/lots").status_code == 200

    # She is a volunteer as before: her phone signs her in, without any role.
    me = Caller(client, shen)
    assert body_of(me.get("/me"))["person"]["roles"] == ["volunteer"]
    assert body_of(me.get("/me/account"))["balance_minutes"] == 0

    # In the afternoon the auditor asks what she has done, and why she was stopped.
    a_staff_account("qian", Grant(Role.AUDITOR, area_path=""))
    found = body_of(SignedInStaff(client, "qian").get(f"/audit?person={shen.id}"))["items"]
    assert [(one["verb"], one["target_kind"], one["role"]) for one in found] == [
        ("revoke", "staff", "admin"),
        ("approve", "record", "coordinator"),
    ]
    assert (found[0]["reason"], found[1]["target"]) == (LEFT["reason"], str(record.record_id))


def test_two_tablets_in_one_shop(client: FlaskClient) -> None:
    """Each is enrolled by a code of its own and ended by itself; neither is good for another shop or another work."""
    organisation = an_organisation()
    shop, branch = a_shop(organisation_id=organisation.id), a_shop(organisation_id=organisation.id)
    goods = some_goods(price_minutes=60)
    for site in (shop, branch):
        a_lot(goods.id, site.id, 10)
    keeper = Caller(client, a_coordinator(organisation.id))
    a_staff_account("zhou", Grant(Role.COUNTER, organisation_id=organisation.id))
    front_id, front = enrolled(client, keeper, shop, "前台平板")
    back_id, back = enrolled(client, keeper, shop, "里间平板")

    # The same clerk works on both, and on neither of them at the branch.
    at_the_front, at_the_back = (SignedInStaff(client, "zhou", headers=one) for one in (front, back))
    orders = [reserved(a_member(600).id, shop.id, (goods.id, 1)).redemption.id for _ in range(3)]
    elsewhere = reserved(a_member(600).id, branch.id, (goods.id, 1)).redemption.id

    def hand_over(who: SignedInStaff, order: UUID) -> Any:
        return who.post(f"/redemptions/{order}/hand-over", **{"Idempotency-Key": str(order)})

    assert hand_over(at_the_front, orders[0]).status_code == 200
    assert hand_over(at_the_back, orders[1]).status_code == 200
    assert problem(hand_over(at_the_back, elsewhere)) == (404, "NOT_FOUND")
    assert problem(client.get("/api/v1/device/shifts", headers=front)) == (403, "DEVICE_NOT_FOR_THIS")

    # The front one is stolen with the clerk signed in: it is worth nothing, and the other goes on.
    body_of(keeper.post(f"/devices/{front_id}/revoke"))
    assert problem(hand_over(at_the_front, orders[2])) == (401, "DEVICE_REVOKED")
    bare = {name: value for name, value in at_the_front.headers.items() if name != DEVICE_TOKEN}
    assert problem(client.get(f"/api/v1/sites/{shop.id}/lots", headers=bare)) == (401, "SESSION_EXPIRED")
    assert problem(at_the_front.refresh()) == (401, "REFRESH_TOKEN_INVALID")
    assert hand_over(at_the_back, orders[2]).status_code == 200

    # The back one gets a new token: the old is dead at once, and it is the same device afterwards.
    code = body_of(keeper.post(f"/devices/{back_id}/roll"), 201)["code"]
    assert problem(at_the_back.get(f"/sites/{shop.id}/lots")) == (401, "DEVICE_REVOKED")
    again = body_of(client.post("/api/v1/devices", json={"code": code}), 201)
    assert again["device"]["id"] == back_id
    assert by_password(client, "zhou", WORD, headers={DEVICE_TOKEN: again["token"]}).status_code == 200
