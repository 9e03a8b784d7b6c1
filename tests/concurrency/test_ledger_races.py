"""Fifty at once on one thing: one winner, named refusals for the others, and a ledger that verifies."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from tests.factories.ledger import (
    a_volunteer_with,
    captured,
    earned,
    given,
    held,
    merged,
    redeemed,
    refunded,
    released,
    reversed_,
    state_of,
    swept,
)
from tests.unit.ledger.looking import entries_of
from timebank import clock
from timebank.database import db, new_id, session
from timebank.errors import Refusal
from timebank.ledger import proof
from timebank.ledger.rules import Posted

THREADS = 50
NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)

Outcomes = Counter[str]


def _race(app: Flask, attempt: Callable[[int], Posted | int], *, at: datetime | None = None) -> Outcomes:
    """Let all threads loose at one moment; count results (posted, replayed) and the codes of refusals."""
    start = threading.Barrier(THREADS)

    def one(number: int) -> str:
        with app.app_context():
            start.wait()
            try:
                with clock.at(at or clock.now()):
                    result = attempt(number)
            except Refusal as refusal:
                return refusal.code
            finally:
                session.remove()
        return "posted" if isinstance(result, int) or not result.replayed else "replayed"

    with ThreadPoolExecutor(THREADS) as threads:
        outcomes = Counter(threads.map(one, range(THREADS)))
    assert proof.verify().findings == {}
    return outcomes


@pytest.fixture(autouse=True)
def _patience(app: Flask) -> None:
    """Start each race with an empty pool, so that connections too are made in the race."""
    session.remove()
    db.engine.dispose()


def test_one_hold_is_captured_once(app: Flask) -> None:
    """Fifty tills hand over one redemption, each under its own id: one does, the others are told."""
    owner_id = a_volunteer_with(100)
    hold_id = held(owner_id, 60).transfer_id
    assert _race(app, lambda _: captured(hold_id, 60)) == {"posted": 1, "ALREADY_RESOLVED": THREADS - 1}
    assert state_of(owner_id).balance_minutes == 40


def test_a_hold_is_either_captured_or_released(app: Flask) -> None:
    """Clerks hand over while the volunteer cancels: one of them was first."""
    hold_id = held(a_volunteer_with(100), 60).transfer_id
    outcomes = _race(app, lambda number: captured(hold_id, 60) if number % 2 else released(hold_id))
    assert outcomes == {"posted": 1, "ALREADY_RESOLVED": THREADS - 1}


def test_one_balance_is_spent_once(app: Flask) -> None:
    """Fifty shops sell to one wallet that has enough for one."""
    owner_id = a_volunteer_with(100)
    assert _race(app, lambda _: redeemed(owner_id, 60)) == {"posted": 1, "INSUFFICIENT_MINUTES": THREADS - 1}
    assert state_of(owner_id).balance_minutes == 40


def test_holds_never_exceed_the_balance(app: Flask) -> None:
    """Fifty reservations of two minutes out of sixty-one: thirty are held, one minute is left."""
    owner_id = a_volunteer_with(61)
    assert _race(app, lambda _: held(owner_id, 2)) == {"posted": 30, "INSUFFICIENT_MINUTES": THREADS - 30}
    assert state_of(owner_id).available_minutes == 1


def test_one_id_is_posted_once(app: Flask) -> None:
    """One posting sent fifty times at once has one effect, and fifty times the same answer."""
    owner_id, ids = new_id(), {"transfer_id": new_id(), "source_id": new_id()}
    answers: list[Posted] = []

    def attempt(_number: int) -> Posted:
        answers.append(earned(owner_id, 60, occurred_at=NOON, **ids))
        return answers[-1]

    assert _race(app, attempt) == {"posted": 1, "replayed": THREADS - 1}
    assert {answer.account for answer in answers} == {state_of(owner_id)}


def test_one_id_stands_for_one_owner(app: Flask) -> None:
    """One id for fifty people: the first has it, the others are a conflict although no lock was shared."""
    transfer_id = new_id()
    outcomes = _race(app, lambda _: earned(new_id(), 60, transfer_id=transfer_id))
    assert outcomes == {"posted": 1, "POSTING_CONFLICT": THREADS - 1}


def test_one_record_is_credited_once(app: Flask) -> None:
    """One revision credited under fifty ids to fifty people: one credit."""
    source_id = new_id()
    outcomes = _race(app, lambda _: earned(new_id(), 60, source_id=source_id))
    assert outcomes == {"posted": 1, "ALREADY_POSTED": THREADS - 1}


def test_first_postings_to_one_wallet_all_count(app: Flask) -> None:
    """Fifty credits to somebody who has no account yet: one opens it, none is lost, the chain has no gap."""
    owner_id = new_id()
    assert _race(app, lambda _: earned(owner_id, 1)) == {"posted": THREADS}
    assert [line.balance_after for line in entries_of(owner_id)] == list(range(1, THREADS + 1))


def test_due_holds_are_released_once(app: Flask) -> None:
    """Sweeps and postings meet the same due holds: each is released by exactly one of them."""
    with clock.at(NOON):
        owners = [a_volunteer_with(100) for _ in range(5)]
        for owner_id in owners:
            held(owner_id, 60, expires_at=NOON + timedelta(hours=1))

    def attempt(number: int) -> Posted | int:
        return swept(3) if number % 2 else redeemed(owners[number % 5], 20)

    outcomes = _race(app, attempt, at=NOON + timedelta(hours=2))
    assert outcomes == {"posted": THREADS}
    assert [state_of(owner_id).available_minutes for owner_id in owners] == [0] * 5
    assert [len(entries_of(owner_id)) for owner_id in owners] == [3 + 5] * 5


def test_a_crowd_on_many_wallets_loses_nothing(app: Flask) -> None:
    """Credits, sales, holds and captures criss-cross over a few wallets; every answer adds up in the end."""
    owners = [a_volunteer_with(1_000) for _ in range(4)]

    def attempt(number: int) -> Posted:
        owner_id: UUID = owners[number % 4]
        match number % 3:
            case 0:
                return earned(owner_id, 7)
            case 1:
                return redeemed(owner_id, 5)
            case _:
                return captured(held(owner_id, 9).transfer_id, 3)

    assert _race(app, attempt) == {"posted": THREADS}
    expected = 4_000 + sum({0: 7, 1: -5, 2: -3}[number % 3] for number in range(THREADS))
    assert sum(state_of(owner_id).balance_minutes for owner_id in owners) == expected


def test_one_earning_is_reversed_once(app: Flask) -> None:
    """Fifty corrections of one earning, half of it spent: one takes it back, and the debt is there once."""
    owner_id = new_id()
    wrong = earned(owner_id, 100).transfer_id
    redeemed(owner_id, 50)
    assert _race(app, lambda _: reversed_(wrong)) == {"posted": 1, "ALREADY_REVERSED": THREADS - 1}
    assert (state_of(owner_id).balance_minutes, state_of(owner_id).debt_minutes) == (0, 50)


def test_refunds_never_exceed_what_was_paid(app: Flask) -> None:
    """Fifty refunds of two minutes of a sale of sixty-one: thirty are paid, one minute is left."""
    owner_id = a_volunteer_with(61)
    sale = redeemed(owner_id, 61).transfer_id
    assert _race(app, lambda _: refunded(sale, 2)) == {"posted": 30, "REFUND_TOO_LARGE": THREADS - 30}
    assert state_of(owner_id).balance_minutes == 60


def test_a_debt_is_paid_once_by_many(app: Flask) -> None:
    """Fifty credits of two to somebody who owes seventy: thirty-five pay, the rest stays."""
    owner_id = new_id()
    wrong = earned(owner_id, 70).transfer_id
    redeemed(owner_id, 70)
    reversed_(wrong)
    assert _race(app, lambda _: earned(owner_id, 2)) == {"posted": THREADS}
    assert (state_of(owner_id).balance_minutes, state_of(owner_id).debt_minutes) == (30, 0)


def test_gifts_in_both_directions_do_not_wait_for_each_other(app: Flask) -> None:
    """Two people give to each other fifty times at once: locks are taken in one order, nothing is lost."""
    one, other = a_volunteer_with(100), a_volunteer_with(100)
    outcomes = _race(app, lambda number: given(one, other, 3) if number % 2 else given(other, one, 3))
    assert outcomes == {"posted": THREADS}
    assert state_of(one).balance_minutes == state_of(other).balance_minutes == 100


def test_whoever_is_merged_takes_no_more(app: Flask) -> None:
    """Credits race with a merger: each counts in the account that goes on, or is refused because the old one closed."""
    old, new = a_volunteer_with(100), a_volunteer_with(100)
    outcomes = _race(app, lambda number: merged(old, new) if number == 7 else earned(old, 1))
    assert set(outcomes) <= {"posted", "ACCOUNT_CLOSED"}
    assert state_of(new).balance_minutes == 200 + outcomes["posted"] - 1
    assert state_of(old).balance_minutes == 0


def test_corrections_race_with_mergers(app: Flask) -> None:
    """Fifty corrections while the account is merged twice: each takes its minute from whoever goes on just then."""
    old, middle, new = new_id(), a_volunteer_with(100), a_volunteer_with(100)
    wrong = [earned(old, 1).transfer_id for _ in range(THREADS)]

    def attempt(number: int) -> Posted:
        match number:
            case 7:
                return merged(old, middle)
            case 23:
                return merged(middle, new)
            case _:
                return reversed_(wrong[number])

    outcomes = _race(app, attempt)
    assert outcomes["posted"] >= THREADS - 1  # the first merger comes too late for an account that is closed
    assert set(outcomes) <= {"posted", "ACCOUNT_CLOSED"}
    assert sum(state_of(owner_id).balance_minutes for owner_id in (old, middle, new)) == 202
