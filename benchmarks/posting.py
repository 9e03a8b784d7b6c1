"""The ledger's posting without HTTP around it: our service against one hand-written SQL call, from the same clients.

Both write the same rows into the same tables, under the same lock, with the same bytes hashed. Clients are threads in
two processes, as the two workers of a server are.
"""

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Literal
from uuid import UUID

import psycopg
from sqlalchemy import make_url

from benchmarks.load import Run
from timebank import clock
from timebank.application import create_app
from timebank.database import NIL, in_unit_of_work, new_id
from timebank.ledger import service as ledger
from timebank.ledger.rules import ISSUER, wallet_of
from timebank.settings import Settings

PROCESSES = 2
Way = Literal["service", "sql"]

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

    way: Way
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

    def post(self, way: Way, *, clients: int, seconds: float) -> Run:
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
        libpq = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)

        def run(share: Sequence[UUID], latencies: list[float], task: Task = task, libpq: str = libpq) -> None:
            if task.way == "sql":
                with psycopg.connect(libpq, autocommit=True) as connection:
                    _repeat(lambda owner: _by_sql(connection, owner), share, latencies, task.seconds)
            else:
                with app.app_context():
                    _repeat(_by_service, share, latencies, task.seconds)

        pipe.send(_in_threads(run, shares))


def _in_threads(run: Callable[[Sequence[UUID], list[float]], None], shares: Sequence[Sequence[UUID]]) -> Run:
    found: list[list[float]] = [[] for _ in shares]
    threads = [
        threading.Thread(target=run, args=(share, latencies)) for share, latencies in zip(shares, found, strict=True)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
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


def _by_service(owner: UUID) -> None:
    posted = in_unit_of_work(
        lambda: ledger.earn(
            transfer_id=new_id(),
            owner_id=owner,
            minutes=60,
            source_id=new_id(),
            occurred_at=clock.now(),
            actor_id=NIL,
        )
    )
    assert posted.account.balance_minutes >= 60


def _by_sql(connection: psycopg.Connection, owner: UUID) -> None:
    now = clock.now()
    values = (new_id(), wallet_of(owner).id, ISSUER.id, 60, new_id(), NIL, now, now)
    row = connection.execute(CALL, values).fetchone()
    assert row
    assert row[1] >= 60
