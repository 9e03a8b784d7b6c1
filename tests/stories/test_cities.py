"""What real cities have ruled, as data alone: a profile is loaded, and the shop keeps to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.allowances import wanting
from tests.factories.attendance import NINE, member_code_of, scan_in, scan_out
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import THE_BANK, a_shop, an_organisation
from tests.factories.shop import a_clerk, a_lot, a_member, findings
from tests.stories.phones import Phone, Team
from timebank import clock
from timebank.commands import cli
from timebank.database import in_unit_of_work, new_id
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.ledger import proof
from timebank.organisations.models import Site
from timebank.shop.catalogue import goods

DAY = timedelta(days=1)
NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)
"""Noon of a Wednesday in Shanghai."""


@pytest.fixture
def shop(client: FlaskClient) -> Site:
    """The 公益仓 of the story."""
    return a_shop("公益仓", organisation_id=an_organisation().id)


def rules_of(app: Flask, city: str) -> None:
    """Load what a city has ruled, as an operator does."""
    done = app.test_cli_runner().invoke(cli, ["policies", "load", city])
    assert done.exit_code == 0, done.output


def on_the_shelf(shop: Site, name: str, price: int, *, kind: str = "日用", pieces: int = 20, hours: int = 0) -> Any:
    """Put pieces of something on the shelf, good for so many hours or for ever; return the goods' id."""
    what = in_unit_of_work(
        lambda: goods.add_goods(actor=THE_BANK, name=name, category=kind, unit="件", price_minutes=price)
    ).id
    a_lot(what, shop.id, pieces, expires_at=clock.now() + timedelta(hours=hours) if hours else None)
    return what


def wish(shop: Site, *lines: tuple[Any, int], **more: Any) -> dict[str, Any]:
    """Return what somebody sends who wants something."""
    return {"site_id": str(shop.id), "lines": wanting(*lines)} | more


def at_the_counter(shop: Site, who: Person, *lines: tuple[Any, int], **more: Any) -> dict[str, Any]:
    """Return what a clerk sends for somebody who shows their code."""
    return wish(shop, *lines, member_token=member_code_of(who), **more)


def refusal(client: FlaskClient, who: Person | Actor, path: str, body: dict[str, Any]) -> Any:
    """Send something that is refused; return the whole problem."""
    answer = client.post(f"/api/v1{path}", headers=signed_in(who) | {"Idempotency-Key": str(new_id())}, json=body)
    assert answer.status_code == 409, answer.text
    return answer.json


@pytest.mark.rule("R30")
def test_shengzhou_gives_two_of_each_gift_and_a_code_lives_a_year(
    app: Flask, client: FlaskClient, phone: Phone, shop: Site
) -> None:
    """嵊州: the second cup is the last one for ever; a code is good for a year, and what nobody fetched is void and free again."""
    with clock.at(NOON):
        rules_of(app, "shengzhou")
        cup, towel = on_the_shelf(shop, "水杯", 60), on_the_shelf(shop, "毛巾", 30)
        volunteer, clerk = a_member(600), a_clerk(shop)
        first = phone.send(volunteer, "/redemptions", **wish(shop, (cup, 1)))
        second = phone.send(volunteer, "/redemptions", **wish(shop, (cup, 1), (towel, 1)))
        third = refusal(client, volunteer, "/redemptions", wish(shop, (cup, 1)))
        assert (third["code"], third["context"]["left"], third["context"]["resets_at"]) == ("LIMIT_REACHED", 0, None)
        assert second["expires_at"].startswith("2027-11-19")

    with clock.at(NOON + 365 * DAY):
        # Nearly a year later the code still works; the other one is forgotten at home.
        found = phone.send(clerk, "/counter/lookup", code=first["pickup_code"])
        phone.send(clerk, f"/redemptions/{found['redemption']['id']}/hand-over")
        assert phone.balance(volunteer) == 540

    with clock.at(NOON + 366 * DAY):
        assert phone.refused(clerk, f"/redemptions/{second['id']}/hand-over") == (410, "HOLD_EXPIRED")
        assert phone.look(volunteer, "/me/account")["available_minutes"] == 540
        # One cup was fetched; the one that was not may be asked for again, and no more.
        assert phone.refused(volunteer, "/redemptions", **wish(shop, (cup, 2))) == (409, "LIMIT_REACHED")
        phone.send(volunteer, "/redemptions", **wish(shop, (cup, 1)))
        assert findings() == []
        assert proof.verify().ok


