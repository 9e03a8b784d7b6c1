"""CSV as Excel in China opens it: UTF-8 with a BOM, CRLF, a header row, and no cell that runs as a formula.

A spreadsheet runs a cell that begins like a formula, with whatever a volunteer typed as a name (CWE-1236). Such text
gets an apostrophe in front. Only text: a negative number is a number. Quotes stand where RFC 4180 needs them.
"""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import cast

from timebank.documents.columns import ids, refuse_others, remembering, shanghai_seconds, shown_in_columns
from timebank.documents.tables import Cell, Table, Type, clean, show

MEDIA_TYPE = "text/csv; charset=utf-8"

# Excel drops leading blanks before it looks; a leading tab or line end starts a new cell after a paste.
# An apostrophe that somebody typed before it gets another one, or a reader would take off theirs.
_FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")
_QUOTED = re.compile(r'[,"\r\n]')
Shown = list[str]

_SECONDS = [f"{second:02}" for second in range(60)]


def stream(table: Table) -> Iterator[bytes]:
    """Yield the file a thousand rows at a time, read as they are asked for. Raises as ``Table.cells``."""
    yield codecs.BOM_UTF8
    titles = [_field(clean(column.title)) for column in table.columns]
    yield _lines([titles], alone=len(titles) == 1)
    fields = [_fields_of(column.type) for column in table.columns]
    for columns in shown_in_columns(table, fields):
        yield _lines(zip(*columns, strict=True), alone=len(columns) == 1)


def _lines(rows: Iterator[Sequence[str]] | list[list[str]], *, alone: bool) -> bytes:
    """Return rows as lines; a field that is ``alone`` and empty is quoted, or its line would be none."""
    if alone:
        rows = [[field or '""' for field in row] for row in rows]
    return "".join([",".join(row) + "\r\n" for row in rows]).encode()


def harmless(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """Return what ``harmless`` was given: the apostrophe that it has put in front is taken off again."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text, 1) else text


def _field(cell: Cell) -> str:
    text = harmless(str(cell))
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _QUOTED.search(text) else text


def _fields_of(kind: Type) -> Callable[[Sequence[Cell]], Shown]:
    """Return what makes fields of a column; days and instants in the form that spreadsheets recognise."""
    if kind is Type.TEXT:
        return remembering(kind, _field, "")
    if kind is Type.ID:
        return _ids
    if kind is Type.INSTANT:
        return _instants
    if kind is Type.DAY:
        return remembering(kind, str, "")
    return _numbers_of(kind)


def _ids(column: Sequence[Cell]) -> Shown:
    if ids(column):
        return cast("Shown", column)
    shown = show(Type.ID)
    return ["" if cell is None else str(shown(cell)) for cell in column]


def _numbers_of(kind: Type) -> Callable[[Sequence[Cell]], Shown]:
    def numbers(column: Sequence[Cell]) -> Shown:
        refuse_others(kind, column)
        if None in column:
            return ["" if cell is None else str(cell) for cell in column]
        return list(map(str, column))

    return numbers


def _instants(column: Sequence[Cell]) -> Shown:
    seconds = shanghai_seconds(column)
    if seconds is None:
        shown = show(Type.INSTANT)
        return ["" if cell is None else str(shown(cell)) for cell in column]
    minutes: dict[int, str] = {}
    found = []
    for second in seconds:
        minute, rest = divmod(second, 60)
        if minute not in minutes:
            minutes[minute] = f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%d %H:%M:}"
        found.append(minutes[minute] + _SECONDS[rest])
    return found
