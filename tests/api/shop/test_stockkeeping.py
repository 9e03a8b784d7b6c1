"""Transfers and write-offs through HTTP: who may, what it answers, and what is refused."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.identity import a_coordinator, signed_in
from tests.factories.organisations import a_shop, a_site
from tests.factories.shop import a_clerk, a_lot, a_member, findings, level_of, some_goods
from tests.factories.stockkeeping import an_auditor
from timebank.database import new_id
from timebank.identity.models import Person
from timebank.identity.rules import Actor

V1 = "/api/v1"


def post(
    client: FlaskClient, path: str, who: Person | Actor, body: Any = None, *, key: str | None = None
) -> TestResponse:
    """Send a POST with a key of its own."""
    headers = signed_in(who) | {"Idempotency-Key": key or str(new_id())}
    return client.post(V1 + path, headers=headers, json={} if body is None else body)


def problem(response: TestResponse) -> tuple[int, str]:
    """Return status and code of a refusal."""
    assert response.json is not None
    return response.status_code, response.json["code"]


def body_of(response: TestResponse, status: int = 200) -> Any:
    """Return what was answered with this status."""
    assert response.status_code == status, response.text
    assert response.json is not None
    return response.json


def read(client: FlaskClient, path: str, who: Person | Actor, status: int = 200) -> Any:
    """Return what a GET answers."""
    return body_of(client.get(path if path.startswith(V1) else V1 + path, headers=signed_in(who)), status)


def test_a_transfer_over_http(client: FlaskClient) -> None:
    """One clerk sends, another receives with a difference; the same key again answers the same and moves nothing."""
    site, shop = a_shop(), a_shop()
    lot = a_lot(some_goods("食用油").id, site.id, 10, fair_value_fen=5000)
    sender, receiver = a_clerk(site), a_clerk(shop)
    wanted = {
        "to_site_id": str(shop.id),
        "lines": [{"lot_id": str(lot.id), "quantity": 4}],
        "note": "上午送到 🚚",
    }
    first = body_of(post(client, f"/sites/{site.id}/transfers", sender, wanted, key="one"), 201)
    assert body_of(post(client, f"/sites/{site.id}/transfers", sender, wanted, key="one"), 201) == first
    assert (first["state"], first["lines"][0]["name"], first["lines"][0]["value_fen"]) == (
        "in_transit",
        "食用油",
        20000,
    )
    path = f"/transfers/{first['id']}"
    came = {"lines": [{"lot_id": str(lot.id), "quantity": 3}]}
    assert problem(post(client, path + "/receive", receiver, came)) == (422, "DIFFERENCE_UNEXPLAINED")
    assert problem(post(client, path + "/receive", sender)) == (404, "NOT_FOUND")
    came["reason"] = "漏装一桶"
    done = body_of(post(client, path + "/receive", receiver, came, key="two"))
    assert body_of(post(client, path + "/receive", receiver, came, key="two")) == done
    assert (done["state"], done["reason"], done["lines"][0]["received"]) == ("received", "漏装一桶", 3)
    assert problem(post(client, path + "/receive", receiver)) == (409, "TRANSFER_ENDED")
    assert problem(post(client, path + "/cancel", sender)) == (409, "TRANSFER_ENDED")
    for who in (sender, receiver, an_auditor(site), an_auditor(shop)):
        assert read(client, path, who) == done
    read(client, path, a_clerk(a_shop()), 404)
    assert level_of(lot).on_hand == 6
    assert findings() == []


def test_transfers_are_listed_by_direction_and_state(client: FlaskClient) -> None:
    """The newest first, page by page; what lies outside one's sites is not found."""
    site, shop = a_shop(), a_shop()
    lot, back = a_lot(some_goods().id, site.id, 10), a_lot(some_goods().id, shop.id, 10)
    clerk, other = a_clerk(site), a_clerk(shop)

    def send(of: Any, to: Any, what: Any, who: Actor) -> str:
        wanted = {"to_site_id": str(to.id), "lines": [{"lot_id": str(what.id), "quantity": 1}]}
        return str(body_of(post(client, f"/sites/{of.id}/transfers", who, wanted), 201)["id"])

    one, two, three = send(site, shop, lot, clerk), send(site, shop, lot, clerk), send(shop, site, back, other)
    body_of(post(client, f"/transfers/{two}/receive", other))
    body_of(post(client, f"/transfers/{three}/cancel", other))

    def listed(query: str) -> list[str]:
        return [item["id"] for item in read(client, f"/sites/{site.id}/transfers{query}", clerk)["items"]]

    assert listed("") == [three, two, one]
    assert listed("?direction=out") == [two, one]
    assert listed("?direction=in") == [three]
    assert listed("?state=in_transit") == [one]
    assert listed("?state=received&direction=out") == [two]
    assert listed("?state=cancelled") == [three]
    first = read(client, f"/sites/{site.id}/transfers?limit=2", clerk)
    assert [item["id"] for item in read(client, first["next"], clerk)["items"]] == [one]
    read(client, f"/sites/{site.id}/transfers", other, 404)
    read(client, f"/sites/{site.id}/transfers", an_auditor(site))
    assert problem(post(client, f"/transfers/{one}/cancel", an_auditor(site))) == (403, "FORBIDDEN")


