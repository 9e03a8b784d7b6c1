"""Free quotas: apart from minutes, held and taken and given back with the goods, one chain for each period."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from flask import Flask

from tests.factories.allowances import (
    entitled,
    left_of_quota,
    quotas_of,
    reserved_by_quota,
    sold_by_quota,
    somebody_in_need,
)
from tests.factories.identity import a_person
from tests.factories.organisations import THE_BANK
from tests.factories.shop import (
    a_clerk,
    a_stocked_shop,
    account_of,
    findings,
    seen,
    wishes,
)
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.rules import Actor
from timebank.ledger.errors import HoldExpired
from timebank.ledger.models import Transfer
from timebank.shop.allowance import quota_reading, quotas
from timebank.shop.allowance.errors import FreeQuotaRefundTooLarge, FreeQuotaSpent
from timebank.shop.allowance.quota_rules import QuotaMoveKind
from timebank.shop.allowance.quota_tables import QuotaMove
from timebank.shop.models import Redemption
from timebank.shop.redemption import refunds, reservations
from timebank.shop.redemption.handovers import hand_over

pytestmark = pytest.mark.rule("R30")

NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)
"""Noon of a Wednesday in Shanghai."""


def _moves() -> list[tuple[str, int, int]]:
    rows = seen(lambda: session.query(QuotaMove).order_by(QuotaMove.period_on, QuotaMove.seq).all())
    return [(one.kind, one.amount, one.balance_after) for one in rows]


def test_a_quota_is_held_and_taken_and_minutes_stay_where_they_are(app: Flask) -> None:
    """Two jackets of 15 points: 30 are held, then taken; the wallet has not moved, and the receipt charges no minute."""
    site, jacket, person = somebody_in_need()
    clerk = a_clerk(site)
    before = seen(lambda: session.query(Transfer).count())
    held = reserved_by_quota(person, site, (jacket, 2)).redemption
    assert (held.total_minutes, held.transfer_id, held.pay_with) == (0, None, "free_quota")
    assert left_of_quota(person) == 70
    done = in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=held.id))
    assert (done.receipt.charged_minutes, done.receipt.minutes_after) == (0, 600)
    assert _moves() == [("open", 100, 100), ("hold", -30, 70), ("capture", 0, 70)]
    assert account_of(person.id).balance_minutes == 600
    assert seen(lambda: session.query(Transfer).count()) == before
    assert findings() == []


def test_a_part_is_taken_and_the_rest_comes_back(app: Flask) -> None:
    """One of three is fetched: a third is taken."""
    site, jacket, person = somebody_in_need()
    clerk = a_clerk(site)
    held = reserved_by_quota(person, site, (jacket, 3)).redemption
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=held.id, lines=wishes((jacket, 1))))
    assert _moves()[-1] == ("capture", 30, 85)
    assert findings() == []


def test_a_sale_at_the_counter_takes_at_once(app: Flask) -> None:
    """One move, no hold."""
    site, jacket, person = somebody_in_need()
    sold_by_quota(site, a_clerk(site), person, jacket, 2)
    assert _moves() == [("open", 100, 100), ("spend", -30, 70)]
    assert findings() == []


def test_more_than_is_left_is_refused_and_minutes_do_not_help(app: Flask) -> None:
    """Seven jackets cost 105 of 100: refused with what is left and when it renews, in spite of 600 minutes."""
    with clock.at(NOON):
        site, jacket, person = somebody_in_need()
        with pytest.raises(FreeQuotaSpent) as refused:
            reserved_by_quota(person, site, (jacket, 7))
        assert refused.value.context == {"needed": 105, "left": 100, "unit": "points", "renews_on": "2027-01-01"}
        assert _moves() == []
        reserved_by_quota(person, site, (jacket, 6))
        assert left_of_quota(person) == 10


@pytest.mark.parametrize("how", ["cancelled", "due", "swept"])
def test_what_is_not_fetched_comes_back(app: Flask, how: str) -> None:
    """Cancelled, due without any sweep, or swept: the same is left, and it can be taken again."""
    site, jacket, person = somebody_in_need()
    held = reserved_by_quota(person, site, (jacket, 6)).redemption
    later = clock.now() + timedelta(hours=49)
    with clock.at(later if how != "cancelled" else clock.now()):
        if how == "cancelled":
            in_unit_of_work(lambda: reservations.cancel(actor=Actor(person.id), redemption_id=held.id))
        if how == "swept":
            assert in_unit_of_work(lambda: quotas.sweep(limit=10)) == 1
            assert in_unit_of_work(lambda: reservations.sweep(limit=10)) == 1
            assert in_unit_of_work(lambda: quotas.sweep(limit=10)) == 0
        assert left_of_quota(person) == 100
        reserved_by_quota(person, site, (jacket, 6))
        assert _moves()[2] == ("release", 90, 100)
        assert findings() == []


def test_the_sweep_also_finds_what_the_other_sweep_has_ended(app: Flask) -> None:
    """A redemption that is marked expired first leaves its hold to be released all the same."""
    site, jacket, person = somebody_in_need()
    reserved_by_quota(person, site, (jacket, 1))
    with clock.at(clock.now() + timedelta(hours=49)):
        assert in_unit_of_work(lambda: reservations.sweep(limit=10)) == 1
        assert left_of_quota(person) == 100
        assert findings() == []
        assert in_unit_of_work(lambda: quotas.sweep(limit=10)) == 1
        assert findings() == []


def test_an_extended_hold_stays(app: Flask) -> None:
    """Extended it is kept beyond its first end, and gone after the second."""
    site, jacket, person = somebody_in_need()
    clerk = a_clerk(site)
    held = reserved_by_quota(person, site, (jacket, 2)).redemption
    with clock.at(clock.now() + timedelta(hours=40)):
        in_unit_of_work(lambda: reservations.extend(actor=Actor(person.id), redemption_id=held.id))
    with clock.at(clock.now() + timedelta(hours=60)):
        assert left_of_quota(person) == 70
        in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=held.id))
        assert findings() == []


def test_a_hold_that_somebody_found_due_is_not_handed_over(app: Flask) -> None:
    """Once its release is written the goods stay, whatever a slow clock says."""
    site, jacket, person = somebody_in_need()
    clerk = a_clerk(site)
    held = reserved_by_quota(person, site, (jacket, 6)).redemption
    with clock.at(clock.now() + timedelta(hours=49)):
        assert in_unit_of_work(lambda: quotas.sweep(limit=10)) == 1
    for work in (
        lambda: hand_over(actor=clerk, redemption_id=held.id),
        lambda: reservations.cancel(actor=Actor(person.id), redemption_id=held.id),
        lambda: reservations.extend(actor=Actor(person.id), redemption_id=held.id),
    ):
        with pytest.raises(HoldExpired):
            in_unit_of_work(work)


@pytest.mark.parametrize("what", ["hand_over", "cancel", "extend"])
def test_a_hold_that_falls_due_while_a_lock_is_waited_for_is_still_held(
    app: Flask, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """One act has one instant: what was in time when it was judged stays so for goods and quota alike."""
    site, jacket, person = somebody_in_need()
    clerk = a_clerk(site)
    held = reserved_by_quota(person, site, (jacket, 2)).redemption
    works = {
        "hand_over": lambda: hand_over(actor=clerk, redemption_id=held.id),
        "cancel": lambda: reservations.cancel(actor=Actor(person.id), redemption_id=held.id),
        "extend": lambda: reservations.extend(actor=Actor(person.id), redemption_id=held.id),
    }
    late = SimpleNamespace(now=lambda: held.expires_at + timedelta(milliseconds=1), day_of=clock.day_of)
    monkeypatch.setattr(quotas, "clock", late)
    with clock.at(held.expires_at - timedelta(milliseconds=1)):
        in_unit_of_work(works[what])
        monkeypatch.undo()
        assert findings() == []
        assert left_of_quota(person) == (100 if what == "cancel" else 70)


def test_what_comes_back_goes_to_the_period_it_came_from(app: Flask) -> None:
    """A jacket bought in December and brought back in January gives nothing to the new year."""
    with clock.at(NOON):
        site, jacket, person = somebody_in_need()
        clerk = a_clerk(site)
        bought = sold_by_quota(site, clerk, person, jacket, 2).redemption
        back = [refunds.Returned(jacket, 1, restock=True)]
        in_unit_of_work(lambda: refunds.refund(actor=clerk, redemption_id=bought.id, lines=back, reason="尺码不对"))
        assert left_of_quota(person) == 85
    with clock.at(NOON + timedelta(days=44)):
        assert left_of_quota(person) == 100
        in_unit_of_work(lambda: refunds.refund(actor=clerk, redemption_id=bought.id, lines=back, reason="尺码不对"))
        assert left_of_quota(person) == 100
        reserved_by_quota(person, site, (jacket, 6))
        assert [move for move in _moves() if move[0] == "open"] == [("open", 100, 100)] * 2
        assert findings() == []


def test_undoing_gives_the_quota_back(app: Flask) -> None:
    """A clerk's slip is undone whole."""
    site, jacket, person = somebody_in_need()
    clerk = a_clerk(site)
    bought = sold_by_quota(site, clerk, person, jacket, 2).redemption
    in_unit_of_work(lambda: refunds.undo(actor=clerk, redemption_id=bought.id))
    assert left_of_quota(person) == 100
    assert findings() == []


