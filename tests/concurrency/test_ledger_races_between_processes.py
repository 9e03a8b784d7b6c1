"""Fifty threads in two processes at one moment: no lock in memory helps there, only the database decides who was first.

One wins, the others are told why not by name, nothing unexpected happens, and the ledger verifies.
"""

import dataclasses
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from tests.concurrency import racer
from tests.concurrency.racer import Attempt
from tests.factories.ledger import CLERK, a_volunteer_with, earned, held, redeemed, state_of
from timebank import clock
from timebank.database import db, new_id, session
from timebank.ledger import proof
from timebank.settings import Settings

PROCESSES = 2
THREADS = 25
CROWD = PROCESSES * THREADS
PATIENCE_SECONDS = 60

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.concurrency.racer"])


Told = list[tuple[str, str]]


class Racers:
    """Two processes with an application each on one database."""

    def __init__(self, settings: Settings) -> None:
        # As many connections as threads: nobody waits for another's.
        settings = dataclasses.replace(settings, threads=THREADS)
        self._start = start = _processes.Barrier(CROWD)  # kept: its semaphores go with it
        self._pipes, self._running = [], []
        for _ in range(PROCESSES):
            ours, theirs = _processes.Pipe()
            process = _processes.Process(target=racer.take_part, args=(settings, THREADS, start, theirs), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._running.append(process)

    def attempt(self, attempt: Attempt) -> Told:
        """Let all threads of both processes attempt it, and return what they were told."""
        for pipe in self._pipes:
            pipe.send(attempt)
        told: Told = []
        for pipe in self._pipes:
            assert pipe.poll(PATIENCE_SECONDS), "a process of the race does not answer"
            told += pipe.recv()
        return told

    def close(self) -> None:
        """End the processes."""
        for pipe, process in zip(self._pipes, self._running, strict=True):
            pipe.close()
            process.join(PATIENCE_SECONDS)
            process.close()


@pytest.fixture(scope="module")
def racers() -> Iterator[Callable[[Settings], Racers]]:
    """Processes for the database of a test; tests on one engine have one after the other under the same address."""
    started: dict[str, Racers] = {}

    def of(settings: Settings) -> Racers:
        url = settings.database_url
        if url not in started:
            started[url] = Racers(settings)
        return started[url]

    yield of
    for one in started.values():
        one.close()


class Race:
    """A race on the test's database."""

    def __init__(self, racers: Racers) -> None:
        self._racers = racers

    def __call__(self, verb: str, *arguments: Any, **named: Any) -> Counter[str]:
        """Let everybody attempt one thing; return how often each outcome was told."""
        session.remove()
        db.engine.dispose()
        told = self._racers.attempt(Attempt(verb=verb, arguments=arguments, named=named))
        self.heads = {head for _, head in told if head}
        assert proof.verify().findings == {}
        return Counter(outcome for outcome, _ in told)


@pytest.fixture
def race(app: Flask, settings: Settings, racers: Callable[[Settings], Racers]) -> Race:
    """Let two processes loose."""
    return Race(racers(settings))


def test_one_hold_is_captured_once(race: Race) -> None:
    """Two servers with fifty tills hand over one redemption: one does, the others are told that it is done."""
    owner_id = a_volunteer_with(100)
    hold_id = held(owner_id, 60).transfer_id
    assert race("capture", hold_id, 60) == {"posted": 1, "ALREADY_RESOLVED": CROWD - 1}
    assert (state_of(owner_id).balance_minutes, state_of(owner_id).held_minutes) == (40, 0)


def test_one_hold_is_released_once(race: Race) -> None:
    """Fifty cancellations of one reservation: one gives the minutes back."""
    owner_id = a_volunteer_with(100)
    hold_id = held(owner_id, 60).transfer_id
    assert race("release", hold_id) == {"posted": 1, "ALREADY_RESOLVED": CROWD - 1}
    assert state_of(owner_id).available_minutes == 100


def test_one_transfer_is_reversed_once(race: Race) -> None:
    """Fifty corrections of one earning that is half spent: it is taken back once, and owed once."""
    owner_id = a_volunteer_with(1)
    wrong = earned(owner_id, 100).transfer_id
    redeemed(owner_id, 51)
    assert race("reverse", wrong) == {"posted": 1, "ALREADY_REVERSED": CROWD - 1}
    assert (state_of(owner_id).balance_minutes, state_of(owner_id).debt_minutes) == (0, 50)


def test_one_balance_is_spent_once(race: Race) -> None:
    """Fifty sales of a whole balance: one customer goes home with goods, and the balance is zero."""
    owner_id = a_volunteer_with(100)
    assert race("redeem", owner_id, 100) == {"posted": 1, "INSUFFICIENT_MINUTES": CROWD - 1}
    assert state_of(owner_id).balance_minutes == 0


def test_a_balance_is_spent_to_the_last_minute_and_no_further(race: Race) -> None:
    """Fifty sales of three minutes out of a hundred: thirty-three are made, and one minute is left."""
    owner_id = a_volunteer_with(100)
    assert race("redeem", owner_id, 3) == {"posted": 33, "INSUFFICIENT_MINUTES": CROWD - 33}
    assert state_of(owner_id).balance_minutes == 1


def test_one_id_is_posted_once(race: Race) -> None:
    """One posting sent to both servers fifty times: one effect, and everybody is told the same head of the chain."""
    owner_id = new_id()
    ids = {"transfer_id": new_id(), "source_id": new_id(), "occurred_at": clock.now(), "actor_id": CLERK}
    assert race("earn", owner_id, 60, **ids) == {"posted": 1, "replayed": CROWD - 1}
    assert race.heads == {state_of(owner_id).head.hex()}
    assert state_of(owner_id).balance_minutes == 60


def test_one_fact_is_credited_once(race: Race) -> None:
    """One revision of a record under fifty ids: one credit, also where nobody had an account yet."""
    owner_id, source_id = new_id(), new_id()
    assert race("earn", owner_id, 60, source_id=source_id) == {"posted": 1, "ALREADY_POSTED": CROWD - 1}
    assert state_of(owner_id).balance_minutes == 60


def test_refunds_never_exceed_what_was_paid(race: Race) -> None:
    """Fifty refunds of a whole sale: one is paid."""
    owner_id = a_volunteer_with(60)
    sale = redeemed(owner_id, 60).transfer_id
    assert race("refund", sale, 60) == {"posted": 1, "REFUND_TOO_LARGE": CROWD - 1}
    assert state_of(owner_id).balance_minutes == 60


def test_credits_from_everywhere_all_count(race: Race) -> None:
    """Fifty different credits to somebody who has no account yet: one opens it, and the chain has no gap."""
    owner_id = new_id()
    assert race("earn", owner_id, 1) == {"posted": CROWD}
    assert (state_of(owner_id).balance_minutes, state_of(owner_id).seq) == (CROWD, CROWD)
