"""Constraints: how they are named, and what it means that one was violated, or that a lock could not be had."""

import re
from typing import Any, cast

from sqlalchemy import MetaData, UniqueConstraint
from sqlalchemy.exc import DBAPIError, IntegrityError

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)
"""All tables. Names of constraints are fixed by convention, so that a violated one can be told by name."""

_retried_constraints: set[str] = set()


def retry_on(*constraints: str) -> None:
    """Name constraints whose violation only means that somebody else was first, and a second look decides."""
    _retried_constraints.update(constraints)


def worth_retrying(error: DBAPIError) -> bool:
    """Whether the same work may succeed when it is done again from the start."""
    if isinstance(error, IntegrityError):
        return violated_constraint(error) in _retried_constraints
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    return state in {"40001", "40P01"} or "database is locked" in str(error.orig)


def lock_timed_out(error: DBAPIError) -> bool:
    """Whether the database could not be had in time (PostgreSQL lock time-out, SQLite busy)."""
    return getattr(error.orig, "sqlstate", None) == "55P03" or "database is locked" in str(error.orig)


def disk_is_full(error: DBAPIError) -> bool:
    """Whether the database had no room for what was to be written."""
    return getattr(error.orig, "sqlstate", None) == "53100" or "disk is full" in str(error.orig)


_SHARD_SUFFIX = re.compile(r"_\d{6,}$")
_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (?P<columns>.+)$")
_SQLITE_NAMED = re.compile(r"(?:CHECK constraint failed: |append-only: unique )(?P<name>\w+)")


def violated_constraint(error: IntegrityError) -> str | None:
    """Return the name of the violated constraint as the models know it, on both engines; None if it has none.

    PostgreSQL names it (Citus adds a shard number, which is dropped); SQLite names CHECKs, and columns for UNIQUE.
    """
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        name = diagnosis.constraint_name
        return _SHARD_SUFFIX.sub("", name) if name else None
    text = str(error.orig)
    if match := _SQLITE_NAMED.search(text):
        return match["name"]
    if match := _SQLITE_UNIQUE.search(text):
        return _unique_by_columns(tuple(match["columns"].split(", ")))
    return None


def _unique_by_columns(columns: tuple[str, ...]) -> str | None:
    if columns[0].startswith("index "):
        return columns[0].removeprefix("index ").strip("'")
    table = METADATA.tables.get(columns[0].split(".")[0])
    if table is None:
        return None
    wanted = {column.split(".")[1] for column in columns}
    keys: list[Any] = [
        table.primary_key,
        *(c for c in table.constraints if isinstance(c, UniqueConstraint)),
        *(i for i in table.indexes if i.unique),
    ]
    return next((cast("str", key.name) for key in keys if {column.name for column in key.columns} == wanted), None)
