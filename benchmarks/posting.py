"""The ledger's posting without HTTP around it: our service against others, from the same clients.

Against one hand-written SQL call, which writes the same rows into the same tables, under the same lock, with the same
bytes hashed; and against other ledgers (``peers``). Clients are threads in two processes, as the two workers of a
server are.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from uuid import UUID

import psycopg
from flask import Flask

from benchmarks import peers
from benchmarks.databases import libpq
from benchmarks.load import Run
from timebank import clock
from timebank.application import create_app
from timebank.database import NIL, in_unit_of_work, new_id
from timebank.ledger import service as ledger
from timebank.ledger.rules import ISSUER, wallet_of
from timebank.settings import Settings

PROCESSES = 2
MINUTES = 60

FUNCTION = """
CREATE FUNCTION benchmark_earn(p_id uuid, p_account uuid, p_issuer uuid, p_minutes bigint, p_source uuid,
                               p_actor uuid, p_occurred_at timestamptz, p_now timestamptz)
RETURNS TABLE (seq bigint, balance bigint, held bigint, head bytea) LANGUAGE plpgsql AS $$
DECLARE
    nil CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    last ledger_entry;
    at timestamptz;
    at_us bigint;
    occurred_us CONSTANT bigint := (extract(epoch FROM p_occurred_at) * 1000000)::bigint;
    request bytea;
    digest bytea;
BEGIN
    PERFORM 1 FROM ledger_account a WHERE a.id = p_account FOR NO KEY UPDATE;
    SELECT * INTO STRICT last FROM ledger_entry e WHERE e.account_id = p_account ORDER BY e.seq DESC LIMIT 1;
    at := greatest(p_now, last.recorded_at + interval '1 microsecond');
    at_us := (extract(epoch FROM at) * 1000000)::bigint;
    request := sha256(
        '\\x01030008'::bytea || uuid_send(p_id) || '\\x00010001'::bytea || uuid_send(p_issuer) || uuid_send(p_account)
        || int8send(p_minutes) || '\\x0001'::bytea || uuid_send(p_source)
        || uuid_send(nil) || uuid_send(nil) || uuid_send(nil) || int8send(occurred_us) || uuid_send(p_actor));
    digest := sha256(
        '\\x01020001'::bytea || uuid_send(p_account) || int8send(last.seq + 1) || uuid_send(p_id)
        || int8send(p_minutes) || int8send(0) || int8send(last.balance_after + p_minutes) || int8send(last.held_after)
        || int8send(at_us) || uuid_send(p_id) || uuid_send(p_issuer) || uuid_send(p_account) || int8send(p_minutes)
        || '\\x000100010001'::bytea || uuid_send(p_source)
        || uuid_send(nil) || uuid_send(nil) || uuid_send(nil) || uuid_send(nil) || int8send(0)
        || int8send(occurred_us) || int8send(at_us) || uuid_send(p_actor) || request || last.hash);
    INSERT INTO ledger_transfer (id, debit_id, credit_id, minutes, kind, phase, source_type, source_id,
                                 occurred_at, recorded_at, actor_id, request_hash)
    VALUES (p_id, p_issuer, p_account, p_minutes, 1, 1, 1, p_source, p_occurred_at, at, p_actor, request);
    INSERT INTO ledger_entry
    VALUES (p_account, last.seq + 1, p_id, p_minutes, 0, last.balance_after + p_minutes, last.held_after, at, digest);
    RETURN QUERY SELECT last.seq + 1, last.balance_after + p_minutes, last.held_after, digest;
END $$
"""
"""What the one call does: no look at a stored id, at debts or at due holds, so it is a little less than the service."""

CALL = (
    "SELECT * FROM benchmark_earn(%s::uuid, %s::uuid, %s::uuid, %s::int8, %s::uuid, %s::uuid, "
    "%s::timestamptz, %s::timestamptz)"
)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one process is asked to do: which way, for how long, with how many threads."""

    way: str
    seconds: float
    threads: int


