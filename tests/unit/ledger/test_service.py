"""The verbs of the ledger and what they refuse."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories.ledger import (
    CLERK,
    a_volunteer_with,
    captured,
    earned,
    held,
    redeemed,
    released,
    state_of,
)
from tests.unit.ledger.looking import entries_of, everything, refused, transfer_of
from timebank import clock
from timebank.database import NIL, in_unit_of_work, new_id, session
from timebank.ledger import chain, rules
from timebank.ledger.errors import (
    AlreadyPosted,
    AlreadyResolved,
    HoldNotFound,
    InsufficientMinutes,
)
from timebank.ledger.models import Account
from timebank.ledger.rules import ISSUER, Kind, Phase, SourceType, wallet_of

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)


def test_the_system_accounts_are_there(app: Flask) -> None:
    """The migration has opened the four accounts of the bank itself, under the ids that the rules compute."""
    found = in_unit_of_work(lambda: list(session.scalars(select(Account))), write=False)
    assert {(one.id, one.kind, one.owner_id, one.tracked, one.opened_at, one.closed_at) for one in found} == {
        (one.id, one.kind, NIL, False, rules.SYSTEM_OPENED_AT, None) for one in rules.SYSTEM_ACCOUNTS
    }


def test_earning_opens_the_wallet_and_credits_it(app: Flask) -> None:
    """The first credit opens the wallet; the second follows it; both name their source and their time."""
    owner_id, source_id = new_id(), new_id()
    with clock.at(NOON):
        first = earned(owner_id, 120, source_id=source_id, occurred_at=NOON - timedelta(hours=2))
        second = earned(owner_id, 30)
    assert (first.replayed, first.account.balance_minutes, first.account.seq) == (False, 120, 1)
    assert (second.account.balance_minutes, second.account.available_minutes, second.account.seq) == (150, 150, 2)
    assert second.account == state_of(owner_id)
    stored = transfer_of(first.transfer_id)
    assert (stored.debit_id, stored.credit_id, stored.kind, stored.phase) == (
        ISSUER.id,
        wallet_of(owner_id).id,
        Kind.EARN,
        Phase.SINGLE,
    )
    assert (stored.source_type, stored.source_id) == (SourceType.SERVICE_RECORD_REVISION, source_id)
    assert (stored.occurred_at, stored.recorded_at, stored.actor_id) == (NOON - timedelta(hours=2), NOON, CLERK)


def test_entry_one_chains_on_the_genesis_of_the_account(app: Flask) -> None:
    """The first hash covers the account itself, the head is the last hash."""
    owner_id = a_volunteer_with(60)
    (line,) = entries_of(owner_id)
    opened_at = in_unit_of_work(lambda: session.get_one(Account, wallet_of(owner_id).id), write=False).opened_at
    stored = transfer_of(line.transfer_id or NIL)
    row = chain.TransferRow(*(getattr(stored, name) for name in chain.TransferRow._fields))
    entry = chain.EntryRow(*(getattr(line, name) for name in chain.EntryRow._fields))
    assert line.hash == chain.entry_hash(entry, row, chain.genesis(wallet_of(owner_id), opened_at))
    assert state_of(owner_id).head == line.hash


def test_somebody_without_entries_has_zeros(app: Flask) -> None:
    """A state can be read before anything was posted; its head is a genesis of their own."""
    one, other = state_of(new_id()), state_of(new_id())
    assert (one.balance_minutes, one.held_minutes, one.available_minutes, one.debt_minutes, one.seq) == (0, 0, 0, 0, 0)
    assert len(one.head) == 32
    assert one.head != other.head


def test_earning_twice_for_one_revision_is_refused(app: Flask) -> None:
    """One revision of a service record is credited once, whoever and under whatever id tries again."""
    source_id = new_id()
    owner_id = new_id()
    earned(owner_id, 60, source_id=source_id)
    refused(AlreadyPosted, lambda: earned(owner_id, 60, source_id=source_id))
    refused(AlreadyPosted, lambda: earned(new_id(), 60, source_id=source_id))


@pytest.mark.parametrize("minutes", [0, -1, rules.MAX_MINUTES + 1])
def test_minutes_out_of_range_are_a_fault_of_the_program(app: Flask, minutes: int) -> None:
    """A transfer moves at least one minute, and no more than a number that everybody can represent."""
    before = everything()
    with pytest.raises(ValueError, match="minutes"):
        earned(new_id(), minutes)
    assert everything() == before


def test_redeeming_takes_minutes(app: Flask) -> None:
    """A counter sale lowers the balance at once."""
    owner_id = a_volunteer_with(100)
    sale = redeemed(owner_id, 100)
    assert (sale.account.balance_minutes, sale.account.available_minutes, sale.account.seq) == (0, 0, 2)


def test_redeeming_more_than_there_is_names_both_numbers(app: Flask) -> None:
    """A refusal says how many minutes are needed and how many are there."""
    owner_id = a_volunteer_with(30)
    refusal = refused(InsufficientMinutes, lambda: redeemed(owner_id, 90))
    assert refusal.context == {"needed_minutes": 90, "available_minutes": 30}
    assert "90" in refusal.explain()[1]
    assert "30" in refusal.explain(english=True)[1]


def test_somebody_without_entries_cannot_redeem(app: Flask) -> None:
    """A refused first posting leaves no account behind."""
    refusal = refused(InsufficientMinutes, lambda: redeemed(new_id(), 1))
    assert refusal.context["available_minutes"] == 0


def test_a_hold_keeps_minutes_from_being_spent(app: Flask) -> None:
    """Held minutes stay in the balance and are not available."""
    owner_id = a_volunteer_with(100)
    kept = held(owner_id, 60)
    assert (kept.account.balance_minutes, kept.account.held_minutes, kept.account.available_minutes) == (100, 60, 40)
    assert kept.account == state_of(owner_id)
    refused(InsufficientMinutes, lambda: redeemed(owner_id, 41))
    refused(InsufficientMinutes, lambda: held(owner_id, 41))
    assert redeemed(owner_id, 40).account.available_minutes == 0


def test_capturing_takes_the_held_minutes(app: Flask) -> None:
    """A whole capture takes everything that was held."""
    owner_id = a_volunteer_with(100)
    hold_id = held(owner_id, 60).transfer_id
    taken = captured(hold_id, 60)
    assert (taken.account.balance_minutes, taken.account.held_minutes) == (40, 0)
    stored = transfer_of(taken.transfer_id)
    assert (stored.kind, stored.phase, stored.resolves) == (Kind.REDEEM, Phase.CAPTURE, hold_id)


def test_capturing_a_part_releases_the_rest_in_the_same_line(app: Flask) -> None:
    """What is not taken is available again, with one entry for both."""
    owner_id = a_volunteer_with(100)
    taken = captured(held(owner_id, 60).transfer_id, 25)
    assert (taken.account.balance_minutes, taken.account.held_minutes, taken.account.available_minutes) == (75, 0, 75)
    last = entries_of(owner_id)[-1]
    assert (last.minutes, last.held_minutes, last.seq) == (-25, -60, 3)


def test_more_than_is_held_cannot_be_captured(app: Flask) -> None:
    """A capture never takes more than its hold, even if the balance would allow it."""
    hold_id = held(a_volunteer_with(100), 60).transfer_id
    refusal = refused(InsufficientMinutes, lambda: captured(hold_id, 61))
    assert refusal.context == {"needed_minutes": 61, "available_minutes": 60}


def test_releasing_gives_the_minutes_back(app: Flask) -> None:
    """A released hold leaves the balance as it was."""
    owner_id = a_volunteer_with(100)
    given_back = released(held(owner_id, 60).transfer_id)
    assert (given_back.account.balance_minutes, given_back.account.available_minutes) == (100, 100)


@pytest.mark.parametrize("first", [lambda hold: captured(hold, 10), released])
@pytest.mark.parametrize("second", [lambda hold: captured(hold, 10), released])
def test_a_hold_resolves_once(app: Flask, first: Callable[[UUID], Any], second: Callable[[UUID], Any]) -> None:
    """What was captured or released can be neither captured nor released again."""
    hold_id = held(a_volunteer_with(100), 60).transfer_id
    first(hold_id)
    refused(AlreadyResolved, lambda: second(hold_id))


def test_only_a_hold_can_be_resolved(app: Flask) -> None:
    """An unknown id and the id of another sort of transfer are the same refusal."""
    refused(HoldNotFound, lambda: captured(new_id(), 10))
    earning_id = earned(new_id(), 10).transfer_id
    refused(HoldNotFound, lambda: released(earning_id))


def test_two_holds_for_one_redemption_are_refused(app: Flask) -> None:
    """A redemption holds its minutes once."""
    owner_id, source_id = a_volunteer_with(100), new_id()
    held(owner_id, 10, source_id=source_id)
    refused(AlreadyPosted, lambda: held(owner_id, 10, source_id=source_id))
