"""Redemptions and the counter through HTTP, each refusal in the one shape."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Statements
from tests.factories.calls import V1, body_of, keyed, post, problem
from tests.factories.identity import a_coordinator, signed_in
from tests.factories.organisations import a_shop
from tests.factories.shop import (
    a_clerk,
    a_lot,
    a_member,
    a_stocked_shop,
    account_of,
    findings,
    level_of,
    seen,
    some_goods,
)
from timebank import clock
from timebank.codes.book import CodeBook
from timebank.database import is_sqlite, new_id, session
from timebank.shop.models import MissedCode, Redemption, StockMove


@pytest.fixture(autouse=True)
def book(app: Flask) -> CodeBook:
    """The application's code book."""
    found: CodeBook = app.extensions["timebank-codes"]
    return found


def test_a_day_at_the_counter(client: FlaskClient, book: CodeBook) -> None:
    """Goods come in, a member reserves, the clerk looks the code up and hands over, the member sees what became of it."""
    site, member = a_shop(), a_member(200)
    clerk, coordinator = a_clerk(site), a_coordinator(site.organisation_id)
    goods = body_of(
        client.post(
            f"{V1}/goods",
            headers=keyed(signed_in(coordinator)),
            json={"name": "洗衣液", "category": "日用", "unit": "瓶", "price_minutes": 60, "ean13": "6901234567892"},
        ),
        201,
    )
    taken = body_of(
        post(
            client,
            f"/sites/{site.id}/intakes",
            clerk,
            {
                "source": "donated",
                "donor": {"kind": "person", "name": "李四"},
                "lines": [{"goods_id": goods["id"], "quantity": 3, "fair_value_fen": 1990}],
            },
        ),
        201,
    )
    assert taken["receipt_no"].endswith("-0001")
    assert "李四" not in str(taken)
    [offered] = body_of(client.get(f"{V1}/goods?site={site.id}", headers=signed_in(member)), 200)["items"]
    assert offered["availability"] == [{"site_id": str(site.id), "available": 3}]

    held = body_of(
        post(
            client,
            "/redemptions",
            member,
            {"site_id": str(site.id), "lines": [{"goods_id": goods["id"], "quantity": 2}]},
        ),
        201,
    )
    assert (held["state"], held["total_minutes"], held["account"]["available_minutes"]) == ("held", 120, 80)

    for code in (held["pickup_token"], held["pickup_code"]):
        found = body_of(client.post(f"{V1}/counter/lookup", headers=signed_in(clerk), json={"code": code}), 200)
        assert found["redemption"]["id"] == held["id"]
        assert found["member"] == {"name": "王**"}
        assert found["redemption"]["pickup_code"] is None

    done = body_of(post(client, f"/redemptions/{held['id']}/hand-over", clerk), 200)
    assert (done["receipt"]["minutes_before"], done["receipt"]["minutes_after"]) == (200, 80)
    assert done["receipt"]["member"] == "王**"
    assert held["account"]["head"][-8:] != done["receipt"]["head"] == account_of(member.id).head.hex()[-8:]

    [mine] = body_of(client.get(f"{V1}/me/redemptions", headers=signed_in(member)), 200)["items"]
    assert (mine["state"], mine["lines"][0]["handed_over"], mine["pickup_token"]) == ("handed_over", 2, None)
    assert findings() == []


def test_a_retry_is_answered_with_the_same_and_another_key_is_refused(client: FlaskClient) -> None:
    """The same key gives the stored answer once more; another key finds that it has been handed over."""
    site, goods = a_stocked_shop()
    member, clerk = a_member(), a_clerk(site)
    body = {"site_id": str(site.id), "lines": [{"goods_id": str(goods.id), "quantity": 1}]}
    held = body_of(post(client, "/redemptions", member, body, key="one"), 201)
    again = post(client, "/redemptions", member, body, key="one")
    assert (again.json, again.headers["Idempotency-Replayed"]) == (held, "true")
    path = f"/redemptions/{held['id']}/hand-over"
    first = body_of(post(client, path, clerk, key="a"), 200)
    assert post(client, path, clerk, key="a").json == first
    assert problem(post(client, path, clerk, key="b")) == (409, "ALREADY_HANDED_OVER")


