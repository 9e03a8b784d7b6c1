"""The fair lock serves in the order of arrival."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from timebank import fair_lock
from timebank.fair_lock import FairLock

SOON = timedelta(milliseconds=20)


def _until(condition: Callable[[], bool]) -> None:
    """Wait for another thread to get there; the test's own patience is generous, for slow machines."""
    tick = threading.Event()
    for _ in range(3_000):
        if condition():
            return
        tick.wait(0.01)
    raise AssertionError("the other thread did not get there")


def test_the_fair_lock_serves_in_the_order_of_arrival() -> None:
    """Waiters get the lock in the order in which they came, one at a time."""
    lock = FairLock()
    assert lock.acquire(SOON)
    served: list[int] = []
    holders: list[int] = []

    def wait_for_turn(number: int) -> None:
        assert lock.acquire(timedelta(seconds=30))
        holders.append(number)
        assert holders == [number]
        served.append(number)
        holders.remove(number)
        lock.release()

    threads = []
    for number in range(8):
        thread = threading.Thread(target=wait_for_turn, args=(number,))
        thread.start()
        threads.append(thread)
        _until(lambda number=number: len(lock._waiting) == number + 1)
    assert served == []
    lock.release()
    for thread in threads:
        thread.join()
    assert served == list(range(8))
    assert lock.acquire(SOON)


def test_whoever_gives_up_waiting_leaves_the_queue() -> None:
    """A waiter whose time is over gets False, and the lock goes on without it."""
    lock = FairLock()
    assert lock.acquire(SOON)
    assert not lock.acquire(SOON)
    lock.release()
    assert lock.acquire(SOON)


def test_a_turn_that_comes_while_giving_up_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the lock is handed over in the very moment in which the waiter gives up, the waiter has it."""
    lock = FairLock()
    assert lock.acquire(SOON)

    class TooLate(threading.Event):
        """The time-out passes, and the turn comes before the queue is locked again."""

        def wait(self, timeout: float | None = None) -> bool:
            """Give up just as the holder lets go."""
            lock.release()
            return False

    with monkeypatch.context() as patched:
        patched.setattr(fair_lock.threading, "Event", TooLate)
        assert lock.acquire(SOON)
    assert not lock.acquire(SOON)
