"""Closing the day while others close it, hand over, and take back; enrolling two tablets with one code."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.concurrency.crowds import all_at_once, outcome_of
from tests.factories.devices import KEY
from tests.factories.identity import a_coordinator
from tests.factories.organisations import a_shop
from tests.factories.shop import BOOK, a_clerk, a_member, a_stocked_shop, findings, reserved, seen
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.identity.device_models import Device
from timebank.organisations import devices
from timebank.shop.counter import closing_queries, closings, sales
from timebank.shop.counter.models import Closing, ClosingReceipts
from timebank.shop.models import Receipt
from timebank.shop.redemption import refunds
from timebank.shop.redemption.handovers import hand_over

CROWD = 50
TODAY = timedelta(0)
YESTERDAY = timedelta(days=1)


def _closings() -> list[Closing]:
    return seen(lambda: list(session.scalars(select(Closing).order_by(Closing.number))))


def test_twenty_clerks_close_one_day(app: Flask) -> None:
    """One closing is made, the others are told that the day has one."""
    site, goods = a_stocked_shop(1, price_minutes=0)
    held = reserved(a_member().id, site.id, (goods.id, 1)).redemption
    clerk = a_clerk(site)
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=held.id))
    outcome = all_at_once(app, [lambda: closings.close(actor=clerk, site_id=site.id)] * 20)
    assert outcome == {"done": 1, "CLOSED_ALREADY": 19}
    assert [one.number for one in _closings()] == [1]
    assert findings() == []


def test_today_and_yesterday_closed_in_one_instant_share_nothing(app: Flask) -> None:
    """Whichever comes first covers the receipts; the other covers what is left, or is no longer a day to close."""
    site, goods = a_stocked_shop(1, price_minutes=0)
    held = reserved(a_member().id, site.id, (goods.id, 1)).redemption
    clerk = a_clerk(site)
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=held.id))
    day = clock.day_of(clock.now())
    works: list[Callable[[], Any]] = [
        lambda ago=ago: closings.close(actor=clerk, site_id=site.id, day=day - ago)  # type: ignore[misc]
        for ago in (TODAY, YESTERDAY) * 5
    ]
    outcome = all_at_once(app, works)
    assert 1 <= outcome["done"] <= 2
    assert set(outcome) <= {"done", "CLOSED_ALREADY", "CLOSING_DAY_INVALID"}
    assert sum(json.loads(one.content)["figures"]["receipts"] for one in _closings()) == 1
    assert findings() == []


def test_a_day_is_closed_while_fifty_hand_over_and_some_take_back(app: Flask) -> None:
    """Every receipt and every undo stands in one closing, the first or the next, whenever it came."""
    site, goods = a_stocked_shop(CROWD, price_minutes=1)
    member, clerk = a_member(CROWD), a_clerk(site)
    held = [reserved(member.id, site.id, (goods.id, 1)).redemption.id for _ in range(CROWD)]
    early, late = held[:10], held[10:]
    for one in early:
        in_unit_of_work(lambda one=one: hand_over(actor=clerk, redemption_id=one))  # type: ignore[misc]
    works: list[Callable[[], Any]] = [
        *[lambda one=one: hand_over(actor=clerk, redemption_id=one) for one in late],  # type: ignore[misc]
        *[lambda one=one: refunds.undo(actor=clerk, redemption_id=one) for one in early],  # type: ignore[misc]
        lambda: closings.close(actor=clerk, site_id=site.id),
    ]
    assert all_at_once(app, works) == {"done": len(works)}
    with clock.at(clock.now() + timedelta(days=1)):
        in_unit_of_work(lambda: closings.close(actor=clerk, site_id=site.id))
    said = [json.loads(one.content)["figures"] for one in _closings()]
    assert [sum(one[name] for one in said) for name in ("receipts", "charged_minutes", "undos", "undone_minutes")] == [
        CROWD, CROWD, 10, 10,
    ]  # fmt: skip
    [[covered]] = seen(lambda: [[sum(one.last - one.first + 1 for one in session.scalars(select(ClosingReceipts)))]])
    assert covered == seen(lambda: session.query(Receipt).count()) == CROWD
    assert findings() == []


def test_what_is_handed_over_between_look_and_signature_is_not_lost(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody hands over after the numbers were read and before the closing is written: it is in the next one."""
    site, goods = a_stocked_shop(2, price_minutes=0)
    member, clerk = a_member(), a_clerk(site)
    one, two = (reserved(member.id, site.id, (goods.id, 1)).redemption.id for _ in range(2))
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=one))
    slips = closing_queries.slips
    other: list[threading.Thread] = []

    def slips_while_somebody_hands_over(*given: Any) -> Any:
        def meanwhile() -> None:
            with app.app_context():
                outcome_of(lambda: hand_over(actor=clerk, redemption_id=two))

        if not other:
            other.append(threading.Thread(target=meanwhile))
            other[0].start()
            other[0].join(1)  # SQLite lets one write at a time: there it waits until the closing is written
        return slips(*given)

    monkeypatch.setattr(closing_queries, "slips", slips_while_somebody_hands_over)
    in_unit_of_work(lambda: closings.close(actor=clerk, site_id=site.id))
    other[0].join()
    assert [json.loads(one.content)["figures"]["receipts"] for one in _closings()] == [1]
    with clock.at(clock.now() + timedelta(days=1)):
        in_unit_of_work(lambda: closings.close(actor=clerk, site_id=site.id))
    assert [json.loads(one.content)["figures"]["receipts"] for one in _closings()] == [1, 1]
    assert findings() == []


def test_sales_and_hand_overs_share_one_series_of_numbers(app: Flask) -> None:
    """Twenty of each, and ten sales that are refused after all: forty receipts from 1 to 40, and no number is lost."""
    site, goods = a_stocked_shop(CROWD, price_minutes=1)
    clerk, member = a_clerk(site), a_member(20)
    held = [reserved(member.id, site.id, (goods.id, 1)).redemption.id for _ in range(20)]
    buyers = [a_member(1) for _ in range(20)] + [a_member(0) for _ in range(10)]
    now = clock.now()
    tokens = [BOOK.member(member=buyer.member_ref, at=now) for buyer in buyers]
    line = [sales.Scanned(1, goods_id=goods.id)]
    works: list[Callable[[], Any]] = [
        *[lambda one=one: hand_over(actor=clerk, redemption_id=one) for one in held],  # type: ignore[misc]
        *[
            lambda token=token: sales.sell(  # type: ignore[misc]
                actor=clerk, site_id=site.id, member_token=token, lines=line, book=BOOK
            )
            for token in tokens
        ],
    ]
    assert all_at_once(app, works) == {"done": 40, "INSUFFICIENT_MINUTES": 10}
    numbers = seen(lambda: list(session.scalars(select(Receipt.number))))
    assert sorted(numbers) == list(range(1, 41))
    assert findings() == []


def test_one_code_enrols_one_of_twenty_tablets(app: Flask) -> None:
    """The others are told that the code is used, and one device is there."""
    site = a_shop()
    keeper = a_coordinator(site.organisation_id)
    code, _ = in_unit_of_work(
        lambda: devices.new_code(actor=keeper, site_id=site.id, kind="till", name="平板", key=KEY)
    )
    outcome = all_at_once(app, [lambda: devices.enrol(code=code, address="10.0.0.1", key=KEY)] * 20)
    assert outcome == {"done": 1, "DEVICE_CODE_INVALID": 19}
    assert seen(lambda: session.query(Device).count()) == 1
