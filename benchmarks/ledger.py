"""``make bench``: the ledger against what was measured of others, each row a ratio from one run; see docs/performance.md."""

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask

from benchmarks import databases, embedded, lines, peers, report, served
from benchmarks.load import Run
from benchmarks.posting import FUNCTION, Clients, earn
from benchmarks.proving import Proven, prove
from benchmarks.reading import READS, Reader, in_turns
from benchmarks.report import Ratio, Rounds
from tests.postgres import running_server
from timebank import clock
from timebank.application import create_app
from timebank.database import NIL, db, in_unit_of_work, new_id
from timebank.ledger import service as ledger
from timebank.settings import Settings

GROUP = 200
OWNERS = 400
TENTH = 10
SHORT = 1_000

NAMES = {
    "earn": "earn through our service",
    "sql": "the same as one hand-written SQL call",
    "hordak": "django-hordak: transfer_to",
    "hordak-balance": "django-hordak: locked, and the balance after it",
    "pgledger": "pgledger: create_transfer, one source for all",
    "bare": "a bare commit of two inserts",
    "group": f"{GROUP} credits in one call",
    "singles": f"{GROUP} credits in {GROUP} calls",
    "verify": "verify, entries",
    "rehash": "hashing as many entries in memory again, in plain Python",
    "sha256": "SHA-256 alone over as many bytes that are ready",
    **{f"{name}.{size}": f"{what}, {size} account" for name, what in READS.items() for size in ("long", "short")},
}
RATIOS = (
    Ratio(of="earn", to="sql", aim=0.6),
    Ratio(of="earn", to="hordak"),
    Ratio(of="earn", to="hordak-balance"),
    Ratio(of="earn", to="pgledger", aim=2.5),
    Ratio(of="earn", to="bare", aim=0.4),
    Ratio(of="group", to="singles", aim=8),
    Ratio(of="verify", to="rehash", aim=0.2),
    Ratio(of="verify", to="sha256", aim=0.2),
    *(Ratio(of=f"{name}.long", to=f"{name}.short", at_most=1.2) for name in READS),
)
MEMORY_AT_MOST = 1.2
PARTS = ("post", "group", "read", "verify")

