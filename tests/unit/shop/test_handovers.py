"""Handing over, whole and in part."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.conftest import Statements
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
    seen,
    some_goods,
    wishes,
)
from timebank import clock
from timebank.database import in_unit_of_work, is_sqlite, new_id, session
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.ledger.errors import HoldExpired
from timebank.shop.errors import AlreadyHandedOver, LineOverPicked, RedemptionCancelled
from timebank.shop.models import Lot, StockMove
from timebank.shop.redemption import reservations
from timebank.shop.redemption.handovers import HandedOver, hand_over
from timebank.shop.rules import Line


def _handed(actor: Actor, redemption_id: object, lines: list[Line] | None = None) -> HandedOver:
    return in_unit_of_work(lambda: hand_over(actor=actor, redemption_id=redemption_id, lines=lines))  # type: ignore[arg-type]


@pytest.mark.rule("R28")
def test_handing_over_takes_minutes_and_goods_and_prints_a_receipt(app: Flask) -> None:
    """The hold is captured, the pieces leave, and the receipt has number 1, both balances and the ledger's head."""
    site, goods = a_shop(), some_goods(price_minutes=60)
    lot, member, clerk = a_lot(goods.id, site.id, 3), a_member(200), a_clerk(site)
    redemption = reserved(member.id, site.id, (goods.id, 2)).redemption
    done = _handed(clerk, redemption.id)
    state = account_of(member.id)
    assert (state.balance_minutes, state.held_minutes) == (80, 0)
    level = level_of(lot)
    assert (level.on_hand, level.reserved) == (1, 0)
    receipt = done.receipt
    assert (receipt.number, receipt.minutes_before, receipt.minutes_after, receipt.charged_minutes) == (1, 200, 80, 120)
    assert receipt.head == state.head.hex()[-8:]
    assert findings() == []


def test_what_is_not_taken_goes_back(app: Flask) -> None:
    """Of two goods and four pieces one piece is taken: one is charged, the rest of both is on the shelf again."""
    site, soap, rice = a_shop(), some_goods(price_minutes=10), some_goods(price_minutes=100)
    now = clock.now()
    sooner = a_lot(soap.id, site.id, 1, expires_at=now + timedelta(days=3))
    later = a_lot(soap.id, site.id, 5, expires_at=now + timedelta(days=9))
    sack = a_lot(rice.id, site.id, 1)
    member = a_member(500)
    redemption = reserved(member.id, site.id, (soap.id, 3), (rice.id, 1)).redemption
    done = _handed(a_clerk(site), redemption.id, [Line(soap.id, 1)])
    assert done.redemption.charged_minutes == 10
    assert [(line.quantity, line.handed_over) for line in done.lines] == [(3, 1), (1, 0)]
    assert [line["quantity"] for line in done.receipt.lines] == [1]
    state = account_of(member.id)
    assert (state.balance_minutes, state.available_minutes) == (490, 490)
    assert [level_of(lot).on_hand for lot in (sooner, later, sack)] == [0, 5, 1]
    assert seen(lambda: session.get_one(Lot, sooner.id).emptied_at) is not None
    assert findings() == []


def test_taking_only_what_is_free_releases_every_minute(app: Flask) -> None:
    """When nothing that is taken costs anything, the hold is released and the receipt charges 0."""
    site, bread, rice = a_shop(), some_goods(price_minutes=0), some_goods(price_minutes=100)
    a_lot(bread.id, site.id, 1)
    a_lot(rice.id, site.id, 1)
    member = a_member(100)
    redemption = reserved(member.id, site.id, (bread.id, 1), (rice.id, 1)).redemption
    done = _handed(a_clerk(site), redemption.id, [Line(bread.id, 1)])
    assert (done.receipt.charged_minutes, done.receipt.minutes_before, done.receipt.minutes_after) == (0, 100, 100)
    assert account_of(member.id).available_minutes == 100
    assert findings() == []


def test_what_costs_nothing_shows_the_unchanged_head(app: Flask) -> None:
    """A redemption of 0 minutes posts nothing, and its receipt shows the head as it was."""
    site, goods = a_stocked_shop(price_minutes=0)
    member = a_member(50)
    head = account_of(member.id).head
    done = _handed(a_clerk(site), reserved(member.id, site.id, (goods.id, 1)).redemption.id)
    assert done.receipt.head == head.hex()[-8:]
    assert account_of(member.id).head == head