@pytest.mark.rule("R25")
def test_huangshi_spends_what_was_scanned_oneself_until_the_end_of_the_year(
    app: Flask, client: FlaskClient, phone: Phone, team: Team, shop: Site
) -> None:
    """志愿黄石: hours that a leader scanned are honour only; on 1 January points are gone, and service stays."""
    with clock.at(NINE - DAY):
        rules_of(app, "zhiyuan_huangshi")
        soap = on_the_shelf(shop, "肥皂", 60)
    scanned_oneself, scanned_by_the_leader = a_person("王秀英"), a_person("赵大爷")
    scan_in(client, scanned_oneself, team.shift, at=0)
    scan_out(client, scanned_oneself, team.shift, at=120)
    for scan, at in ((scan_in, 0), (scan_out, 120)):
        with clock.at(NINE + timedelta(minutes=at)):
            code = member_code_of(scanned_by_the_leader)
        scan(client, team.leader, team.shift, at=at, token=code, shift_id=str(team.shift.id))

    with clock.at(NINE + timedelta(minutes=200)):
        accounts = [phone.look(who, "/me/account") for who in (scanned_oneself, scanned_by_the_leader)]
        assert [one["service_minutes"] for one in accounts] == [120, 120]
        assert [one["balance_minutes"] for one in accounts] == [120, 0]
        phone.send(scanned_oneself, "/redemptions", **wish(shop, (soap, 1)))
        short = phone.refused(scanned_by_the_leader, "/redemptions", **wish(shop, (soap, 1)))
        assert short == (409, "INSUFFICIENT_MINUTES")

    with clock.at(datetime(2026, 12, 31, 15, 59, tzinfo=UTC)):
        assert app.test_cli_runner().invoke(cli, ["sweep"]).exit_code == 0
        assert phone.balance(scanned_oneself) == 120
    with clock.at(datetime(2026, 12, 31, 16, 1, tzinfo=UTC)):
        # One minute past midnight in Shanghai: the year's points have died.
        assert app.test_cli_runner().invoke(cli, ["sweep"]).exit_code == 0
        after = phone.look(scanned_oneself, "/me/account")
        assert (after["balance_minutes"], after["service_minutes"]) == (0, 120)
        assert phone.refused(scanned_oneself, "/redemptions", **wish(shop, (soap, 1))) == (409, "INSUFFICIENT_MINUTES")
        assert findings() == []
        assert proof.verify().ok


@pytest.mark.rule("R25")
def test_huangshan_keeps_points_three_years_and_takes_nothing_back(
    app: Flask, client: FlaskClient, phone: Phone, team: Team, shop: Site
) -> None:
    """黄山: redeeming leaves service hours alone, goods are not taken back, and points die after three years."""
    with clock.at(NINE - DAY):
        rules_of(app, "huangshan")
        soap = on_the_shelf(shop, "肥皂", 60)
        clerk = a_clerk(shop)
    volunteer = a_person("王秀英")
    scan_in(client, volunteer, team.shift, at=0)
    scan_out(client, volunteer, team.shift, at=135)

    with clock.at(NINE + timedelta(minutes=200)):
        held = phone.send(volunteer, "/redemptions", **wish(shop, (soap, 1)))
        phone.send(clerk, f"/redemptions/{held['id']}/hand-over")
        account = phone.look(volunteer, "/me/account")
        # 135 minutes of service are 120 points, in half hours; 60 of them are spent, none of the service.
        assert (account["balance_minutes"], account["service_minutes"]) == (60, 135)
        back = {"lines": wanting((soap, 1)), "reason": "不想要了"}
        refused = phone.refused(clerk, f"/redemptions/{held['id']}/refunds", **back)
        assert refused == (409, "REFUNDS_NOT_ALLOWED")

    for days, left in ((1_095, 60), (1_097, 0)):
        with clock.at(NINE + days * DAY):
            assert app.test_cli_runner().invoke(cli, ["sweep"]).exit_code == 0
            account = phone.look(volunteer, "/me/account")
            assert (account["balance_minutes"], account["service_minutes"]) == (left, 135)
    assert proof.verify().ok


