"""All rows of a select, as text and a thousand at a time: COPY on PostgreSQL, which costs no more than the copy itself.

A cursor there plans for its first rows and never runs in parallel; SQLAlchemy makes an object of each value. Whoever
reads a million rows wants neither.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select

from timebank.direct import ErrorsOf

AT_ONCE = 1_000

Texts = list[Sequence[str]]
"""Columns of some rows."""

_ESCAPED = re.compile(r"\\(.)")
_MEANT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def columns(connection: Connection, statement: Select[Any]) -> Iterator[Texts]:
    """Yield the rows of a select in columns; whatever it selects is text on either engine, and never null.

    Raises what SQLAlchemy would raise.
    """
    read = _from_cursor if connection.dialect.name == "sqlite" else _copied
    for rows in read(connection, statement):
        yield list(zip(*rows, strict=True))


def _from_cursor(connection: Connection, statement: Select[Any]) -> Iterator[Sequence[Sequence[str]]]:
    result = connection.execute(statement, execution_options={"yield_per": AT_ONCE})
    yield from result.partitions()


def _copied(connection: Connection, statement: Select[Any]) -> Iterator[Sequence[Sequence[str]]]:
    # COPY takes no parameters: SQLAlchemy writes the values into it, quoted, and doubles each % for a driver that has some.
    select = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    sql = f"COPY ({select}) TO STDOUT".replace("%%", "%")
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    connection.dispatch.before_cursor_execute(connection, cursor, sql, (), None, False)
    with ErrorsOf(connection), cursor.copy(sql) as copying:
        lines = iter(copying)
        while some := b"".join(islice(lines, AT_ONCE)):  # each is a row, with its line end
            yield _rows_of(some.decode())


def _rows_of(text: str) -> list[list[str]]:
    """Return rows in PostgreSQL's text format: tabs between the fields, and escaped inside them."""
    rows = [line.split("\t") for line in text[:-1].split("\n")]
    return [[_ESCAPED.sub(_meant, field) for field in row] for row in rows] if "\\" in text else rows


def _meant(escaped: re.Match[str]) -> str:
    return _MEANT.get(escaped[1], escaped[1])
