"""Goods that come back, a slip that is undone, a reservation that is extended."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.factories.organisations import a_shop
from tests.factories.policies import a_policy
from tests.factories.shop import (
    BOOK,
    a_clerk,
    a_lot,
    a_member,
    a_stocked_shop,
    account_of,
    findings,
    level_of,
    reserved,
    some_goods,
)
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.errors import NotFound
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.ledger import proof
from timebank.ledger.errors import HoldExpired
from timebank.organisations.models import Site
from timebank.shop.counter import sales
from timebank.shop.errors import (
    AlreadyExtended,
    LotExpired,
    NotHandedOver,
    OutOfStock,
    RefundExceedsTaken,
    RefundsNotAllowed,
    UndoTooLate,
)
from timebank.shop.models import Redemption
from timebank.shop.redemption import refunds, reservations
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.redemption.refunds import Refunded, Returned


def _refunded(actor: Actor, redemption_id: UUID, *lines: Returned) -> Refunded:
    return in_unit_of_work(
        lambda: refunds.refund(actor=actor, redemption_id=redemption_id, lines=lines, reason="包装破损")
    )


def _undone(actor: Actor, redemption_id: UUID) -> Refunded:
    return in_unit_of_work(lambda: refunds.undo(actor=actor, redemption_id=redemption_id))


def _taken(member: Person, clerk: Actor, site: Site, *lines: tuple[UUID, int]) -> UUID:
    redemption_id = reserved(member.id, site.id, *lines).redemption.id
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=redemption_id))
    return redemption_id


def _extended(actor: Actor, redemption_id: UUID) -> Redemption:
    return in_unit_of_work(lambda: reservations.extend(actor=actor, redemption_id=redemption_id))[0]


def _refused(kind: type[Exception], work: Callable[[], Any]) -> Any:
    with pytest.raises(kind) as caught:
        work()
    return caught.value


@pytest.mark.rule("R28")
def test_what_is_brought_back_returns_minutes_and_goods(app: Flask) -> None:
    """Two of three pieces come back, one of them fit for the shelf; the redemption stays handed over."""
    site, soap = a_shop(), some_goods(price_minutes=60)
    lot, member, clerk = a_lot(soap.id, site.id, 3), a_member(200), a_clerk(site)
    redemption_id = _taken(member, clerk, site, (soap.id, 3))
    assert level_of(lot).on_hand == 0
    done = _refunded(clerk, redemption_id, Returned(soap.id, 1, restock=True), Returned(soap.id, 1))
    assert (done.refund.minutes, done.account.balance_minutes) == (120, 140)
    assert account_of(member.id).balance_minutes == 140
    assert level_of(lot).on_hand == 1
    assert findings() == []
    assert proof.verify().findings == {}
    reserved(member.id, site.id, (soap.id, 1))  # the lot was empty, and is offered again


def test_no_more_comes_back_than_was_taken(app: Flask) -> None:
    """Over several refunds, of one goods and of another that was never taken; nothing changes."""
    site, soap = a_stocked_shop(5)
    member, clerk, rice = a_member(300), a_clerk(site), some_goods()
    redemption_id = _taken(member, clerk, site, (soap.id, 2))
    _refunded(clerk, redemption_id, Returned(soap.id, 1))
    refusal = _refused(RefundExceedsTaken, lambda: _refunded(clerk, redemption_id, Returned(soap.id, 2)))
    assert refusal.context["left"] == 1
    _refused(RefundExceedsTaken, lambda: _refunded(clerk, redemption_id, Returned(rice.id, 1)))
    assert account_of(member.id).balance_minutes == 240
    _refunded(clerk, redemption_id, Returned(soap.id, 1))
    _refused(RefundExceedsTaken, lambda: _refunded(clerk, redemption_id, Returned(soap.id, 1)))
    assert findings() == []


def test_only_what_has_left_can_come_back_and_only_to_its_own_shop(app: Flask) -> None:
    """A held redemption is cancelled instead; a clerk of another shop does not know it."""
    site, soap = a_stocked_shop(5)
    member, clerk = a_member(300), a_clerk(site)
    held = reserved(member.id, site.id, (soap.id, 1)).redemption.id
    _refused(NotHandedOver, lambda: _refunded(clerk, held, Returned(soap.id, 1)))
    _refused(NotHandedOver, lambda: _undone(clerk, held))
    taken = _taken(member, clerk, site, (soap.id, 1))
    stranger = a_clerk(a_shop())
    _refused(NotFound, lambda: _refunded(stranger, taken, Returned(soap.id, 1)))
    _refused(NotFound, lambda: _undone(stranger, taken))


@pytest.mark.rule("R28")
def test_a_place_may_take_nothing_back_and_a_slip_is_undone_all_the_same(app: Flask) -> None:
    """Under ``refunds: never`` a refund is refused, the clerk's undo is not."""
    site, soap = a_stocked_shop(5)
    member, clerk = a_member(300), a_clerk(site)
    a_policy("refunds", "never", organisation_id=site.organisation_id)
    redemption_id = _taken(member, clerk, site, (soap.id, 2))
    _refused(RefundsNotAllowed, lambda: _refunded(clerk, redemption_id, Returned(soap.id, 1)))
    assert _undone(clerk, redemption_id).account.balance_minutes == 300
    assert findings() == []


