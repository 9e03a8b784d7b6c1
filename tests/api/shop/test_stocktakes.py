"""A stocktake through HTTP: open, counted blind, confirmed, posted by another."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.shop.test_stockkeeping import body_of, post, problem, read
from tests.factories.organisations import a_shop, a_site
from tests.factories.shop import a_clerk, a_lot, a_member, findings, level_of, reserved, some_goods
from tests.factories.stockkeeping import a_stocktake, an_auditor
from timebank.database import in_unit_of_work
from timebank.shop.redemption.handovers import hand_over


def test_a_stocktake_over_http(client: FlaskClient) -> None:
    """What a blind one hides while it is counted it tells once it is confirmed; a second posting is refused."""
    site, soap = a_shop(), some_goods("肥皂")
    lot, other = a_lot(soap.id, site.id, 10, fair_value_fen=250), a_lot(some_goods().id, site.id, 3, fair_value_fen=100)
    clerk, poster = a_clerk(site), a_clerk(site)
    opened = body_of(post(client, f"/sites/{site.id}/stocktakes", clerk, {"blind": True}, key="one"), 201)
    assert body_of(post(client, f"/sites/{site.id}/stocktakes", clerk, {"blind": True}, key="one"), 201) == opened
    assert (opened["state"], opened["lots"], opened["counted"], opened["differences"]) == ("open", 2, 0, None)
    assert problem(post(client, f"/sites/{site.id}/stocktakes", clerk)) == (409, "STOCKTAKE_UNDER_WAY")
    path = f"/stocktakes/{opened['id']}"
    lines = read(client, path + "/lines", clerk)["items"]
    assert [(line["seq"], line["system_quantity"], line["difference"]) for line in lines] == [(1, None, None)] * 2
    found = {str(lot.id): 8, str(other.id): 4}
    counts = {"lines": [{"lot_id": one["lot_id"], "counted": found[one["lot_id"]], "seq": one["seq"]} for one in lines]}
    counting = body_of(post(client, path + "/counts", clerk, counts))
    assert (counting["state"], counting["counted"], counting["differences"]) == ("counting", 2, None)
    assert problem(post(client, path + "/post", poster)) == (409, "STOCKTAKE_NOT_CONFIRMED")
    confirmed = body_of(post(client, path + "/confirm", clerk))
    assert confirmed["differences"] == {"surplus": 1, "missing": 2, "surplus_fen": 100, "missing_fen": 500}
    shown = {line["lot_id"]: line for line in read(client, path + "/lines", clerk)["items"]}
    assert [shown[str(lot.id)][name] for name in ("system_quantity", "counted", "difference", "value_fen")] == [
        10,
        8,
        -2,
        -500,
    ]
    assert problem(post(client, path + "/post", clerk)) == (403, "SECOND_PERSON_NEEDED")
    done = body_of(post(client, path + "/post", poster, key="two"))
    assert body_of(post(client, path + "/post", poster, key="two")) == done
    assert (done["state"], done["differences"]["missing_fen"]) == ("posted", 500)
    assert problem(post(client, path + "/post", poster)) == (409, "STOCKTAKE_ENDED")
    assert problem(post(client, path + "/cancel", clerk)) == (409, "STOCKTAKE_ENDED")
    assert read(client, f"/sites/{site.id}/stocktakes", an_auditor(site))["items"] == [done]
    assert (level_of(lot).on_hand, level_of(other).on_hand) == (8, 4)
    assert findings() == []


def test_an_open_stocktake_shows_the_books_and_pages(client: FlaskClient) -> None:
    """A count that is not blind shows what the books say now; its lots come page by page; recounting takes it back."""
    site = a_shop()
    lots = [a_lot(some_goods().id, site.id, 5) for _ in range(3)]
    clerk, made = a_clerk(site), a_stocktake(site)
    path = f"/stocktakes/{made.id}"
    first = read(client, path + "/lines?limit=2", clerk)
    rest = read(client, first["next"], clerk)
    assert [line["system_quantity"] for line in first["items"] + rest["items"]] == [5, 5, 5]
    assert {line["lot_id"] for line in first["items"] + rest["items"]} == {str(lot.id) for lot in lots}
    assert problem(post(client, path + "/confirm", clerk)) == (409, "STOCKTAKE_INCOMPLETE")
    counts = {"lines": [{"lot_id": str(lot.id), "counted": 5} for lot in lots]}
    body_of(post(client, path + "/counts", clerk, counts))
    body_of(post(client, path + "/confirm", clerk))
    assert problem(post(client, path + "/counts", clerk, counts)) == (409, "STOCKTAKE_NOT_COUNTING")
    assert body_of(post(client, path + "/recount", clerk))["state"] == "counting"
    assert body_of(post(client, path + "/cancel", clerk))["state"] == "cancelled"
    assert read(client, path, clerk)["state"] == "cancelled"


@pytest.mark.parametrize("counted", [-1, 10**12, 2.5, "3", False, None])
def test_counts_that_are_none(client: FlaskClient, counted: Any) -> None:
    """Less than nothing, more than fits on any shelf, and what is no whole number."""
    site = a_shop()
    lot, clerk, made = a_lot(some_goods().id, site.id, 5), a_clerk(site), a_stocktake(site)
    counts = {"lines": [{"lot_id": str(lot.id), "counted": counted}]}
    assert problem(post(client, f"/stocktakes/{made.id}/counts", clerk, counts)) == (422, "INVALID")


def test_counts_that_are_refused(client: FlaskClient) -> None:
    """A lot that has moved, a lot of another shop, another shop's stocktake, a venue with nothing to count."""
    site, other, soap = a_shop(), a_shop(), some_goods()
    lot, foreign = a_lot(soap.id, site.id, 5), a_lot(soap.id, other.id, 5)
    clerk, made = a_clerk(site), a_stocktake(site)
    order = reserved(a_member().id, site.id, (soap.id, 1)).redemption
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=order.id))

    def attempt(lot_id: Any, who: Any = clerk, **more: Any) -> tuple[int, str]:
        counts = {"lines": [{"lot_id": str(lot_id), "counted": 5, **more}]}
        return problem(post(client, f"/stocktakes/{made.id}/counts", who, counts))

    assert attempt(lot.id, seq=1) == (409, "LOT_MOVED")
    assert attempt(foreign.id) == (404, "NOT_FOUND")
    assert attempt(lot.id, a_clerk(other)) == (404, "NOT_FOUND")
    chosen = {"lot_ids": [str(foreign.id)]}
    assert problem(post(client, f"/sites/{site.id}/stocktakes", clerk, chosen)) == (404, "NOT_FOUND")
    venue = a_site(organisation_id=site.organisation_id)
    assert problem(post(client, f"/sites/{venue.id}/stocktakes", clerk)) == (422, "NOTHING_TO_COUNT")
    read(client, f"/stocktakes/{made.id}", a_clerk(other), 404)
    read(client, f"/stocktakes/{made.id}/lines", a_clerk(other), 404)
    assert level_of(lot).on_hand == 4
