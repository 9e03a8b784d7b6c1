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
    held,
    merged,
    redeemed,
    released,
    reversed_,
    state_of,
)
from tests.unit.ledger.looking import entries_of, everything, refused, transfer_of
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.ledger import proof
from timebank.ledger.errors import AccountClosed, OpenHolds, PostingConflict, WalletNotFound
from timebank.ledger.models import Account
from timebank.ledger.rules import Kind, SourceType

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


def test_what_was_merged_away_is_not_reversed(app: Flask) -> None:
    """A correction of what a closed account got is refused, whether or not it would end in a debt."""
    old, new = new_id(), a_volunteer_with(10)
    wrong = earned(old, 50).transfer_id
    merged(old, new)
    refused(AccountClosed, lambda: reversed_(wrong))
