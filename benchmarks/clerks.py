"""Clerks at the counter of one shop: threads that hold and hand over through the services, or do less than that.

Less is to update two rows (the yardstick), or to write a hold's rows and nothing else (``benchmarks.evidence``).

On PostgreSQL they are in two processes, as the two workers of a server are; the embedded database has one writer.
"""

import itertools
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from uuid import UUID

from flask import Flask
from sqlalchemy import BigInteger, Column, MetaData, Table, Update, Uuid, bindparam, insert, update

from benchmarks.evidence import Evidence
from benchmarks.load import Run
from timebank.application import create_app
from timebank.database import db, in_unit_of_work, new_id, session
from timebank.identity.rules import Actor, Grant, Role
from timebank.settings import Settings
from timebank.shop.redemption import handovers, reservations
from timebank.shop.rules import Line
from timebank.worker import set_aside

PLENTY = 10**12
_bare = MetaData()
purse, shelf = (
    Table(name, _bare, Column("id", Uuid(), primary_key=True), Column("amount", BigInteger(), nullable=False))
    for name in ("benchmark_purse", "benchmark_shelf")
)
"""What the yardstick updates: a row for each member and one for each goods, in the same database, with nothing else on it."""
TABLES = (purse, shelf)


def _take_from(table: Table) -> Update:
    wanted = bindparam("wanted")
    taken = update(table).where(table.c.id == bindparam("row"), table.c.amount >= wanted)
    return taken.values(amount=table.c.amount - wanted)


_FROM_PURSE, _FROM_SHELF = _take_from(purse), _take_from(shelf)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Where the clerks work: its goods at one price, and members who can pay for them again and again."""

    site_id: UUID
    organisation_id: UUID
    goods: Sequence[UUID]
    members: Sequence[UUID]
    price_minutes: int

    def fill_bare(self) -> None:
        """Give the yardstick as many rows as there are members and goods."""
        for table, ids in ((purse, self.members), (shelf, self.goods)):
            session.execute(insert(table), [{"id": one, "amount": PLENTY} for one in ids])

    def evidence(self, process: int, processes: int) -> Evidence:
        """Return what writes the rows of holds here, in one process of so many."""
        return Evidence.of(self.site_id, self.price_minutes, self.goods, process=process, processes=processes)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one process is asked to do: by which way, on how many goods, how often, with how many threads."""

    way: str
    goods: int
    times: int
    threads: int


@dataclass(frozen=True, kw_only=True)
class Counter:
    """Where the threads of one process work, and for which members."""

    app: Flask
    shop: Shop
    members: Sequence[UUID]
    evidence: Evidence


