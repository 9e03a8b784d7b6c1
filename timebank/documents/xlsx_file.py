"""XLSX with real types: dates are dates, minutes are numbers, ids are text, and no text is ever a formula.

The first sheet holds the table under a frozen header, the second says what was asked for and what the columns mean.
Rows are packed as they come, into a file without a name that goes with ``write``: memory stays flat.
"""

import shutil
from collections.abc import Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from timebank.documents import sheet_cells, sheet_frame
from timebank.documents.columns import shown_in_columns
from timebank.documents.errors import SheetTooLarge
from timebank.documents.sheet_cells import Made, Styles
from timebank.documents.sheet_frame import Frame, Sheet
from timebank.documents.tables import TIME_ZONE, Table, Type, clean

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DATA_SHEET = "数据"
ABOUT_SHEET = "说明"
MAX_ROWS = sheet_cells.MAX_ROWS
MAX_COLUMNS = 16_384
MAX_XML = 2**31 - 2**20
"""Bytes of a sheet's rows before they are packed: with head and tail, more would need an archive of 64 bits, which not
every reader has."""

# The sheet repeats itself: the least effort packs it eight to one; the usual one takes thrice the time for a quarter less.
_EFFORT = 1
_IN_MEMORY = 1 << 20
_WIDTHS = {Type.TEXT: 22, Type.ID: 22, Type.WHOLE_NUMBER: 12, Type.DECIMAL: 12, Type.DAY: 12, Type.INSTANT: 20}
_ABOUT_WIDTHS = (24, 80)


def write(table: Table, target: BinaryIO) -> None:
    """Write ``table`` to ``target``, which stays untouched if anything fails before the file is whole.

    Raises:
        SheetTooLarge: The sheet would cut off rows, columns, a long text or the digits of a number.
    """
    if len(table.columns) > MAX_COLUMNS:
        raise SheetTooLarge(max_rows=MAX_ROWS)
    with SpooledTemporaryFile(_IN_MEMORY, prefix="timebank-") as whole:
        with ZipFile(whole, "w", ZIP_DEFLATED, compresslevel=_EFFORT) as archive:
            _write_parts(archive, table)
        whole.seek(0)
        shutil.copyfileobj(whole, target)


class _Sheet:
    """One worksheet, filled from the top; refuses what a spreadsheet program would cut off."""

    def __init__(self, file: IO[bytes], frame: Frame) -> None:
        self.rows = 0
        self._file = file
        self._size = 0
        self._styles = frame.styles
        self._heading = {Type.TEXT: frame.heading}

    def append(self, *texts: str) -> None:
        """Write a row of text."""
        self._put(texts, self._styles)

    def append_header(self, *titles: str) -> None:
        """Write a row of bold text."""
        self._put(titles, self._heading)

    def skip(self) -> None:
        """Leave a row empty."""
        self.rows += 1

    def append_all(self, table: Table) -> None:
        """Write the rows of a table."""
        cells = sheet_cells.of([column.type for column in table.columns], self._styles)
        for columns in shown_in_columns(table, cells):
            self._write(columns)

    def _put(self, texts: Sequence[str], styles: Styles) -> None:
        cells = sheet_cells.of([Type.TEXT] * len(texts), styles)
        self._write([cell([text]) for cell, text in zip(cells, texts, strict=True)])

    def _write(self, columns: Sequence[Made]) -> None:
        first = self.rows + 1
        self.rows += len(columns[0])
        xml = sheet_cells.rows_of(columns, first)
        self._size += len(xml)
        if self.rows > MAX_ROWS or self._size > MAX_XML:
            raise SheetTooLarge(max_rows=MAX_ROWS)
        self._file.write(xml)


def _write_parts(archive: ZipFile, table: Table) -> None:
    """Write all parts of the file, in an order and with a date that are always the same."""
    frame = _frame(table, rows=1)
    contents, *others = frame.others
    _put(archive, contents, frame.others[contents])
    data, about = frame.sheets
    with archive.open(data.name, "w") as file:
        file.write(data.head)
        rows = _write_data(_Sheet(file, frame), table)
        frame = _frame(table, rows)
        file.write(frame.sheets[0].tail)
    with archive.open(about.name, "w") as file:
        file.write(about.head)
        _write_about(_Sheet(file, frame), table)
        file.write(about.tail)
    for name in others:
        _put(archive, name, frame.others[name])


def _put(archive: ZipFile, name: str, part: bytes) -> None:
    with archive.open(name, "w") as file:  # which has no time of writing, unlike ``writestr``
        file.write(part)


def _frame(table: Table, rows: int) -> Frame:
    data = Sheet(DATA_SHEET, [_WIDTHS[column.type] for column in table.columns], filtered_rows=rows)
    return sheet_frame.around(clean(table.title), [data, Sheet(ABOUT_SHEET, _ABOUT_WIDTHS)])


def _write_data(data: _Sheet, table: Table) -> int:
    data.append_header(*(column.title for column in table.columns))
    data.append_all(table)
    return data.rows


def _write_about(about: _Sheet, table: Table) -> None:
    about.append_header(table.title)
    for heading, facts in _about(table):
        about.skip()
        about.append_header(heading)
        for name, value in facts:
            about.append(name, value)


def _about(table: Table) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the second sheet's sections: what was asked for, and what the columns mean."""
    yield "筛选条件", [*table.filters.items(), ("时区", TIME_ZONE)]
    yield "列的含义", [(column.title, column.definition) for column in table.columns if column.definition]
