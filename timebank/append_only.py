"""Append-only tables, enforced by the database: the triggers, and what must be there.

SQLite: BEFORE UPDATE and BEFORE DELETE abort, and BEFORE INSERT aborts where any unique key exists already, because
``INSERT OR REPLACE`` deletes the old row without firing the first two. PostgreSQL: row triggers for UPDATE and DELETE
and a statement trigger for TRUNCATE, all ENABLE ALWAYS, so that ``session_replication_role = replica`` changes nothing.
Only migrations create them. A table that is guarded is never altered by a batch migration: SQLite's rebuild of a table
drops its triggers silently.

A trigger can be dropped by whoever may drop it. PostgreSQL has roles against that (``timebank.ledger.roles``); SQLite has
none, so there every connection of the application carries an authorizer. Migrations run on a connection without one.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Engine, MetaData, Table, event

WITHOUT_ROWID = {"sqlite_with_rowid": False}
"""Table arguments of every guarded table: a rowid would be one more unique key, and a hidden one, for REPLACE to go by."""

UniqueKeys = Mapping[str, Sequence[str]]
"""Constraint name to its columns; rows with a NULL in them never clash."""

FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


CHANGES_ONCE = {"changes_once": True}
"""``info`` of the column of a guarded table that its trigger lets change, once: an account's ``closed_at``."""

_HARMLESS = frozenset(
    {
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
        sqlite3.SQLITE_RECURSIVE,
    }
)
_PRAGMAS_WITH_A_VALUE = frozenset(
    {
        "busy_timeout",
        "foreign_key_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "integrity_check",
        "quick_check",
        "table_info",
        "table_list",
        "table_xinfo",
    }
)
"""What may be asked about something, and how long to wait; any other value given to a PRAGMA changes how SQLite works."""


class Operations(Protocol):
    """What of Alembic's ``op`` is needed here."""

    def execute(self, sqltext: str) -> None:
        """Execute one statement."""

    def get_context(self) -> object:
        """Return the migration context, whose dialect decides."""


def guard(op: Operations, table: str, unique_keys: UniqueKeys) -> None:
    """Make ``table`` append-only from here on; ``unique_keys`` are all of its unique keys, the primary one too."""
    for statement in statements(op.get_context().dialect.name, table, unique_keys):  # type: ignore[attr-defined]
        op.execute(statement)


def statements(dialect: str, table: str, unique_keys: UniqueKeys) -> Iterator[str]:
    """Yield the DDL that guards ``table`` on ``dialect``."""
    yield from _sqlite(table, unique_keys) if dialect == "sqlite" else _postgresql(table)


def _sqlite(table: str, unique_keys: UniqueKeys) -> Iterator[str]:
    for verb in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {verb} on {table} is refused'); END"
        )
    for name, columns in unique_keys.items():
        clash = " AND ".join(f"{column} = NEW.{column}" for column in columns)
        yield (
            f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {clash}) "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: unique {name}'); END"
        )


def _postgresql(table: str) -> Iterator[str]:
    yield FUNCTION
    for verb, level in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        trigger = f"{table}_no_{verb.lower()}"
        yield f"CREATE TRIGGER {trigger} BEFORE {verb} ON {table} FOR EACH {level} EXECUTE FUNCTION refuse_change()"
        yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"


def tables(metadata: MetaData) -> list[Table]:
    """Return the append-only tables: those that say WITHOUT_ROWID, in the order of their names."""
    return sorted(filter(is_guarded, metadata.tables.values()), key=lambda table: table.name)


def is_guarded(table: Table) -> bool:
    """Whether a table is append-only."""
    return table.dialect_options["sqlite"]["with_rowid"] is False


def changing_columns(table: Table) -> list[str]:
    """Return the columns of an append-only table that change once."""
    return [column.name for column in table.columns if column.info.get("changes_once")]


def authorize(engine: Engine, metadata: MetaData) -> None:
    """Have every SQLite connection of the application refuse what could change or remove a row that is to stay."""
    if engine.dialect.name == "sqlite":
        # After the PRAGMAs that `database.prepare` sets: from here on none can be set.
        event.listen(engine, "connect", lambda connection, _record: forbid_changes(connection, metadata))


def forbid_changes(connection: Any, metadata: MetaData) -> None:
    """Let a SQLite connection read, insert, and change what is not append-only; refuse all else.

    No DDL, so that no trigger is dropped, altered or shadowed; no ATTACH; no PRAGMA that changes how SQLite works.
    SQLite asks when it prepares a statement: one that the driver keeps prepared costs nothing more.
    """
    stays = {table.name.lower(): frozenset(changing_columns(table)) for table in tables(metadata)}
    allow, deny = sqlite3.SQLITE_OK, sqlite3.SQLITE_DENY

    def decide(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
        if action in _HARMLESS:
            return allow
        if action == sqlite3.SQLITE_PRAGMA:
            return allow if second is None or str(first).lower() in _PRAGMAS_WITH_A_VALUE else deny
        table = str(first).lower()
        if action == sqlite3.SQLITE_UPDATE:
            return allow if table not in stays or str(second).lower() in stays[table] else deny
        return allow if action == sqlite3.SQLITE_DELETE and table not in stays else deny

    connection.set_authorizer(decide)


def is_authorized(connection: Any) -> bool:
    """Whether a SQLite connection of the driver carries the authorizer, seen by trying what it refuses."""
    try:
        connection.execute("EXPLAIN ATTACH ':memory:' AS elsewhere")
    except sqlite3.DatabaseError as error:
        return "not authorized" in str(error)
    return False
