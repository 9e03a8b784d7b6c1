"""What was redeemed, given back, expired and is left: by the day on which the ledger has recorded it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient

from tests.api.statistics.conftest import shanghai
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.ledger import expired
from tests.factories.organisations import a_shop
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