def test_a_counter_sale(client: FlaskClient, book: CodeBook) -> None:
    """A member code and a barcode make a sale; the same code does not pay twice."""
    site, member = a_shop(), a_member(100)
    goods = some_goods(price_minutes=20, ean13="6901234567892")
    lot = a_lot(goods.id, site.id, 5)
    clerk = a_clerk(site)
    body = {
        "member_token": book.member(member=member.member_ref, at=clock.now()),
        "site_id": str(site.id),
        "lines": [{"ean13": "6901234567892", "quantity": 2}, {"goods_id": str(goods.id), "quantity": 1}],
    }
    done = body_of(post(client, "/counter/sales", clerk, body), 201)
    assert (done["redemption"]["state"], done["receipt"]["minutes_after"]) == ("handed_over", 40)
    assert problem(post(client, "/counter/sales", clerk, body)) == (409, "MEMBER_CODE_USED")
    assert (level_of(lot).on_hand, account_of(member.id).balance_minutes) == (2, 40)


@pytest.mark.parametrize("quantity", [0, -1, 10**12, 1.5, "2", True, None])
def test_impossible_quantities_are_refused_everywhere(client: FlaskClient, book: CodeBook, quantity: Any) -> None:
    """Zero, negative, huge, broken and typed-as-text quantities are 422 at every door, and nothing has moved."""
    site, goods = a_stocked_shop()
    member, clerk = a_member(), a_clerk(site)
    line = {"goods_id": str(goods.id), "quantity": quantity}
    token = book.member(member=member.member_ref, at=clock.now())
    held = body_of(
        post(
            client,
            "/redemptions",
            member,
            {"site_id": str(site.id), "lines": [{"goods_id": str(goods.id), "quantity": 1}]},
        ),
        201,
    )
    before = seen(lambda: session.query(StockMove).count())
    donated = {"source": "donated", "donor": {"kind": "anonymous"}, "lines": [line]}
    for path, who, body in (
        ("/redemptions", member, {"site_id": str(site.id), "lines": [line]}),
        (f"/redemptions/{held['id']}/hand-over", clerk, {"lines": [line]}),
        ("/counter/sales", clerk, {"member_token": token, "site_id": str(site.id), "lines": [line]}),
        (f"/sites/{site.id}/intakes", clerk, donated),
    ):
        response = post(client, path, who, body)
        assert problem(response) == (422, "INVALID")
        assert response.json is not None
        assert [error["pointer"] for error in response.json["errors"]] == ["/lines/0/quantity"]
    assert seen(lambda: session.query(StockMove).count()) == before


def test_what_is_wrong_with_a_reservation_is_named(client: FlaskClient) -> None:
    """Unknown goods, unknown shop, no lines, too many pieces, too few minutes, unknown fields: each by its own code."""
    site, goods = a_stocked_shop(3, price_minutes=100)
    member = a_member(250)

    def answer(body: Any) -> tuple[int, str]:
        return problem(post(client, "/redemptions", member, body))

    def asking(quantity: int, goods_id: Any = goods.id, site_id: Any = site.id) -> dict[str, Any]:
        return {"site_id": str(site_id), "lines": [{"goods_id": str(goods_id), "quantity": quantity}]}

    assert answer(asking(1, goods_id=new_id())) == (422, "UNKNOWN_GOODS")
    assert answer(asking(1, site_id=new_id())) == (404, "NOT_FOUND")
    assert answer(asking(1, goods_id="no uuid")) == (422, "INVALID")
    assert answer({"site_id": str(site.id), "lines": []}) == (422, "INVALID")
    assert answer(asking(1) | {"price_minutes": 0}) == (422, "INVALID")
    assert answer([]) == (422, "INVALID")
    assert answer(asking(4)) == (409, "OUT_OF_STOCK")
    assert answer(asking(3)) == (409, "INSUFFICIENT_MINUTES")
    assert account_of(member.id).available_minutes == 250