@pytest.mark.parametrize("quantity", [0, -1, 10**12, 1.5, "3", True, None])
def test_quantities_that_are_none(client: FlaskClient, quantity: Any) -> None:
    """Nothing, less than nothing, more than anybody has and what is no number are refused before anything is asked."""
    site, shop = a_shop(), a_shop()
    lot, clerk = a_lot(some_goods().id, site.id, 5), a_clerk(site)
    lines = [{"lot_id": str(lot.id), "quantity": quantity}]
    for path, body in (
        ("transfers", {"to_site_id": str(shop.id), "lines": lines}),
        ("write-offs", {"reason": "damaged", "lines": lines}),
    ):
        assert problem(post(client, f"/sites/{site.id}/{path}", clerk, body)) == (422, "INVALID")
    assert level_of(lot).on_hand == 5


def test_transfers_that_are_refused(client: FlaskClient) -> None:
    """To the same site, to a venue, more than is free, a lot of another shop, nothing at all: each has its code."""
    site, shop, venue = a_shop(), a_shop(), a_site()
    lot, foreign, clerk = a_lot(some_goods().id, site.id, 5), a_lot(some_goods().id, shop.id, 5), a_clerk(site)

    def attempt(to: Any, lot_id: Any, quantity: int = 1, of: Any = site) -> tuple[int, str]:
        body = {"to_site_id": str(to.id), "lines": [{"lot_id": str(lot_id), "quantity": quantity}]}
        return problem(post(client, f"/sites/{of.id}/transfers", clerk, body))

    assert attempt(site, lot.id) == (422, "SAME_SITE")
    assert attempt(venue, lot.id) == (409, "NOT_A_SHOP")
    assert attempt(shop, lot.id, 6) == (409, "LOT_SHORT")
    assert attempt(shop, foreign.id) == (404, "NOT_FOUND")
    assert attempt(site, foreign.id, of=shop) == (404, "NOT_FOUND")
    empty = {"to_site_id": str(shop.id), "lines": []}
    assert problem(post(client, f"/sites/{site.id}/transfers", clerk, empty)) == (422, "INVALID")
    noted = {"to_site_id": str(shop.id), "lines": [{"lot_id": str(lot.id), "quantity": 1}], "note": "a\x00b"}
    assert problem(post(client, f"/sites/{site.id}/transfers", clerk, noted)) == (422, "INVALID")
    assert level_of(lot).on_hand == 5


def test_a_write_off_over_http(client: FlaskClient) -> None:
    """A clerk asks, a coordinator approves; nobody approves what they asked for, and nothing is decided twice."""
    site = a_shop()
    lot, clerk, coordinator = (
        a_lot(some_goods().id, site.id, 5, fair_value_fen=300),
        a_clerk(site),
        a_coordinator(site.organisation_id),
    )
    asked = {
        "reason": "damaged",
        "lines": [{"lot_id": str(lot.id), "quantity": 2}],
        "picture_ref": "照片 0012",
        "note": "受潮",
    }
    path = f"/sites/{site.id}/write-offs"
    first = body_of(post(client, path, clerk, asked, key="one"), 201)
    assert body_of(post(client, path, clerk, asked, key="one"), 201) == first
    assert (first["state"], first["value_fen"], first["picture_ref"]) == ("requested", 600, "照片 0012")
    one = f"/write-offs/{first['id']}"
    assert problem(post(client, one + "/approve", clerk)) == (403, "FORBIDDEN")
    done = body_of(post(client, one + "/approve", coordinator, {"note": "已核实"}, key="two"))
    assert body_of(post(client, one + "/approve", coordinator, {"note": "已核实"}, key="two")) == done
    assert (done["state"], done["decision_note"]) == ("approved", "已核实")
    assert problem(post(client, one + "/approve", coordinator)) == (409, "WRITE_OFF_DECIDED")
    own = body_of(post(client, path, coordinator, asked), 201)
    assert problem(post(client, f"/write-offs/{own['id']}/approve", coordinator)) == (403, "SECOND_PERSON_NEEDED")
    other = a_coordinator(site.organisation_id)
    assert problem(post(client, f"/write-offs/{own['id']}/reject", other)) == (422, "INVALID")
    body_of(post(client, f"/write-offs/{own['id']}/reject", other, {"note": "还能用"}))
    listed = read(client, path, an_auditor(site))["items"]
    assert [item["state"] for item in listed] == ["rejected", "approved"]
    assert [item["id"] for item in read(client, path + "?state=approved", clerk)["items"]] == [first["id"]]
    assert read(client, path + "?state=requested", clerk)["items"] == []
    assert read(client, one, clerk) == done
    stranger = a_coordinator(a_shop().organisation_id)
    read(client, one, stranger, 404)
    read(client, path, stranger, 404)
    assert problem(post(client, one + "/approve", stranger)) == (404, "NOT_FOUND")
    assert level_of(lot).on_hand == 3
    assert findings() == []


def test_volunteers_keep_no_stock(client: FlaskClient) -> None:
    """None of it is for members, whatever they name."""
    site, member = a_shop(), a_member()
    for path in (f"/sites/{site.id}/transfers", f"/sites/{site.id}/write-offs", f"/sites/{site.id}/stocktakes"):
        assert problem(post(client, path, member)) == (403, "FORBIDDEN")
        read(client, path, member, 403)
