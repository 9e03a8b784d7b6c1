"""Public accounts, movement reports, near-expiry lists and the history of a lot through HTTP."""

import io
from datetime import datetime, timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient

from tests.api.shop.test_stockkeeping import V1, body_of, post, problem, read
from tests.conftest import Statements
from tests.factories.identity import signed_in
from tests.factories.organisations import a_shop, a_site
from tests.factories.policies import a_policy
from tests.factories.shop import a_clerk, a_lot, a_member, reserved, some_goods
from tests.factories.stockkeeping import a_write_off, an_auditor, approved
from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.shop.redemption.handovers import hand_over

MAY = datetime(2026, 5, 10, 12, tzinfo=clock.SHANGHAI)
LATER = datetime(2027, 2, 1, 12, tzinfo=clock.SHANGHAI)


def _accounts(client: FlaskClient, site: Any, query: str) -> Any:
    return client.get(f"{V1}/public/shops/{site.id}/accounts?{query}")


@pytest.mark.rule("R35")
def test_anybody_may_read_the_accounts(client: FlaskClient) -> None:
    """Without signing in, with nobody's name, and to be kept by caches: for a day once the period is over."""
    clerkless = {"source": "donated", "donor": {"kind": "person", "name": "李四捐赠人"}}
    with clock.at(MAY):
        site, soap = a_shop("硖石公益仓"), some_goods()
        clerk = a_clerk(site)
        lines = [{"goods_id": str(soap.id), "quantity": 6, "fair_value_fen": 250}]
        body_of(post(client, f"/sites/{site.id}/intakes", clerk, clerkless | {"lines": lines}), 201)
        order = reserved(a_member().id, site.id, (soap.id, 2)).redemption
        in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=order.id))
        running = _accounts(client, site, "year=2026&quarter=2")
        assert running.headers["Cache-Control"] == "public, max-age=300"
        assert body_of(running)["complete"] is False
    with clock.at(LATER):
        settled = _accounts(client, site, "year=2026&quarter=2")
        assert settled.headers["Cache-Control"] == "public, max-age=86400"
        told = body_of(settled)
        year = body_of(_accounts(client, site, "year=2026"))
    assert "李四" not in settled.text
    assert told["shop"]["name"] == "硖石公益仓"
    assert told["complete"] is True
    total = told["total"]
    assert (total["received"]["pieces"], total["handed_out"]["pieces"], total["closing"]["pieces"]) == (6, 2, 4)
    assert (total["received"]["value_fen"], total["closing"]["value_fen"]) == (1500, 1000)
    assert told["received"] == [
        {
            "source": "donated",
            "donor_kind": "person",
            "intakes": 1,
            "amount": {"pieces": 6, "value_fen": 1500, "unvalued": 0},
        }
    ]
    assert [period["name"] for period in year["periods"]] == ["2026Q1", "2026Q2", "2026Q3", "2026Q4"]
    assert year["total"] == total
    assert year["periods"][1]["total"] == total
    assert [category["name"] for category in year["categories"]] == ["日用"]


def test_accounts_are_files_too(client: FlaskClient) -> None:
    """CSV and XLSX, with a name and the same time to be kept; the same figures give the same bytes."""
    with clock.at(MAY):
        site = a_shop()
        a_lot(some_goods().id, site.id, 6, fair_value_fen=250)
        text = _accounts(client, site, "year=2026&quarter=2&format=csv")
        sheet = _accounts(client, site, "year=2026&format=xlsx")
        again = _accounts(client, site, "year=2026&format=xlsx")
    assert text.headers["Content-Disposition"] == 'attachment; filename="accounts-2026Q2.csv"'
    assert text.headers["Cache-Control"] == sheet.headers["Cache-Control"] == "public, max-age=300"
    assert "2026Q2,合计" in text.data.decode("utf-8-sig")
    assert sheet.data == again.data
    assert "xl/workbook.xml" in ZipFile(io.BytesIO(sheet.data)).namelist()


@pytest.mark.parametrize(
    "query",
    ["", "year=1999", "year=2200", "year=x", "year=2026&quarter=0", "year=2026&quarter=5", "year=2026&format=pdf"],
)
def test_periods_that_are_none(client: FlaskClient, query: str) -> None:
    """A year is four digits from 2000 on, a quarter one of four."""
    assert problem(_accounts(client, a_shop(), query)) == (422, "INVALID")


def test_accounts_that_are_not_there(client: FlaskClient) -> None:
    """A period that has not begun, a venue and an unknown site have no account."""
    site = a_shop()
    with clock.at(MAY):
        assert problem(_accounts(client, site, "year=2026&quarter=3")) == (422, "INVALID")
        assert problem(_accounts(client, site, "year=2027")) == (422, "INVALID")
        assert len(body_of(_accounts(client, site, "year=2026"))["periods"]) == 2
    assert problem(_accounts(client, a_site(), "year=2026")) == (404, "NOT_FOUND")
    unknown = client.get(f"{V1}/public/shops/{new_id()}/accounts?year=2026")
    assert problem(unknown) == (404, "NOT_FOUND")


def test_an_account_costs_the_same_however_much_has_moved(client: FlaskClient, statements: Statements) -> None:
    """The moves are read in one statement, whatever there is of lots and categories."""
    site = a_shop()
    sent = []
    with clock.at(MAY):
        for _ in range(2):
            for _ in range(3):
                a_lot(some_goods().id, site.id, 2)
            with statements() as said:
                body_of(_accounts(client, site, "year=2026&quarter=2"))
            sent.append(len(said))
    assert sent[0] == sent[1]