def test_goods_cannot_be_without_price_or_with_a_wrong_barcode(client: FlaskClient) -> None:
    """A price is required and at least 0; a barcode has the right check digit and belongs to one goods."""
    headers = signed_in(a_coordinator(a_shop().organisation_id))
    good = {"name": "米", "category": "粮油", "unit": "袋", "price_minutes": 0, "ean13": "6901234567892"}

    def answer(body: dict[str, Any]) -> tuple[int, str]:
        return problem(client.post(f"{V1}/goods", headers=keyed(headers), json=body))

    assert answer({name: value for name, value in good.items() if name != "price_minutes"}) == (422, "INVALID")
    assert answer(good | {"price_minutes": -1}) == (422, "INVALID")
    assert answer(good | {"name": "米\x00"}) == (422, "INVALID")
    assert answer(good | {"ean13": "6901234567893"}) == (422, "EAN13_INVALID")
    assert client.post(f"{V1}/goods", headers=keyed(headers), json=good).status_code == 201
    assert answer(good) == (409, "EAN13_TAKEN")
    assert client.get(f"{V1}/goods/{new_id()}", headers=headers).status_code == 404
    assert client.get(f"{V1}/goods?site={new_id()}", headers=headers).status_code == 404


def test_expired_goods_are_refused_at_the_door(client: FlaskClient) -> None:
    """An intake whose expiry has passed is refused, pointing at the line."""
    site, goods = a_stocked_shop()
    yesterday = (clock.now() - timedelta(days=1)).isoformat()
    body = {
        "source": "purchased",
        "donor": {"kind": "firm"},
        "lines": [{"goods_id": str(goods.id), "quantity": 1, "expires_at": yesterday}],
    }
    response = post(client, f"/sites/{site.id}/intakes", a_clerk(site), body)
    assert problem(response) == (422, "INTAKE_EXPIRED")


def test_what_lies_outside_a_clerks_shop_does_not_exist(client: FlaskClient) -> None:
    """Staff of another shop get 404 for hand-over, cancel, reading, intake and the code, and volunteers have no counter."""
    site, goods = a_stocked_shop()
    member, stranger = a_member(), a_clerk(a_shop())
    asked = {"site_id": str(site.id), "lines": [{"goods_id": str(goods.id), "quantity": 1}]}
    held = body_of(post(client, "/redemptions", member, asked), 201)
    place = f"/redemptions/{held['id']}"
    donated = {"source": "donated", "donor": {"kind": "anonymous"}, "lines": asked["lines"]}
    assert problem(post(client, f"{place}/hand-over", stranger)) == (404, "NOT_FOUND")
    assert problem(post(client, f"{place}/cancel", stranger)) == (404, "NOT_FOUND")
    assert problem(client.get(V1 + place, headers=signed_in(stranger))) == (404, "NOT_FOUND")
    assert problem(post(client, f"/sites/{site.id}/intakes", stranger, donated)) == (404, "NOT_FOUND")
    look = {"code": held["pickup_code"]}
    assert problem(client.post(f"{V1}/counter/lookup", headers=signed_in(stranger), json=look)) == (
        404,
        "CODE_NOT_FOUND",
    )
    assert problem(client.post(f"{V1}/counter/lookup", headers=signed_in(member), json=look)) == (403, "FORBIDDEN")
    assert problem(post(client, f"{place}/hand-over", member)) == (403, "FORBIDDEN")
    assert client.get(V1 + place, headers=signed_in(a_clerk(site))).json["pickup_code"] is None  # type: ignore[index]
    assert client.get(V1 + place, headers=signed_in(member)).json["pickup_code"] == held["pickup_code"]  # type: ignore[index]


def test_used_cancelled_and_due_codes_are_told_apart(client: FlaskClient) -> None:
    """Cancelled is 410 on hand-over, lookup and cancel; due is 410 and shows as expired, with minutes and goods back."""
    site, goods = a_stocked_shop(5, price_minutes=10)
    member, clerk = a_member(100), a_clerk(site)
    asked = {"site_id": str(site.id), "lines": [{"goods_id": str(goods.id), "quantity": 1}]}
    gone = body_of(post(client, "/redemptions", member, asked), 201)
    back = body_of(post(client, f"/redemptions/{gone['id']}/cancel", member), 200)
    assert (back["state"], back["account"]["available_minutes"]) == ("cancelled", 100)
    for action, who in (("cancel", member), ("hand-over", clerk)):
        assert problem(post(client, f"/redemptions/{gone['id']}/{action}", who)) == (410, "REDEMPTION_CANCELLED")
    look = client.post(f"{V1}/counter/lookup", headers=signed_in(clerk), json={"code": gone["pickup_code"]})
    assert problem(look) == (410, "REDEMPTION_CANCELLED")

    due = body_of(post(client, "/redemptions", member, asked), 201)
    with clock.at(clock.now() + timedelta(hours=49)):
        assert problem(post(client, f"/redemptions/{due['id']}/hand-over", clerk)) == (410, "HOLD_EXPIRED")
        shown = body_of(client.get(f"{V1}/redemptions/{due['id']}", headers=signed_in(member)), 200)
        assert (shown["state"], shown["closed_at"], shown["pickup_code"]) == ("expired", due["expires_at"], None)
        items = body_of(client.get(f"{V1}/goods?site={site.id}", headers=signed_in(member)), 200)["items"]
        assert items[0]["availability"][0]["available"] == 5
    assert seen(lambda: session.query(StockMove).filter_by(kind="hand_over").count()) == 0

    site, _ = a_stocked_shop()


