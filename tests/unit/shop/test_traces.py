"""The way of a lot: back to who gave it, and on to pieces and a number of people."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.factories.organisations import a_shop, a_site
from tests.factories.shop import a_clerk, a_lot, a_member, reserved, seen, some_goods
from tests.factories.stockkeeping import (
    a_confirmed_stocktake,
    a_write_off,
    an_auditor,
    approved,
    pieces,
    posted,
    received,
    sent,
)
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.errors import NotFound
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.organisations.models import Site
from timebank.organisations.rules import SiteKind
from timebank.shop.intake.intakes import Delivered, take_in
from timebank.shop.models import Goods, Lot
from timebank.shop.redemption import refunds
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.rules import DonorKind, Source
from timebank.shop.stock import traces
from timebank.shop.stockkeeping import transfers


def _given(site: Site, goods: Goods, quantity: int, kind: str = DonorKind.PERSON, name: str | None = "李四") -> Lot:
    clerk, line = a_clerk(site), Delivered(goods.id, quantity)
    _, lots = in_unit_of_work(
        lambda: take_in(
            actor=clerk, site_id=site.id, source=Source.DONATED, donor_kind=kind, donor_name=name, lines=[line]
        )
    )
    return lots[0]


def _takes(member: Person, site: Site, goods: Goods, quantity: int, *, back: int = 0) -> None:
    clerk, order = a_clerk(site), reserved(member.id, site.id, (goods.id, quantity)).redemption
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=order.id))
    if back:
        lines = [refunds.Returned(goods.id, back, restock=True)]
        in_unit_of_work(lambda: refunds.refund(actor=clerk, redemption_id=order.id, lines=lines, reason="退"))


def _trace(actor: Actor, lot_id: object) -> traces.Trace:
    return seen(lambda: traces.trace(actor=actor, lot_id=lot_id))  # type: ignore[arg-type]


def _arrived(transfer_id: object, of: Lot) -> Lot:
    hops = seen(lambda: traces.went_by(of.id))
    found = next(hop.to_lot_id for hop in hops if hop.transfer_id == transfer_id)
    return seen(lambda: session.get_one(Lot, found))


@pytest.mark.rule("R31")
@pytest.mark.rule("R34")
def test_a_lot_from_its_donor_to_people(app: Flask) -> None:
    """Every piece that was given is accounted for, through two transfers, and three people were served by it."""
    point, one, two, soap = a_site(kind=SiteKind.DROP_POINT), a_shop(), a_shop(), some_goods()
    lot = _given(point, soap, 30)
    first = sent(point, one, (lot.id, 20))
    received(first, one)
    middle = _arrived(first.id, lot)
    second, clerk = sent(one, two, (middle.id, 8)), a_clerk(two)
    in_unit_of_work(
        lambda: transfers.receive(actor=clerk, transfer_id=second.id, lines=pieces((middle.id, 7)), reason="碎了一瓶")
    )
    sent(point, one, (lot.id, 3))
    both = a_member()
    _takes(both, one, soap, 2)
    _takes(both, two, soap, 1)
    _takes(a_member(), one, soap, 1)
    _takes(a_member(), two, soap, 2, back=1)
    _takes(a_member(), two, soap, 1, back=1)
    posted(a_confirmed_stocktake(point, (lot.id, 6)), point)
    approved(a_write_off(one, (middle.id, 4)), one)

    found = _trace(a_clerk(point), lot.id)
    assert (found.received, found.handed_out, found.people) == (30, 5, 3)
    assert (found.written_off, found.missing, found.in_transit, found.on_hand) == (4, 2, 3, 16)
    assert [(hop.sent, hop.received) for hop in found.went_by] == [(20, 20), (8, 7)]
    assert (found.came_by, found.donor_name) == ([], "李四")
    last = _arrived(second.id, lot)
    there = _trace(a_clerk(two), last.id)
    assert [hop.from_site_id for hop in there.came_by] == [point.id, one.id]
    assert (there.received, there.handed_out, there.people, there.missing, there.on_hand) == (8, 2, 2, 1, 5)
    assert (there.lot.id, there.intake.id, there.went_by) == (last.id, lot.intake_id, [])


@pytest.mark.rule("R31")
def test_a_donor_is_named_to_staff_where_the_goods_came_in(app: Flask) -> None:
    """Neither staff of a shop that they were sent to nor an auditor reads a name, and an anonymous donor has none."""
    point, shop, soap = a_site(kind=SiteKind.DROP_POINT), a_shop(), some_goods()
    lot, nameless = _given(point, soap, 5), _given(point, soap, 5, DonorKind.ANONYMOUS, None)
    transfer = sent(point, shop, (lot.id, 5))
    received(transfer, shop)
    there = _arrived(transfer.id, lot)
    assert _trace(a_clerk(point), lot.id).donor_name == "李四"
    assert _trace(a_clerk(shop), there.id).donor_name is None
    assert _trace(an_auditor(point), lot.id).donor_name is None
    assert _trace(a_clerk(point), nameless.id).donor_name is None


def test_a_called_back_transfer_leaves_no_trace_of_pieces(app: Flask) -> None:
    """Pieces that were sent and called back are on hand; nothing is on the way."""
    site, shop, soap = a_shop(), a_shop(), some_goods()
    lot, clerk = a_lot(soap.id, site.id, 5, expires_at=clock.now() + timedelta(days=9)), a_clerk(site)
    transfer = sent(site, shop, (lot.id, 5))
    assert _trace(clerk, lot.id).in_transit == 5
    in_unit_of_work(lambda: transfers.cancel(actor=clerk, transfer_id=transfer.id))
    found = _trace(clerk, lot.id)
    assert (found.in_transit, found.on_hand, found.went_by) == (0, 5, [])


def test_lots_of_others_have_no_trace(app: Flask) -> None:
    """Another shop's lot and no lot at all are not found."""
    lot = a_lot(some_goods().id, a_shop().id, 5)
    stranger = a_clerk(a_shop())
    for lot_id in (lot.id, new_id()):
        with pytest.raises(NotFound):
            _trace(stranger, lot_id)
