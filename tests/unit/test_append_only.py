"""Append-only tables: neither engine lets anyone change, remove, replace or truncate a row."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask
from sqlalchemy import BigInteger, Column, String, Table, UniqueConstraint, insert, select, text
from sqlalchemy.exc import IntegrityError

from tests.engines import ON_POSTGRESQL, ON_SQLITE
from tests.owner import owning
from timebank import append_only
from timebank.constraints import violated_constraint
from timebank.database import Base, in_unit_of_work, session

KEYS = {"pk_stone": ["id"], "uq_stone_place_row": ["place", "row"]}


@pytest.fixture
def stone(app: Flask) -> Iterator[Table]:
    """A guarded table with two unique keys and one row."""
    table = Table(
        "stone",
        Base.metadata,
        Column("id", BigInteger(), primary_key=True, autoincrement=False),
        Column("place", String()),
        Column("row", BigInteger()),
        Column("words", String()),
        UniqueConstraint("place", "row"),
    )
    with owning() as engine, engine.begin() as connection:
        table.create(connection)
        append_only.guard(Operations(MigrationContext.configure(connection)), "stone", KEYS)
    in_unit_of_work(lambda: session.execute(insert(table).values(id=1, place="a", row=1, words="here")))
    yield table
    Base.metadata.remove(table)


def refused(statement: str) -> IntegrityError:
    """Return the error that a statement is refused with."""
    with pytest.raises(IntegrityError) as raised:
        in_unit_of_work(lambda: session.execute(text(statement)))
    return raised.value


def kept(table: Table) -> list[tuple[Any, ...]]:
    """Return all rows."""
    found = in_unit_of_work(lambda: session.execute(select(table).order_by(table.c.id)).all(), write=False)
    return [tuple(row) for row in found]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stone SET words = 'gone'",
        "UPDATE stone SET words = words",
        "DELETE FROM stone",
        "INSERT INTO stone VALUES (1, 'b', 2, 'gone') ON CONFLICT (id) DO UPDATE SET words = 'gone'",
    ],
    ids=["update", "update to the same", "delete", "upsert"],
)
def test_a_row_is_neither_changed_nor_removed(stone: Table, statement: str) -> None:
    """Every way to touch a row is refused, and the row stays as it was."""
    assert "append-only" in str(refused(statement))
    assert kept(stone) == [(1, "a", 1, "here")]


def test_new_rows_are_welcome(stone: Table) -> None:
    """Rows with keys of their own are added; keys with a NULL in them never clash."""
    for values in ({"id": 2, "place": "a", "row": 2}, {"id": 3, "place": "a"}, {"id": 4, "place": "a"}):
        in_unit_of_work(lambda values=values: session.execute(insert(stone).values(**values)))
    assert [row[0] for row in kept(stone)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("values", "name"),
    [("(1, 'b', 2, 'new')", "pk_stone"), ("(2, 'a', 1, 'new')", "uq_stone_place_row")],
    ids=["primary key", "unique key"],
)
def test_a_clash_is_told_by_the_name_of_its_key(stone: Table, values: str, name: str) -> None:
    """A second row under a taken key is refused by that key's name, on SQLite by the trigger."""
    assert violated_constraint(refused(f"INSERT INTO stone VALUES {values}")) == name
    assert kept(stone) == [(1, "a", 1, "here")]


@ON_SQLITE
@pytest.mark.parametrize("values", ["(1, 'b', 2, 'new')", "(2, 'a', 1, 'new')"], ids=["primary key", "unique key"])
@pytest.mark.parametrize("recursive_triggers", ["ON", "OFF"])
def test_replace_does_not_remove_the_row_underneath(stone: Table, values: str, recursive_triggers: str) -> None:
    """INSERT OR REPLACE is refused for each key, also on a connection without recursive triggers."""
    with owning() as engine, engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"PRAGMA recursive_triggers = {recursive_triggers}")
        with pytest.raises(IntegrityError, match="append-only"):
            connection.exec_driver_sql(f"INSERT OR REPLACE INTO stone VALUES {values}")
        connection.connection.rollback()
    assert kept(stone) == [(1, "a", 1, "here")]


@ON_POSTGRESQL
@pytest.mark.parametrize("statement", ["TRUNCATE stone", "UPDATE stone SET words = 'gone'", "DELETE FROM stone"])
def test_postgresql_refuses_in_the_replica_role_too(stone: Table, statement: str) -> None:
    """Truncating is refused, and ``session_replication_role = replica`` opens no door."""

    def work() -> None:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(statement))

    with pytest.raises(IntegrityError, match="append-only"):
        in_unit_of_work(work)
    assert kept(stone) == [(1, "a", 1, "here")]