def test_wrong_codes_leave_traces_and_ten_lock_the_clerk_out(client: FlaskClient) -> None:
    """A mistyped digit is 404 and leaves one trace without the code; the eleventh code is 429 with a time to wait."""
    clerk = a_clerk(a_shop())
    headers = signed_in(clerk)
    for _ in range(10):
        response = client.post(f"{V1}/counter/lookup", headers=headers, json={"code": "１２３４ ５６７８"})
        assert problem(response) == (404, "CODE_NOT_FOUND")
    assert seen(lambda: session.query(MissedCode).filter_by(clerk_id=clerk.person_id).count()) == 10
    locked = client.post(f"{V1}/counter/lookup", headers=headers, json={"code": "12345678"})
    assert problem(locked) == (429, "COUNTER_LOCKED")
    assert seen(lambda: session.query(MissedCode).count()) == 10


def test_a_part_is_handed_over_and_the_rest_goes_back(client: FlaskClient) -> None:
    """One of three pieces is taken: the answer shows it, the receipt charges it, the rest is available."""
    site, goods = a_stocked_shop(3, price_minutes=10)
    member, clerk = a_member(100), a_clerk(site)
    asked = {"site_id": str(site.id), "lines": [{"goods_id": str(goods.id), "quantity": 3}]}
    held = body_of(post(client, "/redemptions", member, asked), 201)
    path = f"/redemptions/{held['id']}/hand-over"
    over = {"lines": [{"goods_id": str(goods.id), "quantity": 4}]}
    assert problem(post(client, path, clerk, over)) == (422, "LINE_OVER_PICKED")
    done = body_of(post(client, path, clerk, {"lines": [{"goods_id": str(goods.id), "quantity": 1}]}), 200)
    assert (done["redemption"]["charged_minutes"], done["receipt"]["charged_minutes"]) == (10, 10)
    assert done["redemption"]["lines"][0]["handed_over"] == 1
    assert account_of(member.id).available_minutes == 90
    assert findings() == []


def test_lists_are_paged(client: FlaskClient) -> None:
    """Goods and one's own redemptions come in pages, each item once."""
    site, goods = a_stocked_shop(5, price_minutes=0)
    some_goods()
    member = a_member(0)
    asked = {"site_id": str(site.id), "lines": [{"goods_id": str(goods.id), "quantity": 1}]}
    for _ in range(3):
        body_of(post(client, "/redemptions", member, asked), 201)
    for path, count in ((f"{V1}/goods?limit=1", 2), (f"{V1}/me/redemptions?limit=2", 3)):
        ids: list[str] = []
        following: str | None = path
        while following:
            shown = body_of(client.get(following, headers=signed_in(member)), 200)
            ids += [item["id"] for item in shown["items"]]
            following = shown["next"]
        assert len(ids) == len(set(ids)) == count


def test_a_reservation_costs_few_statements(client: FlaskClient, statements: Statements) -> None:
    """Two of idempotency, one for the service minutes in the answer; on SQLite four of the ledger and six of the shop.

    On PostgreSQL three and five: what is written together is one statement, and there the lots have a lock of their own.
    The demo's clock, which is not there in production, reads one row more.
    """
    site, goods = a_stocked_shop()
    member = a_member()
    asked = {"site_id": str(site.id), "lines": [{"goods_id": str(goods.id), "quantity": 2}]}
    body_of(post(client, "/redemptions", member, asked), 201)
    other = a_member()
    with statements() as sent:
        body_of(post(client, "/redemptions", other, asked), 201)
    counted = [text for text in sent if "demo_clock" not in text]
    assert len(counted) == (13 if seen(is_sqlite) else 11), "\n---\n".join(counted)
    assert seen(lambda: session.query(Redemption).count()) == 2
