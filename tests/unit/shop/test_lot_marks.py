"""What is told of a lot goes with it: recalls, purposes, receipts, a donor's account, through every transfer."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories.organisations import a_shop, a_site
from tests.factories.shop import a_clerk, a_lot, a_member, findings, level_of, reserved, seen, some_goods
from tests.factories.stockkeeping import received, sent
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.organisations.models import Site
from timebank.organisations.rules import SiteKind
from timebank.shop.errors import OutOfStock
from timebank.shop.intake.intakes import Delivered, take_in
from timebank.shop.models import Lot
from timebank.shop.rules import DonorKind, Source
from timebank.shop.stock import lot_queries, purposes, recalls, traces
from timebank.shop.stock.lot_tables import Basis, LotRecall
from timebank.shop.stockkeeping.errors import RecalledNotSent


def _for_a_purpose(site: Site, goods_id: UUID, quantity: int) -> Lot:
    clerk, line = a_clerk(site), Delivered(goods_id, quantity, restricted_purpose="独居老人")
    _, lots = in_unit_of_work(
        lambda: take_in(actor=clerk, site_id=site.id, source=Source.DONATED, donor_kind=DonorKind.FIRM, lines=[line])
    )
    return lots[0]


def _sent_on(lot_id: UUID) -> list[Lot]:
    return seen(lambda: [session.get_one(Lot, one) for one in traces.tree_of(lot_id)[1:]])


def _recall(site: Site, lot: Lot) -> recalls.Recalled:
    clerk = a_clerk(site)
    return in_unit_of_work(lambda: recalls.recall(actor=clerk, lot_id=lot.id, reason="厂家召回"))


@pytest.mark.rule("R34")
def test_a_recall_follows_what_was_sent_on(app: Flask) -> None:
    """Of a recalled lot nothing is handed out at any shop that its pieces have come to, and nothing of it is sent."""
    point, one, two, milk = a_site(kind=SiteKind.DROP_POINT), a_shop(), a_shop(), some_goods()
    lot = a_lot(milk.id, point.id, 10)
    received(sent(point, one, (lot.id, 6)), one)
    (middle,) = _sent_on(lot.id)
    received(sent(one, two, (middle.id, 2)), two)
    reserved(a_member().id, one.id, (milk.id, 1))
    _recall(point, lot)
    assert all(one.recalled_at is not None for one in _sent_on(lot.id))
    for shop in (one, two):
        with pytest.raises(OutOfStock):
            reserved(a_member().id, shop.id, (milk.id, 1))
    with pytest.raises(RecalledNotSent):
        sent(one, two, (middle.id, 1))
    assert findings() == []


@pytest.mark.rule("R34")
def test_what_is_recalled_on_the_way_arrives_recalled(app: Flask) -> None:
    """It is received, counted, and handed to nobody."""
    point, shop, milk = a_site(kind=SiteKind.DROP_POINT), a_shop(), some_goods()
    lot = a_lot(milk.id, point.id, 10)
    transfer = sent(point, shop, (lot.id, 6))
    _recall(point, lot)
    received(transfer, shop)
    (there,) = _sent_on(lot.id)
    assert level_of(there).recalled
    assert seen(lambda: session.get_one(LotRecall, there.id)).reason == "厂家召回"
    with pytest.raises(OutOfStock):
        reserved(a_member().id, shop.id, (milk.id, 1))
    assert findings() == []


@pytest.mark.rule("R32")
def test_a_purpose_and_its_changes_follow(app: Flask) -> None:
    """Goods for a purpose stay so at another shop; a change that was to come takes effect there at the same time."""
    point, shop, rice = a_site(kind=SiteKind.DROP_POINT), a_shop(), some_goods()
    lot, clerk = _for_a_purpose(point, rice.id, 10), a_clerk(point)
    change = in_unit_of_work(
        lambda: purposes.change_purpose(
            actor=clerk, lot_id=lot.id, purpose=None, basis=Basis.NOTICE, note="公示于街道公告栏"
        )
    )
    received(sent(point, shop, (lot.id, 6)), shop)
    (there,) = _sent_on(lot.id)
    assert (there.restricted_purpose, there.ordinary_from) == ("独居老人", change.effective_at)
    with pytest.raises(OutOfStock):
        reserved(a_member().id, shop.id, (rice.id, 1))
    with clock.at(change.effective_at):
        reserved(a_member().id, shop.id, (rice.id, 1))
        assert findings() == []


@pytest.mark.rule("R31")
def test_an_intake_is_what_came_in(app: Flask) -> None:
    """Its list and its receipt name the lots of the delivery, and not those that its pieces have become elsewhere."""
    point, shop, soap = a_site(kind=SiteKind.DROP_POINT), a_shop(), some_goods()
    lot = a_lot(soap.id, point.id, 10)
    received(sent(point, shop, (lot.id, 6)), shop)
    lots = seen(lambda: lot_queries.lots_of_intakes([lot.intake_id]))
    assert [(one.id, pieces) for one, pieces in lots[lot.intake_id]] == [(lot.id, 10)]
    receipt = seen(lambda: lot_queries.receipt_of_intake(lot.intake_id))
    assert receipt is not None
    assert len(receipt[0].lines) == 1
    assert len(seen(lambda: session.scalars(select(Lot).where(Lot.intake_id == lot.intake_id)).all())) == 2