def test_a_slip_is_undone_once_by_its_own_clerk_within_a_quarter_of_an_hour(app: Flask) -> None:
    """Everything goes back; a colleague, the second click and the sixteenth minute are refused."""
    site, soap = a_shop(), some_goods(price_minutes=60)
    lot, member, clerk = a_lot(soap.id, site.id, 4), a_member(300), a_clerk(site)
    first, second = (_taken(member, clerk, site, (soap.id, 2)) for _ in range(2))
    _refused(UndoTooLate, lambda: _undone(a_clerk(site), first))
    assert _undone(clerk, first).refund.kind == "undo"
    assert (level_of(lot).on_hand, account_of(member.id).balance_minutes) == (2, 180)
    _refused(UndoTooLate, lambda: _undone(clerk, first))
    with clock.at(clock.now() + timedelta(minutes=16)):
        _refused(UndoTooLate, lambda: _undone(clerk, second))
    _refunded(clerk, second, Returned(soap.id, 1))
    _refused(UndoTooLate, lambda: _undone(clerk, second))
    assert findings() == []


def test_a_counter_sale_is_refunded_from_the_transfer_that_paid_it(app: Flask) -> None:
    """What was paid at once comes back as well, and what cost nothing posts nothing."""
    site, soap, bread = a_shop(), some_goods(price_minutes=30), some_goods(price_minutes=0)
    member, clerk = a_member(300), a_clerk(site)
    for goods in (soap, bread):
        a_lot(goods.id, site.id, 5)
    token = BOOK.member(member=member.member_ref, at=clock.now())
    scanned = [sales.Scanned(2, goods_id=soap.id), sales.Scanned(2, goods_id=bread.id)]
    sold = in_unit_of_work(
        lambda: sales.sell(actor=clerk, site_id=site.id, member_token=token, lines=scanned, book=BOOK)
    )
    only_bread = _refunded(clerk, sold.redemption.id, Returned(bread.id, 1, restock=True))
    assert (only_bread.refund.minutes, only_bread.account.balance_minutes) == (0, 240)
    assert _refunded(clerk, sold.redemption.id, Returned(soap.id, 2)).account.balance_minutes == 300
    assert findings() == []


@pytest.mark.rule("R33")
def test_pieces_of_an_expired_lot_do_not_go_back_on_the_shelf(app: Flask) -> None:
    """They may be refunded without restocking; of two lots the one that is still good takes its own pieces only."""
    site, milk = a_shop(), some_goods(price_minutes=10)
    now = clock.now()
    sooner = a_lot(milk.id, site.id, 1, expires_at=now + timedelta(days=1))
    later = a_lot(milk.id, site.id, 5, expires_at=now + timedelta(days=9))
    member, clerk = a_member(300), a_clerk(site)
    redemption_id = _taken(member, clerk, site, (milk.id, 3))
    with clock.at(now + timedelta(days=2)):
        _refused(LotExpired, lambda: _refunded(clerk, redemption_id, Returned(milk.id, 3, restock=True)))
        assert account_of(member.id).balance_minutes == 270
        _refunded(clerk, redemption_id, Returned(milk.id, 2, restock=True), Returned(milk.id, 1))
        assert (level_of(sooner).on_hand, level_of(later).on_hand) == (0, 5)
        assert findings() == []


