"""Merchants and their statements through HTTP: who sees what, and the same bytes every time."""

import csv
import hashlib
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.documents import pdf_texts
from tests.factories.identity import a_coordinator, a_staff_member, an_admin, signed_in
from tests.factories.merchants import a_delivery, a_merchant
from tests.factories.organisations import a_shop, an_organisation
from tests.factories.shop import a_clerk, a_lot, a_member, reserved, some_goods
from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.identity import service as identity
from timebank.identity.rules import Actor, Grant, Role
from timebank.shop.months import Month
from timebank.shop.redemption.handovers import hand_over

V1 = "/api/v1"
SEPTEMBER = Month(2030, 9)


@pytest.fixture(autouse=True)
def september(app: Flask) -> Any:
    """It is the second of September 2030, noon in Haining."""
    with clock.at(SEPTEMBER.starts_at + timedelta(days=1, hours=12)):
        yield


def _send(client: FlaskClient, method: str, path: str, who: Actor, body: Any = None) -> TestResponse:
    headers = signed_in(who) | {"Idempotency-Key": str(new_id())}
    return client.open(V1 + path, method=method, headers=headers, json=body if method != "GET" else None)


def _code(response: TestResponse) -> tuple[int, str]:
    assert response.json is not None
    return response.status_code, response.json["code"]


