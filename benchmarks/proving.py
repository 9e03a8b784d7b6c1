"""How fast a ledger is verified, next to hashing as many entries and doing nothing else; and in how much memory.

Two yardsticks: recomputing the hashes of entries that are in memory (``chain.entry_hash``, in plain Python), and SHA-256
over bytes that are ready.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from sqlalchemy import select

from benchmarks.load import Run
from benchmarks.memory import most_megabytes
from timebank.application import create_app
from timebank.database import db
from timebank.ledger import proof, queries
from timebank.ledger.chain import ENTRY, EntryRow, TransferRow, entry_hash
from timebank.settings import Settings

T = TypeVar("T")

_DIFFERENT, _HASHED = 10_000, 100_000


@dataclass(frozen=True, kw_only=True)
class Proven:
    """One verification in a process of its own: how many entries, the seconds of each part, the most memory that it had."""

    entries: int
    verify_seconds: float
    rehash_seconds: float
    sha256_seconds: float
    peak_mb: int

    @property
    def runs(self) -> dict[str, Run]:
        """All times as runs."""
        return {
            "verify": _run(self.verify_seconds, self.entries),
            "rehash": _run(self.rehash_seconds, _HASHED),
            "sha256": _run(self.sha256_seconds, _HASHED),
        }


def _run(seconds: float, done: int) -> Run:
    return Run(seconds=seconds, latencies=[seconds * 1000], each=done)


def prove(settings: Settings) -> Proven:
    """Verify a ledger in a new process, as ``timebank ledger verify`` does; then hash as many bytes."""
    with multiprocessing.get_context("spawn").Pool(1) as processes:
        return processes.apply(_prove, (settings,))


def _prove(settings: Settings) -> Proven:
    with create_app(settings).app_context():
        began = time.perf_counter()
        report = proof.verify()
        took = time.perf_counter() - began
        peak = most_megabytes()
        known = _some_entries()
        db.engine.dispose()
    if not report.ok:
        raise AssertionError(f"the ledger does not verify: {report}")
    messages = [os.urandom(ENTRY.size) for _ in range(_DIFFERENT)]
    return Proven(
        entries=report.entries,
        verify_seconds=took,
        rehash_seconds=_repeat(lambda one: entry_hash(*one), known),
        sha256_seconds=_repeat(lambda message: sha256(message).digest(), messages),
        peak_mb=peak,
    )


def _some_entries() -> list[tuple[EntryRow, TransferRow, bytes]]:
    """Return entries with their transfers, and a hash to chain on."""
    columns = len(queries.entry.c)
    rows = select(queries.entry, queries.transfer).join(queries.transfer).limit(_DIFFERENT)
    with db.engine.connect() as connection:
        found = connection.execute(rows).all()
    return [(EntryRow._make(row[:columns]), TransferRow._make(row[columns:]), row[columns - 1]) for row in found]


def _repeat(work: Callable[[T], object], on: Sequence[T]) -> float:
    """Return the seconds that ``work`` takes on so many as are hashed, beginning again after the last."""
    rounds, rest = divmod(_HASHED, len(on))
    began = time.perf_counter()
    for some in (*[on] * rounds, on[:rest]):
        for one in some:
            work(one)
    return time.perf_counter() - began
