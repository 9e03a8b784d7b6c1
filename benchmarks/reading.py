"""What a person reads of an account: pages of the statement and balances, of a short account beside a long one.

Through the application's views, in process, and as the statements under them. Requests of the two accounts take turns,
so that whatever else the machine does, it does to both.
"""

import base64
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Select, func, select

from benchmarks.load import Run
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.ledger import history, queries
from timebank.ledger.models import Entry
from timebank.ledger.rules import wallet_of
from timebank.passbook import service as passbook
from timebank.web import tokens

PAGE = 20
READS = {
    "page": "GET /me/entries",
    "page.sql": "its select",
    "deep": "GET /me/entries, from the middle on",
    "account": "GET /me/account",
    "account.sql": "its select",
    "at": "GET /me/account?at=, at any instant",
    "at.sql": "its select",
}

Tasks = Mapping[str, Callable[[], object]]


class Reader:
    """One account's owner, who reads; ``tasks`` are by the names of ``READS``."""

    def __init__(self, app: Flask, owner_id: UUID) -> None:
        self._client: FlaskClient = app.test_client()
        self._owner_id = owner_id
        self._headers = {"Authorization": f"Bearer {tokens.issue(person_id=owner_id, session_id=new_id())}"}
        ends = select(func.min(Entry.recorded_at), func.max(Entry.recorded_at), func.max(Entry.seq)).where(
            Entry.account_id == wallet_of(owner_id).id
        )
        self._first, self._last, self.entries = in_unit_of_work(lambda: session.execute(ends).one(), write=False)
        cursor = base64.urlsafe_b64encode(b"[%d]" % (self.entries // 2)).decode().rstrip("=")
        self._middle = f"/api/v1/me/entries?limit={PAGE}&after={cursor}"

    def tasks(self) -> Tasks:
        """Return what is read, by name."""
        return {
            "page": lambda: self._get(f"/api/v1/me/entries?limit={PAGE}", '"seq"'),
            "page.sql": lambda: _read(lambda: session.execute(self._page()).all()),
            "deep": lambda: self._get(self._middle, '"seq"'),
            "account": lambda: self._get("/api/v1/me/account", '"balance_minutes"'),
            "account.sql": lambda: _read(lambda: queries.account_state(self._owner_id, clock.now())),
            "at": lambda: self._get(f"/api/v1/me/account?at={quote(self._instant().isoformat())}", '"balance_minutes"'),
            "at.sql": lambda: _read(lambda: history.account_state_at(self._owner_id, self._instant())),
        }

    def _page(self) -> Select[*tuple[Any, ...]]:
        return passbook.entries(owner_id=self._owner_id).limit(PAGE + 1)

    def _instant(self) -> datetime:
        """Return an instant that the account has lived through."""
        return self._first + (self._last - self._first) * random.random()

    def _get(self, path: str, text: str) -> None:
        answer = self._client.get(path, headers=self._headers)
        assert answer.status_code == 200, answer.text
        assert text in answer.text


def _read(work: Callable[[], object]) -> None:
    in_unit_of_work(work, write=False)


def in_turns(tasks: Tasks, seconds: float, *, each: Mapping[str, int] | None = None) -> dict[str, Run]:
    """Do the tasks one after the other, in another order each time, and return what each has taken.

    Args:
        tasks: what is done, by name.
        seconds: of all together; every task is done at least once.
        each: how many things one task does, where that is not one.
    """
    latencies: dict[str, list[float]] = {name: [] for name in tasks}
    order = list(tasks)
    until = time.perf_counter() + seconds
    while True:
        random.shuffle(order)
        for name in order:
            began = time.perf_counter()
            tasks[name]()
            latencies[name].append((time.perf_counter() - began) * 1000)
        if time.perf_counter() >= until:
            break
    return {
        name: Run(seconds=sum(some) / 1000, latencies=some, each=(each or {}).get(name, 1))
        for name, some in latencies.items()
    }