@pytest.mark.rule("R30")
def test_yaozhuang_gives_a_hundred_points_a_year_and_a_neighbour_collects(
    app: Flask, client: FlaskClient, phone: Phone, shop: Site
) -> None:
    """姚庄: 100 points for 低保, 50 for those just above it, apart from all minutes; an old woman's neighbour collects."""
    coordinator, clerk = a_coordinator(shop.organisation_id), a_clerk(shop)
    grandmother, near = a_person("吴阿婆"), a_person("孙师傅")
    here = str(shop.organisation_id)
    with clock.at(NOON):
        rules_of(app, "yaozhuang")
        neighbour = a_member(600)
        jacket, oil, quilt = (
            on_the_shelf(shop, name, points) for name, points in (("棉衣", 15), ("食油", 38), ("棉被", 100))
        )
        for who, kind in ((grandmother, "low_income"), (near, "near_low_income")):
            phone.send(coordinator, f"/people/{who.id}/free-quota", organisation_id=here, kind=kind, reason="看过证")
        # She has no phone: the coordinator enters whom she wants to send.
        named = phone.send(
            coordinator,
            f"/people/{grandmother.id}/proxies",
            organisation_id=here,
            volunteer_no=neighbour.volunteer_no,
            reason="行动不便",
        )
        collecting = {"pay_with": "free_quota", "proxy_id": named["id"]}
        sold = phone.send(clerk, "/counter/sales", **at_the_counter(shop, neighbour, (quilt, 1), **collecting))
        assert sold["redemption"]["collected_by"] == "王**"
        assert sold["redemption"]["free_quota"] == {"unit": "points", "total": 100, "charged": 100}
        assert phone.balance(neighbour) == 600

    with clock.at(NOON + timedelta(minutes=1)):
        spent = refusal(client, clerk, "/counter/sales", at_the_counter(shop, neighbour, (jacket, 1), **collecting))
        assert (spent["code"], spent["context"]["left"], spent["context"]["renews_on"]) == (
            "FREE_QUOTA_SPENT",
            0,
            "2027-01-01",
        )
        # Half as much for those just above the line: a jacket, and then no oil.
        phone.send(near, "/redemptions", **wish(shop, (jacket, 1), pay_with="free_quota"))
        assert phone.refused(near, "/redemptions", **wish(shop, (oil, 1), pay_with="free_quota")) == (
            409,
            "FREE_QUOTA_SPENT",
        )
        # Without a quota nothing is free, and minutes buy as ever.
        assert phone.refused(neighbour, "/redemptions", **wish(shop, (oil, 1), pay_with="free_quota")) == (
            409,
            "NO_FREE_QUOTA",
        )
        phone.send(neighbour, "/redemptions", **wish(shop, (oil, 1)))
        used = phone.look(coordinator, f"/free-quota/use?organisation={here}&from=2026-01-01&to=2026-12-31")["items"]
        assert [(one["kind"], one["people"], one["amount"]) for one in used] == [("low_income", 1, 100)]

    with clock.at(datetime(2027, 1, 1, tzinfo=UTC)):
        assert phone.look(grandmother, "/me/free-quota")["items"][0]["left"] == 100
        phone.send(clerk, "/counter/sales", **at_the_counter(shop, neighbour, (oil, 2), **collecting))
        phone.send(coordinator, f"/people/{grandmother.id}/proxies/{named['id']}/end")
    with clock.at(datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=1)):
        again = at_the_counter(shop, neighbour, (jacket, 1), **collecting)
        assert phone.refused(clerk, "/counter/sales", **again) == (409, "PROXY_NOT_VALID")
        assert findings() == []
        assert proof.verify().ok


