"""All rows of a select, as text and a thousand at a time: COPY on PostgreSQL, which costs no more than the copy itself.

A cursor there plans for its first rows and never runs in parallel; SQLAlchemy makes an object of each value. Whoever
reads a million rows wants neither.
"""

import re
from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select

from timebank.direct import ErrorsOf

AT_ONCE = 1_000

Texts = list[Sequence[str]]
"""Columns of some rows."""

_ESCAPED = re.compile(r"\\(.)")
_MEANT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def columns(connection: Connection, statement: Select[Any]) -> Generator[Texts]:
    """Yield the rows of a select in columns; whatever it selects is text on either engine, and never null.

    Raises what SQLAlchemy would raise.
    """
    read = _from_cursor if connection.dialect.name == "sqlite" else _copied
    yield from read(connection, statement)


def _from_cursor(connection: Connection, statement: Select[Any]) -> Iterator[Texts]:
    result = connection.execute(statement, execution_options={"yield_per": AT_ONCE})
    for rows in result.partitions():
        yield list(zip(*rows, strict=True))


def _copied(connection: Connection, statement: Select[Any]) -> Iterator[Texts]:
    # COPY takes no parameters: SQLAlchemy writes the values into it, quoted, and doubles each % for a driver that has some.
    select = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    sql = f"COPY ({select}) TO STDOUT".replace("%%", "%")
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    connection.dispatch.before_cursor_execute(connection, cursor, sql, (), None, False)
    with ErrorsOf(connection), cursor.copy(sql) as copying:
        lines = iter(copying)
        while some := b"".join(islice(lines, AT_ONCE)):  # each is a row, with its line end
            yield _columns_of(some.decode())


def _columns_of(text: str) -> Texts:
    """Return rows in PostgreSQL's text format in columns: tabs stand between the fields, and are escaped inside them."""
    width = text.count("\t", 0, text.index("\n")) + 1
    fields = text[:-1].replace("\n", "\t").split("\t")
    if "\\" in text:
        fields = [_ESCAPED.sub(_meant, field) for field in fields]
    return [fields[place::width] for place in range(width)]


def _meant(escaped: re.Match[str]) -> str:
    return _MEANT.get(escaped[1], escaped[1])
