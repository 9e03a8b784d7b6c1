"""A recall follows the goods: to where they were sent, from where they came, and to those that are still on their way."""

from uuid import UUID

import pytest
from flask import Flask

from tests.factories.identity import a_coordinator
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, findings, reserved, seen, some_goods
from tests.factories.stockkeeping import received, sent
from timebank.database import in_unit_of_work, session
from timebank.organisations.models import Site
from timebank.shop import purposes, recalls
from timebank.shop.errors import OutOfStock
from timebank.shop.intake_errors import AlreadyRecalled, LotRecalled
from timebank.shop.lot_tables import Basis, PurposeChange
from timebank.shop.models import Lot
from timebank.shop.transfer_tables import StockTransfer, StockTransferArrival

pytestmark = pytest.mark.rule("R34")


def arrived(transfer: StockTransfer, lot_id: UUID) -> UUID:
    """Return the lot that part of a lot has become."""

    def look() -> UUID:
        arrival = session.get(StockTransferArrival, (transfer.id, lot_id))
        assert arrival is not None
        return arrival.arrived_lot_id

    return seen(look)


def recalled(shop: Site, lot_id: UUID) -> recalls.Recalled:
    """Recall a lot at a shop."""
    clerk = a_clerk(shop)
    return in_unit_of_work(lambda: recalls.recall(actor=clerk, lot_id=lot_id, reason="厂家召回"))


@pytest.mark.parametrize("which", ["first", "last"])
def test_goods_are_recalled_wherever_they_were_sent(app: Flask, which: str) -> None:
    """From either end; nobody picks from any of them, and what was promised elsewhere is named."""
    here, there, milk = a_shop(), a_shop(), some_goods(price_minutes=0)
    lot = a_lot(milk.id, here.id, 10)
    transfer = sent(here, there, (lot.id, 4))
    received(transfer, there)
    child = arrived(transfer, lot.id)
    promised = reserved(a_member(10).id, there.id, (milk.id, 1)).redemption
    done = recalled(*((here, lot.id) if which == "first" else (there, child)))
    assert {one.id for one in done.lots} == {lot.id, child}
    assert (done.on_hand, [one.redemption_id for one in done.held]) == (10, [promised.id])
    for site in (here, there):
        with pytest.raises(OutOfStock):
            reserved(a_member(10).id, site.id, (milk.id, 1))
    with pytest.raises(AlreadyRecalled):
        recalled(there, child)
    assert findings() == []


def test_what_is_on_its_way_is_recalled_when_it_arrives(app: Flask) -> None:
    """With the same reason and instant; the books agree."""
    here, there, milk = a_shop(), a_shop(), some_goods(price_minutes=0)
    lot = a_lot(milk.id, here.id, 10)
    transfer = sent(here, there, (lot.id, 4))
    recall = recalled(here, lot.id).recall
    received(transfer, there)
    child = arrived(transfer, lot.id)
    assert seen(lambda: session.get_one(Lot, child)).recalled_at == recall.recalled_at
    with pytest.raises(OutOfStock):
        reserved(a_member(10).id, there.id, (milk.id, 1))
    assert findings() == []


def test_recalled_goods_are_not_sent(app: Flask) -> None:
    """They stay where they are until they are written off."""
    here, there, milk = a_shop(), a_shop(), some_goods()
    lot = a_lot(milk.id, here.id, 10)
    recalled(here, lot.id)
    with pytest.raises(LotRecalled):
        sent(here, there, (lot.id, 4))
    assert findings() == []


@pytest.mark.rule("R32")
def test_a_change_of_purpose_holds_for_what_was_sent_on(app: Flask) -> None:
    """The facts go with the goods, so that the books of the other shop agree."""
    here, there, rice = a_shop(), a_shop(), some_goods(price_minutes=0)
    lot = a_lot(rice.id, here.id, 10, restricted_purpose="独居老人")
    coordinator = a_coordinator(here.organisation_id)
    in_unit_of_work(
        lambda: purposes.change_purpose(
            actor=coordinator, lot_id=lot.id, purpose=None, basis=Basis.CONSENT, note="捐赠人电话同意"
        )
    )
    transfer = sent(here, there, (lot.id, 4))
    received(transfer, there)
    child = arrived(transfer, lot.id)
    assert seen(lambda: session.get_one(PurposeChange, (child, 1))).note == "捐赠人电话同意"
    assert reserved(a_member(10).id, there.id, (rice.id, 1)).redemption.total_minutes == 0
    assert findings() == []
