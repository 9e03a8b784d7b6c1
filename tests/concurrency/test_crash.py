"""SIGKILL at random moments: what was acknowledged is in the ledger, what was not is whole or absent.

``make soak`` kills at least two hundred times; ``make test`` a few.
"""

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import hypothesis
from flask import Flask
from sqlalchemy import func, select, tuple_

from tests.concurrency import crash_writer
from tests.concurrency.crash_writer import Acknowledged
from tests.conftest import ServerFactory
from tests.factories.identity import signed_in
from tests.factories.shop import a_member, a_stocked_shop, findings
from tests.servers import Server
from timebank.application import create_app
from timebank.commands import cli
from timebank.database import db, in_unit_of_work, new_id, session
from timebank.ledger import proof
from timebank.ledger.models import Entry
from timebank.ledger.rules import wallet_of
from timebank.settings import Settings
from timebank.shop.models import Redemption

LONG = hypothesis.settings.get_current_profile_name() == "soak"
WRITERS_KILLED, WORKERS_KILLED = (100, 10) if LONG else (6, 2)
VERIFY_EVERY = 10 if LONG else 2
LIFE_SECONDS = 0.3
PATIENCE_SECONDS = 60
CLIENTS = 4

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.concurrency.crash_writer"])


def _killed_writer(settings: Settings) -> list[Acknowledged]:
    """Start a writer, kill it at a random moment after its first posting, and return what it had acknowledged."""
    listening, telling = _processes.Pipe(duplex=False)
    writer = _processes.Process(target=crash_writer.write, args=(settings, telling))
    writer.start()
    telling.close()
    assert listening.poll(PATIENCE_SECONDS), "the writer does not write"
    time.sleep(random.uniform(0, LIFE_SECONDS))
    writer.kill()
    writer.join()
    assert writer.exitcode == -signal.SIGKILL
    writer.close()
    said = b""
    while part := os.read(listening.fileno(), 1 << 16):
        said += part
    listening.close()
    return list(crash_writer.read(said))


def _missing(acknowledged: Iterable[Acknowledged]) -> list[Acknowledged]:
    """Return what was acknowledged and is not in the ledger just so, with that hash."""
    wanted, missing = iter(acknowledged), []
    while some := list(islice(wanted, 200)):
        key = tuple_(Entry.account_id, Entry.seq)
        lines = select(Entry.transfer_id, Entry.account_id, Entry.seq, Entry.hash).where(
            key.in_([(told.wallet_id, told.seq) for told in some])
        )
        there = {tuple(row) for row in in_unit_of_work(lambda lines=lines: session.execute(lines).all(), write=False)}
        missing += [told for told in some if tuple(told) not in there]
    return missing


def _exit_code_of_verify(app: Flask) -> int:
    code: int = app.test_cli_runner().invoke(cli, ["ledger", "verify"]).exit_code
    return code


def test_a_killed_writer_loses_nothing_that_it_acknowledged(app: Flask, settings: Settings) -> None:
    """After each SIGKILL every acknowledged posting is there with its hash, and the ledger verifies."""
    total = 0
    for number in range(1, WRITERS_KILLED + 1):
        acknowledged = _killed_writer(settings)
        assert acknowledged
        assert _missing(acknowledged) == []
        total += len(acknowledged)
        if number % VERIFY_EVERY == 0:
            assert _exit_code_of_verify(app) == 0
    print(f"{WRITERS_KILLED} writers killed, {total} acknowledged postings, {proof.verify().entries} entries")  # noqa: T201


class _Customers:
    """Some members who order one thing after another; each order is repeated, with its key, until it is answered."""

    def __init__(self, server: Server, orders: list[tuple[UUID, dict[str, str]]], body: dict[str, Any]) -> None:
        self._server, self._orders, self._body = server, orders, body
        self._done = threading.Event()
        self.told: list[tuple[UUID, dict[str, Any]]] = []

    def stop(self) -> None:
        """Let everybody finish the order that is under way."""
        self._done.set()

    def order(self, number: int) -> None:
        """Order until the end."""
        owner_id, headers = self._orders[number]
        while not self._done.is_set():
            self.told.append((owner_id, self._answer(headers | {"Idempotency-Key": str(new_id())})))

    def _answer(self, headers: dict[str, str]) -> dict[str, Any]:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            try:
                with self._server.client() as client:
                    response = client.post("/api/v1/redemptions", headers=headers, json=self._body)
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if response.status_code == httpx.codes.CREATED:
                answer: dict[str, Any] = response.json()
                return answer
            assert response.status_code == httpx.codes.SERVICE_UNAVAILABLE, response.text
        raise AssertionError("an order is not answered")


def _workers(server: Server) -> list[int]:
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _kill_a_worker(server: Server) -> None:
    """Kill one worker at a random moment, and wait until there is another in its place."""
    time.sleep(random.uniform(0, 2 * LIFE_SECONDS))
    before = _workers(server)
    os.kill(random.choice(before), signal.SIGKILL)
    give_up = time.monotonic() + PATIENCE_SECONDS
    while len(set(_workers(server)) - set(before)) < 1:
        assert time.monotonic() < give_up, "no worker comes back"
        time.sleep(0.02)
    with server.client() as client:
        assert client.get("/readyz").status_code == httpx.codes.OK


def test_a_killed_worker_loses_nothing_that_it_acknowledged(server: ServerFactory) -> None:
    """Orders through gunicorn whose workers are killed: each counts once, however often it had to be repeated."""
    served = server()
    app = create_app(served.settings)
    with app.app_context():
        shop, soap = a_stocked_shop(100_000, price_minutes=1)
        members = [a_member(100_000) for _ in range(CLIENTS)]
        body = {"site_id": str(shop.id), "lines": [{"goods_id": str(soap.id), "quantity": 1}]}
        customers = _Customers(served, [(member.id, signed_in(member)) for member in members], body)
        with ThreadPoolExecutor(CLIENTS) as crowd:
            ordering = [crowd.submit(customers.order, number) for number in range(CLIENTS)]
            try:
                for _ in range(WORKERS_KILLED):
                    _kill_a_worker(served)
            finally:
                customers.stop()
        for order in ordering:
            order.result()
        _all_is_there(customers.told)
        assert _exit_code_of_verify(app) == 0
        assert findings() == []
        db.session.remove()
        db.engine.dispose()


def _all_is_there(told: list[tuple[UUID, dict[str, Any]]]) -> None:
    lines = select(Entry.account_id, Entry.seq, Entry.hash)
    there = {tuple(row) for row in in_unit_of_work(lambda: session.execute(lines).all(), write=False)}
    for owner_id, answer in told:
        account = answer["account"]
        assert (wallet_of(owner_id).id, account["seq"], bytes.fromhex(account["head"])) in there
    counted = in_unit_of_work(lambda: session.scalar(select(func.count()).select_from(Redemption)), write=False)
    assert counted == len(told) > 0
