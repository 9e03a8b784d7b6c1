"""Rate limits, by person when the token is good and by address otherwise. Counts are kept per process, on wall time."""

import math
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import request
from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from timebank import clock
from timebank.errors import Refusal
from timebank.web import tokens
from timebank.web.errors import RateLimited

View = Callable[..., Any]

SIGN_IN = parse("600/minute")
"""Sign-ins from one address: a street office behind one router, not a guessing machine (guesses lock out sooner)."""
SCANS = parse("120/minute")
"""Scans, check-ins and check-outs of one person: a team leader with a queue, not a script."""
KEPT_SCANS = parse("300/minute")
"""Scans that one person's phone has kept without network and sends in batches: a day of them, not a guessing machine."""
PUBLIC_ACCOUNTS = parse("60/minute")
"""Accounts of shops asked for from one address, without signing in: readers and caches, not a harvest."""
CALENDARS = parse("120/minute")
"""Calendars read from one address: phones of a street behind one router, not somebody who tries links."""
LOOKUPS = parse("120/minute")
"""Codes typed or scanned at one counter."""
BINDINGS = parse("20/hour")
"""Attempts of one person to bind an account: a number or a code that is mistyped, not somebody who guesses codes."""
PROPOSALS = parse("20/hour")
"""Relatives proposed by one person: a large family, not somebody who tries numbers."""
DOCUMENTS = parse("20/hour")
"""Document numbers that one person enters: mistyped ones, not somebody who asks who is on record."""
OWN_DATA = parse("6/hour")
"""Copies of all of somebody's data: each reads every table."""
UPLOADS = parse("120/hour")
"""Files sent by one person: a shop's catalogue in an afternoon, not a full disk."""
DONATIONS = parse("20/hour")
"""Donations offered by one person: a move of house, not a flood of offers that staff have to look at."""
CERTIFICATES = parse("30/hour")
"""Certificates that one volunteer issues to themselves: one an organisation and a purpose, not a register full of them."""
PRINTS = parse("60/minute")
"""Files that one person has printed: each burns a tenth of a second, and more with a long appendix."""
VERIFY = parse("60/minute")
"""Certificates looked up from one address: a school with a pile of them, not somebody who counts numbers up."""
VERIFICATIONS = parse("6/minute")
"""Verifications of the whole ledger asked for by one auditor: each reads everything."""
EXPORTS = parse("30/minute")
"""Files that one person has written: each may be all records of a bank."""
IMPORTS = parse("60/hour")
"""Files that one person imports or has looked at: each may have fifty thousand lines."""
SHARED = parse("30/minute")
"""Readings of shared links from one address: each adds figures up, and a code is not for guessing."""

SWEPT_EVERY_SECONDS = 60


class Counts(Storage):
    """Counts in this process: the library's own memory starts a thread for nearly every hit, and it looks at every key."""

    STORAGE_SCHEME = ["counts"]  # noqa: RUF012 - the library reads it from the class

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: str) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self._lock = threading.Lock()
        self._counted: dict[str, tuple[int, float]] = {}
        self._swept_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong in a dictionary."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, in a window of ``expiry`` seconds that begins with the first hit; return the count."""
        now = clock.wall().timestamp()
        with self._lock:
            count, until = self._counted.get(key, (0, 0.0))
            if until <= now:
                self._sweep(now)
                count, until = 0, now + expiry
            self._counted[key] = (count + amount, until)
            return count + amount

    def _sweep(self, now: float) -> None:
        if now - self._swept_at >= SWEPT_EVERY_SECONDS:
            self._counted = {key: kept for key, kept in self._counted.items() if kept[1] > now}
            self._swept_at = now

    def get(self, key: str) -> int:
        """Return the count of the running window."""
        count, until = self._counted.get(key, (0, 0.0))
        return count if until > clock.wall().timestamp() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds since 1970."""
        return self._counted.get(key, (0, clock.wall().timestamp()))[1]

    def check(self) -> bool:
        """Say that it works."""
        return True

    def reset(self) -> int:
        """Forget everything; return how many keys that were."""
        with self._lock:
            forgotten = len(self._counted)
            self._counted = {}
            return forgotten

    def clear(self, key: str) -> None:
        """Forget one key."""
        self._counted.pop(key, None)


counts = Counts()
_limiter = FixedWindowRateLimiter(counts)


def limited(view: View, limit: RateLimitItem) -> View:
    """Return ``view`` refusing whoever comes more often than ``limit``, and saying in how many seconds to come back."""

    @wraps(view)
    def counted(*args: Any, **kwargs: Any) -> Any:
        spend(limit)
        return view(*args, **kwargs)

    return counted


def spend(limit: RateLimitItem, amount: int = 1) -> None:
    """Count this request as ``amount`` of its caller. Raises RateLimited, saying in how many seconds to come back."""
    whose = (request.endpoint or "", caller())
    if not _limiter.hit(limit, *whose, cost=amount):
        left = _limiter.get_window_stats(limit, *whose).reset_time - clock.wall().timestamp()
        raise RateLimited(retry_after_seconds=max(1, math.ceil(left)))


def caller() -> str:
    """Return whose requests are counted together: the signed-in person, or the address."""
    try:
        return f"person:{tokens.bearer().person_id}"
    except Refusal:
        return f"address:{address()}"


def address() -> str:
    """Return where the request comes from; behind proxies that are trusted, where they say."""
    return request.remote_addr or "unknown"
