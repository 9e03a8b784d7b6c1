"""Two registrations of one person become one account."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories.ledger import (
    a_volunteer_with,
    earned,
    given,
    held,
    merged,
    redeemed,
    refunded,
    released,
    reversed_,
    state_of,
)
from tests.unit.ledger.looking import entries_of, everything, refused, transfer_of
from tests.unit.ledger.tampering import forge
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.ledger import proof
from timebank.ledger.errors import (
    AccountClosed,
    AlreadyReversed,
    OpenHolds,
    PostingConflict,
    RefundTooLarge,
    WalletNotFound,
)
from timebank.ledger.models import Account
from timebank.ledger.report import Fault
from timebank.ledger.rules import ISSUER, Kind, SourceType, wallet_of

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)


def _numbers(owner_id: UUID) -> tuple[int, int]:
    found = state_of(owner_id)
    return found.balance_minutes, found.debt_minutes


def _closed(owner_id: UUID) -> list[Any]:
    closed = select(Account.closed_at).where(Account.owner_id == owner_id)
    return in_unit_of_work(lambda: list(session.scalars(closed)), write=False)


def _a_debtor(owed: int = 70) -> UUID:
    owner_id = new_id()
    wrong = earned(owner_id, owed).transfer_id
    redeemed(owner_id, owed)
    reversed_(wrong)
    return owner_id


def test_minutes_move_and_the_old_account_closes(app: Flask) -> None:
    """The new account has all, the old one ends with a line that moves nothing and takes no posting any more."""
    old, new = a_volunteer_with(100), a_volunteer_with(10)
    done = merged(old, new)
    assert done.account == state_of(new)
    assert (_numbers(old), _numbers(new)) == ((0, 0), (110, 0))
    stored = transfer_of(done.transfer_id)
    assert (stored.kind, stored.source_type, stored.minutes) == (Kind.MERGE, SourceType.MERGE, 100)
    last = entries_of(old)[-1]
    assert (last.transfer_id, last.minutes, last.balance_after) == (None, 0, 0)
    assert _closed(old) == [last.recorded_at] == [stored.recorded_at]
    refused(AccountClosed, lambda: earned(old, 1))
    refused(AccountClosed, lambda: merged(old, new))
    refused(AccountClosed, lambda: merged(new, old))
    assert proof.verify().findings == {}


def test_minutes_open_the_account_that_they_move_to(app: Flask) -> None:
    """The account that goes on may never have had a minute."""
    old, new = a_volunteer_with(100), new_id()
    merged(old, new)
    assert _numbers(new) == (100, 0)
    assert proof.verify().findings == {}


def test_a_debt_moves_and_is_paid_from_what_is_there(app: Flask) -> None:
    """What the old account owes, the new one pays at once as far as it can; both old accounts close."""
    old, new = _a_debtor(70), a_volunteer_with(50)
    done = merged(old, new)
    assert done.account == state_of(new)
    assert (_numbers(old), _numbers(new)) == ((0, 0), (0, 20))
    assert len(_closed(old)) == 2
    assert None not in _closed(old)
    earned(new, 30)
    assert _numbers(new) == (10, 0)
    assert proof.verify().findings == {}


def test_minutes_pay_a_debt_that_waits_for_them(app: Flask) -> None:
    """What moves to somebody who owes pays first."""
    old, new = a_volunteer_with(50), _a_debtor(20)
    merged(old, new)
    assert _numbers(new) == (30, 0)
    assert proof.verify().findings == {}


def test_two_debts_become_one(app: Flask) -> None:
    """Two debtors owe together what they owed apart."""
    old, new = _a_debtor(70), _a_debtor(20)
    merged(old, new)
    assert (_numbers(old), _numbers(new)) == ((0, 0), (0, 90))
    assert proof.verify().findings == {}


def test_a_paid_debt_is_closed_with_its_wallet(app: Flask) -> None:
    """Whoever once owed something closes two accounts."""
    old, new = _a_debtor(70), a_volunteer_with(5)
    earned(old, 100)
    merged(old, new)
    assert (len(_closed(old)), None in _closed(old), _numbers(new)) == (2, False, (35, 0))
    assert proof.verify().findings == {}


def test_open_holds_come_first(app: Flask) -> None:
    """While something is set aside nothing is merged; what is due is released by the merger itself."""
    with clock.at(NOON):
        old, new = a_volunteer_with(100), a_volunteer_with(10)
        hold_id = held(old, 60).transfer_id
        assert refused(OpenHolds, lambda: merged(old, new)).context == {"held_minutes": 60}
        released(hold_id)
        held(old, 30, expires_at=NOON + timedelta(hours=1))
        held(new, 10)
    with clock.at(NOON + timedelta(hours=2)):
        assert merged(old, new).account.available_minutes == 100
    assert proof.verify().findings == {}


@pytest.mark.parametrize("owed", [0, 70])
def test_a_merger_again_is_replayed(app: Flask, owed: int) -> None:
    """Minutes or debt: sent again, it is answered with its result, and another one under its id is refused."""
    old, new, other = _a_debtor(owed) if owed else a_volunteer_with(100), a_volunteer_with(10), a_volunteer_with(1)
    ids = {"transfer_id": new_id(), "source_id": new_id()}
    first = merged(old, new, **ids)
    earned(new, 500)
    before = everything()
    again = merged(old, new, **ids)
    assert (again.replayed, again.account) == (True, first.account)
    assert everything() == before
    refused(PostingConflict, lambda: merged(other, new, **ids))
    refused(PostingConflict, lambda: merged(old, other, **ids))
    refused(PostingConflict, lambda: merged(old, new, transfer_id=ids["transfer_id"]))


def test_an_empty_account_just_closes(app: Flask) -> None:
    """Nothing moves, and nothing can be posted to it any more."""
    old, new = a_volunteer_with(30), a_volunteer_with(10)
    redeemed(old, 30)
    assert merged(old, new).account == state_of(new)
    refused(AccountClosed, lambda: earned(old, 1))
    assert proof.verify().findings == {}


def test_who_has_no_wallet_has_nothing_to_merge(app: Flask) -> None:
    """Nothing is opened for nothing, and no debt goes to somebody without a wallet."""
    empty = a_volunteer_with(1)
    redeemed(empty, 1)
    for old, new in ((new_id(), a_volunteer_with(1)), (_a_debtor(), new_id()), (empty, new_id())):
        refused(WalletNotFound, lambda old=old, new=new: merged(old, new))
    with pytest.raises(ValueError, match="itself"):
        merged(empty, empty)


# --- what is corrected after a merger ---------------------------------------------------------------------------------


def test_what_was_merged_away_is_reversed_from_who_goes_on(app: Flask) -> None:
    """A correction of what the old account had earned takes it from the new one; what is not there is owed."""
    old, new = new_id(), a_volunteer_with(10)
    wrong, other = earned(old, 50).transfer_id, earned(old, 30).transfer_id
    merged(old, new)
    back = reversed_(wrong)
    assert back.account == state_of(new)
    assert (_numbers(old), _numbers(new)) == ((0, 0), (40, 0))
    stored = transfer_of(back.transfer_id)
    assert (stored.debit_id, stored.reverses) == (wallet_of(new).id, wrong)
    refused(AlreadyReversed, lambda: reversed_(wrong))
    redeemed(new, 25)
    reversed_(other)
    assert _numbers(new) == (0, 15)
    earned(new, 20)
    assert _numbers(new) == (5, 0)
    assert proof.verify().findings == {}


def test_all_spent_it_is_owed_by_who_goes_on(app: Flask) -> None:
    """Nothing is left to take: the whole correction becomes a debt of the account that goes on."""
    old, new = new_id(), a_volunteer_with(10)
    wrong = earned(old, 50).transfer_id
    merged(old, new)
    redeemed(new, 60)
    assert reversed_(wrong).account == state_of(new)
    assert _numbers(new) == (0, 50)
    assert proof.verify().findings == {}


def test_a_debt_that_moved_says_as_well_who_goes_on(app: Flask) -> None:
    """Of somebody who had only a debt, another earning is reversed from the account that took the debt over."""
    old, new = new_id(), a_volunteer_with(100)
    first, second = earned(old, 70).transfer_id, earned(old, 20).transfer_id
    redeemed(old, 90)
    reversed_(first)
    merged(old, new)
    assert _numbers(new) == (30, 0)
    reversed_(second)
    assert _numbers(new) == (10, 0)
    assert proof.verify().findings == {}


def test_mergers_are_followed_to_their_end(app: Flask) -> None:
    """Whoever was merged twice is answered for by the last account; a correction between the two by the middle one."""
    first, middle, last = new_id(), a_volunteer_with(10), a_volunteer_with(1)
    early, late = earned(first, 50).transfer_id, earned(first, 20).transfer_id
    merged(first, middle)
    reversed_(early)
    assert _numbers(middle) == (30, 0)
    merged(middle, last)
    reversed_(late)
    assert _numbers(last) == (11, 0)
    assert proof.verify().findings == {}


def test_a_gift_is_given_back_to_who_goes_on(app: Flask) -> None:
    """Giver or receiver merged: the minutes go from who has them now to who would have them now."""
    giver, giver_now, receiver, receiver_now = (a_volunteer_with(minutes) for minutes in (30, 1, 2, 3))
    gift = given(giver, receiver, 20).transfer_id
    merged(giver, giver_now)
    merged(receiver, receiver_now)
    assert reversed_(gift).account == state_of(receiver_now)
    assert (_numbers(giver_now), _numbers(receiver_now)) == ((31, 0), (5, 0))
    assert proof.verify().findings == {}


def test_a_refund_goes_to_who_goes_on(app: Flask) -> None:
    """Refunds before and after the merger together never exceed what was paid."""
    old, new = a_volunteer_with(60), a_volunteer_with(5)
    sale = redeemed(old, 40).transfer_id
    refunded(sale, 15)
    merged(old, new)
    assert refunded(sale, 20).account == state_of(new)
    assert _numbers(new) == (60, 0)
    assert refused(RefundTooLarge, lambda: refunded(sale, 6)).context["available_minutes"] == 5
    assert proof.verify().findings == {}


@pytest.mark.parametrize("spent", [0, 20, 50])
def test_an_answer_from_before_a_merger_is_replayed_after_it(app: Flask, spent: int) -> None:
    """Sent again, a correction or a refund is what it was, whoever has merged since; another one under its id is not."""
    old, middle, new = a_volunteer_with(90), a_volunteer_with(30), a_volunteer_with(10)
    wrong, other = earned(old, 50).transfer_id, earned(old, 7).transfer_id
    sale = redeemed(old, 97 + spent).transfer_id
    back, again = ({"transfer_id": new_id(), "source_id": new_id()} for _ in range(2))
    first, paid = reversed_(wrong, **back), refunded(sale, 60, **again)
    merged(old, middle)
    merged(middle, new)
    before = everything()
    for answer, first_answer in ((reversed_(wrong, **back), first), (refunded(sale, 60, **again), paid)):
        assert (answer.replayed, answer.account) == (True, first_answer.account)
    refused(PostingConflict, lambda: reversed_(other, **back))
    refused(PostingConflict, lambda: refunded(sale, 61, **again))
    assert everything() == before
    assert proof.verify().findings == {}


@pytest.mark.parametrize("left", [0, 30])
def test_a_correction_after_a_merger_is_replayed_after_the_next(app: Flask, left: int) -> None:
    """The account in the middle has answered, with minutes or with a debt; sent again it is the same answer."""
    old, middle, new = new_id(), a_volunteer_with(10), a_volunteer_with(10)
    wrong = earned(old, 50).transfer_id
    merged(old, middle)
    redeemed(middle, 60 - left)
    ids = {"transfer_id": new_id(), "source_id": new_id()}
    first = reversed_(wrong, **ids)
    merged(middle, new)
    again = reversed_(wrong, **ids)
    assert (again.replayed, again.account) == (True, first.account)
    assert proof.verify().findings == {}


def test_who_was_empty_when_merged_is_not_answered_for(app: Flask) -> None:
    """Nothing moved, so the ledger cannot prove who goes on; and nobody gives back to themself. Both are refused."""
    old, new = a_volunteer_with(50), a_volunteer_with(10)
    wrong = earned(old, 20).transfer_id
    sale = redeemed(old, 70).transfer_id
    gift = given(new, other := new_id(), 5).transfer_id
    merged(old, new)
    merged(other, new)
    for attempt in (lambda: reversed_(wrong), lambda: refunded(sale, 1), lambda: reversed_(gift)):
        refused(AccountClosed, attempt)


@pytest.mark.parametrize("whose", ["the old one's", "a stranger's"])
def test_a_reversal_from_anybody_else_is_named(app: Flask, whose: str) -> None:
    """Only who goes on answers: a forged reversal from another wallet does not fit, however well it is hashed."""
    old, new, stranger = new_id(), a_volunteer_with(10), a_volunteer_with(90)
    wrong, other = earned(old, 50).transfer_id, earned(stranger, 50).transfer_id
    merged(old, new)
    of, from_ = (wrong, stranger) if whose == "the old one's" else (other, new)
    row = forge(
        from_,
        50,
        kind=int(Kind.REVERSE),
        credit_id=ISSUER.id,
        source_type=int(SourceType.CORRECTION),
        reverses=of,
    )
    found = {fault: finding.row for fault, finding in proof.verify().findings.items()}
    assert found == {Fault.TRANSFER_REVERSES: f"ledger_transfer {row.id}"}
