"""What lost a race is tried again, at most three times; what cannot be had in time is BUSY."""

from datetime import timedelta
from typing import Any, cast

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, Table, create_engine, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.engines import ON_POSTGRESQL, ON_SQLITE
from tests.unit.database.probing import rows
from timebank import constraints, database
from timebank.constraints import violated_constraint
from timebank.database import db, in_unit_of_work, session
from timebank.errors import Busy
from timebank.settings import Settings

SOON = timedelta(milliseconds=20)


def test_a_lost_fence_is_tried_again(probe: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that violates a constraint named by ``retry_on`` starts again from the beginning and may then succeed."""
    monkeypatch.setattr(constraints, "_retried_constraints", set())
    constraints.retry_on("pk_probe")
    in_unit_of_work(lambda: session.execute(insert(probe).values(id=1, name="first")))
    ids = iter([1, 1, 2])

    in_unit_of_work(lambda: session.execute(insert(probe).values(id=next(ids), name="second")))

    assert rows(probe) == 2
    assert list(ids) == []


@pytest.mark.parametrize(("retried", "attempts"), [({"pk_probe"}, database.ATTEMPTS), ({"uq_probe_name"}, 1)])
def test_retries_are_bounded_and_only_for_fences(
    probe: Table, monkeypatch: pytest.MonkeyPatch, retried: set[str], attempts: int
) -> None:
    """A fence is tried three times in all, any other violated constraint once; the error then comes out."""
    monkeypatch.setattr(constraints, "_retried_constraints", retried)
    in_unit_of_work(lambda: session.execute(insert(probe).values(id=1, name="first")))
    tried: list[int] = []

    def work() -> None:
        tried.append(1)
        session.execute(insert(probe).values(id=1, name="second"))

    with pytest.raises(IntegrityError) as raised:
        in_unit_of_work(work)
    assert violated_constraint(raised.value) == "pk_probe"
    assert len(tried) == attempts


@ON_POSTGRESQL
@pytest.mark.parametrize(
    "trouble",
    [
        "DO $$ BEGIN RAISE EXCEPTION 'snapshot' USING ERRCODE = '40001'; END $$",
        "DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$",
        "SELECT pg_terminate_backend(pg_backend_pid())",
    ],
    ids=["serialisation", "deadlock", "connection lost"],
)
def test_passing_trouble_on_postgresql_is_tried_again(probe: Table, trouble: str) -> None:
    """A lost snapshot, a deadlock and a lost connection cost one attempt and leave no half."""
    tried: list[int] = []

    def work() -> None:
        tried.append(1)
        session.execute(insert(probe).values(id=1, name="one"))
        if len(tried) == 1:
            session.execute(text(trouble))

    in_unit_of_work(work)
    assert len(tried) == 2
    assert rows(probe) == 1


@ON_POSTGRESQL
def test_a_commit_whose_answer_is_lost_is_not_done_again(probe: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows whether it has happened; doing the work again could do it twice, so the caller has to ask again."""
    commit = db.engine.dialect.do_commit

    def commit_and_lose_the_connection(connection: Any) -> None:
        commit(connection)
        connection.driver_connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    tried: list[int] = []

    def work() -> None:
        tried.append(1)
        session.execute(insert(probe).values(id=len(tried), name=f"attempt {len(tried)}"))

    with monkeypatch.context() as losing:
        losing.setattr(db.engine.dialect, "do_commit", commit_and_lose_the_connection)
        with pytest.raises(Busy):
            in_unit_of_work(work)
    assert len(tried) == 1
    assert rows(probe) == 1


def test_a_fault_in_the_statement_is_not_tried_again(app: Flask) -> None:
    """SQL that is wrong is wrong the second time too."""
    tried: list[int] = []

    def work() -> None:
        tried.append(1)
        session.execute(text("SELECT nonsense FROM nowhere"))

    with pytest.raises(DBAPIError):
        in_unit_of_work(work)
    assert len(tried) == 1


@ON_POSTGRESQL
def test_a_lock_that_does_not_come_is_busy(probe: Table) -> None:
    """A row that somebody keeps locked for longer than the lock time-out ends as the refusal BUSY, at once."""
    in_unit_of_work(lambda: session.execute(insert(probe).values(id=1, name="one")))
    tried: list[int] = []

    def work() -> None:
        tried.append(1)
        session.execute(text("SET LOCAL lock_timeout = '20ms'"))
        session.execute(select(probe).with_for_update())

    with db.engine.begin() as holder:
        holder.execute(select(probe).with_for_update())
        with pytest.raises(Busy):
            in_unit_of_work(work)
    assert len(tried) == 1


@ON_SQLITE
def test_a_database_that_stays_locked_is_busy(probe: Table) -> None:
    """A file that another process keeps locked ends as the refusal BUSY after the last attempt."""
    with db.engine.connect() as pooled:
        pooled.exec_driver_sql("PRAGMA busy_timeout = 20")
    other = create_engine(db.engine.url)
    with other.connect() as holder:
        _begin_immediately(holder)
        with pytest.raises(Busy):
            in_unit_of_work(lambda: session.execute(insert(probe).values(id=1, name="one")))
    other.dispose()
    assert rows(probe) == 0


def _begin_immediately(connection: Connection) -> None:
    driver = cast("Any", connection.connection.driver_connection)
    driver.isolation_level = None
    driver.execute("BEGIN IMMEDIATE").close()


@ON_SQLITE
def test_a_turn_to_write_that_does_not_come_is_busy(probe: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that keeps the turn for too long makes the next one BUSY; a read needs no turn."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT", SOON)
    assert database._write_turn.acquire(SOON)
    with pytest.raises(Busy):
        in_unit_of_work(lambda: None)
    assert rows(probe) == 0
    database._write_turn.release()
    in_unit_of_work(lambda: None)


def test_lock_time_out_and_time_zone_are_set_on_every_connection(app: Flask, settings: Settings) -> None:
    """PostgreSQL gives up on a lock after three seconds and speaks UTC; SQLite is durable and checks references."""
    if settings.is_sqlite:
        engine = create_engine(db.engine.url)
        database.prepare(engine)
        names = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        with engine.connect() as connection:
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]
        engine.dispose()
        assert found == ["wal", 2, 1, 1]
    else:
        with db.engine.connect() as connection:
            found = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in ("lock_timeout", "timezone")]
        assert found == ["3s", "UTC"]
