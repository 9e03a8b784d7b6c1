"""The only reading of time.

``now()`` is business time: what attendances, holds and expiries live on. In the demo it runs ahead of the wall by the
offset that the demo clock keeps in the database, so that a story of two hours takes a second. ``wall()`` is real time:
tokens, rate limits and logs live on it. Instants are UTC; days are days in Asia/Shanghai.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_offset: ContextVar[timedelta] = ContextVar("offset", default=timedelta(0))
_fixed: ContextVar[datetime | None] = ContextVar("fixed", default=None)


def wall() -> datetime:
    """Return real time, UTC."""
    return datetime.now(UTC)


def now() -> datetime:
    """Return business time, UTC: the wall plus the demo's offset, or the instant that ``at`` has fixed."""
    return _fixed.get() or wall() + _offset.get()


def set_offset(offset: timedelta) -> None:
    """Let business time run ahead of the wall by ``offset`` in this context (one unit of work)."""
    _offset.set(offset)


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Fix business time at ``instant``: how the demo street lives through its year in a few seconds."""
    token = _fixed.set(instant)
    try:
        yield
    finally:
        _fixed.reset(token)


def day_of(instant: datetime) -> date:
    """Return the day in Asia/Shanghai that ``instant`` falls on."""
    return instant.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    """Return the first instant of ``day`` in Asia/Shanghai, UTC."""
    return datetime.combine(day, time.min, tzinfo=SHANGHAI).astimezone(UTC)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(instant: datetime) -> int:
    """Return whole microseconds since 1970-01-01 UTC, exactly (no float in between)."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
