"""The audit counts every statement again, and knows whose deliveries these were."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.factories.identity import a_coordinator
from tests.factories.merchants import a_delivery, a_merchant
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_member, findings, reserved, some_goods
from tests.unguarded import unguarded
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.shop.merchant import settlements
from timebank.shop.months import Month
from timebank.shop.redemption import refunds
from timebank.shop.redemption.handovers import hand_over

SEPTEMBER = Month(2030, 9)


@pytest.fixture
def a_settled_month(app: Flask) -> None:
    """A merchant's goods, handed over and brought back in part, and the confirmed statement of that month."""
    with clock.at(SEPTEMBER.starts_at + timedelta(days=1)):
        site, goods = a_shop(), some_goods(price_minutes=30)
        merchant, clerk = a_merchant(site.organisation_id), a_clerk(site)
        a_delivery(merchant, site.id, goods.id, 9, value=400)
        redemption = reserved(a_member(6000).id, site.id, (goods.id, 3)).redemption
        in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=redemption.id))
        back = [refunds.Returned(goods.id, 1, restock=True)]
        in_unit_of_work(lambda: refunds.refund(actor=clerk, redemption_id=redemption.id, lines=back, reason="退货"))
    maker, other = a_coordinator(site.organisation_id), a_coordinator(site.organisation_id)
    with clock.at(SEPTEMBER.ends_at + timedelta(days=1)):
        made = in_unit_of_work(lambda: settlements.make(actor=maker, merchant_id=merchant.id, month=SEPTEMBER))
        in_unit_of_work(
            lambda: settlements.confirm(actor=other, merchant_id=merchant.id, settlement_id=made.settlement.id)
        )
    assert findings() == []


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("settlements", "UPDATE stock_move SET quantity = -2 WHERE kind = 'hand_over'"),
        ("settlements", "DELETE FROM shop_refund_line"),
        ("settlements", "UPDATE shop_lot SET fair_value_fen = 401"),
        ("settlements", "DELETE FROM merchant_intake"),
        ("settlements", "UPDATE merchant_settlement SET sha256 = 'ff'"),
        ("settlements", "UPDATE merchant_settlement SET month = '2030-08'"),
        ("settlements", "UPDATE merchant_settlement SET content = '{}'"),
        (
            "confirmations",
            "UPDATE merchant_settlement_confirmation SET confirmed_by = (SELECT made_by FROM merchant_settlement)",
        ),
        ("suppliers", "UPDATE shop_intake SET source = 'donated'"),
        ("suppliers", "UPDATE merchant SET host_id = id"),
    ],
)
@pytest.mark.usefixtures("a_settled_month")
def test_the_audit_names_what_was_changed(kind: str, statement: str) -> None:
    """Each change behind the application's back is found under its own name."""
    unguarded(statement)
    assert kind in {finding.kind for finding in findings()}