def test_a_month_for_the_staff(client: FlaskClient) -> None:
    """Goods by goods, as JSON and as a file, for staff and auditors of the site only."""
    with clock.at(MAY):
        site, soap = a_shop(), some_goods("肥皂")
        lot = a_lot(soap.id, site.id, 6, fair_value_fen=250)
        approved(a_write_off(site, (lot.id, 1)), site)
        path = f"/sites/{site.id}/movements?month=2026-05"
        for who in (a_clerk(site), an_auditor(site)):
            month = read(client, path, who)
            assert [(one["name"], one["written_off"]["pieces"]) for one in month["goods"]] == [("肥皂（瓶）", 1)]
            assert (month["month"], month["complete"]) == ("2026-05", False)
        text = client.get(V1 + path + "&format=csv", headers=signed_in(a_clerk(site)))
        assert "肥皂（瓶）" in text.data.decode("utf-8-sig")
        read(client, path, a_clerk(a_shop()), 404)
        read(client, path, a_member(), 403)
        read(client, f"/sites/{site.id}/movements?month=2026-06", a_clerk(site), 422)
        for month in ("2026-13", "2026-5", "1999-01", "二〇二六", "2026-05-01"):
            read(client, f"/sites/{site.id}/movements?month={month}", a_clerk(site), 422)


@pytest.mark.rule("R33")
def test_what_is_about_to_expire(client: FlaskClient) -> None:
    """Expired ones first, then by day; as far ahead as the policy says, or as somebody asks; empty lots are over."""
    site, soap = a_shop(), some_goods()
    clerk, now = a_clerk(site), clock.now()
    lots = {days: a_lot(soap.id, site.id, 2, expires_at=now + timedelta(days=days)) for days in (1, 5, 14, 20, 60)}
    a_lot(soap.id, site.id, 2)
    approved(a_write_off(site, (lots[5].id, 2)), site)
    names = {str(lot.id): days for days, lot in lots.items()}

    def listed(query: str = "") -> list[int]:
        items = read(client, f"/sites/{site.id}/near-expiry{query}", clerk)["items"]
        return [names[item["lot_id"]] for item in items]

    with clock.at(now + timedelta(days=2)):
        assert listed() == [1, 14]
        assert listed("?days=20") == [1, 14, 20]
        assert listed("?days=3650") == [1, 14, 20, 60]
        assert listed("?expired=only") == [1]
        assert listed("?expired=without") == [14]
        a_policy("near_expiry_days", 30, organisation_id=site.organisation_id)
        assert listed() == [1, 14, 20]
        first = read(client, f"/sites/{site.id}/near-expiry?limit=1", clerk)
        assert (first["items"][0]["expired"], first["items"][0]["days_left"]) == (True, -1)
        assert [names[item["lot_id"]] for item in read(client, first["next"], clerk)["items"]] == [14]
        read(client, f"/sites/{site.id}/near-expiry", a_clerk(a_shop()), 404)
        read(client, f"/sites/{site.id}/near-expiry?days=0", clerk, 422)


def test_the_history_of_a_lot(client: FlaskClient) -> None:
    """Every move with who made it, the newest first, page by page; nothing of another shop's lot."""
    site, soap = a_shop(), some_goods()
    lot, clerk = a_lot(soap.id, site.id, 5), a_clerk(site)
    order = reserved(a_member().id, site.id, (soap.id, 2)).redemption
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=order.id))
    asked = a_write_off(site, (lot.id, 1))
    approved(asked, site)
    moves = read(client, f"/lots/{lot.id}/moves", clerk)["items"]
    assert [(move["kind"], move["quantity"], move["on_hand_after"]) for move in moves] == [
        ("write_off", -1, 2),
        ("hand_over", -2, 3),
        ("reserve", 0, 5),
        ("intake", 5, 5),
    ]
    assert (moves[0]["cause_id"], moves[1]["actor"]) == (str(asked.id), "工作人员")
    first = read(client, f"/lots/{lot.id}/moves?limit=3", clerk)
    assert [move["seq"] for move in read(client, first["next"], clerk)["items"]] == [1]
    for path in ("moves", "trace"):
        read(client, f"/lots/{lot.id}/{path}", a_clerk(a_shop()), 404)
        read(client, f"/lots/{new_id()}/{path}", clerk, 404)


@pytest.mark.rule("R31")
def test_the_way_of_a_lot(client: FlaskClient) -> None:
    """From the donor, whom staff of the site are told, to pieces and people, whom nobody is."""
    site, soap = a_shop(), some_goods()
    clerk, member = a_clerk(site), a_member()
    given = {
        "source": "donated",
        "donor": {"kind": "firm", "name": "海宁某面包房"},
        "lines": [{"goods_id": str(soap.id), "quantity": 5}],
    }
    taken = body_of(post(client, f"/sites/{site.id}/intakes", clerk, given), 201)
    order = reserved(member.id, site.id, (soap.id, 2)).redemption
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=order.id))
    path = f"/lots/{taken['lots'][0]['id']}/trace"
    way = read(client, path, clerk)
    assert (way["origin"]["donor_name"], way["origin"]["receipt_no"]) == ("海宁某面包房", taken["receipt_no"])
    assert (way["received"], way["handed_out"], way["people"], way["on_hand"]) == (5, 2, 1, 3)
    assert str(member.id) not in str(way)
    assert member.display_name not in str(way)
    assert read(client, path, an_auditor(site))["origin"]["donor_name"] is None
