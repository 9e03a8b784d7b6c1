"""Goods for a purpose from the donor to whom they were meant for, through HTTP."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.calls import body_of, get, post, problem
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import a_shop
from tests.factories.purposes import FOR_OLD_PEOPLE
from tests.factories.shop import a_clerk, a_lot, a_member, findings, some_goods
from timebank import clock
from timebank.codes.book import CodeBook

pytestmark = pytest.mark.rule("R32")


def _sale(app: Flask, site: Any, person: Any, goods: Any, quantity: int = 1, **more: Any) -> dict[str, Any]:
    book: CodeBook = app.extensions["timebank-codes"]
    lines = [{"goods_id": str(goods.id), "quantity": quantity}]
    token = book.member(member=person.member_ref, at=clock.now())
    return {"site_id": str(site.id), "member_token": token, "lines": lines} | more


def test_rice_for_old_people_reaches_one(app: Flask, client: FlaskClient) -> None:
    """Taken in, refused for minutes, handed out once for two clicks, on receipt, trace and accounts, and undone."""
    site, rice, member = a_shop("梧桐公益仓"), some_goods("大米", price_minutes=30), a_member(600)
    clerk, chief = a_clerk(site), a_coordinator(site.organisation_id)
    told = {"goods_id": str(rice.id), "quantity": 3, "fair_value_fen": 1250, "restricted_purpose": FOR_OLD_PEOPLE}
    delivery = {"source": "donated", "donor": {"kind": "person", "name": "捐赠人甲"}, "lines": [told]}
    lot = body_of(post(client, f"/sites/{site.id}/intakes", clerk, delivery), 201)["lots"][0]["id"]
    minutes = _sale(app, site, member, rice)
    assert problem(post(client, "/counter/sales", clerk, minutes)) == (409, "OUT_OF_STOCK")
    wish = {"site_id": str(site.id), "lines": minutes["lines"]}
    assert problem(post(client, "/redemptions", member, wish)) == (409, "OUT_OF_STOCK")

    [listed] = body_of(get(client, f"/sites/{site.id}/lots?restricted=only", clerk))["items"]
    asked = _sale(app, site, member, rice, 2, pay_with="purpose", purpose=listed["purpose"])
    assert problem(post(client, "/counter/sales", clerk, asked)) == (403, "PURPOSE_NEEDS_COORDINATOR")
    first = post(client, "/counter/sales", chief, asked, key="one")
    done = body_of(first, 201)
    assert body_of(post(client, "/counter/sales", chief, asked, key="one"), 201) == done
    assert FOR_OLD_PEOPLE not in first.text
    redemption, receipt = done["redemption"], done["receipt"]
    assert (redemption["pay_with"], redemption["total_minutes"], redemption["free_quota"]) == ("purpose", 0, None)
    assert (receipt["charged_minutes"], receipt["minutes_before"], receipt["minutes_after"]) == (0, 600, 600)
    assert body_of(get(client, "/me/redemptions", member))["items"][0] == redemption

    trace = get(client, f"/lots/{lot}/trace", clerk)
    assert member.display_name not in trace.text
    counted = {name: body_of(trace)[name] for name in ("handed_out", "on_hand", "written_off", "people")}
    assert counted == {"handed_out": 2, "on_hand": 1, "written_off": 0, "people": 1}
    year = clock.day_of(clock.now()).year
    total = body_of(client.get(f"/api/v1/public/shops/{site.id}/accounts?year={year}"))["total"]
    assert total["handed_out"] == {"pieces": 2, "value_fen": 2500, "unvalued": 0}
    closing = body_of(get(client, f"/sites/{site.id}/closings/next", clerk))
    assert (closing["receipts"], closing["charged_minutes"], closing["goods"][0]["handed_over"]) == (1, 0, 2)
    assert findings() == []

    undone = body_of(post(client, f"/redemptions/{redemption['id']}/undo", chief), 201)
    assert (undone["minutes"], undone["balance_minutes"], undone["lines"][0]["restocked"]) == (0, 600, 2)
    [back] = body_of(get(client, f"/sites/{site.id}/lots?restricted=only", clerk))["items"]
    assert (back["on_hand"], back["purpose"]) == (3, FOR_OLD_PEOPLE)
    assert findings() == []


def test_whatever_the_list_says_is_understood(app: Flask, client: FlaskClient) -> None:
    """Also a purpose that was kept with marks that turn text round, and with or without the blanks at its ends."""
    site, rice = a_shop(), some_goods()
    chief = a_coordinator(site.organisation_id)
    for kept, sent in (("\u202a给老人\u202c ", None), ("给老人 ", "给老人"), ("给孩子", " 给孩子 ")):
        a_lot(rice.id, site.id, 1, restricted_purpose=kept)
        [listed] = body_of(get(client, f"/sites/{site.id}/lots", chief))["items"]
        sale = _sale(app, site, a_person(), rice, pay_with="purpose", purpose=sent or listed["purpose"])
        body_of(post(client, "/counter/sales", chief, sale), 201)


def test_a_purpose_is_named_where_it_pays_and_nowhere_else(app: Flask, client: FlaskClient) -> None:
    """Missing, empty, too long, beside minutes or a quota, or for a reservation: invalid."""
    site, rice, member = a_shop(), some_goods(), a_member(600)
    chief = a_coordinator(site.organisation_id)
    sale = _sale(app, site, member, rice)
    wrong: list[dict[str, Any]] = [
        {"pay_with": "purpose"},
        {"pay_with": "purpose", "purpose": ""},
        {"pay_with": "purpose", "purpose": None},
        {"pay_with": "purpose", "purpose": "长" * 201},
        {"pay_with": "minutes", "purpose": FOR_OLD_PEOPLE},
        {"pay_with": "free_quota", "purpose": FOR_OLD_PEOPLE},
        {"purpose": FOR_OLD_PEOPLE},
    ]
    for more in wrong:
        assert problem(post(client, "/counter/sales", chief, sale | more)) == (422, "INVALID"), more
    wish = {"site_id": str(site.id), "lines": sale["lines"], "pay_with": "purpose"}
    assert problem(post(client, "/redemptions", member, wish)) == (422, "INVALID")
    asked = sale | {"pay_with": "purpose", "purpose": FOR_OLD_PEOPLE}
    assert problem(post(client, "/counter/sales", chief, asked)) == (409, "NOTHING_FOR_PURPOSE")
    stranger = a_coordinator(a_shop().organisation_id)
    assert problem(post(client, "/counter/sales", stranger, asked)) == (404, "NOT_FOUND")