class Clerks:
    """Processes that work on demand; each member belongs to one thread, so that no purse is waited for."""

    def __init__(self, settings: Settings, shop: Shop, *, processes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, settings, shop, number, processes), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            assert pipe.recv() == "ready"

    def work(self, way: str, *, goods: int, times: int, clerks: int) -> dict[str, Run]:
        """Have ``clerks`` threads do it ``times`` in all, each time with the next of so many goods; return what was timed."""
        share = len(self._pipes)
        task = Task(way=way, goods=goods, times=times // share, threads=max(1, clerks // share))
        for pipe in self._pipes:
            pipe.send(task)
        found: list[dict[str, Run]] = [pipe.recv() for pipe in self._pipes]
        return {name: _together([one[name] for one in found]) for name in found[0]}

    def close(self) -> None:
        """End the processes."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.close()
            process.join(10)


def _together(runs: Sequence[Run]) -> Run:
    return Run(
        seconds=max(run.seconds for run in runs), latencies=[latency for run in runs for latency in run.latencies]
    )


def _serve(pipe: Connection, settings: Settings, shop: Shop, number: int, processes: int) -> None:
    app = create_app(settings)
    set_aside()  # as a worker does
    with app.app_context():
        evidence = in_unit_of_work(lambda: shop.evidence(number, processes), write=False)
    counter = Counter(app=app, shop=shop, members=shop.members[number::processes], evidence=evidence)
    pipe.send("ready")
    while True:
        try:
            task: Task = pipe.recv()
        except EOFError:
            break
        pipe.send(WAYS[task.way](counter, task))
    with app.app_context():
        db.engine.dispose()


def _hold_and_hand_over(counter: Counter, task: Task) -> dict[str, Run]:
    """Hold for a member each time, then hand over what was held."""
    shop = counter.shop
    clerk = Actor(new_id(), (Grant(Role.COUNTER, organisation_id=shop.organisation_id),))
    held: list[list[UUID]] = [[] for _ in range(task.threads)]

    def hold(thread: int, member_id: UUID, goods_id: UUID) -> None:
        made = in_unit_of_work(
            lambda: reservations.reserve(person_id=member_id, site_id=shop.site_id, lines=[Line(goods_id, 1)])
        )
        assert made.account is not None
        held[thread].append(made.redemption.id)

    def hand_over(thread: int, _member_id: UUID, _goods_id: UUID) -> None:
        redemption_id = held[thread].pop(0)
        done = in_unit_of_work(lambda: handovers.hand_over(actor=clerk, redemption_id=redemption_id))
        assert done.receipt.charged_minutes == shop.price_minutes

    return {"hold": _in_threads(counter, task, hold), "hand-over": _in_threads(counter, task, hand_over)}


def _update_two_rows(counter: Counter, task: Task) -> dict[str, Run]:
    """Take minutes from one row and a piece from another, each only if there is enough, in a unit of work."""

    def take(member_id: UUID, goods_id: UUID) -> None:
        connection = session.connection()
        paid = connection.execute(_FROM_PURSE, {"row": member_id, "wanted": counter.shop.price_minutes})
        left = connection.execute(_FROM_SHELF, {"row": goods_id, "wanted": 1})
        assert (paid.rowcount, left.rowcount) == (1, 1)

    def update_both(_thread: int, member_id: UUID, goods_id: UUID) -> None:
        in_unit_of_work(lambda: take(member_id, goods_id))

    return {"bare": _in_threads(counter, task, update_both)}


def _only_evidence(counter: Counter, task: Task) -> dict[str, Run]:
    """Write what a hold leaves behind, in a unit of work, and nothing else."""

    def write(_thread: int, member_id: UUID, goods_id: UUID) -> None:
        in_unit_of_work(lambda: counter.evidence.write(member_id, goods_id))

    return {"rows": _in_threads(counter, task, write)}


WAYS: Mapping[str, Callable[[Counter, Task], dict[str, Run]]] = {
    "shop": _hold_and_hand_over,
    "bare": _update_two_rows,
    "rows": _only_evidence,
}


def _in_threads(counter: Counter, task: Task, work: Callable[[int, UUID, UUID], None]) -> Run:
    """Have each thread do its share of the task, with members of its own and its own way round the goods."""
    goods = counter.shop.goods[: task.goods]

    def run(thread: int) -> list[float]:
        whom = itertools.cycle(counter.members[thread :: task.threads])
        what = _round(goods, thread)
        latencies = []
        with counter.app.app_context():
            for _ in range(task.times // task.threads):
                began = time.perf_counter()
                work(thread, next(whom), next(what))
                latencies.append((time.perf_counter() - began) * 1000)
            session.remove()
        return latencies

    started = time.perf_counter()
    with ThreadPoolExecutor(task.threads) as threads:
        found = list(threads.map(run, range(task.threads)))
    return Run(seconds=time.perf_counter() - started, latencies=[latency for each in found for latency in each])


def _round(goods: Sequence[UUID], thread: int) -> Iterator[UUID]:
    """Yield goods for ever; every thread begins at others."""
    return itertools.islice(itertools.cycle(goods), thread * 7 % len(goods), None)
