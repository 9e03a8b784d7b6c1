"""Stock is sent, counted and written off by many at once, while others reserve and sell: one winner, books that agree."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.concurrency.crowds import all_at_once
from tests.concurrency.test_attendance import RACERS, race
from tests.factories.attendance import post_once
from tests.factories.identity import a_coordinator
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, findings, level_of, reserved, seen, some_goods
from tests.factories.stockkeeping import a_confirmed_stocktake, a_stocktake, a_write_off, counted, pieces, sent
from timebank.database import session
from timebank.identity.rules import Actor
from timebank.shop.models import Lot, StockMove
from timebank.shop.redemption import reservations
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.stock import recalls, traces
from timebank.shop.stockkeeping import stocktakes, transfers
from timebank.shop.stockkeeping.stocktakes import Counted

CROWD = 16


def _pieces_in_the_world() -> int:
    return seen(lambda: int(session.scalar(select(func.sum(StockMove.quantity))) or 0))


@pytest.mark.rule("R35")
def test_a_write_off_is_approved_once(app: Flask) -> None:
    """Half of them approve, half reject: one decision stands, and the shelf agrees with it."""
    site, soap = a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 5)
    asked = a_write_off(site, (lot.id, 2))
    deciders = [a_coordinator(site.organisation_id) for _ in range(RACERS)]

    def decide(client: FlaskClient, index: int) -> Any:
        verb = "approve" if index % 2 else "reject"
        return post_once(client, f"/write-offs/{asked.id}/{verb}", deciders[index], {"note": "核实"})

    assert race(app, decide) == {(200, ""): 1, (409, "WRITE_OFF_DECIDED"): RACERS - 1}
    assert level_of(lot).on_hand in {3, 5}
    assert findings() == []


def test_two_write_offs_of_the_same_pieces(app: Flask) -> None:
    """Each is approved by itself, and only as many as there are pieces for."""
    site, soap = a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 7)
    asked = [a_write_off(site, (lot.id, 2)) for _ in range(RACERS)]
    decider = a_coordinator(site.organisation_id)

    def approve(client: FlaskClient, index: int) -> Any:
        return post_once(client, f"/write-offs/{asked[index].id}/approve", decider, {})

    assert race(app, approve) == {(200, ""): 3, (409, "LOT_SHORT"): RACERS - 3}
    assert level_of(lot).on_hand == 1
    assert findings() == []


def test_a_transfer_ends_once(app: Flask) -> None:
    """Some receive, the sender calls it back: the goods are at one place, all of them."""
    site, shop, soap = a_shop(), a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 5)
    transfer = sent(site, shop, (lot.id, 3))
    sender, receiver = a_clerk(site), a_clerk(shop)

    def end(client: FlaskClient, index: int) -> Any:
        if index % 2:
            return post_once(client, f"/transfers/{transfer.id}/receive", receiver, {})
        return post_once(client, f"/transfers/{transfer.id}/cancel", sender, {})

    assert race(app, end) == {(200, ""): 1, (409, "TRANSFER_ENDED"): RACERS - 1}
    assert _pieces_in_the_world() == 5
    assert findings() == []


def test_pieces_are_sent_or_promised(app: Flask) -> None:
    """Transfers and reservations want the same last pieces of two lots, named in any order: each piece goes to one."""
    site, shop, soap = a_shop(), a_shop(), some_goods(price_minutes=0)
    one, two = (a_lot(soap.id, site.id, CROWD // 4) for _ in range(2))
    sender, members = a_clerk(site), [a_member(0) for _ in range(CROWD // 2)]

    def sending(place: int) -> Callable[[], Any]:
        lines = pieces((one.id, 1), (two.id, 1)) if place % 2 else pieces((two.id, 1), (one.id, 1))
        return lambda: transfers.send(actor=sender, site_id=site.id, to_site_id=shop.id, lines=lines)

    def reserving(person_id: UUID) -> Callable[[], Any]:
        wanted = [reservations.Line(soap.id, 1)]
        return lambda: reservations.reserve(person_id=person_id, site_id=site.id, lines=wanted)

    works = [sending(place) for place in range(CROWD // 2)] + [reserving(member.id) for member in members]
    outcome = all_at_once(app, works)
    assert set(outcome) <= {"done", "LOT_SHORT", "OUT_OF_STOCK"}
    held = [level_of(one), level_of(two)]
    assert all(0 <= level.reserved <= level.on_hand for level in held)
    assert findings() == []


@pytest.mark.rule("R35")
def test_a_stocktake_is_posted_once(app: Flask) -> None:
    """Of many who post one does; the difference is booked once."""
    site, soap = a_shop(), some_goods()
    lot = a_lot(soap.id, site.id, 10)
    made = a_confirmed_stocktake(site, (lot.id, 8))
    posters = [a_clerk(site) for _ in range(CROWD)]
    works = [_posting(poster, made.id) for poster in posters]
    assert all_at_once(app, works) == {"done": 1, "STOCKTAKE_ENDED": CROWD - 1}
    assert level_of(lot).on_hand == 8
    assert findings() == []


def _posting(actor: Actor, stocktake_id: UUID) -> Callable[[], Any]:
    return lambda: stocktakes.post(actor=actor, stocktake_id=stocktake_id)


def test_one_stocktake_begins(app: Flask) -> None:
    """Of many who open one at a site one does; the others learn that it is under way."""
    site, soap = a_shop(), some_goods()
    a_lot(soap.id, site.id, 5)
    clerk = a_clerk(site)

    def begin(client: FlaskClient, _index: int) -> Any:
        return post_once(client, f"/sites/{site.id}/stocktakes", clerk, {})

    assert race(app, begin) == {(201, ""): 1, (409, "STOCKTAKE_UNDER_WAY"): RACERS - 1}


def test_counting_while_selling(app: Flask) -> None:
    """Counts, hand-overs and a posting in any order: what the shelf ends with is what it had, less sales, plus differences."""
    site, soap = a_shop(), some_goods(price_minutes=0)
    lot, clerk, poster = a_lot(soap.id, site.id, 40), a_clerk(site), a_clerk(site)
    made = a_stocktake(site)
    orders = [reserved(a_member(0).id, site.id, (soap.id, 1)).redemption for _ in range(CROWD // 2)]

    def counting(found: int) -> Callable[[], Any]:
        lines = [Counted(lot.id, found)]
        return lambda: stocktakes.count(actor=clerk, stocktake_id=made.id, lines=lines)

    def handing(redemption_id: UUID) -> Callable[[], Any]:
        return lambda: hand_over(actor=clerk, redemption_id=redemption_id)

    first = [handing(order.id) for order in orders[:4]] + [counting(found) for found in range(30, 34)]
    assert all_at_once(app, first) == {"done": 8}
    assert findings() == []
    counted(made, clerk, (lot.id, 35))
    confirm = lambda: stocktakes.confirm(actor=clerk, stocktake_id=made.id)  # noqa: E731
    assert all_at_once(app, [confirm, confirm]) == {"done": 1, "STOCKTAKE_NOT_COUNTING": 1}
    rest = [handing(order.id) for order in orders[4:]] + [_posting(poster, made.id)] * 2
    assert all_at_once(app, rest) == {"done": len(orders) - 4 + 1, "STOCKTAKE_ENDED": 1}
    assert level_of(lot).on_hand == 35 - (len(orders) - 4)
    assert findings() == []


@pytest.mark.rule("R34")
@pytest.mark.parametrize("round_no", range(4))
def test_a_recall_beside_an_arrival(app: Flask, round_no: int) -> None:
    """Whichever is first, the lot that arrives is recalled, and nothing of it is ever promised."""
    site, shop, milk = a_shop(), a_shop(), some_goods(price_minutes=0)
    lot = a_lot(milk.id, site.id, 5)
    transfers_of = [sent(site, shop, (lot.id, 1)) for _ in range(3)]
    clerk, receiver = a_clerk(site), a_clerk(shop)
    works = [
        lambda one=transfer: transfers.receive(actor=receiver, transfer_id=one.id)  # type: ignore[misc]
        for transfer in transfers_of
    ]
    works.insert(round_no, lambda: recalls.recall(actor=clerk, lot_id=lot.id, reason="厂家召回"))
    assert all_at_once(app, works) == {"done": 4}
    tree = seen(lambda: [session.get_one(Lot, lot_id) for lot_id in traces.tree_of(lot.id)])
    assert len(tree) == 4
    assert all(one.recalled_at is not None for one in tree)
    assert findings() == []
