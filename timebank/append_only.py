"""Append-only tables, enforced by the database: the triggers, and what must be there.

SQLite: BEFORE UPDATE and BEFORE DELETE abort, and BEFORE INSERT aborts where any unique key exists already, because
``INSERT OR REPLACE`` deletes the old row without firing the first two. PostgreSQL: row triggers for UPDATE and DELETE
and a statement trigger for TRUNCATE, all ENABLE ALWAYS, so that ``session_replication_role = replica`` changes nothing.
Only migrations create them. A table that is guarded is never altered by a batch migration: SQLite's rebuild of a table
drops its triggers silently.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

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
