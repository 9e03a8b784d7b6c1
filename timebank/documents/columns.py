"""Rows taken a thousand at a time and turned on their side: a column has one type, and few different cells.

What a cell looks like is worked out once for each different one. A million rows name a few hundred organisations and
days; only ids and instants are different everywhere.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from typing import cast

from timebank.documents.tables import Cell, Table, Type, show

AT_ONCE = 1_000
REMEMBERED = 10_000
"""Different cells of a column whose form is remembered."""

Columns = list[Sequence[Cell]]
Shown = list[str]

_PLAIN: dict[Type, frozenset[type]] = {
    Type.TEXT: frozenset({str}),
    Type.ID: frozenset({str}),
    Type.WHOLE_NUMBER: frozenset({int}),
    Type.DAY: frozenset({date}),
    Type.INSTANT: frozenset({datetime, int}),
}
_NOTHING = frozenset({type(None)})
AHEAD = 8 * 3_600
SINCE = int(datetime(1992, 1, 1, tzinfo=UTC).timestamp())
"""From here on Shanghai is eight hours ahead all year; before, China had summer time."""


class Chunks(Iterable[Sequence[Cell]]):
    """Rows that come in columns, a chunk at a time; read once, in either way."""

    def __init__(self, chunks: Iterator[Columns]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        """Yield the rows."""
        for columns in self.chunks:
            yield from zip(*columns, strict=True)


def in_columns(rows: Iterable[Sequence[Cell]]) -> Iterator[Columns]:
    """Yield rows as chunks of columns. Raises ValueError where one is longer or shorter than another."""
    if isinstance(rows, Chunks):
        yield from rows.chunks
        return
    reading = iter(rows)
    while chunk := list(islice(reading, AT_ONCE)):
        yield list(zip(*chunk, strict=True))


def shown_in_columns(table: Table, shows: Sequence[Callable[[Sequence[Cell]], Shown]]) -> Iterator[list[Shown]]:
    """Yield the chunks of a table, each column as its function shows it.

    Raises:
        ValueError: A row has more or fewer cells than there are columns.
        TypeError: A cell is not of its column's type.
    """
    for columns in in_columns(table.rows):
        yield [shown(column) for shown, column in zip(shows, columns, strict=True)]


def refuse_others(kind: Type, column: Sequence[Cell]) -> None:
    """Raise TypeError for a cell that is not of a column's type."""
    types = set(map(type, column))
    if types - _NOTHING - _PLAIN.get(kind, frozenset()):
        shown = show(kind)  # a subclass may do, which it knows
        for cell in column:
            if cell is not None:
                shown(cell)


def remembering(kind: Type, make: Callable[[Cell], str], missing: str = "") -> Callable[[Sequence[Cell]], Shown]:
    """Return what shows a column, calling ``make`` once for each different cell as ``show(kind)`` returns it."""
    known: dict[Cell, str] = {None: missing}
    shown = show(kind)

    def column_shown(column: Sequence[Cell]) -> Shown:
        refuse_others(kind, column)
        new = set(column).difference(known)
        if len(known) + len(new) > REMEMBERED:
            known.clear()
            known[None] = missing
            new = set(column).difference(known)
        for cell in new:
            known[cell] = make(shown(cell))
        return [known[cell] for cell in column]

    return column_shown


def shanghai_seconds(column: Sequence[Cell]) -> list[int] | None:
    """Return the instants of a column as seconds since 1970 on the clock in Shanghai; None if that is not so easy.

    It is not where a cell is empty, or lies before ``SINCE``.
    """
    refuse_others(Type.INSTANT, column)
    if None in column:
        return None
    instants = cast("Sequence[datetime | int]", column)
    whole = [int(instant.timestamp()) if isinstance(instant, datetime) else instant for instant in instants]
    return [second + AHEAD for second in whole] if min(whole) >= SINCE else None