@pytest.mark.rule("R34")
def test_wenzhou_gives_two_pieces_of_the_days_bread(app: Flask, client: FlaskClient, phone: Phone, shop: Site) -> None:
    """温州: free, two pieces a person a day, never past its hour, and two more on the next day."""
    morning = datetime(2026, 11, 18, 0, tzinfo=UTC)
    with clock.at(morning):
        rules_of(app, "wenzhou")
        bread = on_the_shelf(shop, "面包", 0, kind="爱心面包", pieces=9, hours=12)
        cake = on_the_shelf(shop, "蛋糕", 0, kind="爱心面包", pieces=9, hours=12)
        soap = on_the_shelf(shop, "肥皂", 0)
        cleaner, clerk = a_person("周师傅"), a_clerk(shop)
        phone.send(clerk, "/counter/sales", **at_the_counter(shop, cleaner, (bread, 1), (cake, 1), (soap, 3)))
    with clock.at(morning + timedelta(hours=1)):
        third = refusal(client, clerk, "/counter/sales", at_the_counter(shop, cleaner, (cake, 1)))
        assert (third["code"], third["context"]["category"]) == ("LIMIT_REACHED", "爱心面包")
        assert third["context"]["resets_at"] == "2026-11-19T00:00:00+08:00"
        assert phone.balance(cleaner) == 0
    with clock.at(morning + timedelta(hours=13)):
        # In the evening what is left is past its hour, for everybody.
        late = at_the_counter(shop, a_person(), (bread, 1))
        assert phone.refused(clerk, "/counter/sales", **late) == (409, "OUT_OF_STOCK")
    with clock.at(morning + DAY):
        a_lot(bread, shop.id, 5, expires_at=morning + DAY + timedelta(hours=12))
        phone.send(clerk, "/counter/sales", **at_the_counter(shop, cleaner, (bread, 2)))
        assert findings() == []


@pytest.mark.rule("R29")
@pytest.mark.rule("R30")
def test_tangshan_opens_on_the_fifteenth_and_zhangzhou_gives_five_pieces_a_month(
    app: Flask, client: FlaskClient, phone: Phone, shop: Site
) -> None:
    """唐山 and 漳州 together: five pieces on 15 December, none on the 16th, five more on 15 January."""
    coordinator, person = a_coordinator(shop.organisation_id), a_person("吴阿婆")
    here = str(shop.organisation_id)
    with clock.at(NOON):
        rules_of(app, "tangshan")
        rules_of(app, "zhangzhou")
        rice = on_the_shelf(shop, "大米", 300)
        phone.send(
            coordinator, f"/people/{person.id}/free-quota", organisation_id=here, kind="poor_card", reason="帮扶卡"
        )
        closed = refusal(client, person, "/redemptions", wish(shop, (rice, 1), pay_with="free_quota"))
        assert (closed["code"], closed["context"]["opens_at"]) == (
            "NOT_A_REDEMPTION_DAY",
            "2026-12-15T00:00:00+08:00",
        )
    for month in (datetime(2026, 12, 15, 4, tzinfo=UTC), datetime(2027, 1, 15, 4, tzinfo=UTC)):
        with clock.at(month):
            phone.send(person, "/redemptions", **wish(shop, (rice, 5), pay_with="free_quota"))
            short = phone.refused(person, "/redemptions", **wish(shop, (rice, 1), pay_with="free_quota"))
            assert short == (409, "FREE_QUOTA_SPENT")
        with clock.at(month + DAY):
            late = phone.refused(person, "/redemptions", **wish(shop, (rice, 1), pay_with="free_quota"))
            assert late == (409, "NOT_A_REDEMPTION_DAY")
            assert findings() == []
