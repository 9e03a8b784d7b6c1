"""Goods go from one site to another: at neither on the way, all of them accounted for at the end."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories.identity import a_coordinator, a_staff_member
from tests.factories.merchants import a_merchant
from tests.factories.organisations import a_shop, a_site
from tests.factories.shop import (
    a_clerk,
    a_lot,
    a_member,
    a_stocked_shop,
    findings,
    level_of,
    reserved,
    seen,
    some_goods,
)
from tests.factories.stockkeeping import pieces, received, sent
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Role
from timebank.organisations.rules import SiteKind
from timebank.records.errors import SecondPersonNeeded
from timebank.shop.errors import NotAShop
from timebank.shop.models import Lot, StockMove
from timebank.shop.rules import MoveKind
from timebank.shop.stock import levels
from timebank.shop.stockkeeping import transfers
from timebank.shop.stockkeeping.errors import (
    DifferenceUnexplained,
    ExpiredNotSent,
    LotShort,
    MerchantSite,
    ReceivedTooMuch,
    SameSite,
    TransferEnded,
)
from timebank.shop.stockkeeping.transfer_tables import StockTransfer, StockTransferArrival


def _arrived_lot(transfer: StockTransfer, lot_id: UUID) -> Lot:
    def look() -> Lot:
        arrival = session.get(StockTransferArrival, (transfer.id, lot_id))
        assert arrival is not None
        lot = session.get(Lot, arrival.arrived_lot_id)
        assert lot is not None
        return lot

    return seen(look)


def _kinds(lot_id: UUID) -> list[tuple[str, int]]:
    found = select(StockMove.kind, StockMove.quantity).where(StockMove.lot_id == lot_id).order_by(StockMove.seq)
    return seen(lambda: [tuple(row) for row in session.execute(found)])


@pytest.mark.rule("R31")
def test_on_the_way_goods_are_at_neither_site(app: Flask) -> None:
    """Sent pieces have left the one and are not at the other before somebody there receives them; the books agree."""
    point, shop, soap = a_site(kind=SiteKind.DROP_POINT), a_shop(), some_goods()
    end = clock.now() + timedelta(days=30)
    lot = a_lot(soap.id, point.id, 10, expires_at=end, fair_value_fen=1200)
    transfer = sent(point, shop, (lot.id, 4))
    assert level_of(lot).on_hand == 6
    assert seen(lambda: levels.stocked([soap.id], clock.now(), site_id=shop.id)) == []
    assert findings() == []
    received(transfer, shop)
    arrived = _arrived_lot(transfer, lot.id)
    assert level_of(arrived).on_hand == 4
    assert (arrived.site_id, arrived.intake_id) == (shop.id, lot.intake_id)
    assert (arrived.goods_id, arrived.expires_at, arrived.fair_value_fen) == (soap.id, end, 1200)
    assert _kinds(arrived.id) == [(MoveKind.TRANSFER, 4)]
    assert findings() == []


def test_a_lot_that_is_sent_whole_is_empty_and_can_come_back(app: Flask) -> None:
    """A cancelled transfer puts everything back into its lots, one that was emptied too."""
    site, shop, soap = a_shop(), a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 3)
    transfer = sent(site, shop, (lot.id, 3))
    assert seen(lambda: levels.stocked([soap.id], clock.now())) == []
    clerk = a_clerk(site)
    in_unit_of_work(lambda: transfers.cancel(actor=clerk, transfer_id=transfer.id))
    assert level_of(lot).on_hand == 3
    assert [level.on_hand for _, level in seen(lambda: levels.stocked([soap.id], clock.now()))] == [3]
    assert findings() == []


def test_what_is_missing_is_stated_with_a_reason(app: Flask) -> None:
    """The receiver takes all of it over and gives up what did not come, so that both sites' books balance."""
    site, shop, soap = a_shop(), a_shop(), some_goods()
    one, two = a_lot(soap.id, site.id, 5), a_lot(soap.id, site.id, 5)
    transfer, clerk = sent(site, shop, (one.id, 5), (two.id, 2)), a_clerk(shop)
    came = pieces((one.id, 3), (two.id, 0))

    with pytest.raises(DifferenceUnexplained) as refused:
        in_unit_of_work(lambda: transfers.receive(actor=clerk, transfer_id=transfer.id, lines=came))
    assert refused.value.context == {"missing": 4}
    in_unit_of_work(
        lambda: transfers.receive(actor=clerk, transfer_id=transfer.id, lines=came, reason="路上摔破两瓶，另一箱没装车")
    )
    first, second = _arrived_lot(transfer, one.id), _arrived_lot(transfer, two.id)
    assert _kinds(first.id) == [(MoveKind.TRANSFER, 5), (MoveKind.COUNT_DIFFERENCE, -2)]
    assert _kinds(second.id) == [(MoveKind.TRANSFER, 2), (MoveKind.COUNT_DIFFERENCE, -2)]
    assert (first.emptied_at is None, second.emptied_at is None) == (True, False)
    assert findings() == []


