"""What is due, written: expiry is a function of time in every reading, and here it becomes rows.

Each part is bounded, can run twice at once, and stands by itself: one that fails does not keep the others from their work.
"""

from collections.abc import Callable
from functools import partial

import structlog

from timebank.activities import series, waiting
from timebank.anomalies import service as anomalies
from timebank.attendance import closing, no_shows
from timebank.database import in_unit_of_work
from timebank.files import endpoints as files
from timebank.files import sweeping as unused_files
from timebank.ledger import service as ledger
from timebank.passbook import expiries
from timebank.people import erasing
from timebank.records import finalising
from timebank.shop.allowance import quotas
from timebank.shop.redemption import reservations
from timebank.statistics import summary
from timebank.web import idempotency

SWEEP_AT_ONCE = 500
NOTICES_AT_ONCE = 50
SHIFTS_AT_ONCE = 100
ERASED_AT_ONCE = 100

_log = structlog.get_logger()


def _published_ahead() -> int:
    """Publish the coming shifts of every series, some series at a time."""
    published, after = 0, None
    while True:
        count, after = in_unit_of_work(partial(series.sweep, limit=SHIFTS_AT_ONCE, after=after))
        published += count
        if after is None:
            return published


def _notices_over() -> int:
    """Finalise what has been on public notice long enough, a few records at a time: SQLite has one writer at a time."""
    finalised, after = 0, None
    while finalised < SWEEP_AT_ONCE:
        swept = in_unit_of_work(partial(finalising.sweep, limit=NOTICES_AT_ONCE, after=after))
        finalised, after = finalised + swept.finalised, swept.last
        if after is None:
            break
    return finalised


def _in_one(work: Callable[[], int]) -> Callable[[], int]:
    return lambda: in_unit_of_work(work)


PARTS: dict[str, Callable[[], int]] = {
    "redemptions": _in_one(lambda: reservations.sweep(limit=SWEEP_AT_ONCE)),
    "free_quotas": _in_one(lambda: quotas.sweep(limit=SWEEP_AT_ONCE)),
    "attendances": _in_one(lambda: closing.sweep(limit=SWEEP_AT_ONCE)),
    "no_shows": _in_one(lambda: no_shows.sweep(limit=SWEEP_AT_ONCE)),
    "shifts": _published_ahead,
    "offers": _in_one(lambda: waiting.sweep(limit=SHIFTS_AT_ONCE)),
    "holds": _in_one(lambda: ledger.sweep(limit=SWEEP_AT_ONCE)),
    "expired": expiries.run,
    "anomalies": _in_one(anomalies.look),
    "notices": _notices_over,
    "files": lambda: unused_files.sweep(store=files.store(), limit=SWEEP_AT_ONCE),
    "erasures": lambda: erasing.sweep(limit=ERASED_AT_ONCE),
    "figures": summary.fold_all,
    "replies": _in_one(idempotency.forget_old),
}
"""In this order: stays become records before notices end, goods go back before minutes are looked at."""


def sweep() -> dict[str, int | None]:
    """Run every part; return how much each has written, None for one that failed (the log says why)."""
    return {name: _tried(name, part) for name, part in PARTS.items()}


def _tried(name: str, part: Callable[[], int]) -> int | None:
    try:
        return part()
    except Exception:  # noqa: BLE001 - whatever it is, the other parts go on
        _log.exception("sweep.part_failed", part=name)
        return None
