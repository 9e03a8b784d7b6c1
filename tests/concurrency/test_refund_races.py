"""Goods come back, a slip is undone and a reservation is extended while others do the same: one winner, books that agree."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.concurrency.crowds import all_at_once
from tests.factories.organisations import a_shop
from tests.factories.shop import (
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
from timebank.identity.rules import Actor
from timebank.ledger import expiry, proof
from timebank.ledger import service as ledger
from timebank.shop.redemption import refunds, reservations
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.redemption.refunds import Returned

CROWD = 16
"""How many at once: each on a connection of its own."""


def _handed_over(actor: Actor, redemption_id: UUID) -> UUID:
    in_unit_of_work(lambda: hand_over(actor=actor, redemption_id=redemption_id))
    return redemption_id


def _refunding(actor: Actor, redemption_id: UUID, goods_id: UUID, *, pieces: int = 1) -> Callable[[], Any]:
    lines = [Returned(goods_id, pieces, restock=True)]
    return lambda: refunds.refund(actor=actor, redemption_id=redemption_id, lines=lines, reason="包装破损")


def _undoing(actor: Actor, redemption_id: UUID) -> Callable[[], Any]:
    return lambda: refunds.undo(actor=actor, redemption_id=redemption_id)


def _books_agree() -> None:
    assert findings() == []
    assert proof.verify().findings == {}


def test_the_last_piece_comes_back_once(app: Flask) -> None:
    """Of many who refund the last piece one does; minutes and goods are there once."""
    site, soap = a_shop(), some_goods(price_minutes=60)
    lot, member, clerk = a_lot(soap.id, site.id, 2), a_member(120), a_clerk(site)
    taken = _handed_over(clerk, reserved(member.id, site.id, (soap.id, 2)).redemption.id)
    in_unit_of_work(_refunding(clerk, taken, soap.id))
    assert all_at_once(app, [_refunding(clerk, taken, soap.id)] * CROWD) == {
        "done": 1,
        "REFUND_EXCEEDS_TAKEN": CROWD - 1,
    }
    assert (account_of(member.id).balance_minutes, level_of(lot).on_hand) == (120, 2)
    _books_agree()


def test_a_slip_is_undone_once(app: Flask) -> None:
    """The clerk who taps again and again undoes it once."""
    site, soap = a_stocked_shop(3)
    member, clerk = a_member(120), a_clerk(site)
    taken = _handed_over(clerk, reserved(member.id, site.id, (soap.id, 2)).redemption.id)
    assert all_at_once(app, [_undoing(clerk, taken)] * CROWD) == {"done": 1, "UNDO_TOO_LATE": CROWD - 1}
    assert account_of(member.id).balance_minutes == 120
    _books_agree()


def test_refunds_race_with_an_undo(app: Flask) -> None:
    """Either everything was undone, or pieces came back one by one: never more than was taken."""
    site, soap = a_shop(), some_goods(price_minutes=60)
    lot, member, clerk = a_lot(soap.id, site.id, 2), a_member(120), a_clerk(site)
    taken = _handed_over(clerk, reserved(member.id, site.id, (soap.id, 2)).redemption.id)
    outcome = all_at_once(app, [_refunding(clerk, taken, soap.id), _undoing(clerk, taken)] * (CROWD // 2))
    assert set(outcome) <= {"done", "REFUND_EXCEEDS_TAKEN", "UNDO_TOO_LATE"}
    assert (account_of(member.id).balance_minutes, level_of(lot).on_hand) == (120, 2)
    _books_agree()


def test_redemptions_from_the_same_lots_come_backall_at_once(app: Flask) -> None:
    """Refunds for one wallet over the same lots, in any order of lines, wait for each other and never for good."""
    site, member = a_shop(), a_member(10_000)
    clerk = a_clerk(site)
    goods = [some_goods(price_minutes=10) for _ in range(3)]
    lots = [a_lot(one.id, site.id, CROWD) for one in goods]
    taken = []
    for _ in range(CROWD):
        redemption = reserved(member.id, site.id, *((one.id, 1) for one in goods)).redemption
        taken.append(_handed_over(clerk, redemption.id))
    works = []
    for place, redemption_id in enumerate(taken):
        order = goods[place % 3 :] + goods[: place % 3]
        lines = [Returned(one.id, 1, restock=True) for one in order]
        works.append(_refunding_lines(clerk, redemption_id, lines))
    assert all_at_once(app, works) == {"done": CROWD}
    assert account_of(member.id).balance_minutes == 10_000
    assert {level_of(lot).on_hand for lot in lots} == {CROWD}
    _books_agree()


def _refunding_lines(actor: Actor, redemption_id: UUID, lines: list[Returned]) -> Callable[[], Any]:
    return lambda: refunds.refund(actor=actor, redemption_id=redemption_id, lines=lines, reason="包装破损")


def test_a_refund_races_with_the_expiry_of_what_it_brings_back(app: Flask) -> None:
    """Refunded minutes keep their age: whichever is first, a run takes no more than was due."""
    site, soap = a_stocked_shop(3)
    member, clerk = a_member(120), a_clerk(site)
    taken = _handed_over(clerk, reserved(member.id, site.id, (soap.id, 1)).redemption.id)
    cut_off, run_id = clock.now(), UUID(int=77)
    run = lambda: expiry.expire(run_id=run_id, cut_off=cut_off, owner_ids=[member.id], actor_id=member.id)  # noqa: E731
    outcome = all_at_once(app, [_refunding(clerk, taken, soap.id), run] * 2)
    assert outcome == {"done": 3, "REFUND_EXCEEDS_TAKEN": 1}
    assert account_of(member.id).balance_minutes in {0, 60}
    _books_agree()


@pytest.mark.parametrize("due", [-1, 0, 1])
def test_extending_races_with_handing_over_and_the_sweep(app: Flask, monkeypatch: pytest.MonkeyPatch, due: int) -> None:
    """A microsecond before its end a reservation is extended, handed over, or both; from its end on it is gone."""
    site, soap = a_shop(), some_goods(price_minutes=60)
    lot, member, clerk = a_lot(soap.id, site.id, 1), a_member(60), a_clerk(site)
    redemption = reserved(member.id, site.id, (soap.id, 1)).redemption
    instant = redemption.expires_at + timedelta(microseconds=due)
    monkeypatch.setattr(clock, "now", lambda: instant)
    works: list[Callable[[], Any]] = [
        lambda: reservations.extend(actor=Actor(member.id), redemption_id=redemption.id),
        lambda: hand_over(actor=clerk, redemption_id=redemption.id),
        lambda: reservations.sweep(limit=10),
        lambda: ledger.sweep(limit=10),
    ]
    outcome = all_at_once(app, works * (CROWD // 4))
    sweeps = CROWD // 2
    if due < 0:
        assert outcome["done"] - sweeps in {1, 2}
        assert set(outcome) <= {"done", "ALREADY_HANDED_OVER", "ALREADY_EXTENDED"}
        assert (account_of(member.id).balance_minutes, level_of(lot).on_hand) == (0, 0)
    else:
        assert outcome == {"done": sweeps, "HOLD_EXPIRED": CROWD // 2}
        assert (account_of(member.id).available_minutes, level_of(lot).available) == (60, 1)
    _books_agree()
