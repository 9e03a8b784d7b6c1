"""Reserving, cancelling, expiring."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import Statements
from tests.factories.organisations import a_shop, a_site
from tests.factories.policies import a_policy
from tests.factories.records import a_record
from tests.factories.shop import (
    a_clerk,
    a_lot,
    a_member,
    a_stocked_shop,
    account_of,
    findings,
    level_of,
    reserved,
    seen,
    some_goods,
    wishes,
)
from timebank import clock
from timebank.database import in_unit_of_work, is_sqlite, new_id, session
from timebank.errors import NotFound
from timebank.identity.errors import PersonNotActive
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.ledger import service as ledger_service
from timebank.ledger.errors import HoldExpired, InsufficientMinutes
from timebank.shop.errors import HistoryTooShort, NotAShop, OutOfStock, RedemptionCancelled, ServicesOnly, UnknownGoods
from timebank.shop.models import Lot, Redemption, StockMove
from timebank.shop.redemption import reservations
from timebank.shop.rules import MoveKind, RedemptionState


def _available(lot: Lot) -> int:
    return level_of(lot).available


def test_a_reservation_holds_minutes_and_goods_together(app: Flask) -> None:
    """After reserving, the price is held in the wallet and the pieces are reserved on the lot, nothing has left yet."""
    site, goods = a_shop(), some_goods(price_minutes=60)
    lot, member = a_lot(goods.id, site.id, 3), a_member(200)
    done = reserved(member.id, site.id, (goods.id, 2))
    assert done.redemption.total_minutes == 120
    assert done.account is not None
    assert (done.account.balance_minutes, done.account.available_minutes) == (200, 80)
    level = level_of(lot)
    assert (level.on_hand, level.reserved) == (3, 2)
    assert findings() == []


def test_lines_of_the_same_goods_are_one_wish(app: Flask) -> None:
    """Three lines of one goods are summed before stock is checked, so together they cannot pass where one would not."""
    site, goods = a_stocked_shop(2)
    member = a_member()
    with pytest.raises(OutOfStock) as refused:
        reserved(member.id, site.id, (goods.id, 1), (goods.id, 1), (goods.id, 1))
    assert refused.value.context == {"goods_id": goods.id, "quantity": 3, "available": 2}
    assert len(reserved(member.id, site.id, (goods.id, 1), (goods.id, 1)).lines) == 1


@pytest.mark.rule("R33")
def test_what_expires_first_is_picked_first_and_expired_lots_never(app: Flask) -> None:
    """Pieces come from the lot that expires first; a lot that has expired is passed by and one without expiry is last."""
    site, goods, member = a_shop(), some_goods(), a_member()
    now = clock.now()
    forever = a_lot(goods.id, site.id, 5)
    later = a_lot(goods.id, site.id, 5, expires_at=now + timedelta(days=9))
    sooner = a_lot(goods.id, site.id, 2, expires_at=now + timedelta(days=5))
    gone = a_lot(goods.id, site.id, 5, expires_at=now + timedelta(days=1))
    with clock.at(now + timedelta(days=2)):
        reserved(member.id, site.id, (goods.id, 4))
        assert [_available(lot) for lot in (gone, sooner, later, forever)] == [5, 0, 3, 5]


def test_a_reservation_never_outlives_the_lot_it_was_picked_from(app: Flask) -> None:
    """When a picked lot expires before the policy's time is over, the reservation ends with the lot."""
    site, goods, member = a_shop(), some_goods(), a_member()
    tonight = clock.now() + timedelta(hours=3)
    a_lot(goods.id, site.id, 1, expires_at=tonight)
    assert reserved(member.id, site.id, (goods.id, 1)).redemption.expires_at == tonight


@pytest.mark.parametrize(("hours", "expected"), [(None, 48), (2, 2)])
def test_the_policy_says_how_long_a_reservation_lives(app: Flask, hours: int | None, expected: int) -> None:
    """Without a policy a reservation lives 48 hours, with one as long as it says."""
    site, goods = a_stocked_shop()
    if hours:
        a_policy("reservation_hours", hours, organisation_id=site.organisation_id)
    redemption = reserved(a_member().id, site.id, (goods.id, 1)).redemption
    assert redemption.expires_at - redemption.created_at == timedelta(hours=expected)