Measure = Callable[[], Mapping[str, Run]]
Found = tuple[Rounds, list[Proven]]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How much is measured."""

    rounds: int
    seconds: float
    clients: int
    entries: int
    only: str
    pgledger: Path | None
    json: bool


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="timebank-benchmark-") as folder, ExitStack() as stack:
        home = Path(folder)
        file = _written(home / "lines", options)
        server = stack.enter_context(running_server(durable=True))
        found = {
            "PostgreSQL": _on_postgres(home / "postgresql", server, file, options),
            "SQLite": _on_sqlite(home / "sqlite", file, options),
        }
    for engine, (rounds, proven) in found.items():
        if not options.json:
            print(f"\n{engine}\n{report.table(rounds, NAMES)}\n\n{report.ratios(rounds, RATIOS)}\n{_memory(proven)}")
    if options.json:
        print(json.dumps({engine: _as_json(*one) for engine, one in found.items()}, indent=1))


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="benchmarks.ledger", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement in each round")
    parser.add_argument("--clients", type=int, default=8, help="who post at once on PostgreSQL")
    parser.add_argument(
        "--entries", type=int, default=1_000_000, help=f"of the long account; the short one has {SHORT}"
    )
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--pgledger", type=Path, metavar="DIR", help="race a copy of pgledger's SQL as well")
    parser.add_argument("--json", action="store_true", help="print every number of every round, for a program")
    return Options(**vars(parser.parse_args(arguments)))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _memory(proven: Sequence[Proven]) -> str:
    sizes = ", ".join(f"{one.peak_mb:.0f} MB at {one.entries:,} entries" for one in proven)
    ratio = proven[-1].peak_mb / proven[0].peak_mb if proven else 0
    verdict = "met" if ratio <= MEMORY_AT_MOST else "MISSED"
    return f"peak memory of verify: {sizes}; {ratio:.2f}   ≤ {MEMORY_AT_MOST}  {verdict}\n" if proven else ""


def _as_json(rounds: Rounds, proven: Sequence[Proven]) -> dict[str, Any]:
    memory = [{"entries": one.entries, "peak_mb": round(one.peak_mb, 1)} for one in proven]
    return {**report.as_json(rounds, NAMES, RATIOS), "memory_of_verify": memory}


# --- rounds -----------------------------------------------------------------------------------------------------------


def _measured(measures: Sequence[Measure], options: Options) -> dict[str, list[Run]]:
    """Take every measurement once a round, in another order each time, after one round that only warms up."""
    rounds: dict[str, list[Run]] = {}
    order = list(measures)
    for number in range(options.rounds + 1):
        random.shuffle(order)
        runs: dict[str, Run] = {}
        for measure in order:
            runs |= measure()
        if number:
            for key, run in runs.items():
                rounds.setdefault(key, []).append(run)
        _say(f"  round {number} of {options.rounds}")
    return {key: rounds[key] for key in NAMES if key in rounds}


def _proven(tenth: Settings, whole: Settings, options: Options, rounds: dict[str, list[Run]]) -> list[Proven]:
    """Verify a tenth as often as there are rounds, and the whole once: as proof, and for its memory."""
    if "verify" not in options.only:
        return []
    often = [prove(tenth) for _ in range(options.rounds)]
    for key in often[0].runs:
        rounds[key] = [one.runs[key] for one in often]
    _say("  verifying the long account")
    return [often[0], prove(whole)]


# --- what is measured -------------------------------------------------------------------------------------------------


def _written(folder: Path, options: Options) -> dict[str, Path]:
    """Write both accounts once, on SQLite; keep a copy of the time when the long one had a tenth of its lines."""
    whole, tenth = folder / "whole.db", folder / "tenth.db"
    settings = databases.on_sqlite(whole)
    if not {"read", "verify"} & set(options.only.split(",")):
        return {"whole": whole, "tenth": whole}
    _say(f"writing {options.entries:,} entries")
    lines.fill_short(settings, min(SHORT, options.entries))
    for done in lines.write(settings, options.entries):
        if done >= options.entries / TENTH and not tenth.exists():
            lines.copy_file(whole, tenth)
    return {"whole": whole, "tenth": tenth}


def _on_postgres(home: Path, server_url: str, files: Mapping[str, Path], options: Options) -> Found:
    with databases.on_postgres(server_url, home, "whole", "tenth", "posting") as (whole, tenth, posting):
        _say("PostgreSQL")
        for settings, name in ((whole, "whole"), (tenth, "tenth")):
            lines.copy_to_postgres(files[name], settings)
        with ExitStack() as stack:
            makers = {"post": _postings, "group": _groups}
            measures = [
                measure for part in makers if part in options.only for measure in makers[part](stack, posting, options)
            ]
            if "read" in options.only:
                measures += _readings(stack, whole, options)
            rounds = _measured(measures, options)
        proven = _proven(tenth, whole, options, rounds)
        databases.verify(posting)
        return rounds, proven


def _on_sqlite(home: Path, files: Mapping[str, Path], options: Options) -> Found:
    whole, tenth = (databases.sqlite_at(file) for file in files.values())
    posting = databases.on_sqlite(home / "posting.db")
    _say("SQLite")
    with ExitStack() as stack:
        measures: list[Measure] = []
        if "post" in options.only:
            tasks = embedded.postings(stack, posting, home / "bare.db", _new_ids(OWNERS))
            measures.append(lambda: in_turns(tasks, 2 * options.seconds))
        if "group" in options.only:
            measures += _groups(stack, posting, options)
        if "read" in options.only:
            measures += _readings(stack, whole, options)
        rounds = _measured(measures, options)
    proven = _proven(tenth, whole, options, rounds)
    databases.verify(posting)
    return rounds, proven


def _new_ids(count: int) -> list[UUID]:
    return [new_id() for _ in range(count)]


def _inside(stack: ExitStack, settings: Settings) -> Flask:
    """Return an application whose connections go with the stack; measures enter its context themselves."""
    app = create_app(settings)

    def close() -> None:
        with app.app_context():
            db.engine.dispose()

    stack.callback(close)
    return app


def _postings(stack: ExitStack, settings: Settings, options: Options) -> list[Measure]:
    """Return how the same clients credit by each of the ways that can be had here."""
    owners = _new_ids(OWNERS)
    with _inside(stack, settings).app_context():
        for owner_id in owners:
            earn(owner_id)
    ways = {"earn": "service", "sql": "sql"}
    if peers.has_hordak():
        peers.set_up_hordak(settings, owners)
        ways |= {"hordak": "hordak", "hordak-balance": "hordak-balance"}
    else:
        _say("  django-hordak is not raced: pip install -e '.[bench]'")
    if options.pgledger:
        peers.set_up_pgledger(settings, options.pgledger, owners)
        ways["pgledger"] = "pgledger"
    served.as_owner(settings, FUNCTION, "ANALYZE")
    clients = Clients(settings, owners)
    stack.callback(clients.close)

    def measure(name: str, way: str) -> Measure:
        return lambda: {name: clients.post(way, clients=options.clients, seconds=options.seconds)}

    return [measure(name, way) for name, way in ways.items()]


def _groups(stack: ExitStack, settings: Settings, options: Options) -> list[Measure]:
    """Return how a coordinator credits a group: in one call, and one after the other."""
    app, owners = _inside(stack, settings), _new_ids(GROUP)

    def at_once() -> None:
        now = clock.now()
        earnings = [
            ledger.Earning(transfer_id=new_id(), owner_id=one, minutes=60, source_id=new_id(), occurred_at=now)
            for one in owners
        ]
        in_unit_of_work(lambda: ledger.earn_many(earnings=earnings, actor_id=NIL))

    def one_by_one() -> None:
        for owner_id in owners:
            earn(owner_id)

    def measure() -> Mapping[str, Run]:
        with app.app_context():
            return in_turns(
                {"group": at_once, "singles": one_by_one}, options.seconds, each={"group": GROUP, "singles": GROUP}
            )

    return [measure]


def _readings(stack: ExitStack, settings: Settings, options: Options) -> list[Measure]:
    """Return how both accounts are read."""
    app = _inside(stack, settings)
    with app.app_context():
        readers = {"long": Reader(app, lines.LONG), "short": Reader(app, lines.SHORT)}
    tasks = {f"{name}.{size}": readers[size].tasks()[name] for name in READS for size in ("long", "short")}

    def measure() -> Mapping[str, Run]:
        with app.app_context(), Path(os.devnull).open("w") as log, redirect_stdout(log):
            return in_turns(tasks, 2 * options.seconds)

    return [measure]


if __name__ == "__main__":
    main()
