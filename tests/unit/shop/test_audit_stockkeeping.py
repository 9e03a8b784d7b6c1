"""The audit finds what somebody has done to transfers, stocktakes and write-offs behind the application's back."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from tests.factories.identity import a_coordinator
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, findings, reserved, some_goods
from tests.factories.stockkeeping import (
    a_confirmed_stocktake,
    a_write_off,
    approved,
    pieces,
    posted,
    received,
    sent,
)
from tests.unit.shop.test_audit import unguarded
from timebank.database import db, in_unit_of_work, session
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.stockkeeping import transfers

FACTS = {
    "shop_transfer": "id",
    "shop_transfer_line": "lot_id",
    "shop_transfer_end": "transfer_id",
    "shop_transfer_arrival": "lot_id",
    "shop_stocktake_lot": "lot_id",
    "shop_count": "lot_id",
    "shop_stocktake_posting": "stocktake_id",
    "shop_write_off": "id",
    "shop_write_off_line": "lot_id",
    "shop_write_off_decision": "write_off_id",
}


@pytest.fixture
def month_at_the_shop(app: Flask) -> None:
    """Every kind of transfer, a stocktake with both kinds of difference, a write-off approved and one that waits."""
    site, shop = a_shop(), a_shop()
    lots = [a_lot(some_goods().id, site.id, 20, fair_value_fen=100) for _ in range(2)]
    one, two = (lot.id for lot in lots)
    received(sent(site, shop, (one, 2)), shop)
    short, clerk = sent(site, shop, (one, 3)), a_clerk(shop)
    in_unit_of_work(
        lambda: transfers.receive(actor=clerk, transfer_id=short.id, lines=pieces((one, 1)), reason="路上丢失")
    )
    back, sender = sent(site, shop, (two, 4)), a_clerk(site)
    in_unit_of_work(lambda: transfers.cancel(actor=sender, transfer_id=back.id))
    sent(site, shop, (two, 1))
    posted(a_confirmed_stocktake(site, (one, 13), (two, 20)), site)
    order = reserved(a_member().id, site.id, (lots[0].goods_id, 1)).redemption
    in_unit_of_work(lambda: hand_over(actor=sender, redemption_id=order.id))
    approved(a_write_off(site, (one, 2)), site)
    a_write_off(site, (two, 1), actor=a_coordinator(site.organisation_id))
    assert findings() == []


_WHO_ENDED = "(SELECT ended_by FROM shop_transfer_end WHERE transfer_id = shop_transfer.id)"
_WAITING = "(SELECT id FROM shop_write_off WHERE id NOT IN (SELECT write_off_id FROM shop_write_off_decision))"


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("intakes", "UPDATE stock_move SET kind = 'intake' WHERE kind = 'transfer' AND seq = 1"),
        ("intakes", "DELETE FROM shop_transfer_arrival"),
        ("transfers", "DELETE FROM shop_transfer_arrival"),
        ("transfers", "DELETE FROM shop_transfer_end WHERE outcome = 'received'"),
        ("transfers", "DELETE FROM shop_transfer_end WHERE outcome = 'cancelled'"),
        ("transfers", "UPDATE shop_transfer_end SET outcome = 'received' WHERE outcome = 'cancelled'"),
        ("transfers", "UPDATE shop_transfer_end SET outcome = 'cancelled'"),
        ("transfers", "UPDATE shop_transfer_line SET quantity = quantity + 1"),
        ("transfers", "UPDATE shop_transfer_arrival SET quantity = quantity + 1"),
        ("transfers", "UPDATE shop_transfer_arrival SET quantity = 0"),
        ("transfers", "UPDATE shop_transfer_end SET reason = NULL"),
        ("transfers", f"UPDATE shop_transfer SET sent_by = coalesce({_WHO_ENDED}, sent_by)"),
        ("transfers", "UPDATE shop_lot SET fair_value_fen = 1 WHERE id IN (SELECT lot_id FROM shop_transfer_line)"),
        ("transfers", "UPDATE shop_transfer SET from_site_id = id"),
        ("counts", "UPDATE shop_count SET system_quantity = system_quantity + 1"),
        ("counts", "UPDATE shop_count SET seq = 1"),
        ("stocktakes", "UPDATE shop_count SET counted = counted + 1"),
        ("stocktakes", "DELETE FROM shop_stocktake_posting"),
        ("stocktakes", "UPDATE stock_move SET cause_id = lot_id WHERE kind = 'count_difference' AND seq > 3"),
        ("stocktake_signatures", "DELETE FROM shop_stocktake_posting"),
        ("stocktake_signatures", "UPDATE shop_stocktake_posting SET posted_by = confirmed_by"),
        ("stocktake_signatures", "UPDATE shop_count SET counted_by = (SELECT posted_by FROM shop_stocktake_posting)"),
        ("write_offs", "UPDATE shop_write_off_line SET quantity = quantity + 1"),
        ("write_offs", "DELETE FROM shop_write_off_decision"),
        ("write_offs", "UPDATE shop_write_off_decision SET decision = 'rejected'"),
        ("write_offs", f"UPDATE shop_write_off_decision SET write_off_id = {_WAITING}"),
        ("write_offs", "UPDATE shop_write_off SET site_id = id"),
        (
            "write_off_signatures",
            "UPDATE shop_write_off SET requested_by = (SELECT decided_by FROM shop_write_off_decision)",
        ),
        (
            "write_off_signatures",
            "UPDATE stock_move SET actor_id = (SELECT decided_by FROM shop_write_off_decision) WHERE kind = 'hand_over'",
        ),
        ("causes", "DELETE FROM shop_write_off_line"),
        ("causes", "DELETE FROM shop_count"),
        ("causes", "UPDATE stock_move SET cause_id = NULL WHERE kind = 'write_off'"),
        ("causes", "UPDATE stock_move SET cause_id = lot_id WHERE kind = 'intake'"),
    ],
)
@pytest.mark.rule("R35")
@pytest.mark.usefixtures("month_at_the_shop")
def test_the_audit_names_what_was_changed(kind: str, statement: str) -> None:
    """Each change that the guards would have refused is found under its own name, with its first row."""
    unguarded(statement)
    found = {finding.kind: finding for finding in findings()}
    assert kind in found
    assert found[kind].count > 0
    assert found[kind].first


@pytest.mark.parametrize("table", sorted(FACTS))
@pytest.mark.usefixtures("month_at_the_shop")
def test_facts_cannot_be_changed(table: str) -> None:
    """UPDATE, DELETE, TRUNCATE on PostgreSQL and REPLACE on SQLite are refused by the database."""
    attacks = [f"UPDATE {table} SET {FACTS[table]} = {FACTS[table]}", f"DELETE FROM {table}"]
    if db.engine.dialect.name == "sqlite":
        attacks.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        attacks.append(f"TRUNCATE {table} CASCADE")
    for attack in attacks:
        with pytest.raises(DatabaseError, match=r"append-only|not authorized"):
            in_unit_of_work(lambda sql=attack: session.execute(text(sql)))
