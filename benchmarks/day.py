"""``make bench``: what a day's requests cost, next to what the same server does with nothing in it.

Everything is measured in one run, round by round, so that ratios compare like with like; see docs/performance.md.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from flask import Flask

from benchmarks import databases, load, report, seed, served
from benchmarks.bare import note
from benchmarks.load import Expected, Run
from benchmarks.posting import FUNCTION, Clients
from benchmarks.report import Ratio
from benchmarks.seed import Volunteer
from tests.postgres import running_server
from timebank.application import create_app
from timebank.attendance.reading import Reader
from timebank.database import db, in_unit_of_work, new_id
from timebank.settings import Settings

NAMES = {
    "a": "Flask hello",
    "b": "hello with a verified token",
    "c": "GET /me/account",
    "d": "POST /check-outs, credited at once",
    "e": "POST /redemptions, minutes and goods held",
    "f": "bare insert and commit, with a verified token",
    "g": "posting, one hand-written SQL call, no HTTP",
    "h": "posting, our ledger service, no HTTP",
}
RATIOS = (
    Ratio(of="c", to="b", aim=0.5),
    Ratio(of="d", to="f", aim=0.35),
    Ratio(of="e", to="f"),
    Ratio(of="h", to="g"),
)
MOST_READERS = 64
MOST_POSTERS = 400

Measure = Callable[[], Run]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How much is measured: rounds, seconds and connections of each measurement, single-use requests a round."""

    rounds: int
    seconds: float
    clients: int
    requests: int
    only: str
    sqlite: bool


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(arguments)
    print(f"{options.rounds} rounds, {options.seconds:g} s each, {options.clients} connections")
    with tempfile.TemporaryDirectory(prefix="timebank-benchmark-") as folder, ExitStack() as stack:
        home = Path(folder)
        server = stack.enter_context(running_server(durable=True))
        _print("PostgreSQL, two workers", _on_postgres(home / "postgresql", server, options))
        if options.sqlite:
            _print("SQLite, one worker", _on_sqlite(home / "sqlite", options))


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="benchmarks.day", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement in each round")
    parser.add_argument("--clients", type=int, default=8, help="connections, each with one request under way")
    parser.add_argument("--requests", type=int, default=600, help="single-use requests prepared a round, at most")
    parser.add_argument("--only", default="".join(NAMES), help="the letters of what is measured, as 'bc'")
    parser.add_argument("--sqlite", action="store_true", help="measure the embedded database as well")
    return Options(**vars(parser.parse_args(arguments)))


def _print(title: str, rounds: report.Rounds) -> None:
    print(f"\n{title}\n{report.table(rounds, NAMES)}\n\n{report.ratios(rounds, RATIOS)}", flush=True)


# --- the two engines --------------------------------------------------------------------------------------------------


def _on_postgres(home: Path, server_url: str, options: Options) -> report.Rounds:
    with databases.on_postgres(server_url, home, "day", "posting", tables=[note]) as (day, posting):
        with ExitStack() as stack:
            measures = Day(stack, day, options).measures() | _postings(stack, posting, options)
            rounds = _measured(measures, options)
        databases.verify(day, posting)
        return rounds


def _on_sqlite(home: Path, options: Options) -> report.Rounds:
    settings = databases.on_sqlite(home / "timebank.db", tables=[note])
    with ExitStack() as stack:
        rounds = _measured(Day(stack, settings, options).measures(), options)
    databases.verify(settings)
    return rounds


def _measured(measures: dict[str, Measure], options: Options) -> report.Rounds:
    """Take every measurement once a round, in another order each time, after one round that only warms up."""
    rounds: dict[str, list[Run]] = {key: [] for key in sorted(measures) if key in options.only}
    order = [key for key in measures if key in options.only]
    for number in range(options.rounds + 1):
        random.shuffle(order)
        runs = {key: measures[key]() for key in order}
        if number:
            for key, run in runs.items():
                rounds[key].append(run)
        print(f"  round {number} of {options.rounds}", file=sys.stderr)
    return rounds


