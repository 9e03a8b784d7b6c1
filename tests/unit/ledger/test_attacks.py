"""Attacks on ledger rows through the application's own SQLite connections, which carry an authorizer: all refused.

What the triggers do by themselves stands in ``test_guards``; the same as PostgreSQL's application role in ``test_roles``.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from tests.engines import ON_SQLITE
from tests.factories.ledger import a_volunteer_with, captured, held
from tests.unit.ledger.looking import everything
from timebank import append_only
from timebank.database import Base, db, in_unit_of_work, session

pytestmark = ON_SQLITE

GUARDED = [table.name for table in append_only.tables(Base.metadata)]
COLUMNS = [
    (table.name, column.name)
    for table in append_only.tables(Base.metadata)
    for column in table.columns
    if (table.name, column.name) != ("ledger_account", "closed_at")
]
NOT_AUTHORIZED = "not authorized|authorization denied|prohibited"
TRIGGER = "ledger_entry_no_delete"


@pytest.fixture
def ledger(app: Flask) -> None:
    """A ledger with some rows."""
    captured(held(a_volunteer_with(100), 60).transfer_id, 25)
    session.remove()


def _refused(statement: str, match: str = NOT_AUTHORIZED) -> None:
    _all_refused([statement], match)


def _all_refused(statements: Iterable[str], match: str = NOT_AUTHORIZED) -> None:
    """Run statements one after the other on one connection; each is refused, and nothing has changed."""
    before = everything()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        answers = {statement: _answer(connection, statement) for statement in statements}
        connection.exec_driver_sql("BEGIN")
    assert {statement: answer for statement, answer in answers.items() if not re.search(match, answer)} == {}
    assert everything() == before


def _answer(connection: Connection, statement: str) -> str:
    """Return what SQLite says to a statement: nothing, if it lets it pass."""
    try:
        connection.exec_driver_sql(statement)
    except DatabaseError as error:
        return str(error)
    return ""


def test_no_column_of_an_append_only_table_is_updated(ledger: None) -> None:
    """UPDATE is not authorized, even where no row is met and so no trigger would fire."""
    _all_refused(f"UPDATE {table} SET {column} = {column} WHERE false" for table, column in COLUMNS)


def test_no_row_of_an_append_only_table_is_deleted(ledger: None) -> None:
    """DELETE is not authorized, in whatever letters the table is written."""
    _all_refused(f'DELETE FROM "{table.upper()}" WHERE false' for table in GUARDED)


@pytest.mark.parametrize(
    "statement",
    [
        "WITH doomed AS (SELECT id FROM ledger_transfer) DELETE FROM ledger_transfer WHERE id IN doomed",
        "WITH more AS (SELECT 999 AS n) UPDATE ledger_entry SET minutes = (SELECT n FROM more)",
        "UPDATE ledger_entry SET minutes = t.minutes FROM ledger_transfer AS t WHERE t.id = transfer_id",
        "UPDATE OR REPLACE ledger_entry SET seq = 1",
        "UPDATE ledger_account SET closed_at = opened_at, kind = 2",
        "INSERT INTO ledger_entry SELECT * FROM ledger_entry WHERE true ON CONFLICT DO UPDATE SET minutes = 999",
    ],
    ids=["with delete", "with update", "update from", "update or replace", "closing and more", "upsert"],
)
def test_no_statement_hides_a_change(ledger: None, statement: str) -> None:
    """A change is seen whatever stands around it."""
    _refused(statement)


@pytest.mark.parametrize("verb", ["REPLACE INTO", "INSERT OR REPLACE INTO", "INSERT OR IGNORE INTO"])
@pytest.mark.parametrize("table", ["ledger_account", "ledger_entry", "ledger_transfer"])
def test_no_row_is_replaced(ledger: None, table: str, verb: str) -> None:
    """REPLACE, which the authorizer sees as an INSERT, meets the trigger; by which key, ``test_guards`` goes through."""
    _refused(f"{verb} {table} SELECT * FROM {table}", match="append-only")


@pytest.mark.parametrize(
    "statement",
    [
        f"DROP TRIGGER {TRIGGER}",
        "DROP TABLE ledger_entry",
        "DROP INDEX ix_ledger_transfer_expires_at",
        "ALTER TABLE ledger_entry RENAME TO gone",
        "ALTER TABLE ledger_entry RENAME COLUMN minutes TO gone",
        "ALTER TABLE ledger_entry ADD COLUMN forged BIGINT",
        "ALTER TABLE ledger_entry DROP COLUMN recorded_at",
        "CREATE TABLE copy AS SELECT * FROM ledger_entry",
        "CREATE TEMP TABLE ledger_entry (account_id, seq)",
        "CREATE VIEW better AS SELECT 1",
        "CREATE TEMP TRIGGER ledger_entry_no_update BEFORE INSERT ON ledger_entry BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER quiet BEFORE INSERT ON ledger_entry BEGIN SELECT RAISE(IGNORE); END",
        "CREATE UNIQUE INDEX full ON ledger_entry (balance_after)",
        "CREATE VIRTUAL TABLE words USING fts5(word)",
        "REINDEX ledger_entry",
        "VACUUM",
    ],
)
def test_nothing_of_the_schema_changes(ledger: None, statement: str) -> None:
    """No trigger or table is dropped, altered, added or shadowed: the application has no DDL at all."""
    schema = _schema()
    _refused(statement)
    assert _schema() == schema


def _schema() -> list[object]:
    rows = "SELECT type, name, sql FROM sqlite_master UNION ALL SELECT type, name, sql FROM sqlite_temp_master"
    return in_unit_of_work(lambda: [tuple(row) for row in session.execute(text(rows))], write=False)


@pytest.mark.parametrize(
    "pragma",
    [
        "recursive_triggers = OFF",
        "writable_schema = ON",
        "writable_schema = RESET",
        "foreign_keys = OFF",
        "ignore_check_constraints = ON",
        "journal_mode = OFF",
        "synchronous = OFF",
        "WRITABLE_SCHEMA(1)",
        "main.writable_schema = 1",
        "trusted_schema = ON",
    ],
)
def test_no_pragma_weakens_the_database(ledger: None, pragma: str) -> None:
    """What SQLite enforces cannot be switched off."""
    _refused(f"PRAGMA {pragma}")


@pytest.mark.parametrize(
    "statement", ["INSERT INTO sqlite_master SELECT * FROM sqlite_master", "DELETE FROM sqlite_master"]
)
def test_the_schema_is_not_written_as_a_table(ledger: None, statement: str) -> None:
    """A trigger does not go by deleting its row of the schema."""
    _refused(statement, match="not authorized|may not be modified")


def test_no_other_file_is_attached(ledger: None, settings: object, tmp_path: Path) -> None:
    """Neither another file to copy rows from, nor this file again under another name, nor a copy to be put back."""
    for path in (tmp_path / "other.db", db.engine.url.database):
        _refused(f"ATTACH '{path}' AS other")
    _refused(f"VACUUM INTO '{tmp_path / 'copy.db'}'")
    assert not (tmp_path / "other.db").exists()


def test_what_the_product_does_is_authorized(ledger: None) -> None:
    """An account is closed, other tables change, and the schema can be read."""
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ledger_account SET closed_at = opened_at WHERE kind = 1")
        connection.exec_driver_sql("UPDATE demo_clock SET offset_seconds = 1")
        connection.exec_driver_sql("DELETE FROM idempotent_reply")
        assert connection.exec_driver_sql("PRAGMA table_info(ledger_entry)").all()
        assert connection.exec_driver_sql("PRAGMA recursive_triggers").scalar_one() == 1


def test_every_connection_of_the_pool_carries_the_authorizer(app: Flask) -> None:
    """Also the second and the third that are open at once."""
    connections = [db.engine.raw_connection() for _ in range(3)]
    assert [append_only.is_authorized(connection.driver_connection) for connection in connections] == [True] * 3
    for connection in connections:
        connection.close()
