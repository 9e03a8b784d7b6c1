"""Two people sign for what leaves the books: two accounts of one are not two, and two of one family are too near."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.factories import kept
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, an_admin
from tests.factories.merchants import a_merchant
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, findings, level_of, reserved, some_goods
from tests.factories.stockkeeping import a_confirmed_stocktake, a_stocktake, a_write_off, counted, sent
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.errors import Refusal
from timebank.identity import former
from timebank.identity.errors import OwnFamily
from timebank.identity.rules import Actor
from timebank.records.errors import SecondPersonNeeded
from timebank.shop.merchant import settlements
from timebank.shop.months import Month
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.stockkeeping import stocktakes, transfers, write_offs
from timebank.shop.stockkeeping.errors import HandedOutYourself

pytestmark = pytest.mark.rule("R35")


def _same(old: Actor, new: Actor) -> None:
    """Let two accounts turn out to be one person."""
    in_unit_of_work(lambda: former.becomes(old_id=old.person_id, person_id=new.person_id, at=clock.now()))


def _refused(kind: type[Refusal], verb: Any, **what: Any) -> None:
    with pytest.raises(kind):
        in_unit_of_work(lambda: verb(**what))


def test_two_of_one_family_do_not_sign(app: Flask) -> None:
    """What a relative has asked for, counted or confirmed is approved or posted by somebody else; rejecting is free to them."""
    site, soap = a_shop(), some_goods()
    lot, clerk, coordinator = a_lot(soap.id, site.id, 5), a_clerk(site), a_coordinator(site.organisation_id)
    colleague, admin = a_clerk(site), an_admin()
    a_relation(clerk.person_id, coordinator.person_id)
    asked, refused = (a_write_off(site, (lot.id, 1), actor=clerk) for _ in range(2))
    _refused(OwnFamily, write_offs.approve, actor=coordinator, write_off_id=asked.id)
    in_unit_of_work(lambda: write_offs.reject(actor=coordinator, write_off_id=refused.id, note="还能用"))
    stocktake = a_stocktake(site)
    counted(stocktake, clerk, (lot.id, 4))
    in_unit_of_work(lambda: stocktakes.confirm(actor=colleague, stocktake_id=stocktake.id))
    _refused(OwnFamily, stocktakes.post, actor=coordinator, stocktake_id=stocktake.id)
    assert level_of(lot).on_hand == 5
    in_unit_of_work(lambda: write_offs.approve(actor=admin, write_off_id=asked.id))
    in_unit_of_work(lambda: stocktakes.post(actor=admin, stocktake_id=stocktake.id))
    assert level_of(lot).on_hand == 3
    assert findings() == []


def test_two_accounts_of_one_do_not_sign(app: Flask) -> None:
    """Whoever goes on for an account stands for what it has sent, asked for, confirmed, made and handed out."""
    site, other, soap = a_shop(), a_shop(), some_goods()
    lot, given = a_lot(soap.id, site.id, 5), a_lot(some_goods().id, site.id, 5)
    old, new = a_coordinator(site.organisation_id), an_admin()
    order = reserved(a_member().id, site.id, (given.goods_id, 1)).redemption
    in_unit_of_work(lambda: hand_over(actor=old, redemption_id=order.id))
    asked, of_given = a_write_off(site, (lot.id, 1), actor=old), a_write_off(site, (given.id, 1))
    transfer = sent(site, other, (lot.id, 1), actor=old)
    stocktake = a_confirmed_stocktake(site, (lot.id, 4), (given.id, 4))
    in_unit_of_work(lambda: stocktakes.recount(actor=old, stocktake_id=stocktake.id))
    in_unit_of_work(lambda: stocktakes.confirm(actor=old, stocktake_id=stocktake.id))
    merchant = a_merchant(site.organisation_id)
    month = Month.of(clock.now())
    with clock.at(month.can_be_settled_at + timedelta(days=1)):
        made = kept(lambda: settlements.make(actor=old, merchant_id=merchant.id, month=month).settlement)
    _same(old, new)
    _refused(SecondPersonNeeded, write_offs.approve, actor=new, write_off_id=asked.id)
    _refused(SecondPersonNeeded, write_offs.reject, actor=new, write_off_id=asked.id, note="重复")
    _refused(HandedOutYourself, write_offs.approve, actor=new, write_off_id=of_given.id)
    _refused(SecondPersonNeeded, transfers.receive, actor=new, transfer_id=transfer.id)
    _refused(SecondPersonNeeded, stocktakes.post, actor=new, stocktake_id=stocktake.id)
    _refused(SecondPersonNeeded, settlements.confirm, actor=new, merchant_id=merchant.id, settlement_id=made.id)
    assert findings() == []
