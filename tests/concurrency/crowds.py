"""Many at once: each in a thread and unit of work of its own."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from timebank.constraints import violated_constraint
from timebank.database import db, in_unit_of_work, is_sqlite, session
from timebank.errors import Busy, Refusal, refusal_for


def all_at_once(app: Flask, works: list[Callable[[], Any]]) -> Counter[str]:
    """Run every work in a thread and unit of work of its own; count results by the refusal's code, or ``done``."""
    together = threading.Barrier(len(works))
    outcomes: list[str] = []

    def run(work: Callable[[], Any]) -> None:
        with app.app_context():
            together.wait()
            outcomes.append(outcome_of(work))
            session.remove()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(works), "a thread has died of something that is no refusal"
    return Counter(outcomes)


def outcome_of(work: Callable[[], Any]) -> str:
    """Run a work until it is done or refused; return the refusal's code, or ``done``."""
    while True:
        try:
            in_unit_of_work(work)
        except Busy:  # retryable by contract: the caller sends the same again
            continue
        except Refusal as refusal:
            return refusal.code
        except IntegrityError as error:  # the endpoints answer it with the refusal that claims the constraint
            claimed = refusal_for(violated_constraint(error) or "")
            if claimed is None:
                raise
            return claimed.code
        else:
            return "done"


def until_somebody_waits(is_over: Callable[[], bool] = lambda: False) -> None:
    """Return once a connection of this database waits for a lock (PostgreSQL), or ``is_over`` says that nobody will."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not is_over() and not connection.execute(waiting).scalar_one():
            time.sleep(0.01)


def meanwhile(app: Flask, work: Callable[[], Any], other: Callable[[], Any]) -> str:
    """Do ``work``, have somebody else do the ``other`` before it is committed, and return what became of that."""
    outcomes: list[str] = []

    def come() -> None:
        with app.app_context():
            outcomes.append(outcome_of(other))
            session.remove()

    coming = threading.Thread(target=come)

    def done_as_they_come() -> None:
        work()
        coming.start()
        if not is_sqlite():  # there whoever comes waits for the turn to write
            until_somebody_waits(lambda: not coming.is_alive())

    in_unit_of_work(done_as_they_come)
    coming.join()
    return outcomes[0]