def test_no_more_comes_back_than_was_taken(app: Flask) -> None:
    """The quota refuses by itself, whatever the lines say."""
    site, jacket, person = somebody_in_need()
    done = sold_by_quota(site, a_clerk(site), person, jacket, 1)
    twice = [line.taking(2) for line in done.lines]
    with pytest.raises(FreeQuotaRefundTooLarge) as refused:
        in_unit_of_work(lambda: quotas.refund(done.redemption, twice, refund_id=new_id(), actor_id=THE_BANK.person_id))
    assert refused.value.context == {"needed": 30, "left": 15}


def test_pieces_count_as_pieces(app: Flask) -> None:
    """Five pieces a month, whatever they cost, and five more in the next month."""
    with clock.at(NOON):
        site, oil = a_stocked_shop(20, price_minutes=38)
        quotas_of(site, {"kind": "poor_card", "name": "帮扶卡", "period": "month", "pieces": 5})
        person = a_person()
        entitled(person.id, site, kind="poor_card")
        sold_by_quota(site, a_clerk(site), person, oil.id, 5)
        with pytest.raises(FreeQuotaSpent):
            reserved_by_quota(person, site, (oil.id, 1))
    with clock.at(NOON + timedelta(days=13)):
        reserved_by_quota(person, site, (oil.id, 5))
        assert findings() == []


def test_what_costs_nothing_leaves_the_quota_alone(app: Flask) -> None:
    """Goods at 0 minutes cost no points: nothing pays, and nothing of the quota moves."""
    site, bread, person = somebody_in_need(price_minutes=0)
    done = reserved_by_quota(person, site, (bread, 2)).redemption
    assert done.pay_with is None
    assert _moves() == []
    assert findings() == []


def test_a_redemption_tells_what_it_took_of_a_quota(app: Flask) -> None:
    """Held it says what is set aside, handed over what was taken."""
    site, jacket, person = somebody_in_need()
    clerk = a_clerk(site)
    held = reserved_by_quota(person, site, (jacket, 2)).redemption
    assert seen(lambda: quota_reading.paid_for([held.id]))[held.id] == quota_reading.Paid(
        quota_reading.QuotaUnit.POINTS, 30, None
    )
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=held.id, lines=wishes((jacket, 1))))
    assert seen(lambda: quota_reading.paid_for([held.id]))[held.id].charged == 15
    assert seen(lambda: session.get_one(Redemption, held.id)).charged_minutes == 0
    assert {kind for kind, _, _ in _moves()} == {QuotaMoveKind.OPEN, QuotaMoveKind.HOLD, QuotaMoveKind.CAPTURE}
