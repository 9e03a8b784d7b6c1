"""``make bench``: the close of a shift with 200 people inside, against 200 check-outs one after the other.

Both go through the service, on the same database, in the same round; see docs/performance.md, "Group close".
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from benchmarks import databases, report, seed, served
from benchmarks.load import Run
from benchmarks.report import Ratio, Rounds
from benchmarks.seed import Street
from tests.postgres import running_server
from timebank import clock
from timebank.activities import service as activities
from timebank.application import create_app
from timebank.attendance import groups
from timebank.attendance import service as attendance
from timebank.attendance.reading import Presented, Reader
from timebank.database import db, in_unit_of_work
from timebank.identity.rules import Actor
from timebank.settings import Settings
from timebank.worker import set_aside

PEOPLE = 200
NAMES = {
    "close": "people who go home with the close of their shift",
    "singles": "people who check out one after the other",
}
RATIOS = (Ratio(of="close", to="singles", aim=8),)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How much is measured."""

    rounds: int
    people: int
    json: bool


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.attendance", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--people", type=int, default=PEOPLE, help="inside each shift")
    parser.add_argument("--json", action="store_true", help="print every number of every round, for a program")
    options = Options(**vars(parser.parse_args(arguments)))
    with tempfile.TemporaryDirectory(prefix="timebank-benchmark-") as folder, ExitStack() as stack:
        server = stack.enter_context(running_server(durable=True))
        [on_postgres] = stack.enter_context(databases.on_postgres(server, Path(folder) / "postgresql", "attendance"))
        on_sqlite = databases.on_sqlite(Path(folder) / "sqlite" / "attendance.db")
        found = {"PostgreSQL": _measured(on_postgres, options), "SQLite": _measured(on_sqlite, options)}
    for engine, rounds in found.items():
        if not options.json:
            print(f"\n{engine}\n{report.table(rounds, NAMES)}\n\n{report.ratios(rounds, RATIOS)}", flush=True)
    if options.json:
        print(json.dumps({engine: report.as_json(one, NAMES, RATIOS) for engine, one in found.items()}, indent=1))


def _measured(settings: Settings, options: Options) -> Rounds:
    """Take both once a round, in another order each time, after one round that only warms up; then verify the ledger."""
    app = create_app(settings)
    set_aside()  # as a worker does
    with app.app_context():
        reader = Reader(app.extensions["timebank-codes"], settings.keys("codes"))
        street = in_unit_of_work(seed.street)
        rounds: dict[str, list[Run]] = {name: [] for name in NAMES}
        for number in range(options.rounds + 1):
            ways = [("close", _close), ("singles", _singles)]
            random.shuffle(ways)
            for name, way in ways:
                run = way(street, reader, options.people)
                if number:
                    rounds[name].append(run)
            if (
                not number and not settings.is_sqlite
            ):  # as autovacuum would have done by now; of empty tables it says nothing
                served.as_owner(settings, "ANALYZE")
            print(f"  round {number} of {options.rounds}", file=sys.stderr)
        db.engine.dispose()
    databases.verify(settings)
    return rounds


def _close(street: Street, reader: Reader, people: int) -> Run:
    where = in_unit_of_work(lambda: _another_shift(street))
    in_unit_of_work(lambda: seed.inside(where, reader, people))

    def close() -> None:
        closed = in_unit_of_work(lambda: groups.close_shift(actor=seed.FOUNDER, shift_id=where.shift.id))
        assert (len(closed.ended), closed.pending, closed.credited_minutes) == (people, 0, people * 60)

    return _timed(close, people)


def _singles(street: Street, reader: Reader, people: int) -> Run:
    where = in_unit_of_work(lambda: _another_shift(street))
    inside = in_unit_of_work(lambda: seed.inside(where, reader, people))

    def check_out() -> None:
        presented = Presented(token=seed.code_of(where, reader))
        for one in inside:
            actor = Actor(one.id)
            left = in_unit_of_work(
                lambda actor=actor: attendance.check_out(actor=actor, reader=reader, presented=presented)  # type: ignore[misc]
            )
            assert left.revision.credited_minutes == 60

    return _timed(check_out, people)


def _another_shift(street: Street) -> Street:
    """Publish a shift that began an hour and a half ago: each close ends one for good."""
    with clock.at(clock.now() - timedelta(hours=2)):
        now = clock.now()
        shift = activities.publish_shift(
            actor=seed.FOUNDER,
            activity_id=street.activity.id,
            starts_at=now + timedelta(minutes=30),
            ends_at=now + timedelta(hours=12),
            capacity=street.shift.capacity,
        )
    return replace(street, shift=shift)


def _timed(work: Callable[[], None], people: int) -> Run:
    """Return the time of ``work``, business time standing still meanwhile, so that no code of a screen grows old."""
    with clock.at(clock.now()):
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
    return Run(seconds=seconds, latencies=[seconds * 1000], each=people)


if __name__ == "__main__":
    main()
