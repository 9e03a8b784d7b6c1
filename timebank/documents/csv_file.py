"""CSV as Excel in China opens it: UTF-8 with a BOM, CRLF, a header row, and no cell that runs as a formula.

A spreadsheet runs a cell that begins like a formula, with whatever a volunteer typed as a name (CWE-1236). Such text
gets an apostrophe in front. Only text: a negative number is a number.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator

from timebank.documents.tables import Cell, Table, clean

MEDIA_TYPE = "text/csv; charset=utf-8"
CHUNK = 64 * 1024
"""Characters after which a piece is handed on, so that a million rows need no more memory than a thousand."""

# Excel drops leading blanks before it looks; a leading tab or line end starts a new cell after a paste.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")


def stream(table: Table) -> Iterator[bytes]:
    """Yield the file piece by piece; the rows are read as the pieces are asked for."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([harmless(clean(column.title)) for column in table.columns])
    yield codecs.BOM_UTF8
    for row in table.cells():
        writer.writerow([_field(cell) for cell in row])
        if buffer.tell() >= CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def harmless(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _field(cell: Cell) -> str | int | None:
    """Return a cell as csv writes it; days and instants in the form that spreadsheets recognise."""
    if isinstance(cell, str):
        return harmless(cell)
    if cell is None or isinstance(cell, int):
        return cell
    return str(cell)