@pytest.mark.rule("R29")
def test_the_policy_may_ask_for_service_before_the_first_redemption(app: Flask) -> None:
    """Who has served less than the policy asks is refused with both numbers; who has served enough is not."""
    site, goods = a_stocked_shop()
    a_policy("redeem_min_history_minutes", 120, organisation_id=site.organisation_id)
    member = a_member()
    with pytest.raises(HistoryTooShort) as refused:
        reserved(member.id, site.id, (goods.id, 1))
    assert refused.value.context == {"needed_minutes": 120, "service_minutes": 0}
    a_record(volunteer_id=member.id, minutes=120)
    reserved(member.id, site.id, (goods.id, 1))


@pytest.mark.rule("R28")
@pytest.mark.rule("R29")
def test_where_minutes_buy_services_only_the_shop_takes_none(app: Flask) -> None:
    """A place may rule that no goods are had for minutes: nothing is held, and the next shop does as it likes."""
    site, soap = a_stocked_shop(3, price_minutes=60)
    other, rice = a_stocked_shop(3, price_minutes=60)
    zhang = a_member(600)
    a_policy("goods_redemption", False, organisation_id=site.organisation_id)
    with pytest.raises(ServicesOnly):
        reserved(zhang.id, site.id, (soap.id, 1))
    assert account_of(zhang.id).held_minutes == 0
    reserved(zhang.id, other.id, (rice.id, 1))


def test_too_few_minutes_leave_no_trace_in_stock(app: Flask) -> None:
    """Who cannot pay reserves nothing: neither a move nor a redemption is there."""
    site, goods = a_stocked_shop(price_minutes=60)
    member = a_member(59)
    with pytest.raises(InsufficientMinutes):
        reserved(member.id, site.id, (goods.id, 1))
    assert seen(lambda: session.query(Redemption).count()) == 0
    assert seen(lambda: session.query(StockMove).filter_by(kind=MoveKind.RESERVE).count()) == 0


def test_out_of_stock_leaves_no_trace_in_the_wallet(app: Flask) -> None:
    """Who finds nothing keeps all minutes available."""
    site, goods = a_stocked_shop(1)
    member = a_member(600)
    with pytest.raises(OutOfStock):
        reserved(member.id, site.id, (goods.id, 2))
    assert account_of(member.id).available_minutes == 600


def test_what_costs_nothing_posts_nothing(app: Flask) -> None:
    """A redemption of 0 minutes has no transfer, and works for somebody who has never earned a minute."""
    site, goods = a_stocked_shop(price_minutes=0)
    done = reserved(a_member(0).id, site.id, (goods.id, 1))
    assert (done.redemption.total_minutes, done.redemption.transfer_id, done.account) == (0, None, None)
    assert findings() == []


def test_only_known_goods_can_be_reserved(app: Flask) -> None:
    """The refusal points at every line whose goods do not exist."""
    site, goods = a_stocked_shop()
    with pytest.raises(UnknownGoods) as refused:
        reserved(a_member().id, site.id, (goods.id, 1), (new_id(), 1))
    assert [error["pointer"] for error in refused.value.errors] == ["/lines/1"]


def test_only_a_shop_hands_out_goods(app: Flask) -> None:
    """A venue is refused by name, an unknown site is not found."""
    goods, member = some_goods(), a_member()
    with pytest.raises(NotAShop):
        reserved(member.id, a_site().id, (goods.id, 1))
    with pytest.raises(NotFound):
        reserved(member.id, new_id(), (goods.id, 1))


@pytest.mark.rule("R26")
def test_a_frozen_member_reserves_nothing(app: Flask) -> None:
    """Somebody whose account is not active is refused."""
    site, goods = a_stocked_shop()
    member = a_member()

    def freeze() -> None:
        session.get_one(Person, member.id).state = "frozen"

    in_unit_of_work(freeze)
    with pytest.raises(PersonNotActive):
        reserved(member.id, site.id, (goods.id, 1))