@pytest.mark.rule("R33")
def test_expired_goods_are_not_sent_and_may_arrive(app: Flask) -> None:
    """Expired goods go to no shop; what expires on the way arrives, is never promised, and is missed as a write-off."""
    site, shop, soap = a_shop(), a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 5, expires_at=clock.now() + timedelta(hours=2))
    transfer, clerk = sent(site, shop, (lot.id, 3)), a_clerk(shop)
    with clock.at(clock.now() + timedelta(hours=3)):
        with pytest.raises(ExpiredNotSent):
            sent(site, shop, (lot.id, 1))
        came = pieces((lot.id, 2))
        in_unit_of_work(lambda: transfers.receive(actor=clerk, transfer_id=transfer.id, lines=came, reason="少一盒"))
        arrived = _arrived_lot(transfer, lot.id)
        assert not level_of(arrived).good_at(clock.now())
        assert _kinds(arrived.id) == [(MoveKind.TRANSFER, 3), (MoveKind.WRITE_OFF, -1)]
        assert findings() == []


def test_reserved_pieces_are_not_sent(app: Flask) -> None:
    """Only free pieces leave; a reservation that is due counts as free before anybody has written so."""
    site, soap = a_stocked_shop(5)
    shop, lot = a_shop(), a_lot(soap.id, site.id, 1)
    first = next(level for _, level in seen(lambda: levels.stocked([soap.id], clock.now())) if level.on_hand == 5)
    order = reserved(a_member().id, site.id, (soap.id, 4)).redemption
    with pytest.raises(LotShort) as refused:
        sent(site, shop, (first.lot_id, 2), (lot.id, 1))
    assert refused.value.context == {"lot_id": first.lot_id, "quantity": 2, "free": 1}
    assert level_of(lot).on_hand == 1
    with clock.at(order.expires_at):
        sent(site, shop, (first.lot_id, 5))
        assert findings() == []


def test_one_lot_on_three_lines_is_one_wish(app: Flask) -> None:
    """Lines of the same lot are summed before anything is checked."""
    site, shop, soap = a_shop(), a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 5)
    with pytest.raises(LotShort):
        sent(site, shop, (lot.id, 2), (lot.id, 2), (lot.id, 2))
    sent(site, shop, (lot.id, 2), (lot.id, 3))
    assert level_of(lot).on_hand == 0


@pytest.mark.rule("R35")
def test_who_sends_does_not_receive(app: Flask) -> None:
    """One person over both sites may send or receive, and not both."""
    site, soap = a_stocked_shop(5)
    shop = a_shop(organisation_id=site.organisation_id)
    lot, both = a_lot(soap.id, site.id, 2), a_coordinator(site.organisation_id)
    transfer = sent(site, shop, (lot.id, 1), actor=both)
    with pytest.raises(SecondPersonNeeded):
        in_unit_of_work(lambda: transfers.receive(actor=both, transfer_id=transfer.id))
    received(transfer, shop)


def test_a_transfer_ends_once(app: Flask) -> None:
    """What was received is neither received again nor cancelled, and the other way round."""
    site, shop, soap = a_shop(), a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 5)
    clerk, other = a_clerk(site), a_clerk(shop)
    one, two = sent(site, shop, (lot.id, 1)), sent(site, shop, (lot.id, 1))
    received(one, shop)
    in_unit_of_work(lambda: transfers.cancel(actor=clerk, transfer_id=two.id))
    for transfer in (one, two):
        with pytest.raises(TransferEnded):
            in_unit_of_work(lambda chosen=transfer: transfers.receive(actor=other, transfer_id=chosen.id))
        with pytest.raises(TransferEnded):
            in_unit_of_work(lambda chosen=transfer: transfers.cancel(actor=clerk, transfer_id=chosen.id))
    assert findings() == []


