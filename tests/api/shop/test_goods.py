"""The catalogue through HTTP: new values, pictures, prices that come into force."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.attendance import member_code_of
from tests.factories.calls import Caller, body_of, problem
from tests.factories.files import PDF, a_file
from tests.factories.identity import a_coordinator, a_volunteer_actor, an_admin
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, a_stocked_shop, findings, some_goods
from timebank import clock
from timebank.codes.layouts import utc_text
from timebank.database import new_id

SOAP = {"name": "肥皂", "category": "日用", "unit": "块", "active": True}
MILK = {"name": "牛奶", "category": "食品", "unit": "盒", "price_minutes": 5}
GOOD_EAN, BAD_EAN = "6901234567892", "6901234567893"


def test_goods_get_new_values_once_for_each_version(client: FlaskClient) -> None:
    """A change answers with the new version; whoever has seen an older one is refused, and nothing of theirs is kept."""
    goods = some_goods()
    keeper = Caller(client, an_admin())
    seen = keeper.get(f"/goods/{goods.id}")
    wanted = SOAP | {"ean13": GOOD_EAN, "low_stock_below": 5, "min_remaining_days": 30}
    changed = keeper.put(f"/goods/{goods.id}", wanted, etag=seen.headers["ETag"])
    shown = body_of(changed)
    assert {name: shown[name] for name in wanted} == wanted
    assert (shown["lane"], shown["version"], changed.headers["ETag"]) == ("shelf", 2, '"2"')
    late = keeper.put(f"/goods/{goods.id}", SOAP | {"name": "香皂"}, etag=seen.headers["ETag"])
    assert problem(late) == (412, "PRECONDITION_FAILED")
    assert body_of(keeper.get(f"/goods/{goods.id}"))["name"] == "肥皂"
    emptied = body_of(keeper.put(f"/goods/{goods.id}", SOAP))
    assert (emptied["ean13"], emptied["low_stock_below"], emptied["min_remaining_days"]) == (None, None, None)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"ean13": BAD_EAN}, "EAN13_INVALID"),
    ({"ean13": "１２３"}, "EAN13_INVALID"),
    ({"low_stock_below": 0}, "INVALID"),
    ({"low_stock_below": -1}, "INVALID"),
    ({"min_remaining_days": 10**12}, "INVALID"),
    ({"lane": "night"}, "INVALID"),
    ({"active": 1}, "INVALID"),
    ({"name": ""}, "INVALID"),
    ({"name": "a\u0000b"}, "INVALID"),
    ({"price_minutes": 5}, "INVALID"),
    ({"pictures": ["00000000-0000-7000-8000-000000000001"]}, "UNKNOWN_FILE"),
    ({"pictures": ["x"]}, "INVALID"),
]


def test_bad_values_change_nothing(client: FlaskClient) -> None:
    """Each is a coded refusal, and the goods are what they were."""
    goods = some_goods()
    keeper = Caller(client, an_admin())
    before = body_of(keeper.get(f"/goods/{goods.id}"))
    for wrong, code in WRONG:
        assert problem(keeper.put(f"/goods/{goods.id}", SOAP | wrong)) == (422, code), wrong
        assert body_of(keeper.get(f"/goods/{goods.id}")) == before


def test_only_coordinators_change_the_catalogue(client: FlaskClient) -> None:
    """A clerk and a volunteer may not; unknown goods are 404, a barcode of other goods 409."""
    site, goods = a_stocked_shop()
    some_goods(ean13=GOOD_EAN)
    for who in (a_clerk(site), a_volunteer_actor()):
        assert problem(Caller(client, who).put(f"/goods/{goods.id}", SOAP))[0] == 403
        assert problem(Caller(client, who).post(f"/goods/{goods.id}/prices", {"price_minutes": 1}))[0] == 403
    keeper = Caller(client, a_coordinator(site.organisation_id))
    assert problem(keeper.put(f"/goods/{new_id()}", SOAP)) == (404, "NOT_FOUND")
    assert problem(keeper.get(f"/goods/{new_id()}/prices")) == (404, "NOT_FOUND")
    assert problem(keeper.post(f"/goods/{new_id()}/prices", {"price_minutes": 1})) == (404, "NOT_FOUND")
    assert problem(keeper.put(f"/goods/{goods.id}", SOAP | {"ean13": GOOD_EAN})) == (409, "EAN13_TAKEN")


def test_pictures_of_goods_are_for_everybody(client: FlaskClient) -> None:
    """Whoever is signed in sees them; without a word about them they stay, others take their place, a PDF is none."""
    admin, goods = an_admin(), some_goods()
    keeper, anybody = Caller(client, admin), Caller(client, a_volunteer_actor())
    first, second, paper = str(a_file(admin).id), str(a_file(admin).id), str(a_file(admin, PDF).id)
    assert problem(anybody.get(f"/files/{first}"))[0] == 404
    assert body_of(keeper.put(f"/goods/{goods.id}", SOAP | {"pictures": [first]}))["pictures"] == [first]
    assert anybody.get(f"/files/{first}").mimetype == "image/jpeg"
    assert body_of(keeper.put(f"/goods/{goods.id}", SOAP))["pictures"] == [first]
    other = Caller(client, an_admin())
    assert body_of(other.put(f"/goods/{goods.id}", SOAP | {"pictures": [first]}))["pictures"] == [first]
    assert problem(other.put(f"/goods/{goods.id}", SOAP | {"pictures": [second]})) == (422, "UNKNOWN_FILE")
    assert problem(keeper.put(f"/goods/{goods.id}", SOAP | {"pictures": [paper]})) == (415, "FILE_TYPE_REFUSED")
    assert body_of(keeper.put(f"/goods/{goods.id}", SOAP | {"pictures": [second]}))["pictures"] == [second]
    assert problem(anybody.get(f"/files/{first}"))[0] == 404
    new = {"name": "毛巾", "category": "日用", "unit": "条", "price_minutes": 30, "pictures": [second]}
    assert body_of(keeper.post("/goods", new), 201)["pictures"] == [second]
    assert [item["pictures"] for item in body_of(anybody.get("/goods"))["items"]] == [[second], [second]]


def test_a_planned_price_comes_into_force(client: FlaskClient) -> None:
    """The history shows what was, what is and what will be; the same key again sets no second price."""
    goods = some_goods(price_minutes=60)
    keeper = Caller(client, an_admin())
    tomorrow = clock.now() + timedelta(days=1)
    planned = {"price_minutes": 90, "from_at": utc_text(tomorrow)}
    set_once = [body_of(keeper.post(f"/goods/{goods.id}/prices", planned, key="p"), 201) for _ in range(2)]
    assert set_once[0] == set_once[1]
    assert (set_once[0]["number"], set_once[0]["in_force"]) == (2, False)
    listed = body_of(keeper.get(f"/goods/{goods.id}/prices"))["items"]
    assert [(one["price_minutes"], one["in_force"]) for one in listed] == [(90, False), (60, True)]
    assert body_of(keeper.get(f"/goods/{goods.id}"))["price_minutes"] == 60
    with clock.at(tomorrow):
        listed = body_of(keeper.get(f"/goods/{goods.id}/prices"))["items"]
        assert [(one["price_minutes"], one["in_force"]) for one in listed] == [(90, True), (60, False)]
        assert body_of(keeper.get(f"/goods/{goods.id}"))["price_minutes"] == 90


@pytest.mark.parametrize("price", [-1, 10**12, 1.5, "5", None])
def test_a_price_that_is_none_is_refused(client: FlaskClient, price: Any) -> None:
    """Neither less than nothing, nor beyond all measure, nor in parts."""
    goods = some_goods()
    keeper = Caller(client, an_admin())
    assert problem(keeper.post(f"/goods/{goods.id}/prices", {"price_minutes": price})) == (422, "INVALID")
    assert len(body_of(keeper.get(f"/goods/{goods.id}/prices"))["items"]) == 1


def test_no_price_is_set_for_yesterday(client: FlaskClient) -> None:
    """What was asked for stays what it was."""
    goods = some_goods()
    past = {"price_minutes": 1, "from_at": utc_text(clock.now() - timedelta(hours=1))}
    assert problem(Caller(client, an_admin()).post(f"/goods/{goods.id}/prices", past)) == (422, "INVALID")


def test_goods_that_are_no_longer_offered_can_still_be_collected(client: FlaskClient) -> None:
    """A new price and the end of the offer do not touch what is held; nobody reserves any more."""
    site, goods = a_stocked_shop(5, price_minutes=60)
    member, clerk, keeper = Caller(client, a_member(300)), Caller(client, a_clerk(site)), Caller(client, an_admin())
    wanted = {"site_id": str(site.id), "lines": [{"goods_id": str(goods.id), "quantity": 2}]}
    held = body_of(member.post("/redemptions", wanted), 201)
    body_of(keeper.post(f"/goods/{goods.id}/prices", {"price_minutes": 100}), 201)
    body_of(keeper.put(f"/goods/{goods.id}", SOAP | {"active": False}))
    assert problem(member.post("/redemptions", wanted)) == (422, "UNKNOWN_GOODS")
    delivered = {"source": "donated", "donor": {"kind": "anonymous"}, "lines": wanted["lines"]}
    assert problem(clerk.post(f"/sites/{site.id}/intakes", delivered)) == (422, "UNKNOWN_GOODS")
    assert body_of(member.get("/goods"))["items"] == []
    done = body_of(clerk.post(f"/redemptions/{held['id']}/hand-over"))
    assert done["redemption"]["charged_minutes"] == 120
    assert findings() == []


@pytest.mark.rule("R34")
def test_food_of_the_day_is_free(client: FlaskClient) -> None:
    """Neither goods with a price become food of the day, nor food of the day gets one, not even a later one."""
    keeper = Caller(client, an_admin())
    bread = {"name": "面包", "category": "食品", "unit": "个", "lane": "same_day"}
    assert problem(keeper.post("/goods", bread | {"price_minutes": 5})) == (422, "SAME_DAY_IS_FREE")
    made = body_of(keeper.post("/goods", bread | {"price_minutes": 0}), 201)
    assert problem(keeper.post(f"/goods/{made['id']}/prices", {"price_minutes": 5})) == (422, "SAME_DAY_IS_FREE")
    body_of(keeper.post(f"/goods/{made['id']}/prices", {"price_minutes": 0}), 201)
    goods = some_goods(price_minutes=60)
    food = SOAP | {"lane": "same_day"}
    assert problem(keeper.put(f"/goods/{goods.id}", food)) == (422, "SAME_DAY_IS_FREE")
    body_of(keeper.post(f"/goods/{goods.id}/prices", {"price_minutes": 0}), 201)
    later = {"price_minutes": 5, "from_at": utc_text(clock.now() + timedelta(days=2))}
    body_of(keeper.post(f"/goods/{goods.id}/prices", later), 201)
    assert problem(keeper.put(f"/goods/{goods.id}", food)) == (422, "SAME_DAY_IS_FREE")
    with clock.at(clock.now() + timedelta(days=3)):
        body_of(keeper.post(f"/goods/{goods.id}/prices", {"price_minutes": 0}), 201)
        assert body_of(keeper.put(f"/goods/{goods.id}", food))["lane"] == "same_day"
        assert findings() == []


def test_a_catalogue_shows_what_is_open_for_everybody(client: FlaskClient) -> None:
    """Restricted and recalled lots are no offer."""
    site, goods = a_stocked_shop(5)
    lot = a_lot(goods.id, site.id, 7)
    a_lot(goods.id, site.id, 11, restricted_purpose="只给独居老人")
    member = Caller(client, a_member())
    shown = body_of(member.get(f"/goods?site={site.id}"))["items"][0]
    assert shown["availability"] == [{"site_id": str(site.id), "available": 12}]
    body_of(Caller(client, a_clerk(site)).post(f"/lots/{lot.id}/recall", {"reason": "包装胀气"}), 201)
    shown = body_of(member.get(f"/goods/{goods.id}"))
    assert shown["availability"] == [{"site_id": str(site.id), "available": 5}]


CASE, TRAY = "16901234567899", "4006381333931"


def test_a_case_that_is_scanned_is_its_pieces(client: FlaskClient) -> None:
    """Two cases of twelve at intake are twenty-four; at the counter a case is twelve, or more than there is."""
    site = a_shop()
    keeper, clerk = Caller(client, a_coordinator(site.organisation_id)), Caller(client, a_clerk(site))
    packs = [{"code": TRAY, "pieces": 6}, {"code": CASE, "pieces": 12}]
    made = body_of(keeper.post("/goods", MILK | {"ean13": GOOD_EAN, "barcodes": packs}), 201)
    assert made["barcodes"] == packs
    delivery = {"source": "donated", "donor": {"kind": "anonymous"}}
    lines = [{"ean13": f"{CASE[:8]}-{CASE[8:]}", "quantity": 2}, {"ean13": GOOD_EAN, "quantity": 1}]
    taken = body_of(clerk.post(f"/sites/{site.id}/intakes", delivery | {"lines": lines}), 201)
    assert [lot["quantity"] for lot in taken["lots"]] == [24, 1]
    many = delivery | {"lines": [{"ean13": CASE, "quantity": 1_000_000}]}
    refused = clerk.post(f"/sites/{site.id}/intakes", many)
    assert problem(refused) == (422, "INVALID")
    assert refused.json["errors"][0]["pointer"] == "/lines/0/quantity"
    member = a_member(600)
    sale = {"site_id": str(site.id), "lines": [{"ean13": CASE, "quantity": 1}, {"ean13": TRAY, "quantity": 1}]}
    sold = body_of(clerk.post("/counter/sales", sale | {"member_token": member_code_of(member)}), 201)
    assert [line["quantity"] for line in sold["receipt"]["lines"]] == [18]
    with clock.at(clock.now() + timedelta(minutes=1)):
        again = clerk.post("/counter/sales", sale | {"member_token": member_code_of(member)})
        assert problem(again) == (409, "OUT_OF_STOCK")
    assert findings() == []


def test_a_barcode_stands_for_one_thing_in_the_whole_bank(client: FlaskClient) -> None:
    """For a piece of one goods or a pack of another, never both; packs stay until others are given."""
    keeper = Caller(client, a_coordinator(a_shop().organisation_id))
    packs = [{"code": CASE, "pieces": 12}]
    milk = body_of(keeper.post("/goods", MILK | {"ean13": GOOD_EAN, "barcodes": packs}), 201)
    for wrong, status, code in (
        ({"ean13": TRAY, "barcodes": packs}, 409, "EAN13_TAKEN"),
        ({"barcodes": [{"code": GOOD_EAN, "pieces": 6}]}, 409, "EAN13_TAKEN"),
        ({"barcodes": [{"code": "16901234567890", "pieces": 6}]}, 422, "EAN13_INVALID"),
        ({"barcodes": [{"code": TRAY, "pieces": 6}] * 2}, 422, "INVALID"),
        ({"ean13": TRAY, "barcodes": [{"code": TRAY, "pieces": 6}]}, 422, "INVALID"),
        ({"ean13": CASE}, 422, "EAN13_INVALID"),
        ({"barcodes": [{"code": TRAY, "pieces": 0}]}, 422, "INVALID"),
    ):
        assert problem(keeper.post("/goods", MILK | wrong)) == (status, code), wrong
    path = f"/goods/{milk['id']}"
    same = {"name": "牛奶", "category": "食品", "unit": "盒", "active": True}
    assert body_of(keeper.put(path, same | {"ean13": GOOD_EAN}))["barcodes"] == packs
    assert body_of(keeper.put(path, same | {"ean13": TRAY}))["barcodes"] == packs
    other = body_of(keeper.post("/goods", MILK | {"ean13": GOOD_EAN}), 201)
    assert (other["ean13"], other["barcodes"]) == (GOOD_EAN, [])
    assert body_of(keeper.put(path, same | {"ean13": TRAY, "barcodes": []}))["barcodes"] == []
