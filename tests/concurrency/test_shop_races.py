"""Fifty at once: one winner, clean refusals, and books that add up."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.concurrency.crowds import all_at_once, outcome_of, until_somebody_waits
from tests.engines import ON_POSTGRESQL
from tests.factories.identity import a_person
from tests.factories.organisations import a_shop
from tests.factories.shop import (
    a_clerk,
    a_lot,
    a_member,
    a_stocked_shop,
    account_of,
    findings,
    level_of,
    minutes_for,
    reserved,
    seen,
    some_goods,
)
from timebank import clock
from timebank.database import db, session
from timebank.identity.rules import Actor
from timebank.shop.models import Lot, Receipt
from timebank.shop.redemption import reservations
from timebank.shop.redemption.handovers import hand_over

CROWD = 50


def _reserving(person_id: Any, site_id: Any, goods_id: Any, quantity: int = 1) -> Callable[[], Any]:
    line = reservations.Line(goods_id, quantity)
    return lambda: reservations.reserve(person_id=person_id, site_id=site_id, lines=[line])


def test_fifty_members_want_the_last_piece(app: Flask) -> None:
    """One gets it, the others are told that it is out of stock and keep their minutes."""
    site, goods = a_stocked_shop(1)
    members = [a_member(60) for _ in range(CROWD)]
    outcome = all_at_once(app, [_reserving(member.id, site.id, goods.id) for member in members])
    assert outcome == {"done": 1, "OUT_OF_STOCK": CROWD - 1}
    assert sum(account_of(member.id).available_minutes for member in members) == 60 * (CROWD - 1)
    assert findings() == []


def test_fifty_members_empty_many_small_lots(app: Flask) -> None:
    """Twenty pieces in ten lots go to twenty members, whichever lots they looked at first."""
    site, goods = a_shop(), some_goods(price_minutes=0)
    lots = [a_lot(goods.id, site.id, 2) for _ in range(10)]
    people = [a_person() for _ in range(CROWD)]
    outcome = all_at_once(app, [_reserving(person.id, site.id, goods.id) for person in people])
    assert outcome == {"done": 20, "OUT_OF_STOCK": CROWD - 20}
    assert {level_of(lot).available for lot in lots} == {0}
    assert findings() == []


def test_fifty_tills_hand_over_one_redemption(app: Flask) -> None:
    """One hands over, the others are told that it was handed over already; there is one receipt."""
    site, goods = a_stocked_shop()
    clerk = a_clerk(site)
    redemption = reserved(a_member().id, site.id, (goods.id, 1)).redemption
    outcome = all_at_once(app, [lambda: hand_over(actor=clerk, redemption_id=redemption.id)] * CROWD)
    assert outcome == {"done": 1, "ALREADY_HANDED_OVER": CROWD - 1}
    assert findings() == []


def test_handing_over_races_with_cancelling(app: Flask) -> None:
    """Either the goods have left or the member has everything back, never both and never neither."""
    site, goods = a_stocked_shop()
    clerk, member = a_clerk(site), a_member(60)
    redemption = reserved(member.id, site.id, (goods.id, 1)).redemption
    works: list[Callable[[], Any]] = [
        lambda: hand_over(actor=clerk, redemption_id=redemption.id),
        lambda: reservations.cancel(actor=Actor(member.id), redemption_id=redemption.id),
    ]
    outcome = all_at_once(app, works * (CROWD // 2))
    loser = "REDEMPTION_CANCELLED" if account_of(member.id).balance_minutes else "ALREADY_HANDED_OVER"
    assert outcome == {"done": 1, loser: CROWD - 1}
    assert findings() == []


def test_one_balance_is_spent_once_at_two_shops(app: Flask) -> None:
    """Whoever has minutes for one piece gets one, whichever of two shops is faster."""
    first, goods = a_stocked_shop(CROWD, price_minutes=60)
    second = a_shop()
    a_lot(goods.id, second.id, CROWD)
    member = a_person()
    minutes_for(member.id, 60)
    sites = [first, second] * (CROWD // 2)
    outcome = all_at_once(app, [_reserving(member.id, site.id, goods.id) for site in sites])
    assert outcome == {"done": 1, "INSUFFICIENT_MINUTES": CROWD - 1}
    assert findings() == []


def test_fifty_receipts_have_fifty_numbers_without_a_gap(app: Flask) -> None:
    """Fifty redemptions handed over at once are numbered from 1 to 50."""
    site, goods = a_stocked_shop(CROWD, price_minutes=0)
    clerk, member = a_clerk(site), a_person()
    held = [reserved(member.id, site.id, (goods.id, 1)).redemption.id for _ in range(CROWD)]
    outcome = all_at_once(
        app,
        [lambda one=one: hand_over(actor=clerk, redemption_id=one) for one in held],  # type: ignore[misc]
    )
    assert outcome == {"done": CROWD}
    numbers = seen(lambda: [number for (number,) in session.query(Receipt.number)])
    assert sorted(numbers) == list(range(1, CROWD + 1))
    assert findings() == []


@ON_POSTGRESQL
def test_lots_are_locked_by_id_also_when_the_first_choice_is_gone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a lot holds none with a later id, so two orders for the same lots never wait for each other."""
    site, goods = a_shop(), some_goods(price_minutes=0)
    a_lot_locked_by_others = a_lot(goods.id, site.id, 1)
    first_choice = a_lot(goods.id, site.id, 1, expires_at=clock.now() + timedelta(days=9))
    member, faster = a_person(), a_person()
    hold = reservations._hold

    def hold_while_somebody_is_faster(redemption: Any) -> Any:
        if redemption.person_id == member.id:
            in_another_thread = threading.Thread(target=buy_faster)
            in_another_thread.start()
            in_another_thread.join()
        return hold(redemption)

    def buy_faster() -> None:
        with app.app_context():
            reserved(faster.id, site.id, (goods.id, 1))

    monkeypatch.setattr(reservations, "_hold", hold_while_somebody_is_faster)
    outcomes: list[str] = []

    def order() -> None:
        with app.app_context():
            outcomes.append(outcome_of(_reserving(member.id, site.id, goods.id)))

    waiting = threading.Thread(target=order)
    with db.engine.begin() as holder:
        holder.execute(select(Lot.id).where(Lot.id == a_lot_locked_by_others.id).with_for_update(key_share=True))
        waiting.start()
        until_somebody_waits()
        holder.execute(select(Lot.id).where(Lot.id == first_choice.id).with_for_update(key_share=True, nowait=True))
    waiting.join()
    assert outcomes == ["done"]
    assert findings() == []
