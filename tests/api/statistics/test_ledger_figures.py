"""What was redeemed, given back, expired and is left: by the day on which the ledger has recorded it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient

from tests.api.statistics.conftest import shanghai
from tests.factories.giving import a_donation
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.ledger import earned, expired
from tests.factories.organisations import a_shop, an_area, an_organisation
from tests.factories.shop import a_clerk, a_lot, minutes_for, reserved, some_goods
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.identity.rules import Actor
from timebank.organisations.models import Site
from timebank.shop.redemption import refunds
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.redemption.refunds import Returned

REPORT = "/api/v1/statistics/report"
OLD_YEAR = shanghai(2026, 12, 31, 23, 59)
NEW_YEAR = shanghai(2027, 1, 1, 0, 1)


def asked(client: FlaskClient, who: Actor, rows: str, measures: str, **query: str) -> list[dict[str, Any]]:
    """Return the rows of a report."""
    query |= {"rows": rows, "measures": measures}
    answer = client.get(REPORT, query_string=query, headers=signed_in(who))
    assert answer.status_code == 200, answer.json
    return [keys | item for item, keys in zip(answer.json["items"], answer.json["keys"], strict=True)]


def taken(member: UUID, site: Site, goods_id: UUID, pieces: int, at: datetime) -> UUID:
    """Have a member take some pieces at an instant."""
    clerk = a_clerk(site)
    with clock.at(at):
        redemption = reserved(member, site.id, (goods_id, pieces)).redemption.id
        in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=redemption))
    return redemption


def test_what_was_redeemed_belongs_to_the_shop_and_the_day(client: FlaskClient, app: Flask) -> None:
    """A minute before and after midnight of New Year, at two shops; what came back is a figure of its own."""
    one, other = a_shop(), a_shop()
    member = a_person("周七").id
    goods = some_goods(price_minutes=30)
    with clock.at(OLD_YEAR - timedelta(days=9)):
        minutes_for(member, 600)
        for site in (one, other):
            a_lot(goods.id, site.id, 9)
    taken(member, one, goods.id, 3, OLD_YEAR)
    taken(member, other, goods.id, 2, OLD_YEAR)
    later = taken(member, one, goods.id, 4, NEW_YEAR)
    clerk = a_clerk(one)
    with clock.at(NEW_YEAR + timedelta(days=1)):
        in_unit_of_work(
            lambda: refunds.refund(actor=clerk, redemption_id=later, lines=(Returned(goods.id, 1),), reason="破损")
        )
    admin, both = an_admin(), "redeemed_minutes,refunded_minutes"

    by_month = asked(client, admin, "month", both)
    by_shop = asked(client, admin, "organisation,year", both)
    by_person = asked(client, admin, "volunteer", both)

    assert [(row["month"], row["redeemed_minutes"], row["refunded_minutes"]) for row in by_month] == [
        ("2026-12", 150, 0),
        ("2027-01", 120, 30),
    ]
    assert {(row["organisation"], row["year"]): row["redeemed_minutes"] for row in by_shop} == {
        (str(one.organisation_id), "2026"): 90,
        (str(other.organisation_id), "2026"): 60,
        (str(one.organisation_id), "2027"): 120,
    }
    assert [(row["volunteer"], row["redeemed_minutes"]) for row in by_person] == [(str(member), 270)]
    own = asked(client, a_coordinator(other.organisation_id), "month", both)
    assert [(row["month"], row["redeemed_minutes"]) for row in own] == [("2026-12", 60)]


def test_what_expires_leaves_and_what_is_left_is_carried_on(client: FlaskClient, app: Flask) -> None:
    """Balances at the end of each month: earned, spent, expired; the earlier months stay what they were."""
    member, site, goods = a_person().id, a_shop(), some_goods(price_minutes=100)
    with clock.at(shanghai(2026, 11, 30, 23, 59)):
        minutes_for(member, 500)
        a_lot(goods.id, site.id, 9)
    taken(member, site, goods.id, 1, OLD_YEAR)
    with clock.at(NEW_YEAR):
        minutes_for(member, 60)
        expired(OLD_YEAR, member)
    admin, measures = an_admin(), "expired_minutes,outstanding_minutes"

    found = asked(client, admin, "month", measures)

    assert [(row["month"], row["expired_minutes"], row["outstanding_minutes"]) for row in found] == [
        ("2026-11", 0, 500),
        ("2026-12", 0, 400),
        ("2027-01", 400, 60),
    ]
    since = asked(client, admin, "month,volunteer", measures, **{"from": "2027-01-01"})
    assert [(row["month"], row["volunteer"], row["outstanding_minutes"]) for row in since] == [
        ("2027-01", str(member), 60)
    ]
    (until,) = asked(client, admin, "volunteer", measures, to="2026-12-31")
    assert (until["expired_minutes"], until["outstanding_minutes"]) == (0, 400)


def test_a_pivot_carries_balances_on(client: FlaskClient, app: Flask) -> None:
    """Who did nothing in a month holds what they held before, nought before they earned; totals are the ledger's."""
    quiet, busy, early = (a_person(name).id for name in ("周七", "吴八", "郑九"))
    for instant, who, minutes in (
        (shanghai(2026, 9, 1, 9), early, 70),
        (shanghai(2026, 11, 30, 23, 59), quiet, 500),
        (OLD_YEAR, busy, 60),
        (NEW_YEAR, busy, 40),
    ):
        with clock.at(instant):
            minutes_for(who, minutes)
    admin = an_admin()

    def pivot(rows: str, cols: str, **query: str) -> tuple[dict[str, list[Any]], int, list[str]]:
        query |= {"rows": rows, "cols": cols, "measure": "outstanding_minutes"}
        found = client.get("/api/v1/statistics/pivot", query_string=query, headers=signed_in(admin)).json
        cells = [[cell["value"] for cell in line] for line in found["cells"]]
        named = [row[rows] for row in found["rows"]]
        return dict(zip(named, cells, strict=True)), found["total"]["value"], [one[cols] for one in found["cols"]]

    assert pivot("volunteer", "month", **{"from": "2026-10-01"}) == (
        {str(quiet): [500, 500, 500], str(busy): [0, 60, 100], str(early): [70, 70, 70]},
        670,
        ["2026-11", "2026-12", "2027-01"],
    )
    assert pivot("year", "month", **{"from": "2026-12-01"}) == (
        {"2026": [630, None], "2027": [None, 670]},
        670,
        ["2026-12", "2027-01"],
    )


def test_groups_and_pools_are_no_volunteers(client: FlaskClient, app: Flask) -> None:
    """What they hold is counted, under their own names and without a volunteer number."""
    area, group = an_area("硖石街道"), an_organisation("三色堇队")
    person = a_person("周七")
    minutes_for(person.id, 500)
    earned(group.id, 90)
    a_donation(person.id, area.id, 200)

    rows = asked(client, an_admin(), "volunteer", "outstanding_minutes")

    assert {(row["display_name"], row["volunteer_no"]): row["outstanding_minutes"] for row in rows} == {
        ("周*", person.volunteer_no): 300,
        ("团体：三色堇队", ""): 90,
        ("公共池：硖石街道", ""): 200,
    }