def _postings(stack: ExitStack, settings: Settings, options: Options) -> dict[str, Measure]:
    app = create_app(settings)
    with app.app_context():
        owners = [one.id for one in in_unit_of_work(lambda: seed.with_balance(min(MOST_POSTERS, options.requests)))]
        db.engine.dispose()
    served.as_owner(settings, FUNCTION, "ANALYZE")
    clients = Clients(settings, owners)
    stack.callback(clients.close)
    return {
        "g": lambda: clients.post("sql", clients=options.clients, seconds=options.seconds),
        "h": lambda: clients.post("service", clients=options.clients, seconds=options.seconds),
    }


# --- the requests of a day --------------------------------------------------------------------------------------------


class Day:
    """A seeded street, served; each measurement prepares its requests before it takes the time."""

    def __init__(self, stack: ExitStack, settings: Settings, options: Options) -> None:
        self._options = options
        self._app: Flask = create_app(settings)
        stack.enter_context(self._app.app_context())
        stack.callback(db.engine.dispose)
        self._reader = Reader(self._app.extensions["timebank-codes"], settings.keys("codes"))
        self._street = in_unit_of_work(seed.street)
        self._readers = in_unit_of_work(lambda: seed.with_a_past(self._street, min(MOST_READERS, options.requests)))
        if not settings.is_sqlite:  # as autovacuum would have done by now
            served.as_owner(settings, "ANALYZE")
        self._product = stack.enter_context(served.on_free_port(served.PRODUCT, settings, ready="/readyz"))
        self._bare = stack.enter_context(served.on_free_port(served.BARE, settings, ready="/hello"))

    def measures(self) -> dict[str, Measure]:
        """Return how each request is measured."""
        return {
            "a": lambda: self._drive(self._bare, cycle([load.request("GET", "/hello")]), Expected(200)),
            "b": lambda: self._drive(self._bare, self._by_readers("/hello-with-token"), Expected(200)),
            "c": lambda: self._drive(self._product, self._by_readers("/api/v1/me/account"), Expected(200)),
            "d": self._check_outs,
            "e": self._redemptions,
            "f": self._notes,
        }

    def _check_outs(self) -> Run:
        people = in_unit_of_work(lambda: seed.inside(self._street, self._reader, self._options.requests))
        body = _json(token=seed.code_of(self._street, self._reader))
        return self._once_each("/api/v1/check-outs", people, cycle([body]), '"state":"final"')

    def _redemptions(self) -> Run:
        people = in_unit_of_work(lambda: seed.with_balance(self._options.requests))
        bodies = [
            _json(site_id=str(self._street.shop.id), lines=[{"goods_id": str(goods_id), "quantity": 1}])
            for goods_id in self._street.goods
        ]
        return self._once_each("/api/v1/redemptions", people, cycle(bodies), '"state":"held"')

    def _notes(self) -> Run:
        people = in_unit_of_work(lambda: seed.volunteers(self._options.requests))
        asked = [load.request("POST", "/notes", token=one.token) for one in people]
        return self._drive(self._bare, iter(asked), Expected(201))

    def _once_each(self, path: str, people: Sequence[Volunteer], bodies: Iterator[bytes], text: str) -> Run:
        """Send one request of each of them, with a token and a key of its own."""
        asked = [
            load.request("POST", path, token=one.token, key=new_id().hex, body=body)
            for one, body in zip(people, bodies, strict=False)
        ]
        return self._drive(self._product, iter(asked), Expected(201, text))

    def _by_readers(self, path: str) -> Iterator[bytes]:
        return cycle([load.request("GET", path, token=one.token) for one in self._readers])

    def _drive(self, port: int, requests: Iterator[bytes], expected: Expected) -> Run:
        return load.drive(
            port, requests, expected=expected, clients=self._options.clients, seconds=self._options.seconds
        )


def _json(**values: object) -> bytes:
    return json.dumps(values).encode()


if __name__ == "__main__":
    main()
