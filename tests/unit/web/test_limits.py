"""Counts of rate limits: windows that begin with the first hit, and nothing kept for ever."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine

from timebank.web.limits import SWEPT_EVERY_SECONDS, Counts

NOON = datetime.fromisoformat("2026-11-22T04:00:00+00:00")
KEY = "person:1"


@pytest.fixture
def noon() -> Iterator[time_machine.Traveller]:
    """Stand still at noon, until the test moves on."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def test_a_window_begins_with_its_first_hit_and_counts_until_it_ends(noon: time_machine.Traveller) -> None:
    """Hits within a minute add up; the first one after it counts as one again."""
    counts = Counts()

    assert [counts.incr(KEY, 60), counts.incr(KEY, 60, amount=2)] == [1, 3]
    assert counts.get(KEY) == 3
    assert counts.get_expiry(KEY) == (NOON + timedelta(seconds=60)).timestamp()

    noon.shift(60)
    assert counts.get(KEY) == 0
    assert counts.incr(KEY, 60) == 1


def test_callers_are_counted_apart_and_can_be_forgotten() -> None:
    """One key says nothing about another; clearing and resetting bring a key back to nothing."""
    counts = Counts()
    counts.incr("person:1", 60)
    counts.incr("person:2", 60)

    counts.clear("person:1")
    assert (counts.get("person:1"), counts.get("person:2")) == (0, 1)
    assert counts.reset() == 1
    assert counts.get("person:2") == 0
    assert counts.check()


def test_counts_whose_window_is_over_do_not_stay_in_memory(noon: time_machine.Traveller) -> None:
    """Whoever has been gone for a while is forgotten when somebody else comes."""
    counts = Counts()
    for number in range(100):
        counts.incr(f"person:{number}", 60)

    noon.shift(SWEPT_EVERY_SECONDS)
    counts.incr("person:new", 60)
    assert counts.reset() == 1


def test_hits_of_many_threads_are_all_counted_without_a_thread_of_its_own() -> None:
    """Eight threads of a hundred hits make eight hundred, and no thread is left behind."""
    counts = Counts()
    before = threading.active_count()
    threads = [threading.Thread(target=lambda: [counts.incr(KEY, 60) for _ in range(100)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counts.get(KEY) == 800
    assert threading.active_count() == before
