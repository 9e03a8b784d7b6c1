"""CSV as Excel in China opens it: UTF-8 with a BOM, CRLF, a header row, and no cell that runs as a formula.

A spreadsheet runs a cell that begins like a formula, with whatever a volunteer typed as a name (CWE-1236). Such text
gets an apostrophe in front. Only text: a negative number is a number.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

from timebank.documents.tables import Table, Type, clean, show

MEDIA_TYPE = "text/csv; charset=utf-8"
CHUNK = 64 * 1024
"""Characters after which a piece is handed on, so that a million rows need no more memory than a thousand."""
REMEMBERED = 2_000
"""Different cells of a column whose form is remembered: a million rows name a few hundred organisations and days."""

# Excel drops leading blanks before it looks; a leading tab or line end starts a new cell after a paste.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")


def stream(table: Table) -> Iterator[bytes]:
    """Yield the file piece by piece; the rows are read as the pieces are asked for. Raises as ``Table.cells``."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([harmless(clean(column.title)) for column in table.columns])
    yield codecs.BOM_UTF8
    fields = [_field_of(column.type) for column in table.columns]
    for row in table.rows:
        writer.writerow([field(cell) for field, cell in zip(fields, row, strict=True)])
        if buffer.tell() >= CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def harmless(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """Return what ``harmless`` was given: the apostrophe that it has put in front is taken off again."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text, 1) else text


def _field_of(kind: Type) -> Callable[[Any], Any]:
    """Return what makes a field of a cell; days and instants in the form that spreadsheets recognise."""
    shown = show(kind)
    if kind is Type.TEXT:
        return _remembering(lambda cell: harmless(str(shown(cell))))
    if kind in {Type.DAY, Type.INSTANT}:
        return _remembering(lambda cell: str(shown(cell)))
    return lambda cell: None if cell is None else shown(cell)


def _remembering(make: Callable[[Any], str]) -> Callable[[Any], str | None]:
    known: dict[Any, str] = {}

    def field(cell: Any) -> str | None:
        if cell is None:
            return None
        found = known.get(cell)
        if found is None:
            if len(known) >= REMEMBERED:
                known.clear()
            found = known[cell] = make(cell)
        return found

    return field