def test_cancelling_gives_both_back(app: Flask) -> None:
    """After the owner cancels, minutes and pieces are available again, and cancelling once more is refused."""
    site, goods = a_shop(), some_goods()
    lot, member = a_lot(goods.id, site.id, 2), a_member(100)
    redemption = reserved(member.id, site.id, (goods.id, 1)).redemption

    def cancel() -> None:
        _, account = reservations.cancel(actor=Actor(member.id), redemption_id=redemption.id)
        assert account is not None
        assert account.available_minutes == 100

    in_unit_of_work(cancel)
    assert _available(lot) == 2
    with pytest.raises(RedemptionCancelled):
        in_unit_of_work(cancel)
    assert findings() == []


def test_the_shops_staff_may_cancel_and_nobody_else(app: Flask) -> None:
    """A clerk of the shop cancels for a member; a clerk of another shop and another volunteer find nothing."""
    site, goods = a_stocked_shop(price_minutes=0)
    redemption = reserved(a_member().id, site.id, (goods.id, 1)).redemption
    for stranger in (a_clerk(a_shop()), Actor(a_member().id)):
        with pytest.raises(NotFound):
            in_unit_of_work(lambda who=stranger: reservations.cancel(actor=who, redemption_id=redemption.id))
    clerk = a_clerk(site)
    done, _ = in_unit_of_work(lambda: reservations.cancel(actor=clerk, redemption_id=redemption.id))
    assert done.state == RedemptionState.CANCELLED


def test_a_due_reservation_counts_as_gone_before_anybody_writes_so(app: Flask) -> None:
    """From its last instant on, the pieces can be promised again, the minutes too, and it can not be cancelled."""
    site, goods = a_shop(), some_goods()
    lot, member, other = a_lot(goods.id, site.id, 1), a_member(60), a_member(60)
    redemption = reserved(member.id, site.id, (goods.id, 1)).redemption
    with clock.at(redemption.expires_at - timedelta(microseconds=1)):
        assert _available(lot) == 0
    with clock.at(redemption.expires_at):
        assert _available(lot) == 1
        assert account_of(member.id).available_minutes == 60
        with pytest.raises(HoldExpired):
            in_unit_of_work(lambda: reservations.cancel(actor=Actor(member.id), redemption_id=redemption.id))
        reserved(other.id, site.id, (goods.id, 1))
        kinds = seen(lambda: session.scalars(select(StockMove.kind).order_by(StockMove.seq)).all())
        assert kinds == ["intake", "reserve", "release", "reserve"]
        assert findings() == []


def test_the_sweep_writes_the_end_of_what_is_due_and_touches_nothing_else(app: Flask) -> None:
    """The sweep releases the goods of due redemptions and leaves open ones and the ledger alone; again it does nothing."""
    site, goods = a_stocked_shop(5)
    member = a_member(600)
    first = reserved(member.id, site.id, (goods.id, 2)).redemption
    with clock.at(first.expires_at - timedelta(hours=1)):
        second = reserved(member.id, site.id, (goods.id, 1)).redemption
    with clock.at(first.expires_at):
        before = account_of(member.id)
        assert in_unit_of_work(lambda: reservations.sweep(limit=10)) == 1
        assert in_unit_of_work(lambda: reservations.sweep(limit=10)) == 0
        swept = seen(lambda: session.get_one(Redemption, first.id))
        assert (swept.state, swept.closed_at) == (RedemptionState.EXPIRED, first.expires_at)
        assert seen(lambda: session.get_one(Redemption, second.id)).state == RedemptionState.HELD
        assert account_of(member.id) == before
        assert findings() == []
        in_unit_of_work(lambda: ledger_service.sweep(limit=10))
        assert findings() == []


def test_few_statements_hold_minutes_and_goods(app: Flask, statements: Statements) -> None:
    """Reserving asks for visit, offer, the ledger's four, levels, redemption, lines, moves.

    PostgreSQL locks the lots besides, takes the transfer with its entry, and the last three as one.
    """
    site, goods = a_stocked_shop()
    member = a_member()
    with statements() as sent:
        in_unit_of_work(lambda: reservations.reserve(person_id=member.id, site_id=site.id, lines=wishes((goods.id, 2))))
    assert len([text for text in sent if "demo_clock" not in text]) == (10 if is_sqlite() else 8), "\n".join(sent)
