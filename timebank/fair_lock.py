"""A lock for whose turn it is to write: SQLite's own busy handler lets some wait for seconds."""

import threading
from collections import deque
from datetime import timedelta


class FairLock:
    """A lock that serves its waiters in the order they came."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Event] = deque()

    def acquire(self, timeout: timedelta) -> bool:
        """Wait for the turn, at most ``timeout``; return whether the lock is held now."""
        with self._mutex:
            if not self._held:
                self._held = True
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(timeout.total_seconds()):
            return True
        with self._mutex:
            if turn.is_set():
                return True
            self._waiting.remove(turn)
            return False

    def release(self) -> None:
        """Hand the lock to whoever has waited longest, or free it."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._held = False
