"""Recalls through HTTP: a lot is stopped at once, and only what is good leaves."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.allowances import a_proxy
from tests.factories.calls import Caller, body_of, problem
from tests.factories.identity import a_coordinator
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, a_stocked_shop, findings, reserved, some_goods
from tests.factories.stockkeeping import received, sent
from timebank import clock
from timebank.database import new_id

DAY = timedelta(days=1)


def line(goods_id: Any, quantity: int = 1) -> dict[str, Any]:
    """Return one line of a redemption or a hand-over."""
    return {"goods_id": str(goods_id), "quantity": quantity}


@pytest.mark.rule("R34")
def test_a_recall_stops_a_lot_at_once(client: FlaskClient) -> None:
    """The answer names what still waits for pieces of it; these are not handed over, the rest is, and nobody picks more."""
    site, goods = a_stocked_shop(2, price_minutes=60)
    towel = some_goods("毛巾", price_minutes=30)
    bad = a_lot(towel.id, site.id, 5)
    holder, taker = a_member(600), a_member(600)
    clerk = Caller(client, a_clerk(site))
    taken = reserved(taker.id, site.id, (towel.id, 1)).redemption
    body_of(clerk.post(f"/redemptions/{taken.id}/hand-over"))
    held = reserved(holder.id, site.id, (goods.id, 1), (towel.id, 2)).redemption
    gone = reserved(taker.id, site.id, (towel.id, 1)).redemption
    body_of(Caller(client, taker).post(f"/redemptions/{gone.id}/cancel"))
    done = body_of(clerk.post(f"/lots/{bad.id}/recall", {"reason": "荧光剂超标"}, key="r"), 201)
    assert (done["on_hand"], done["people"], done["reason"]) == (4, 1, "荧光剂超标")
    assert [(one["redemption_id"], one["pieces"]) for one in done["held"]] == [(str(held.id), 2)]
    assert body_of(clerk.post(f"/lots/{bad.id}/recall", {"reason": "荧光剂超标"}, key="r"), 201) == done
    assert problem(clerk.post(f"/lots/{bad.id}/recall", {"reason": "再次"})) == (409, "ALREADY_RECALLED")
    refused = clerk.post(f"/redemptions/{held.id}/hand-over")
    assert problem(refused) == (409, "LOT_RECALLED")
    assert refused.json["context"]["goods_id"] == str(towel.id)
    wish = {"site_id": str(site.id), "lines": [line(towel.id)]}
    assert problem(Caller(client, taker).post("/redemptions", wish)) == (409, "OUT_OF_STOCK")
    part = body_of(clerk.post(f"/redemptions/{held.id}/hand-over", {"lines": [line(goods.id)]}))
    assert part["redemption"]["charged_minutes"] == 60
    shown = {one["id"]: one for one in body_of(clerk.get(f"/sites/{site.id}/lots"))["items"]}[str(bad.id)]
    assert (shown["recall_reason"], shown["on_hand"], shown["reserved"]) == ("荧光剂超标", 4, 0)
    assert findings() == []


def test_of_two_lots_the_good_one_is_handed_over(client: FlaskClient) -> None:
    """Whoever takes fewer pieces than were held gets those that are not recalled."""
    site, goods = a_shop(), some_goods(price_minutes=10)
    bad = a_lot(goods.id, site.id, 1, expires_at=clock.now() + 30 * DAY)
    a_lot(goods.id, site.id, 1)
    held = reserved(a_member().id, site.id, (goods.id, 2)).redemption
    clerk = Caller(client, a_clerk(site))
    body_of(clerk.post(f"/lots/{bad.id}/recall", {"reason": "胀气"}), 201)
    assert problem(clerk.post(f"/redemptions/{held.id}/hand-over")) == (409, "LOT_RECALLED")
    body_of(clerk.post(f"/redemptions/{held.id}/hand-over", {"lines": [line(goods.id)]}))
    assert findings() == []


def test_recalls_are_for_the_staff_of_the_site(client: FlaskClient) -> None:
    """A lot of another shop does not exist; a reason is needed."""
    site, goods = a_stocked_shop()
    lot = a_lot(goods.id, site.id)
    path = f"/lots/{lot.id}/recall"
    assert problem(Caller(client, a_clerk(a_shop())).post(path, {"reason": "x"})) == (404, "NOT_FOUND")
    assert problem(Caller(client, a_member()).post(path, {"reason": "x"})) == (403, "FORBIDDEN")
    clerk = Caller(client, a_clerk(site))
    assert problem(clerk.post(f"/lots/{new_id()}/recall", {"reason": "x"})) == (404, "NOT_FOUND")
    assert problem(clerk.post(path, {"reason": " "})) == (422, "INVALID")


@pytest.mark.rule("R34")
def test_whoever_has_some_at_home_is_told_once(client: FlaskClient) -> None:
    """Also whoever sent a proxy, and not the proxy; goods and shop are named, the reason is not; what came back tells nobody."""
    site, milk = a_shop(), some_goods("酸奶", price_minutes=5)
    other = a_shop(organisation_id=site.organisation_id)
    lot = a_lot(milk.id, site.id, 20)
    received(sent(site, other, (lot.id, 5)), other)
    taker, grandmother, grandson, returner, waiting = (a_member(60) for _ in range(5))
    named, coordinator = a_proxy(grandmother, grandson), Caller(client, a_coordinator(site.organisation_id))
    for who, where, proxy in (
        (taker, site, {}),
        (taker, other, {}),
        (grandmother, site, {"proxy_id": str(named.id)}),
        (returner, site, {}),
    ):
        held = reserved(who.id, where.id, (milk.id, 1)).redemption
        body_of(coordinator.post(f"/redemptions/{held.id}/hand-over", proxy))
    back = {"lines": [line(milk.id) | {"restock": True}], "reason": "没拆封"}
    body_of(coordinator.post(f"/redemptions/{held.id}/refunds", back), 201)
    reserved(waiting.id, site.id, (milk.id, 1))
    done = body_of(coordinator.post(f"/lots/{lot.id}/recall", {"reason": "大肠菌群超标"}), 201)
    assert done["people"] == 2
    for who, told in ((taker, 1), (grandmother, 1), (grandson, 0), (returner, 0), (waiting, 0)):
        texts = [one["message"] for one in body_of(Caller(client, who).get("/me/notifications"))["items"]]
        assert len(texts) == told, texts
        for text in texts:
            assert "酸奶" in text
            assert "大肠菌群" not in text
