"""Rows taken a thousand at a time and turned on their side: a column has one type, and few different cells.

What a cell looks like is worked out once for each different one. A million rows name a few hundred organisations and
days; only ids and instants are different everywhere.
"""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from itertools import islice
from typing import TypeVar, cast

from timebank.documents.tables import Cell, Table, Type, show

AT_ONCE = 1_000
REMEMBERED = 10_000
"""Different cells of a column whose form is remembered."""
LONG = 200
"""Characters of a text beyond which it is shown anew each time: few come twice, and ten thousand would fill the memory."""

Columns = list[Sequence[Cell]]
Given = TypeVar("Given")
Shown = TypeVar("Shown")

_PLAIN: dict[Type, frozenset[type]] = {
    Type.TEXT: frozenset({str}),
    Type.ID: frozenset({str}),
    Type.WHOLE_NUMBER: frozenset({int}),
    Type.DAY: frozenset({date}),
    Type.INSTANT: frozenset({int}),
}
_IDS = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]*(?: [0-9A-Za-z][0-9A-Za-z-]*)*")
_NOTHING = frozenset({type(None)})
AHEAD = 8 * 3_600
SINCE = int(datetime(1992, 1, 1, tzinfo=UTC).timestamp())
"""From here on Shanghai is eight hours ahead all year; before, China had summer time."""


class Known(dict[Given, Shown]):
    """What becomes of each different value, worked out when it is first asked for; all is forgotten when it is too much.

    Of texts only those of at most ``LONG`` characters are known.
    """

    def __init__(self, make: Callable[[Given], Shown]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, given: Given) -> Shown:
        """Make what is not known yet."""
        if isinstance(given, str) and len(given) > LONG:
            return self._make(given)
        if len(self) >= REMEMBERED:
            self.clear()
        shown = self[given] = self._make(given)
        return shown

    def all(self, given: Iterable[Given]) -> list[Shown]:
        """Return what becomes of each of them."""
        return list(map(self.__getitem__, given))


class Chunks(Iterable[Sequence[Cell]]):
    """Rows that come in columns, a chunk at a time; read once, in either way."""

    def __init__(self, chunks: Generator[Columns]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        """Yield the rows. Whoever stops before the last ends what they are read from: a COPY cannot be rolled back."""
        with closing(self.chunks):
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


def shown_in_columns(
    table: Table, shows: Sequence[Callable[[Sequence[Cell]], list[Shown]]]
) -> Iterator[list[list[Shown]]]:
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
        shown = show(kind)  # a subclass may do, and an instant with a time zone, which it knows
        for cell in column:
            if cell is not None:
                shown(cell)


def remembering(kind: Type, make: Callable[[Cell], Shown], missing: Shown) -> Callable[[Sequence[Cell]], list[Shown]]:
    """Return what shows a column, calling ``make`` once for each different cell as ``show(kind)`` returns it."""
    form = show(kind)
    known = Known[Cell, Shown](lambda cell: missing if cell is None else make(form(cell)))

    def column_shown(column: Sequence[Cell]) -> list[Shown]:
        refuse_others(kind, column)  # 1 and True are the same key
        return known.all(column)

    return column_shown


def ids(column: Sequence[Cell]) -> bool:
    """Return whether all cells of a column are ids, and none is empty."""
    try:
        joined = " ".join(cast("Sequence[str]", column))
    except TypeError:
        return False
    return _IDS.fullmatch(joined) is not None and joined.count(" ") == len(column) - 1


def shanghai_seconds(column: Sequence[Cell]) -> list[int] | None:
    """Return the instants of a column as seconds since 1970 on the clock in Shanghai; None if that is not so easy.

    It is not where a cell is empty, or lies before ``SINCE``. Raises TypeError for what is no instant, or has no time zone.
    """
    refuse_others(Type.INSTANT, column)
    if None in column:
        return None
    instants = cast("Sequence[datetime | int]", column)
    if set(map(type, instants)) != {int}:
        instants = [int(instant.timestamp()) if isinstance(instant, datetime) else instant for instant in instants]
    whole = cast("Sequence[int]", instants)
    return list(map(AHEAD.__add__, whole)) if min(whole) >= SINCE else None
