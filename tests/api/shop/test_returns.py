"""Goods that come back, a slip undone and a reservation extended, through HTTP."""

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from tests.factories.calls import V1, body_of, post, problem
from tests.factories.identity import signed_in
from tests.factories.shop import a_clerk, a_member, a_stocked_shop, findings
from timebank import clock


def test_a_clerk_takes_goods_back_over_http(client: FlaskClient) -> None:
    """A refund by line is answered with what came back; the same key again changes nothing, too much is refused."""
    site, soap = a_stocked_shop(5, price_minutes=60)
    member, clerk = a_member(300), a_clerk(site)
    wanted = {"site_id": str(site.id), "lines": [{"goods_id": str(soap.id), "quantity": 2}]}
    redemption_id = body_of(post(client, "/redemptions", member, wanted), 201)["id"]
    path = f"/redemptions/{redemption_id}"
    back: dict[str, Any] = {
        "lines": [{"goods_id": str(soap.id), "quantity": 1, "restock": True}],
        "reason": "包装破损",
    }
    assert problem(post(client, path + "/refunds", clerk, back)) == (409, "NOT_HANDED_OVER")
    body_of(post(client, path + "/hand-over", clerk), 200)
    first = body_of(post(client, path + "/refunds", clerk, back, key="one"), 201)
    assert (first["minutes"], first["balance_minutes"], first["lines"][0]["restocked"]) == (60, 240, 1)
    assert body_of(post(client, path + "/refunds", clerk, back, key="one"), 201) == first
    for word in ("yes", 1, None):
        unclear = back | {"lines": [back["lines"][0] | {"restock": word}]}
        assert problem(post(client, path + "/refunds", clerk, unclear)) == (422, "INVALID"), word
    too_much = {"lines": [{"goods_id": str(soap.id), "quantity": 2}], "reason": "再退"}
    assert problem(post(client, path + "/refunds", clerk, too_much)) == (409, "REFUND_EXCEEDS_TAKEN")
    assert problem(post(client, path + "/undo", clerk)) == (409, "UNDO_TOO_LATE")
    assert problem(post(client, path + "/refunds", member, back)) == (403, "FORBIDDEN")
    shown = client.get(f"{V1}{path}", headers=signed_in(member)).json
    assert (shown["lines"][0]["handed_over"], shown["lines"][0]["refunded"]) == (2, 1)
    assert findings() == []


def test_a_member_extends_a_reservation_over_http(client: FlaskClient) -> None:
    """Once; the codes stay the same."""
    site, soap = a_stocked_shop(5, price_minutes=60)
    member = a_member(300)
    wanted = {"site_id": str(site.id), "lines": [{"goods_id": str(soap.id), "quantity": 1}]}
    held = body_of(post(client, "/redemptions", member, wanted), 201)
    with clock.at(clock.now() + timedelta(hours=1)):
        longer = body_of(post(client, f"/redemptions/{held['id']}/extend", member), 200)
        assert (longer["pickup_code"], longer["pickup_token"]) == (held["pickup_code"], held["pickup_token"])
        assert longer["expires_at"] > held["expires_at"]
        assert longer["extended_at"] is not None
        assert longer["account"]["held_minutes"] == 60
        again = post(client, f"/redemptions/{held['id']}/extend", member)
        assert problem(again) == (409, "ALREADY_EXTENDED")
        assert problem(post(client, f"/redemptions/{held['id']}/undo", a_clerk(site))) == (409, "NOT_HANDED_OVER")


def test_undoing_a_sale_over_http(client: FlaskClient) -> None:
    """Both goods and minutes are back."""
    site, soap = a_stocked_shop(5, price_minutes=60)
    member, clerk = a_member(300), a_clerk(site)
    wanted = {"site_id": str(site.id), "lines": [{"goods_id": str(soap.id), "quantity": 2}]}
    redemption_id = body_of(post(client, "/redemptions", member, wanted), 201)["id"]
    body_of(post(client, f"/redemptions/{redemption_id}/hand-over", clerk), 200)
    undone = body_of(post(client, f"/redemptions/{redemption_id}/undo", clerk), 201)
    assert (undone["kind"], undone["minutes"], undone["balance_minutes"]) == ("undo", 120, 300)
    assert findings() == []
