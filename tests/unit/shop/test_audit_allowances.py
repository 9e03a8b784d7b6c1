"""The audit finds what somebody has done to limits, households and free quotas behind the application's back."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from tests.factories.allowances import a_household, a_limit, a_proxy, entitled, goods_limited, limited, quotas_of
from tests.factories.identity import a_person
from tests.factories.shop import a_clerk, a_member, a_stocked_shop, findings, reserved, wishes
from tests.unguarded import unguarded
from timebank import clock
from timebank.database import db, in_unit_of_work
from timebank.identity.rules import Actor
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.redemption import refunds, reservations
from timebank.shop.redemption.handovers import hand_over

GUARDED = {
    "free_quota_line": "redemption_id",
    "free_quota_move": "entitlement_id",
    "goods_limit": "goods_id",
    "redemption_limit": "redemption_id",
    "shop_collection": "redemption_id",
}


@pytest.fixture
def day_under_limits(app: Flask) -> None:
    """Two of a household under two limits, and somebody with a free quota of each state, all of which adds up."""
    site, soap = a_stocked_shop(40, price_minutes=20)
    limited(site, a_limit(30, window="ever"), a_limit(30, per="household", of="all", window="year"))
    goods_limited(soap.id, {"per": "person", "window": "ever", "pieces": 20})
    quotas_of(site)
    mother, son, clerk = a_member(900), a_member(900), a_clerk(site)
    a_household(mother, son)
    proxy = a_proxy(mother, son)
    entitled(mother.id, site)
    now = clock.now()
    for minute, who in enumerate((mother, son)):
        with clock.at(now + timedelta(minutes=minute)):
            reserved(who.id, site.id, (soap.id, 2))
    held: list[Any] = []
    for minute in range(3):
        with clock.at(now + timedelta(minutes=10 + minute)):
            held.append(
                in_unit_of_work(
                    lambda: reservations.reserve(
                        person_id=mother.id,
                        site_id=site.id,
                        lines=wishes((soap.id, 1)),
                        pay_with=PayWith.FREE_QUOTA,
                    )
                ).redemption
            )
    back = [refunds.Returned(soap.id, 1)]
    with clock.at(now + timedelta(minutes=20)):
        in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=held[0].id, proxy_id=proxy.id))
        in_unit_of_work(lambda: refunds.refund(actor=clerk, redemption_id=held[0].id, lines=back, reason="退货"))
        in_unit_of_work(lambda: reservations.cancel(actor=Actor(mother.id), redemption_id=held[1].id))
        assert findings() == []


@pytest.mark.rule("R30")
@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("limits", "UPDATE redemption_limit SET most = 1 WHERE per = 'person'"),
        ("household_limits", "UPDATE redemption_limit SET most = 3 WHERE per = 'household'"),
        ("limit_marks", "DELETE FROM redemption_limit"),
        ("limit_marks", "UPDATE redemption SET limited = NULL"),
        ("quota_moves", "UPDATE free_quota_move SET balance_after = balance_after + 1 WHERE kind = 'hold'"),
        ("quota_moves", "UPDATE free_quota_move SET held_after = 0 WHERE kind = 'hold'"),
        ("quota_moves", "DELETE FROM free_quota_move WHERE seq = 1"),
        ("quota_resolutions", "UPDATE free_quota_move SET held = held - 1 WHERE kind = 'release'"),
        ("quota_payments", "DELETE FROM free_quota_move WHERE kind = 'capture'"),
        ("quota_payments", "DELETE FROM free_quota_line"),
        ("quota_payments", "UPDATE redemption SET pay_with = NULL"),
        ("quota_payments", "UPDATE redemption SET pay_with = 'free_quota'"),
        ("quota_payments", "UPDATE redemption SET total_minutes = 20 WHERE pay_with = 'free_quota'"),
        ("quota_payments", "UPDATE free_quota_line SET price = 19"),
        ("quota_refunds", "DELETE FROM free_quota_move WHERE kind = 'refund'"),
        ("quota_refunds", "DELETE FROM shop_refund_line"),
    ],
)
@pytest.mark.usefixtures("day_under_limits")
def test_the_audit_names_what_was_changed(kind: str, statement: str) -> None:
    """Each change to a row that the guards would have refused is found under its own name, with its first row."""
    unguarded(statement)
    with clock.at(clock.now() + timedelta(minutes=21)):
        found = {finding.kind: finding for finding in findings()}
    assert kind in found
    assert found[kind].count > 0
    assert found[kind].first


def test_the_audit_finds_somebody_in_two_households(app: Flask) -> None:
    """At the same time, whoever put them there."""
    person = a_person()
    a_household(person)
    assert findings() == []
    unguarded("DROP INDEX uq_identity_household_member_live")
    a_household(person)
    assert [finding.kind for finding in findings()] == ["households"]


@pytest.mark.parametrize("table", sorted(GUARDED))
@pytest.mark.usefixtures("day_under_limits")
def test_facts_of_limits_and_quotas_cannot_be_changed(table: str) -> None:
    """UPDATE, DELETE, TRUNCATE on PostgreSQL and REPLACE on SQLite are refused by the database."""
    column = GUARDED[table]
    attacks = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if db.engine.dialect.name == "sqlite":
        attacks.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        attacks.append(f"TRUNCATE {table} CASCADE")
    for attack in attacks:
        with pytest.raises(DatabaseError, match=r"append-only|not authorized"):
            in_unit_of_work(lambda sql=attack: db.session.execute(text(sql)))