@pytest.mark.rule("R33")
def test_a_slip_is_undone_also_when_the_goods_have_just_expired(app: Flask) -> None:
    """Where nothing is taken back there is no other way: the pieces are in their lot again, which nobody picks from."""
    site, milk = a_shop(), some_goods(price_minutes=10)
    end = clock.now() + timedelta(hours=1)
    lot, member, clerk = a_lot(milk.id, site.id, 3, expires_at=end), a_member(100), a_clerk(site)
    a_policy("refunds", "never", organisation_id=site.organisation_id)
    with clock.at(end - timedelta(minutes=2)):
        redemption_id = _taken(member, clerk, site, (milk.id, 3))
    with clock.at(end + timedelta(minutes=1)):
        assert _undone(clerk, redemption_id).account.balance_minutes == 100
        assert (level_of(lot).on_hand, level_of(lot).good_at(clock.now())) == (3, False)
        _refused(OutOfStock, lambda: reserved(member.id, site.id, (milk.id, 1)))
        assert findings() == []


def test_a_reservation_is_extended_once(app: Flask) -> None:
    """It lives a full time from now on, minutes and pieces stay promised, and it is collected as any other."""
    site, soap = a_stocked_shop(2)
    member, clerk = a_member(200), a_clerk(site)
    redemption_id = reserved(member.id, site.id, (soap.id, 2)).redemption.id
    tomorrow = clock.now() + timedelta(hours=24)
    with clock.at(tomorrow):
        assert _extended(Actor(member.id), redemption_id).expires_at == tomorrow + timedelta(hours=48)
        _refused(AlreadyExtended, lambda: _extended(Actor(member.id), redemption_id))
        assert account_of(member.id).held_minutes == 120
        assert findings() == []
    with clock.at(tomorrow + timedelta(hours=47)):
        assert account_of(member.id).available_minutes == 80
        in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=redemption_id))
        assert account_of(member.id).balance_minutes == 80
        assert findings() == []
        assert proof.verify().findings == {}


def test_an_extended_reservation_is_cancelled_or_falls_due(app: Flask) -> None:
    """Both give everything back."""
    site, soap = a_stocked_shop(2)
    member = a_member(200)
    one, two = (reserved(member.id, site.id, (soap.id, 1)).redemption.id for _ in range(2))
    for redemption_id in (one, two):
        _extended(Actor(member.id), redemption_id)
    in_unit_of_work(lambda: reservations.cancel(actor=Actor(member.id), redemption_id=one))
    assert account_of(member.id).held_minutes == 60
    with clock.at(clock.now() + timedelta(hours=49)):
        assert account_of(member.id).held_minutes == 0
        _refused(HoldExpired, lambda: _extended(Actor(member.id), two))
        assert in_unit_of_work(lambda: reservations.sweep(limit=10)) == 1
        assert findings() == []


def test_an_extension_ends_with_the_lot(app: Flask) -> None:
    """Milk that lives three days is not kept for four."""
    site, milk = a_shop(), some_goods(price_minutes=10)
    end = clock.now() + timedelta(days=3)
    a_lot(milk.id, site.id, 1, expires_at=end)
    member = a_member(200)
    redemption_id = reserved(member.id, site.id, (milk.id, 1)).redemption.id
    with clock.at(clock.now() + timedelta(hours=40)):
        assert _extended(Actor(member.id), redemption_id).expires_at == end


def test_strangers_extend_nothing(app: Flask) -> None:
    """Neither another member nor a clerk of another shop."""
    site, soap = a_stocked_shop(2)
    redemption_id = reserved(a_member(200).id, site.id, (soap.id, 1)).redemption.id
    for stranger in (Actor(a_member(0).id), a_clerk(a_shop())):
        _refused(NotFound, lambda actor=stranger: _extended(actor, redemption_id))  # type: ignore[misc]