def test_every_lot_is_named_and_no_more_arrives_than_was_sent(app: Flask) -> None:
    """Lines that leave a lot out or name another are refused, and so is a surplus."""
    site, shop, soap = a_shop(), a_shop(), some_goods()
    one, two = a_lot(soap.id, site.id, 5), a_lot(soap.id, site.id, 5)
    transfer, clerk = sent(site, shop, (one.id, 2), (two.id, 2)), a_clerk(shop)
    for came in (pieces((one.id, 2)), pieces((one.id, 2), (two.id, 2), (new_id(), 1))):
        with pytest.raises(Invalid):
            in_unit_of_work(
                lambda lines=came: transfers.receive(actor=clerk, transfer_id=transfer.id, lines=lines, reason="少")
            )
    with pytest.raises(ReceivedTooMuch):
        in_unit_of_work(
            lambda: transfers.receive(
                actor=clerk, transfer_id=transfer.id, lines=pieces((one.id, 3), (two.id, 1)), reason="多"
            )
        )


def test_goods_go_from_a_site_of_ones_own_to_another_shop(app: Flask) -> None:
    """Not to the same site, a venue, a drop point or nowhere; not from another's site, nor another site's lot."""
    site, shop, soap = a_shop(), a_shop(), some_goods()
    lot, elsewhere = a_lot(soap.id, site.id, 5), a_lot(soap.id, shop.id, 5)
    clerk = a_clerk(site)
    venue, point = a_site(), a_site(kind=SiteKind.DROP_POINT)
    cases = [
        (site.id, site.id, lot.id, SameSite),
        (site.id, venue.id, lot.id, NotAShop),
        (site.id, point.id, lot.id, NotAShop),
        (site.id, new_id(), lot.id, NotFound),
        (shop.id, site.id, elsewhere.id, NotFound),
        (site.id, shop.id, elsewhere.id, NotFound),
        (site.id, shop.id, new_id(), NotFound),
    ]
    for of, to, what, refusal in cases:
        with pytest.raises(refusal):
            in_unit_of_work(
                lambda a=of, b=to, c=what: transfers.send(actor=clerk, site_id=a, to_site_id=b, lines=pieces((c, 1)))
            )
    assert level_of(lot).on_hand == 5


@pytest.mark.rule("R31")
def test_nothing_is_sent_to_a_merchants_counter(app: Flask) -> None:
    """Donated goods would stand on a merchant's shelf and statement; its own goods stay where they are as well."""
    site, soap = a_shop(), some_goods()
    lot, merchant = a_lot(soap.id, site.id, 5), a_merchant(site.organisation_id)
    counter = a_shop(organisation_id=merchant.organisation_id)
    with pytest.raises(MerchantSite):
        sent(site, counter, (lot.id, 1))
    assert level_of(lot).on_hand == 5


def test_strangers_end_no_transfer(app: Flask) -> None:
    """Staff of the sending site do not receive, those of the receiving one do not cancel, auditors do neither."""
    site, shop, soap = a_shop(), a_shop(), some_goods()
    transfer = sent(site, shop, (a_lot(soap.id, site.id, 5).id, 1))
    auditor = a_staff_member(Role.AUDITOR, area_path="")
    for stranger in (a_clerk(site), a_clerk(a_shop()), auditor):
        with pytest.raises(NotFound):
            in_unit_of_work(lambda who=stranger: transfers.receive(actor=who, transfer_id=transfer.id))
    for stranger in (a_clerk(shop), a_clerk(a_shop()), auditor):
        with pytest.raises(NotFound):
            in_unit_of_work(lambda who=stranger: transfers.cancel(actor=who, transfer_id=transfer.id))
    with pytest.raises(NotFound):
        in_unit_of_work(lambda: transfers.cancel(actor=auditor, transfer_id=new_id()))