def _body(response: TestResponse, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.json is not None
    return dict(response.json)


def _agreement(reference: str = "协2030-017") -> dict[str, str]:
    return {"reference": reference, "starts_on": "2030-09-01", "ends_on": "2031-08-31"}


def test_a_merchant_is_registered_and_looked_after(client: FlaskClient) -> None:
    """By an administrator; its contact is shown to those who keep it, not to auditors, and can be removed."""
    host, firm = an_organisation(), an_organisation("幸福面包房")
    admin, coordinator = an_admin(), a_coordinator(host.id)
    auditor = a_staff_member(Role.AUDITOR, organisation_id=host.id)
    contact = {"name": "周老板", "phone": "13800000000"}
    body = {"organisation_id": str(firm.id), "host_id": str(host.id), "agreement": _agreement(), "contact": contact}

    assert _code(_send(client, "POST", "/merchants", coordinator, body)) == (403, "FORBIDDEN")
    made = _body(_send(client, "POST", "/merchants", admin, body), 201)
    assert (made["name"], made["contact"], made["agreements"][0]["reference"]) == ("幸福面包房", contact, "协2030-017")
    assert _code(_send(client, "POST", "/merchants", admin, body)) == (409, "MERCHANT_EXISTS")

    path = f"/merchants/{made['id']}"
    assert _body(_send(client, "GET", path, coordinator), 200) == made
    assert _body(_send(client, "GET", path, auditor), 200) == made | {"contact": None}
    elsewhere = Grant(Role.COORDINATOR, an_organisation().id, None)
    in_unit_of_work(lambda: identity.grant(person_id=auditor.person_id, granted=elsewhere))
    assert _body(_send(client, "GET", path, auditor), 200)["contact"] is None
    renewed = _body(
        _send(client, "POST", path + "/agreements", coordinator, {"agreement": _agreement("协2031-001")}), 201
    )
    assert renewed["number"] == 2
    removed = _body(_send(client, "PUT", path + "/contact", coordinator, {"contact": None}), 200)
    assert (removed["contact"], len(removed["agreements"])) == (None, 2)


def test_who_lists_merchants(client: FlaskClient) -> None:
    """The host's staff, clerks too, for they take deliveries in; not the merchant's own people; in pages."""
    shop = a_shop()
    made = [a_merchant(shop.organisation_id) for _ in range(3)]
    own_site = a_shop(organisation_id=made[0].organisation_id)
    first = _body(_send(client, "GET", "/merchants?limit=2", a_clerk(shop)), 200)
    rest = client.get(first["next"], headers=signed_in(a_clerk(shop))).json
    assert {one["id"] for one in first["items"] + rest["items"]} == {str(one.id) for one in made}
    assert _body(_send(client, "GET", "/merchants", a_clerk(own_site)), 200)["items"] == []
    assert _code(_send(client, "GET", f"/merchants/{made[0].id}", a_clerk(shop))) == (403, "FORBIDDEN")


def test_a_statement_is_made_confirmed_and_downloaded(client: FlaskClient) -> None:
    """One a month; every file has the same bytes before and after it was confirmed, and names no receiver."""
    shop, soap, rice = a_shop(), some_goods("肥皂", price_minutes=30), some_goods("大米", price_minutes=60)
    merchant, clerk = a_merchant(shop.organisation_id), a_clerk(shop)
    a_delivery(merchant, shop.id, soap.id, 5, value=500)
    a_delivery(merchant, shop.id, rice.id, 5)
    a_lot(some_goods().id, shop.id, 1)
    redemption = reserved(a_member(600).id, shop.id, (soap.id, 2), (rice.id, 1)).redemption
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=redemption.id))
    maker, other = a_coordinator(shop.organisation_id), a_coordinator(shop.organisation_id)
    path = f"/merchants/{merchant.id}/settlements"

    assert _code(_send(client, "POST", path, maker, {"month": "2030-09"})) == (409, "MONTH_NOT_OVER")
    assert _code(_send(client, "POST", path, maker, {"month": "2030-13"})) == (422, "INVALID")
    with clock.at(SEPTEMBER.ends_at + timedelta(days=1)):
        made = _body(_send(client, "POST", path, maker, {"month": "2030-09"}), 201)
        assert _code(_send(client, "POST", path, other, {"month": "2030-09"})) == (409, "SETTLEMENT_EXISTS")
        one = f"{path}/{made['id']}"
        before = {form: _send(client, "GET", f"{one}?format={form}", maker) for form in ("csv", "xlsx", "pdf")}
        assert _code(_send(client, "POST", one + "/confirm", maker)) == (403, "SECOND_PERSON_NEEDED")
        confirmed = _body(_send(client, "POST", one + "/confirm", other), 200)
        assert confirmed["confirmed_by"] == str(other.person_id)
        assert _code(_send(client, "POST", one + "/confirm", other)) == (409, "SETTLEMENT_CONFIRMED")
        for form, file in before.items():
            assert _send(client, "GET", f"{one}?format={form}", maker).data == file.data
        assert _body(_send(client, "GET", path, maker), 200)["items"] == [confirmed]
        shown = _body(_send(client, "GET", one, maker), 200)

    assert shown == confirmed | {"content": made["content"]}
    text = json.dumps(shown["content"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == shown["sha256"]
    assert (shown["content"]["pieces"], shown["content"]["minutes"], shown["content"]["value_fen"]) == (3, 120, 1000)
    rows = {row[1]: row[2:] for row in csv.reader(io.StringIO(before["csv"].data.decode("utf-8-sig")))}
    assert rows["肥皂"] == ["2", "0", "0", "2", "60", "500", "1000"]
    assert rows["大米"] == ["1", "0", "0", "1", "60", "", ""]
    [printed] = pdf_texts(before["pdf"].data)
    assert "商家月度结算单" in printed
    assert shown["sha256"][:16] in printed
    assert "王秀英" not in printed + before["csv"].text + str(shown)


def test_what_is_elsewhere_does_not_exist(client: FlaskClient) -> None:
    """Another host's coordinator and the merchant's own clerk: 404 and 403, never a word of it."""
    shop = a_shop()
    merchant = a_merchant(shop.organisation_id)
    salon = a_shop(organisation_id=merchant.organisation_id)
    maker, stranger, barber = (
        a_coordinator(shop.organisation_id),
        a_coordinator(a_shop().organisation_id),
        a_clerk(salon),
    )
    path = f"/merchants/{merchant.id}"
    with clock.at(SEPTEMBER.ends_at + timedelta(days=1)):
        made = _body(_send(client, "POST", path + "/settlements", maker, {"month": "2030-09"}), 201)
        one = f"{path}/settlements/{made['id']}"
        for method, where, body in (
            ("GET", path, None),
            ("PUT", path + "/contact", {"contact": None}),
            ("POST", path + "/agreements", {"agreement": _agreement()}),
            ("GET", path + "/settlements", None),
            ("POST", path + "/settlements", {"month": "2030-09"}),
            ("GET", one, None),
            ("POST", one + "/confirm", None),
        ):
            assert _code(_send(client, method, where, stranger, body)) == (404, "NOT_FOUND"), where
            assert _code(_send(client, method, where, barber, body)) == (403, "FORBIDDEN"), where
    soap = some_goods()
    a_lot(soap.id, shop.id, 1)
    elsewhere = reserved(a_member(600).id, shop.id, (soap.id, 1)).redemption
    for where, body in (
        (f"/redemptions/{elsewhere.id}/hand-over", {}),
        (f"/redemptions/{elsewhere.id}/cancel", {}),
        (f"/redemptions/{elsewhere.id}/undo", {}),
        (
            f"/sites/{shop.id}/intakes",
            {"source": "donated", "donor": {"kind": "anonymous"}, "lines": [{"goods_id": str(soap.id), "quantity": 1}]},
        ),
    ):
        assert _code(_send(client, "POST", where, barber, body)) == (404, "NOT_FOUND"), where
    found = _send(client, "POST", "/counter/lookup", barber, {"code": elsewhere.pickup_code})
    assert _code(found) == (404, "CODE_NOT_FOUND")


def test_a_delivery_over_http_names_its_merchant(client: FlaskClient) -> None:
    """By its id, which the clerk finds in the list; without one the refusal points at it."""
    shop, soap = a_shop(), some_goods()
    merchant, clerk = a_merchant(shop.organisation_id), a_clerk(shop)
    body = {
        "source": "merchant",
        "donor": {"kind": "firm"},
        "lines": [{"goods_id": str(soap.id), "quantity": 2, "fair_value_fen": 300}],
    }
    refused = _send(client, "POST", f"/sites/{shop.id}/intakes", clerk, body)
    assert _code(refused) == (422, "INVALID")
    assert refused.json is not None
    assert refused.json["errors"][0]["pointer"] == "/merchant_id"
    _body(_send(client, "POST", f"/sites/{shop.id}/intakes", clerk, body | {"merchant_id": str(merchant.id)}), 201)