class Clients:
    """Processes that post on demand; each owner belongs to one thread, so that no lock is waited for."""

    def __init__(self, settings: Settings, owners: Sequence[UUID]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(PROCESSES):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, settings, owners[number::PROCESSES]), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            assert pipe.recv() == "ready"

    def post(self, way: str, *, clients: int, seconds: float) -> Run:
        """Post for some seconds with ``clients`` threads in all."""
        for pipe in self._pipes:
            pipe.send(Task(way=way, seconds=seconds, threads=max(1, clients // PROCESSES)))
        runs: list[Run] = [pipe.recv() for pipe in self._pipes]
        return Run(
            seconds=max(run.seconds for run in runs), latencies=[latency for run in runs for latency in run.latencies]
        )

    def close(self) -> None:
        """End the processes."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.close()
            process.join(10)


def _serve(pipe: Connection, settings: Settings, owners: Sequence[UUID]) -> None:
    app = create_app(settings)
    pipe.send("ready")
    while True:
        try:
            task: Task = pipe.recv()
        except EOFError:
            return
        shares = [owners[number :: task.threads] for number in range(task.threads)]

        def run(share: Sequence[UUID], latencies: list[float], task: Task = task) -> None:
            with WAYS[task.way](app, settings) as post:
                _repeat(post, share, latencies, task.seconds)

        pipe.send(_in_threads(run, shares))


def _in_threads(run: Callable[[Sequence[UUID], list[float]], None], shares: Sequence[Sequence[UUID]]) -> Run:
    found: list[list[float]] = [[] for _ in shares]
    started = time.perf_counter()
    with ThreadPoolExecutor(len(shares)) as threads:
        for done in [threads.submit(run, share, latencies) for share, latencies in zip(shares, found, strict=True)]:
            done.result()
    return Run(seconds=time.perf_counter() - started, latencies=[latency for each in found for latency in each])


def _repeat(post: Callable[[UUID], None], owners: Sequence[UUID], latencies: list[float], seconds: float) -> None:
    until = time.perf_counter() + seconds
    while True:
        for owner in owners:
            began = time.perf_counter()
            if began >= until:
                return
            post(owner)
            latencies.append((time.perf_counter() - began) * 1000)


Post = Callable[[UUID], None]
"""Credits one owner, and looks at the balance after it where the way tells it."""


@contextmanager
def by_service(app: Flask, _settings: Settings) -> Iterator[Post]:
    """Post as this product does."""
    with app.app_context():
        yield earn


def earn(owner_id: UUID) -> None:
    """Credit an hour in a unit of work of its own."""
    posted = in_unit_of_work(
        lambda: ledger.earn(
            transfer_id=new_id(),
            owner_id=owner_id,
            minutes=MINUTES,
            source_id=new_id(),
            occurred_at=clock.now(),
            actor_id=NIL,
        )
    )
    assert posted.account.balance_minutes >= MINUTES


@contextmanager
def _by_sql(_app: Flask, settings: Settings) -> Iterator[Post]:
    with psycopg.connect(libpq(settings.database_url), autocommit=True) as connection:

        def post(owner_id: UUID) -> None:
            now = clock.now()
            values = (new_id(), wallet_of(owner_id).id, ISSUER.id, MINUTES, new_id(), NIL, now, now)
            row = connection.execute(CALL, values).fetchone()
            assert row
            assert row[1] >= MINUTES

        yield post


WAYS: Mapping[str, Callable[[Flask, Settings], AbstractContextManager[Post]]] = {
    "service": by_service,
    "sql": _by_sql,
    "hordak": lambda _app, settings: peers.hordak(settings, MINUTES, balance=False),
    "hordak-balance": lambda _app, settings: peers.hordak(settings, MINUTES, balance=True),
    "pgledger": lambda _app, settings: peers.pgledger(settings, MINUTES),
}
"""How the same hour is credited; each opens a connection of its own for each thread."""
