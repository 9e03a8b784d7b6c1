"""Reversals of what is still there, and of what has been spent: then it is owed, and paid before anything else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories import ledger as post
from tests.factories.ledger import (
    CLERK,
    a_volunteer_with,
    captured,
    donated,
    earned,
    extended,
    given,
    granted,
    held,
    redeemed,
    refunded,
    released,
    reversed_,
    state_of,
    swept,
)
from tests.unit.ledger.looking import entries_of, everything, refused, transfer_of
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.ledger import proof, service
from timebank.ledger.errors import (
    AlreadyPosted,
    AlreadyReversed,
    DebtOutstanding,
    InsufficientMinutes,
    PostingConflict,
    TransferNotFound,
)
from timebank.ledger.models import Transfer
from timebank.ledger.rules import Kind, SourceType, recovery_id, settlement_id, shortfall_id

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)


def _numbers(owner_id: UUID) -> tuple[int, int, int]:
    found = state_of(owner_id)
    return found.balance_minutes, found.held_minutes, found.debt_minutes


def _a_debtor(owed: int = 70, held_minutes: int = 0) -> UUID:
    """Return somebody whose spent earning was reversed."""
    owner_id = new_id()
    wrong = earned(owner_id, owed).transfer_id
    redeemed(owner_id, owed - held_minutes)
    if held_minutes:
        held(owner_id, held_minutes)
    reversed_(wrong)
    return owner_id


def test_what_is_unspent_is_taken_back(app: Flask) -> None:
    """The reversal names what it reverses and leaves no debt."""
    owner_id = a_volunteer_with(30)
    wrong = earned(owner_id, 100).transfer_id
    back = reversed_(wrong)
    assert back.account == state_of(owner_id)
    assert _numbers(owner_id) == (30, 0, 0)
    stored = transfer_of(back.transfer_id)
    assert (stored.kind, stored.reverses, stored.minutes) == (Kind.REVERSE, wrong, 100)
    assert stored.source_type == SourceType.CORRECTION
    assert proof.verify().findings == {}


def test_what_is_spent_is_owed(app: Flask) -> None:
    """Of 100 with 30 available, 30 are taken and 70 owed: together the whole, at one instant, in one batch."""
    owner_id = new_id()
    wrong = earned(owner_id, 100).transfer_id
    redeemed(owner_id, 50)
    held(owner_id, 20)
    back = reversed_(wrong)
    assert back.account == state_of(owner_id)
    assert _numbers(owner_id) == (20, 20, 70)
    taken, owed = transfer_of(back.transfer_id), transfer_of(shortfall_id(back.transfer_id))
    assert (taken.minutes, owed.minutes, owed.kind) == (30, 70, Kind.INCUR_DEBT)
    assert (owed.recorded_at, owed.batch_id, owed.source_id) == (taken.recorded_at, taken.batch_id, taken.source_id)
    assert proof.verify().findings == {}


def test_what_is_all_spent_is_all_owed(app: Flask) -> None:
    """Without a minute to take there is only the debt, and it carries what was reversed."""
    owner_id = new_id()
    wrong = earned(owner_id, 100).transfer_id
    redeemed(owner_id, 100)
    back = reversed_(wrong)
    assert back.account == state_of(owner_id)
    assert _numbers(owner_id) == (0, 0, 100)
    assert (transfer_of(back.transfer_id).kind, transfer_of(back.transfer_id).reverses) == (Kind.INCUR_DEBT, wrong)
    assert proof.verify().findings == {}


@pytest.mark.parametrize("spent", [0, 40, 100])
def test_a_reversal_again_is_replayed(app: Flask, spent: int) -> None:
    """However the first try was split, a second one is answered alike, long after, and changes nothing (Formance 1281)."""
    owner_id, ids = new_id(), {"transfer_id": new_id(), "source_id": new_id()}
    wrong, other = earned(owner_id, 100).transfer_id, earned(owner_id, 1).transfer_id
    if spent:
        redeemed(owner_id, spent + 1)
    first = reversed_(wrong, **ids)
    earned(owner_id, 300)
    before = everything()
    again = reversed_(wrong, **ids)
    assert (again.replayed, again.account) == (True, first.account)
    assert everything() == before
    refused(PostingConflict, lambda: reversed_(other, **ids))
    refused(PostingConflict, lambda: reversed_(wrong, transfer_id=ids["transfer_id"]))
    refused(PostingConflict, lambda: reversed_(wrong, transfer_id=other))


@pytest.mark.parametrize("spent", [0, 100])
def test_a_transfer_is_reversed_once(app: Flask, spent: int) -> None:
    """Under another id and as another fact the same reversal is refused, also after minutes have come in."""
    owner_id = new_id()
    wrong = earned(owner_id, 100).transfer_id
    if spent:
        redeemed(owner_id, spent)
    reversed_(wrong)
    refused(AlreadyReversed, lambda: reversed_(wrong))
    earned(owner_id, 500)
    refused(AlreadyReversed, lambda: reversed_(wrong))


def test_a_gift_that_was_given_back_is_not_given_back_again(app: Flask) -> None:
    """The second try hears that it was done, not that minutes are missing."""
    receiver = new_id()
    gift = given(a_volunteer_with(100), receiver, 40).transfer_id
    reversed_(gift)
    refused(AlreadyReversed, lambda: reversed_(gift))


def test_one_correction_reverses_one_transfer(app: Flask) -> None:
    """The fact that has caused one reversal causes no second."""
    owner_id, source_id = new_id(), new_id()
    first, second = earned(owner_id, 10).transfer_id, earned(owner_id, 20).transfer_id
    reversed_(first, source_id=source_id)
    refused(AlreadyPosted, lambda: reversed_(second, source_id=source_id))


def test_what_cannot_be_reversed(app: Flask) -> None:
    """Holds, sales, refunds, reversals and unknown transfers are not."""
    owner_id = a_volunteer_with(100)
    sale = redeemed(owner_id, 10).transfer_id
    others = [held(owner_id, 10).transfer_id, sale, refunded(sale, 5).transfer_id, new_id()]
    others.append(reversed_(earned(owner_id, 10).transfer_id).transfer_id)
    for other in others:
        refused(TransferNotFound, lambda other=other: reversed_(other))


# --- gifts, donations and grants --------------------------------------------------------------------------------------


def test_gifts_donations_and_grants_are_given_back_whole(app: Flask) -> None:
    """Each goes back where it came from."""
    giver, receiver = a_volunteer_with(100), new_id()
    gift, donation = given(giver, receiver, 40).transfer_id, donated(giver, 30).transfer_id
    grant = granted(receiver, 10).transfer_id
    assert reversed_(grant).account == state_of(receiver)
    reversed_(gift)
    reversed_(donation)
    assert (_numbers(giver), _numbers(receiver)) == ((100, 0, 0), (0, 0, 0))
    assert proof.verify().findings == {}


def test_a_gift_that_was_spent_stays(app: Flask) -> None:
    """Nobody owes the issuer for what another person gave."""
    receiver = new_id()
    gift = given(a_volunteer_with(100), receiver, 40).transfer_id
    redeemed(receiver, 1)
    refused(InsufficientMinutes, lambda: reversed_(gift))


# --- debts ------------------------------------------------------------------------------------------------------------


def _earn(owner_id: UUID) -> Any:
    return earned(owner_id, 50)


def _gift(owner_id: UUID) -> Any:
    return given(a_volunteer_with(90), owner_id, 50)


def _grant(owner_id: UUID) -> Any:
    donated(a_volunteer_with(90), 60)
    return granted(owner_id, 50)


def _opening(owner_id: UUID) -> Any:
    return post.opened_with(owner_id, 50)


@pytest.mark.parametrize("ease", [_earn, _gift, _grant, _opening])
def test_whatever_comes_in_pays_the_debt_first(app: Flask, ease: Callable[[UUID], Any]) -> None:
    """50 of 70 are paid at once, then the rest; both halves name the cause, its instant and its batch."""
    owner_id = _a_debtor(70)
    cause = ease(owner_id).transfer_id
    assert _numbers(owner_id) == (0, 0, 20)
    parts = [transfer_of(part) for part in (recovery_id(cause), settlement_id(cause))]
    assert [(part.kind, part.minutes, part.source_type, part.source_id, part.batch_id) for part in parts] == [
        (kind, 50, SourceType.TRANSFER, cause, cause) for kind in (Kind.RECOVER, Kind.SETTLE_DEBT)
    ]
    assert {part.recorded_at for part in parts} == {transfer_of(cause).recorded_at}
    ease(owner_id)
    assert _numbers(owner_id) == (30, 0, 0)
    assert redeemed(owner_id, 30).account.balance_minutes == 0
    assert proof.verify().findings == {}


def test_a_refund_pays_the_debt_first(app: Flask) -> None:
    """Minutes that come back from the shop are owed already."""
    owner_id = new_id()
    wrong = earned(owner_id, 70).transfer_id
    sale = redeemed(owner_id, 70).transfer_id
    reversed_(wrong)
    assert refunded(sale, 30).account == state_of(owner_id)
    assert _numbers(owner_id) == (0, 0, 40)
    assert proof.verify().findings == {}


def test_a_release_pays_the_debt_first(app: Flask) -> None:
    """Minutes that are no longer set aside are owed already."""
    owner_id = new_id()
    wrong = earned(owner_id, 70).transfer_id
    hold_id = held(owner_id, 70).transfer_id
    reversed_(wrong)
    assert _numbers(owner_id) == (70, 70, 70)
    assert released(hold_id).account == state_of(owner_id)
    assert _numbers(owner_id) == (0, 0, 0)
    assert proof.verify().findings == {}


@pytest.mark.parametrize("by_sweep", [True, False])
def test_a_hold_that_falls_due_pays_the_debt_first(app: Flask, *, by_sweep: bool) -> None:
    """Whoever writes the release, sweep or posting, also settles; only what is left can be spent."""
    with clock.at(NOON):
        owner_id = _a_debtor(70, held_minutes=40)
        assert _numbers(owner_id) == (40, 40, 70)
    with clock.at(NOON + timedelta(days=9)):
        if by_sweep:
            assert swept() == 1
            assert _numbers(owner_id) == (0, 0, 30)
        refused(DebtOutstanding, lambda: redeemed(owner_id, 1))
        assert earned(owner_id, 31).account == state_of(owner_id)
        assert _numbers(owner_id) == (1, 0, 0)
    assert proof.verify().findings == {}


def test_while_something_is_owed_nothing_else_leaves(app: Flask) -> None:
    """No sale, hold, gift or donation, and no hand-over of what was set aside before; the amount owed is named."""
    owner_id = new_id()
    wrong = earned(owner_id, 70).transfer_id
    hold_id = held(owner_id, 30).transfer_id
    redeemed(owner_id, 20)
    reversed_(wrong)
    assert _numbers(owner_id) == (30, 30, 50)
    longer = clock.now() + timedelta(days=5)
    for attempt in (
        lambda: redeemed(owner_id, 1),
        lambda: held(owner_id, 1),
        lambda: given(owner_id, new_id(), 1),
        lambda: donated(owner_id, 1),
        lambda: captured(hold_id, 30),
        lambda: extended(hold_id, expires_at=longer),
    ):
        assert refused(DebtOutstanding, attempt).context["debt_minutes"] in {20, 50}
    earned(owner_id, 50)
    assert captured(hold_id, 30).account.balance_minutes == 0
    assert proof.verify().findings == {}


def test_a_second_reversal_adds_to_the_debt(app: Flask) -> None:
    """Debts add up, and are paid as one."""
    owner_id = new_id()
    first, second = earned(owner_id, 40).transfer_id, earned(owner_id, 60).transfer_id
    redeemed(owner_id, 90)
    reversed_(first)
    reversed_(second)
    assert _numbers(owner_id) == (0, 0, 90)
    assert earned(owner_id, 100).account.balance_minutes == 10
    assert proof.verify().findings == {}


def test_results_of_postings_that_paid_are_replayed(app: Flask) -> None:
    """In a group, each credit is answered with what was left after its own share was paid, then and always."""
    owner_id, batch_id = _a_debtor(70), new_id()
    earnings = [
        service.Earning(transfer_id=new_id(), owner_id=owner_id, minutes=50, source_id=new_id(), occurred_at=NOON)
        for _ in range(2)
    ]

    def post_all() -> list[Any]:
        return in_unit_of_work(lambda: service.earn_many(earnings=earnings, actor_id=CLERK, batch_id=batch_id))

    first = post_all()
    assert [(one.account.balance_minutes, one.account.debt_minutes) for one in first] == [(0, 20), (30, 0)]
    assert [one.account for one in post_all()] == [one.account for one in first]
    batches = set(in_unit_of_work(lambda: session.scalars(select(Transfer.batch_id)).all(), write=False))
    assert batch_id in batches
    assert first[0].transfer_id not in batches
    assert len(entries_of(owner_id)) == 2 + 4
    assert proof.verify().findings == {}
