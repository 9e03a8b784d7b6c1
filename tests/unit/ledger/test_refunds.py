"""Refunds: minutes of a redemption that come back."""

from datetime import UTC, datetime, timedelta

from flask import Flask

from tests.factories.ledger import a_volunteer_with, captured, earned, held, redeemed, refunded, released, state_of
from tests.unit.ledger.looking import everything, refused, transfer_of
from timebank import clock
from timebank.database import new_id
from timebank.ledger import proof
from timebank.ledger.errors import PostingConflict, RefundTooLarge, TransferNotFound
from timebank.ledger.rules import REDEEMED, Kind, SourceType, wallet_of

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)


def test_a_sale_is_refunded_in_parts_and_never_beyond_what_was_paid(app: Flask) -> None:
    """Several refunds name one sale; the last one may give back only what is left."""
    owner_id = a_volunteer_with(100)
    sale = redeemed(owner_id, 60).transfer_id
    back = refunded(sale, 25)
    assert back.account == state_of(owner_id)
    assert back.account.balance_minutes == 65
    refusal = refused(RefundTooLarge, lambda: refunded(sale, 36))
    assert refusal.context == {"needed_minutes": 36, "available_minutes": 35}
    assert refunded(sale, 35).account.balance_minutes == 100
    refused(RefundTooLarge, lambda: refunded(sale, 1))
    stored = transfer_of(back.transfer_id)
    assert (stored.kind, stored.refunds, stored.source_type) == (Kind.REFUND, sale, SourceType.REFUND)
    assert (stored.debit_id, stored.credit_id) == (REDEEMED.id, wallet_of(owner_id).id)
    assert proof.verify().findings == {}


def test_of_a_hold_only_what_was_captured_is_refunded(app: Flask) -> None:
    """A hand-over of a part of a reservation is refunded up to that part; another sale's refunds do not count."""
    owner_id = a_volunteer_with(100)
    refunded(redeemed(owner_id, 10).transfer_id, 10)
    taken = captured(held(owner_id, 60).transfer_id, 25).transfer_id
    refused(RefundTooLarge, lambda: refunded(taken, 26))
    assert refunded(taken, 25).account.available_minutes == 100
    assert proof.verify().findings == {}


def test_only_what_was_paid_is_refunded(app: Flask) -> None:
    """A hold, a release, an earning and an unknown transfer are no redemptions."""
    owner_id = a_volunteer_with(100)
    hold_id = held(owner_id, 10).transfer_id
    for other in (hold_id, released(hold_id).transfer_id, earned(owner_id).transfer_id, new_id()):
        refused(TransferNotFound, lambda other=other: refunded(other, 1))


def test_a_refund_repeated_is_one_refund(app: Flask) -> None:
    """The same refund again is answered with its result, also when nothing is left to refund (Blnk 152)."""
    with clock.at(NOON):
        owner_id, ids = a_volunteer_with(100), {"transfer_id": new_id(), "source_id": new_id()}
        sale = redeemed(owner_id, 60).transfer_id
        first = refunded(sale, 60, **ids)
    with clock.at(NOON + timedelta(days=1)):
        earned(owner_id, 3)
        before = everything()
        again = refunded(sale, 60, **ids)
    assert (again.replayed, again.account) == (True, first.account)
    assert everything() == before
    refused(PostingConflict, lambda: refunded(sale, 59, **ids))
