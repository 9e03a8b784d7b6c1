"""The audit finds what somebody has done to the books behind the application's back."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from tests.factories.shop import a_clerk, a_member, a_stocked_shop, findings, reserved
from tests.unguarded import unguarded
from timebank import clock
from timebank.database import NIL, db, in_unit_of_work, new_id, session
from timebank.identity.rules import Actor
from timebank.ledger import service as ledger
from timebank.shop.commands import cli
from timebank.shop.counter import closings
from timebank.shop.counter.models import LockLift
from timebank.shop.redemption import refunds, reservations
from timebank.shop.redemption.handovers import hand_over

GUARDED = {
    "stock_move": {"pk_stock_move": ("lot_id", "seq"), "uq_stock_move_lot_id_resolves": ("lot_id", "resolves")},
    "receipt": {"pk_receipt": ("id",)},
    "goods_price": {"pk_goods_price": ("goods_id", "number")},
    "shop_refund": {"pk_shop_refund": ("id",)},
    "shop_refund_line": {"pk_shop_refund_line": ("refund_id", "line_no")},
    "counter_lock_lift": {"pk_counter_lock_lift": ("id",)},
    "shop_closing": {"pk_shop_closing": ("id",)},
    "shop_closing_receipts": {"pk_shop_closing_receipts": ("site_id", "day", "first")},
    "shop_closing_refund": {"pk_shop_closing_refund": ("refund_id",)},
}


@pytest.fixture
def day_at_the_shop(app: Flask) -> None:
    """One redemption of each state, a piece that was brought back, two days closed, and books that add up."""
    site, goods = a_stocked_shop(20)
    member, clerk = a_member(6000), a_clerk(site)
    one, two, _open = (reserved(member.id, site.id, (goods.id, 2)).redemption for _ in range(3))
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=one.id))
    back = [refunds.Returned(goods.id, 1, restock=True)]
    in_unit_of_work(lambda: refunds.refund(actor=clerk, redemption_id=one.id, lines=back, reason="退货"))
    in_unit_of_work(lambda: reservations.cancel(actor=Actor(member.id), redemption_id=two.id))
    yesterday = clock.day_of(clock.now()) - timedelta(days=1)
    counted = closings.Counted(slips=1, pieces={goods.id: 1})
    in_unit_of_work(lambda: closings.close(actor=clerk, site_id=site.id, day=yesterday, counted=counted))
    in_unit_of_work(lambda: closings.close(actor=clerk, site_id=site.id))
    in_unit_of_work(lambda: session.add(_lifted(site.id)))
    assert findings() == []


def _lifted(site_id: UUID) -> LockLift:
    return LockLift(
        id=new_id(), site_id=site_id, device_id=new_id(), reason="误扫", lifted_by=NIL, lifted_at=clock.wall()
    )


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("moves", "UPDATE stock_move SET on_hand_after = on_hand_after + 1 WHERE kind = 'reserve'"),
        ("moves", "UPDATE stock_move SET reserved_after = 0 WHERE kind = 'reserve'"),
        ("moves", "DELETE FROM stock_move WHERE seq = 2"),
        ("intakes", "DELETE FROM stock_move WHERE seq = 1"),
        ("emptied_marks", "UPDATE shop_lot SET emptied_at = received_at"),
        ("resolutions", "UPDATE stock_move SET line_no = 2 WHERE kind = 'release'"),
        ("reservations", "UPDATE redemption_line SET quantity = quantity + 1"),
        ("reservations", "UPDATE redemption SET state = 'held', closed_at = NULL WHERE state = 'cancelled'"),
        ("picks", "UPDATE shop_lot SET site_id = id"),
        ("totals", "UPDATE redemption SET total_minutes = total_minutes + 1"),
        ("totals", "UPDATE redemption SET charged_minutes = 1 WHERE state = 'handed_over'"),
        ("totals", "DELETE FROM redemption_line"),
        ("payments", "UPDATE redemption SET transfer_id = NULL WHERE state = 'held'"),
        ("payments", "UPDATE redemption SET state = 'cancelled' WHERE state = 'held'"),
        ("payments", "UPDATE redemption SET channel = 'counter' WHERE state = 'held'"),
        ("payments_for_nothing", "DELETE FROM redemption WHERE state = 'held'"),
        ("returns", "DELETE FROM stock_move WHERE kind = 'return'"),
        ("returns", "UPDATE shop_refund_line SET quantity = 3"),
        ("returns", "UPDATE shop_refund_line SET restocked = 0"),
        ("refunds", "UPDATE shop_refund_line SET quantity = 2"),
        ("refunds", "UPDATE shop_refund SET minutes = minutes + 1"),
        ("refunds", "DELETE FROM shop_refund_line"),
        ("refunds_of_nothing", "DELETE FROM shop_refund"),
        ("receipts", "DELETE FROM receipt"),
        ("receipts", "UPDATE receipt SET minutes_before = 0"),
        ("receipt_numbers", "UPDATE receipt SET number = 2"),
        ("receipt_numbers", "DELETE FROM receipt"),
        ("intake_numbers", "UPDATE shop_counter SET last = 2 WHERE series = 'intake'"),
        ("prices", "DELETE FROM goods_price"),
        ("closing_receipts", "UPDATE shop_closing_receipts SET last = 2"),
        ("closing_receipts", "UPDATE shop_closing_receipts SET first = 2, last = 2"),
        ("closings", "UPDATE shop_closing_receipts SET last = 2"),
        ("closings", "DELETE FROM shop_closing_receipts"),
        ("closings", "DELETE FROM shop_closing_refund"),
        ("closings", "DELETE FROM shop_closing WHERE number = 1"),
        ("closings", "UPDATE shop_closing SET number = 3 WHERE number = 2"),
        ("closings", "UPDATE shop_closing SET content = replace(content, 'net', 'nett') WHERE number = 2"),
        ("closings", "UPDATE shop_closing SET content = '{}' WHERE number = 2"),
        ("closings", "UPDATE shop_closing SET content = '[]' WHERE number = 2"),
        ("closings", "UPDATE shop_closing SET sha256 = upper(sha256) WHERE number = 2"),
        ("closings", "UPDATE shop_closing SET clerk_id = site_id WHERE number = 2"),
        ("closings", "UPDATE receipt SET clerk_id = site_id"),
        ("closings", "UPDATE shop_refund SET actor_id = redemption_id"),
        ("closings", "UPDATE shop_refund SET kind = 'undo'"),
    ],
)
@pytest.mark.usefixtures("day_at_the_shop")
def test_the_audit_names_what_was_changed(kind: str, statement: str) -> None:
    """Each change to a row that the guards would have refused is found under its own name, with its first row."""
    unguarded(statement)
    found = {finding.kind: finding for finding in findings()}
    assert kind in found
    assert found[kind].count > 0
    assert found[kind].first


@pytest.mark.usefixtures("day_at_the_shop")
def test_the_command_ends_with_0_or_1(app: Flask) -> None:
    """``timebank shop audit`` says OK and ends with 0; after a change it names the first bad row and ends with 1."""
    runner = app.test_cli_runner()
    good = runner.invoke(cli, ["audit"])
    assert (good.exit_code, good.output) == (0, "OK: 1 lots, 7 moves, 3 redemptions, 1 receipts\n")
    assert json.loads(runner.invoke(cli, ["audit", "--json"]).output)["findings"] == []
    unguarded("UPDATE receipt SET minutes_before = 0")
    bad = runner.invoke(cli, ["audit"])
    assert bad.exit_code == 1
    assert bad.output.startswith("FAILED: 1 lots")
    assert "receipts: 1, first " in bad.output
    assert runner.invoke(cli, ["audit", "--json"]).exit_code == 1


@pytest.mark.parametrize("table", sorted(GUARDED))
@pytest.mark.usefixtures("day_at_the_shop")
def test_facts_of_the_shop_cannot_be_changed(table: str) -> None:
    """UPDATE, DELETE, TRUNCATE on PostgreSQL and REPLACE on SQLite are refused by the database."""
    column = GUARDED[table][f"pk_{table}"][0]
    attacks = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if db.engine.dialect.name == "sqlite":
        attacks.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        attacks.append(f"TRUNCATE {table} CASCADE")
    for attack in attacks:
        with pytest.raises(DatabaseError, match=r"append-only|not authorized"):
            in_unit_of_work(lambda sql=attack: session.execute(text(sql)))


def test_what_falls_due_while_the_audit_reads_is_no_fault(app: Flask) -> None:
    """A reservation that is released a moment after the audit has looked at the clock is no wrong one."""
    site, goods = a_stocked_shop(1, price_minutes=60)
    order = reserved(a_member(60).id, site.id, (goods.id, 1)).redemption
    with clock.at(order.expires_at):
        reserved(a_member(60).id, site.id, (goods.id, 1))
        in_unit_of_work(lambda: ledger.sweep(limit=10))
    with clock.at(order.expires_at - timedelta(seconds=1)):
        assert findings() == []