def test_a_redemption_is_handed_over_once(app: Flask) -> None:
    """The second hand-over is refused, and says when the first was and which receipt it has."""
    site, goods = a_stocked_shop()
    clerk = a_clerk(site)
    redemption = reserved(a_member().id, site.id, (goods.id, 2)).redemption
    done = _handed(clerk, redemption.id, [Line(goods.id, 1)])
    with pytest.raises(AlreadyHandedOver) as refused:
        _handed(clerk, redemption.id, [Line(goods.id, 1)])
    assert refused.value.context["receipt_no"] == f"{done.receipt.issued_on:%Y%m%d}-0001"


def test_a_due_or_cancelled_redemption_is_not_handed_over(app: Flask) -> None:
    """A due one is expired and a cancelled one is cancelled; both stay so, and nothing has left."""
    site, goods = a_stocked_shop()
    clerk, member = a_clerk(site), a_member()
    due = reserved(member.id, site.id, (goods.id, 1)).redemption
    cancelled = reserved(member.id, site.id, (goods.id, 1)).redemption
    in_unit_of_work(lambda: reservations.cancel(actor=Actor(member.id), redemption_id=cancelled.id))
    with pytest.raises(RedemptionCancelled):
        _handed(clerk, cancelled.id)
    with clock.at(due.expires_at), pytest.raises(HoldExpired):
        _handed(clerk, due.id)
    assert seen(lambda: session.query(StockMove).filter_by(kind="hand_over").count()) == 0


def test_whoever_sees_the_release_first_wins_over_a_slower_clock(app: Flask) -> None:
    """A clerk whose clock is behind finds the goods released by somebody whose clock is ahead: expired, not an error."""
    site, goods = a_stocked_shop(1, price_minutes=0)
    redemption = reserved(a_member().id, site.id, (goods.id, 1)).redemption
    clerk, other = a_clerk(site), a_member()
    with clock.at(redemption.expires_at):
        reserved(other.id, site.id, (goods.id, 1))
    with pytest.raises(HoldExpired):
        _handed(clerk, redemption.id)
    with clock.at(redemption.expires_at):
        assert findings() == []


@pytest.mark.parametrize("pieces", [[3], [2, 1], []])
def test_no_more_is_handed_over_than_was_reserved(app: Flask, pieces: list[int]) -> None:
    """More pieces than reserved, also on several lines, and none at all are refused."""
    site, goods = a_stocked_shop()
    redemption = reserved(a_member().id, site.id, (goods.id, 2)).redemption
    with pytest.raises(LineOverPicked):
        _handed(a_clerk(site), redemption.id, [Line(goods.id, count) for count in pieces])
    with pytest.raises(LineOverPicked):
        _handed(a_clerk(site), redemption.id, list(wishes((some_goods().id, 1))))


def test_staff_of_another_shop_find_nothing(app: Flask) -> None:
    """A clerk of another organisation's shop is told that there is no such redemption, and so is the member."""
    site, goods = a_stocked_shop()
    member = a_member()
    redemption = reserved(member.id, site.id, (goods.id, 1)).redemption
    for stranger in (a_clerk(a_shop()), Actor(member.id)):
        with pytest.raises(NotFound):
            _handed(stranger, redemption.id)
    with pytest.raises(NotFound):
        _handed(a_clerk(site), new_id())


def test_receipts_are_numbered_per_shop_and_day(app: Flask) -> None:
    """Numbers begin at 1 in each shop every Shanghai day, and a refused hand-over takes none."""
    site, goods = a_stocked_shop()
    clerk, member = a_clerk(site), a_member()
    first, second, third = (reserved(member.id, site.id, (goods.id, 1)).redemption for _ in range(3))
    assert _handed(clerk, first.id).receipt.number == 1
    with pytest.raises(AlreadyHandedOver):
        _handed(clerk, first.id)
    assert _handed(clerk, second.id).receipt.number == 2
    with clock.at(clock.now() + timedelta(days=1)):
        assert _handed(clerk, third.id).receipt.number == 1
    assert findings() == []


def test_few_statements_hand_over(app: Flask, statements: Statements) -> None:
    """The redemption with its lines, the ledger's four, what was picked, moves, its end, the number, the receipt.

    PostgreSQL locks the lots besides, takes the transfer with its entry, and the last four as one.
    """
    site, goods = a_stocked_shop()
    clerk = a_clerk(site)
    redemption = reserved(a_member().id, site.id, (goods.id, 2)).redemption
    with statements() as sent:
        _handed(clerk, redemption.id)
    counted = [text for text in sent if "demo_clock" not in text]
    assert len(counted) == (10 if is_sqlite() else 7), "\n---\n".join(counted)
