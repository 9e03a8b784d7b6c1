"""The audit finds what somebody has done to recalls, purposes, donations and prices of food behind its back."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from tests.factories.identity import a_coordinator, a_person
from tests.factories.purposes import FOR_OLD_PEOPLE, given
from tests.factories.shop import a_clerk, a_lot, a_member, a_stocked_shop, findings, level_of, reserved, some_goods
from tests.unguarded import unguarded
from timebank import clock
from timebank.database import db, in_unit_of_work, session
from timebank.shop.catalogue import goods
from timebank.shop.intake import donations
from timebank.shop.rules import DonorKind, Lane
from timebank.shop.stock import purposes, recalls
from timebank.shop.stock.lot_tables import Basis


@pytest.fixture
def week_at_the_shop(app: Flask) -> None:
    """A recall with a promise before it, two changes of purpose, a gift for one, a donation in two lots, and bread."""
    site, what = a_stocked_shop(5)
    bad, clerk = a_lot(what.id, site.id, 3, expires_at=clock.now() + timedelta(days=30)), a_clerk(site)
    reserved(a_member(600).id, site.id, (what.id, 1))
    in_unit_of_work(lambda: recalls.recall(actor=clerk, lot_id=bad.id, reason="胀气"))
    keeper = a_coordinator(site.organisation_id)
    for purpose in ("给残疾人", None):
        lot = a_lot(what.id, site.id, 1, restricted_purpose="给老人")
        in_unit_of_work(
            lambda one=lot, new=purpose: purposes.change_purpose(
                actor=keeper, lot_id=one.id, purpose=new, basis=Basis.CONSENT, note="来电"
            )
        )
    line, donor = donations.Offered("被子", 4, what.id), a_person()
    offer = in_unit_of_work(
        lambda: donations.offer(
            donor_id=donor.id, site_id=site.id, donor_kind=DonorKind.FIRM, lines=[line], donor_name="甲厂"
        )
    )
    taken = [donations.Accepted(1, 3), donations.Accepted(1, 1)]
    in_unit_of_work(lambda: donations.accept(actor=clerk, donation_id=offer.id, lines=taken))
    bread = some_goods("面包", price_minutes=0, lane=Lane.SAME_DAY)
    in_unit_of_work(
        lambda: goods.set_price(
            actor=keeper, goods_id=bread.id, price_minutes=0, from_at=clock.now() + timedelta(days=1)
        )
    )
    given_out = a_lot(what.id, site.id, 2, restricted_purpose=FOR_OLD_PEOPLE)
    given(site, keeper, a_person(), what, 1)
    assert level_of(given_out).on_hand == 1
    assert findings() == []


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("recalls", "DELETE FROM lot_recall"),
        ("recalls", "UPDATE shop_lot SET recalled_at = NULL"),
        ("recalls", "UPDATE shop_lot SET recalled_at = received_at"),
        ("picked_after_recall", "UPDATE lot_recall SET seq = 1"),
        ("purposes", "UPDATE shop_lot SET ordinary_from = NULL"),
        ("purposes", "UPDATE shop_lot SET ordinary_from = received_at WHERE restricted_purpose IS NOT NULL"),
        ("purposes", "DELETE FROM purpose_change"),
        ("picked_against_purpose", "UPDATE redemption SET pay_with = NULL"),
        ("picked_against_purpose", "UPDATE redemption SET pay_with = 'purpose'"),
        ("picked_against_purpose", "UPDATE shop_lot SET restricted_purpose = '只给老人'"),
        (
            "picked_against_purpose",
            "UPDATE shop_lot SET ordinary_from = received_at WHERE restricted_purpose IS NOT NULL",
        ),
        ("donations", "UPDATE donation SET state = 'offered'"),
        ("donations", "UPDATE donation SET intake_id = NULL, state = 'cancelled'"),
        ("donated_pieces", "UPDATE donation_line SET quantity = 3"),
        ("donated_pieces", "DELETE FROM donation_lot"),
        ("same_day_prices", "UPDATE goods_price SET price_minutes = 9 WHERE number = 2"),
        ("same_day_prices", "UPDATE goods_price SET price_minutes = 9"),
    ],
)
@pytest.mark.usefixtures("week_at_the_shop")
def test_the_audit_names_what_was_changed(kind: str, statement: str) -> None:
    """Each change to a row that the guards would have refused is found under its own name."""
    unguarded(statement)
    assert kind in {finding.kind for finding in findings()}


@pytest.mark.parametrize("table", ["donation_line", "donation_lot", "lot_recall", "purpose_change"])
@pytest.mark.usefixtures("week_at_the_shop")
def test_facts_cannot_be_changed(table: str) -> None:
    """UPDATE, DELETE and REPLACE or TRUNCATE are refused by the database."""
    column = "donation_id" if table == "donation_line" else "lot_id"
    attacks = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if db.engine.dialect.name == "sqlite":
        attacks.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        attacks.append(f"TRUNCATE {table} CASCADE")
    for attack in attacks:
        with pytest.raises(DatabaseError, match=r"append-only|not authorized"):
            in_unit_of_work(lambda sql=attack: session.execute(text(sql)))
