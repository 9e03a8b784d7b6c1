"""Food of the day through HTTP: what must go, until when, and who has had some."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, findings, some_goods
from timebank import clock
from timebank.organisations.models import Site
from timebank.shop.models import Goods
from timebank.shop.rules import Lane

MORNING = datetime(2026, 9, 3, 8, tzinfo=clock.SHANGHAI)


def bread_at(site: Site, *lots: tuple[int, float]) -> Goods:
    """Take bread in: pieces, and in how many hours they expire."""
    bread = some_goods("面包", price_minutes=0, lane=Lane.SAME_DAY)
    for pieces, hours in lots:
        a_lot(bread.id, site.id, pieces, expires_at=clock.now() + timedelta(hours=hours))
    return bread


def wish(site: Site, goods: Goods, quantity: int) -> dict[str, Any]:
    """Return the body of a redemption of one goods."""
    return {"site_id": str(site.id), "lines": [{"goods_id": str(goods.id), "quantity": quantity}]}


@pytest.mark.rule("R34")
def test_the_list_says_what_must_go_today(client: FlaskClient) -> None:
    """By the hour: what ends first stands first, what has ended, is recalled or for a purpose is gone, other goods too."""
    with clock.at(MORNING):
        site = a_shop()
        bread = bread_at(site, (5, 6), (20, 3))
        a_lot(some_goods().id, site.id, 9)
        a_lot(bread.id, site.id, 7, expires_at=MORNING + timedelta(hours=4), restricted_purpose="独居老人")
        clerk = Caller(client, a_clerk(site))
        held = body_of(Caller(client, a_member()).post("/redemptions", wish(site, bread, 2)), 201)
        assert held["total_minutes"] == 0
        listed = body_of(clerk.get(f"/sites/{site.id}/hand-out-list"))
        assert [(one["on_hand"], one["available"]) for one in listed["items"]] == [(20, 18), (5, 5)]
        assert listed["pieces"] == 25
    with clock.at(MORNING + timedelta(hours=3)):
        left = body_of(clerk.get(f"/sites/{site.id}/hand-out-list"))
        assert [one["on_hand"] for one in left["items"]] == [5]
        body_of(clerk.post(f"/lots/{left['items'][0]['lot_id']}/recall", {"reason": "异味"}), 201)
        assert body_of(clerk.get(f"/sites/{site.id}/hand-out-list")) == {"items": [], "pieces": 0}
        assert problem(clerk.post(f"/redemptions/{held['id']}/hand-over")) == (410, "HOLD_EXPIRED")
        assert findings() == []


@pytest.mark.rule("R34")
def test_the_clerk_sees_who_has_had_some_today(client: FlaskClient) -> None:
    """Masked, newest first, with the pieces that stayed with them; yesterday's people and other goods are not on it.

    Neither is whoever left the bread at the counter, or whose bread was a slip of the clerk's.
    """
    with clock.at(MORNING):
        site = a_shop()
        bread, soap = bread_at(site, (20, 20)), some_goods(price_minutes=0)
        a_lot(soap.id, site.id, 5)
        clerk = Caller(client, a_clerk(site))
        people, others = [a_member() for _ in range(3)], [a_member() for _ in range(2)]
        wanted = (wish(site, bread, 2), wish(site, soap, 1), wish(site, bread, 3))
        for person, body in zip(people, wanted, strict=True):
            held = body_of(Caller(client, person).post("/redemptions", body), 201)
            body_of(clerk.post(f"/redemptions/{held['id']}/hand-over"))
        back = {"lines": [{"goods_id": str(bread.id), "quantity": 1}], "reason": "多拿了"}
        body_of(clerk.post(f"/redemptions/{held['id']}/refunds", back), 201)
        both = wish(site, bread, 1) | {"lines": wish(site, bread, 1)["lines"] + wish(site, soap, 1)["lines"]}
        left_there, slip = (body_of(Caller(client, one).post("/redemptions", both), 201)["id"] for one in others)
        body_of(clerk.post(f"/redemptions/{left_there}/hand-over", {"lines": wish(site, soap, 1)["lines"]}))
        body_of(clerk.post(f"/redemptions/{slip}/hand-over"))
        body_of(clerk.post(f"/redemptions/{slip}/undo"), 201)
        path = f"/sites/{site.id}/hand-out-list/received"
        answer = clerk.get(path)
        shown = body_of(answer)["items"]
        assert [one["pieces"] for one in shown] == [2, 2]
        assert shown[0]["name"] == "王**"
        assert shown[0]["volunteer_no"] == "******" + people[2].volunteer_no[-4:]
        assert people[2].volunteer_no not in answer.text
        page = body_of(clerk.get(f"{path}?limit=1"))
        assert body_of(clerk.get(page["next"].removeprefix("/api/v1")))["items"] == shown[1:]
    with clock.at(MORNING + timedelta(hours=16)):
        assert body_of(clerk.get(path))["items"] == []


def test_the_lists_are_for_the_staff_of_the_site(client: FlaskClient) -> None:
    """Another shop's clerk finds nothing, a member may not look."""
    site = a_shop()
    for path in (f"/sites/{site.id}/hand-out-list", f"/sites/{site.id}/hand-out-list/received"):
        assert problem(Caller(client, a_clerk(a_shop())).get(path)) == (404, "NOT_FOUND")
        assert problem(Caller(client, a_member()).get(path)) == (403, "FORBIDDEN")
        assert body_of(Caller(client, a_clerk(site)).get(path))["items"] == []
