"""Goods leave without being handed out: one asks, another approves, and nothing moves in between."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.factories.identity import a_coordinator, an_admin
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, findings, level_of, reserved, some_goods
from tests.factories.stockkeeping import a_write_off, approved
from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.records.errors import SecondPersonNeeded
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.stock import recalls
from timebank.shop.stockkeeping import write_offs
from timebank.shop.stockkeeping.errors import HandedOutYourself, LotShort, NotExpired, NotRecalled, WriteOffDecided
from timebank.shop.stockkeeping.rules import WriteOffReason
from timebank.shop.stockkeeping.write_off_tables import WriteOff


def _approve(actor: Actor, write_off: WriteOff) -> Any:
    return in_unit_of_work(lambda: write_offs.approve(actor=actor, write_off_id=write_off.id))


def _reject(actor: Actor, write_off: WriteOff) -> Any:
    return in_unit_of_work(lambda: write_offs.reject(actor=actor, write_off_id=write_off.id, note="还能用"))


@pytest.mark.rule("R35")
def test_two_people_write_off(app: Flask) -> None:
    """A request moves nothing; the approval of another takes all of its lines at once."""
    site, soap = a_shop(), some_goods()
    one, two = a_lot(soap.id, site.id, 5), a_lot(soap.id, site.id, 2)
    asked = a_write_off(site, (one.id, 2), (two.id, 2))
    assert (level_of(one).available, level_of(two).available) == (5, 2)
    assert findings() == []
    approved(asked, site)
    assert (level_of(one).on_hand, level_of(two).on_hand) == (3, 0)
    assert findings() == []


@pytest.mark.rule("R34")
def test_only_what_is_recalled_is_written_off_as_recalled(app: Flask) -> None:
    """A lot that nobody has recalled needs another reason; once it is recalled, that one is right."""
    site, soap = a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 5)
    with pytest.raises(NotRecalled):
        a_write_off(site, (lot.id, 1), reason=WriteOffReason.RECALLED)
    clerk = a_clerk(site)
    in_unit_of_work(lambda: recalls.recall(actor=clerk, lot_id=lot.id, reason="变质"))
    approved(a_write_off(site, (lot.id, 5), reason=WriteOffReason.RECALLED), site)
    assert level_of(lot).on_hand == 0


@pytest.mark.rule("R35")
def test_nobody_approves_their_own(app: Flask) -> None:
    """A coordinator who asked neither approves nor rejects; a clerk who did not ask does not either."""
    site, soap = a_shop(), some_goods()
    lot, coordinator = a_lot(soap.id, site.id, 5), a_coordinator(site.organisation_id)
    asked = a_write_off(site, (lot.id, 1), actor=coordinator)
    with pytest.raises(SecondPersonNeeded):
        _approve(coordinator, asked)
    with pytest.raises(SecondPersonNeeded):
        _reject(coordinator, asked)
    with pytest.raises(NotFound):
        _approve(a_clerk(site), asked)
    assert level_of(lot).on_hand == 5


@pytest.mark.rule("R35")
def test_who_handed_out_does_not_approve(app: Flask) -> None:
    """Whoever gave pieces of a lot away cannot make the rest of it disappear; somebody else can."""
    site, soap = a_shop(), some_goods()
    lot, other = a_lot(soap.id, site.id, 5), a_lot(some_goods().id, site.id, 5)
    coordinator = a_coordinator(site.organisation_id)
    order = reserved(a_member().id, site.id, (soap.id, 1)).redemption
    in_unit_of_work(lambda: hand_over(actor=coordinator, redemption_id=order.id))
    asked = a_write_off(site, (other.id, 1), (lot.id, 1))
    with pytest.raises(HandedOutYourself):
        _approve(coordinator, asked)
    assert level_of(other).on_hand == 5
    _approve(an_admin(), asked)
    assert (level_of(lot).on_hand, level_of(other).on_hand) == (3, 4)
    assert findings() == []


def test_a_write_off_is_decided_once(app: Flask) -> None:
    """What is approved is neither approved nor rejected again; what is rejected stays on the shelf for good."""
    site, soap = a_shop(), some_goods()
    lot, coordinator = a_lot(soap.id, site.id, 5), a_coordinator(site.organisation_id)
    yes, no = a_write_off(site, (lot.id, 1)), a_write_off(site, (lot.id, 1))
    approved(yes, site)
    _reject(coordinator, no)
    for decided in (yes, no):
        with pytest.raises(WriteOffDecided):
            _approve(coordinator, decided)
        with pytest.raises(WriteOffDecided):
            _reject(coordinator, decided)
    assert level_of(lot).on_hand == 4
    assert findings() == []


@pytest.mark.rule("R33")
def test_an_expired_lot_leaves_by_a_write_off(app: Flask) -> None:
    """Only what has expired is written off as expired; then a reservation of it is over, and all of it may go."""
    site, bread = a_shop(), some_goods()
    end = clock.now() + timedelta(hours=5)
    lot = a_lot(bread.id, site.id, 5, expires_at=end)
    reserved(a_member().id, site.id, (bread.id, 2))
    with pytest.raises(NotExpired):
        a_write_off(site, (lot.id, 1), reason=WriteOffReason.EXPIRED)
    with clock.at(end):
        approved(a_write_off(site, (lot.id, 5), reason=WriteOffReason.EXPIRED), site)
        assert level_of(lot).on_hand == 0
        assert findings() == []


def test_reserved_pieces_are_not_written_off(app: Flask) -> None:
    """Neither asked for nor approved: what was free when somebody asked may be promised when another approves."""
    site, soap = a_shop(), some_goods()
    lot, first = a_lot(soap.id, site.id, 5), a_lot(some_goods().id, site.id, 1)
    asked = a_write_off(site, (first.id, 1), (lot.id, 4))
    reserved(a_member().id, site.id, (soap.id, 2))
    with pytest.raises(LotShort) as refused:
        approved(asked, site)
    assert refused.value.context == {"lot_id": lot.id, "quantity": 4, "free": 3}
    assert level_of(first).on_hand == 1
    with pytest.raises(LotShort):
        a_write_off(site, (lot.id, 2), (lot.id, 2))
    _reject(a_coordinator(site.organisation_id), asked)
    assert findings() == []


def test_write_offs_stay_inside_ones_own_shops(app: Flask) -> None:
    """A lot of another shop, another shop's request, and nothing at all are not found."""
    site, other, soap = a_shop(), a_shop(), some_goods()
    lot, elsewhere = a_lot(soap.id, site.id, 5), a_lot(soap.id, other.id, 5)
    asked = a_write_off(site, (lot.id, 1))
    stranger = a_coordinator(other.organisation_id)
    for attempt in (
        lambda: a_write_off(site, (elsewhere.id, 1)),
        lambda: a_write_off(site, (lot.id, 1), actor=stranger),
        lambda: _approve(stranger, asked),
        lambda: _reject(stranger, asked),
        lambda: _approve(stranger, WriteOff(id=new_id())),
    ):
        with pytest.raises(NotFound):
            attempt()
