"""The unit of work: one transaction, committed or rolled back; and what each engine begins with."""

import sqlite3
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import Connection, Table, create_engine, insert, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import registry

from tests.engines import ON_POSTGRESQL, ON_SQLITE
from tests.unit.database.probing import rows
from timebank import database
from timebank.database import db, in_unit_of_work, session
from timebank.errors import NotFound


def test_a_unit_of_work_commits_and_returns_the_result(probe: Table) -> None:
    """What the work wrote is there afterwards, and what it returned comes back."""

    def work() -> str:
        session.execute(insert(probe).values(id=1, name="one"))
        return "done"

    assert in_unit_of_work(work) == "done"
    assert rows(probe) == 1


@pytest.mark.parametrize("error", [NotFound, RuntimeError, KeyboardInterrupt])
def test_any_exception_rolls_back(probe: Table, error: type[BaseException]) -> None:
    """A refusal, a fault and an interruption leave nothing behind and come out as they are."""

    def work() -> None:
        session.execute(insert(probe).values(id=1, name="one"))
        raise error

    with pytest.raises(error):
        in_unit_of_work(work)
    assert rows(probe) == 0


def test_the_hooks_run_first_in_every_unit_of_work(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook runs before the work, inside its transaction, and is registered once however often it is named."""
    monkeypatch.setattr(database, "_on_begin", [])
    seen: list[str] = []

    def hook() -> None:
        seen.append(f"hook in transaction: {session().in_transaction()}")

    database.on_begin(hook)
    database.on_begin(hook)
    in_unit_of_work(lambda: seen.append("work"))
    assert seen == ["hook in transaction: True", "work"]


def test_a_reading_unit_refuses_to_flush_a_model(probe: Table) -> None:
    """A model that is added while reading is a fault of the program and is not stored; while writing it is."""

    class Probe:
        """A mapped class for this test."""

    mappers = registry()
    mappers.map_imperatively(Probe, probe)

    def work() -> None:
        model = Probe()
        model.__dict__.update(id=1)
        model.name = "one"  # type: ignore[attr-defined]
        session.add(model)
        session.flush()

    with pytest.raises(AssertionError, match="may not write"):
        in_unit_of_work(work, write=False)
    assert rows(probe) == 0
    in_unit_of_work(work)
    assert rows(probe) == 1
    session.remove()
    mappers.dispose()


def test_a_reading_unit_refuses_a_writing_statement(probe: Table) -> None:
    """An INSERT or UPDATE while reading is a fault of the program too, and the next writing unit may write."""
    for statement in (insert(probe).values(id=1, name="one"), update(probe).values(amount=1)):
        with pytest.raises(AssertionError, match="may not write"):
            in_unit_of_work(lambda statement=statement: session.execute(statement), write=False)
    assert rows(probe) == 0
    in_unit_of_work(lambda: session.execute(insert(probe).values(id=1, name="one")))
    assert rows(probe) == 1


@ON_POSTGRESQL
def test_reading_on_postgresql_needs_no_transaction(app: Flask) -> None:
    """Reads run statement by statement, which saves two round trips a request; writes have their transaction."""

    def commits_by_itself() -> bool:
        return cast("Any", session.connection().connection.driver_connection).autocommit is True

    assert in_unit_of_work(commits_by_itself, write=False)
    assert not in_unit_of_work(commits_by_itself)
    assert in_unit_of_work(commits_by_itself, write=False)


@ON_POSTGRESQL
def test_a_refusal_forgets_no_prepared_statement(probe: Table) -> None:
    """What a refusal rolls back is gone, and the statements that the server has prepared are still there.

    After an error of the database they may be gone; everything works all the same.
    """
    add, prepared = insert(probe), text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT%'")

    def refused(number: int) -> None:
        session.execute(add, {"id": number, "name": str(number)})
        raise NotFound

    for number in range(10):  # the driver prepares what it has sent five times
        in_unit_of_work(lambda number=number: session.execute(add, {"id": number, "name": str(number)}))
    for number in (10, 11):
        with pytest.raises(NotFound):
            in_unit_of_work(lambda number=number: refused(number))
        assert rows(probe) == 10
        assert in_unit_of_work(lambda: session.scalar(prepared)) == 1
    for _ in range(2):
        with pytest.raises(IntegrityError):
            in_unit_of_work(lambda: session.execute(add, {"id": 1, "name": "again"}))
    in_unit_of_work(lambda: session.execute(add, {"id": 10, "name": "10"}))
    assert rows(probe) == 11


@ON_SQLITE
def test_writing_on_sqlite_begins_immediately(app: Flask) -> None:
    """A write has the file's write lock from its first moment; a read never asks for it."""
    other = create_engine(db.engine.url, connect_args={"timeout": 0})

    def somebody_else_may_write() -> bool:
        with other.connect() as connection:
            try:
                _begin_immediately(connection)
            except sqlite3.OperationalError as error:
                return "locked" not in str(error)
            return True

    assert in_unit_of_work(somebody_else_may_write, write=False)
    assert not in_unit_of_work(somebody_else_may_write)
    other.dispose()


def _begin_immediately(connection: Connection) -> None:
    driver = cast("Any", connection.connection.driver_connection)
    driver.isolation_level = None
    driver.execute("BEGIN IMMEDIATE").close()
