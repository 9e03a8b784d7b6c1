"""``make bench``: holds and hand-overs, all clerks on one popular item and on spread items, beside a bare update of two rows.

The yardstick takes minutes from one row and a piece from another, each only if there is enough (``UPDATE … WHERE
amount >= ?``), in the same unit of work, from the same threads, on the same server; see docs/performance.md, "Shop". Beside
both stands the floor: the five rows that a hold leaves behind, written without reading or deciding anything.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from benchmarks import databases, report, seed, served
from benchmarks.clerks import TABLES, Clerks, Shop
from benchmarks.load import Run
from benchmarks.report import Ratio, Rounds
from tests.postgres import running_server
from timebank import clock
from timebank.application import create_app
from timebank.database import db, in_unit_of_work, new_id
from timebank.ledger import service as ledger
from timebank.settings import Settings
from timebank.shop.audit.whole import audit

GOODS = {"hot": 1, "spread": seed.GOODS}
"""On how many goods the clerks are at once."""
MEMBERS = 128
BOOKS = ("shop", "rows")
"""The database whose books must be right in the end, and the one that takes rows which follow from nothing."""
NAMES = {
    "hold.hot": "holds of one popular item",
    "hold.spread": f"holds of {seed.GOODS} items in turn",
    "hand-over.hot": "hand-overs of one popular item",
    "hand-over.spread": f"hand-overs of {seed.GOODS} items in turn",
    "bare.hot": "bare conditional update of two rows, one of them everybody's",
    "bare.spread": "bare conditional update of two rows",
    "rows.hot": "a hold's five rows and nothing else, of one item",
    "rows.spread": "a hold's five rows and nothing else",
}
RATIOS = (
    *(Ratio(of=f"{verb}.{where}", to=f"bare.{where}", aim=0.4) for verb in ("hold", "hand-over") for where in GOODS),
    *(Ratio(of=f"{verb}.hot", to=f"{verb}.spread", aim=0.5) for verb in ("hold", "hand-over")),
    Ratio(of="bare.hot", to="bare.spread"),
    *(Ratio(of=f"rows.{where}", to=f"bare.{where}") for where in GOODS),
    *(Ratio(of=f"hold.{where}", to=f"rows.{where}") for where in GOODS),
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How much is measured."""

    rounds: int
    times: int
    clerks: int
    json: bool


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.shop", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=int, default=800, help="of each verb in each round, all clerks together")
    parser.add_argument("--clerks", type=int, default=8, help="who work at once")
    parser.add_argument("--json", action="store_true", help="print every number of every round, for a program")
    options = Options(**vars(parser.parse_args(arguments)))
    with tempfile.TemporaryDirectory(prefix="timebank-benchmark-") as folder, ExitStack() as stack:
        server = stack.enter_context(running_server(durable=True))
        on_postgres = stack.enter_context(
            databases.on_postgres(server, Path(folder) / "postgresql", *BOOKS, tables=TABLES)
        )
        on_sqlite = [databases.on_sqlite(Path(folder) / name / "shop.db", tables=TABLES) for name in BOOKS]
        found = {"PostgreSQL": _measured(on_postgres, options), "SQLite": _measured(on_sqlite, options)}
    for engine, rounds in found.items():
        if not options.json:
            print(f"\n{engine}\n{report.table(rounds, NAMES)}\n\n{report.ratios(rounds, RATIOS)}", flush=True)
    if options.json:
        print(json.dumps({engine: report.as_json(one, NAMES, RATIOS) for engine, one in found.items()}, indent=1))


def _measured(databases_of_it: Sequence[Settings], options: Options) -> Rounds:
    """Take everything once a round, in another order each time, after one round that only warms up; then audit."""
    true, invented = databases_of_it
    rounds: dict[str, list[Run]] = {name: [] for name in NAMES}
    with ExitStack() as stack:
        at_work, writers = (stack.enter_context(closing(_clerks(settings))) for settings in databases_of_it)
        ways = {"shop": at_work, "bare": at_work, "rows": writers}
        for number in range(options.rounds + 1):
            runs = _round(ways, options)
            if number:
                for name, run in runs.items():
                    rounds[name].append(run)
            elif not true.is_sqlite:  # as autovacuum would have done by now: who takes a table for empty plans badly
                for settings in (true, invented):
                    served.as_owner(settings, "ANALYZE")
            print(f"  round {number} of {options.rounds}", file=sys.stderr)
    databases.verify(true)
    _audit(true)
    return rounds


def _clerks(settings: Settings) -> Clerks:
    return Clerks(settings, _opened(settings), processes=settings.workers)


def _round(ways: Mapping[str, Clerks], options: Options) -> Mapping[str, Run]:
    order = [(way, where) for way in ways for where in GOODS]
    random.shuffle(order)
    runs: dict[str, Run] = {}
    for way, where in order:
        timed = ways[way].work(way, goods=GOODS[where], times=options.times, clerks=options.clerks)
        runs |= {f"{verb}.{where}": run for verb, run in timed.items()}
    return runs


def _opened(settings: Settings) -> Shop:
    """Open a shop whose goods, each in two lots, and whose members' minutes outlast the run."""
    with create_app(settings).app_context():
        street = in_unit_of_work(seed.street)
        members = [one.id for one in in_unit_of_work(lambda: seed.volunteers(MEMBERS))]
        in_unit_of_work(lambda: _credit(members))
        shop = Shop(
            site_id=street.shop.id,
            organisation_id=street.organisation.id,
            goods=street.goods,
            members=members,
            price_minutes=seed.PRICE_MINUTES,
        )
        in_unit_of_work(shop.fill_bare)
        db.engine.dispose()
    return shop


def _credit(members: Sequence[UUID]) -> None:
    earned_at = clock.now() - timedelta(hours=1)
    earnings = [
        ledger.Earning(transfer_id=new_id(), owner_id=one, minutes=1_000_000, source_id=new_id(), occurred_at=earned_at)
        for one in members
    ]
    ledger.earn_many(earnings=earnings, actor_id=seed.FOUNDER.person_id)


def _audit(settings: Settings) -> None:
    """Recompute the shop's books: what is fast because it is wrong does not count."""
    with create_app(settings).app_context():
        found = in_unit_of_work(audit, write=False).findings
        db.engine.dispose()
    if found:
        raise AssertionError(f"the shop's books are wrong: {found}")


if __name__ == "__main__":
    main()
