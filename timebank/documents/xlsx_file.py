"""XLSX with real types: dates are dates, minutes are numbers, ids are text, and no text is ever a formula.

The first sheet holds the table under a frozen header, the second says what was asked for and what the columns mean.
XlsxWriter streams through temporary files, so memory stays flat; they are gone when ``write`` returns or raises.
"""

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from timebank.documents.errors import SheetTooLarge
from timebank.documents.tables import TIME_ZONE, Cell, Table, Type, clean

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DATA_SHEET = "数据"
ABOUT_SHEET = "说明"
MAX_ROWS = 1_048_576
"""Rows of a worksheet, the header's included."""
MAX_DIGITS = 15
"""A spreadsheet keeps numbers as doubles and would turn further digits into zeros."""

# The file's own properties hold no time of writing: the same table must give the same bytes. The register knows when.
_CREATED = datetime(2000, 1, 1)
# Excel counts a 29 February 1900 that never was; an earlier day (a slip of the hand) is written as text.
_FIRST_DAY = date(1900, 3, 1)
_WIDTHS = {Type.TEXT: 22, Type.ID: 22, Type.WHOLE_NUMBER: 12, Type.DECIMAL: 12, Type.DAY: 12, Type.INSTANT: 20}


def write(table: Table, target: BinaryIO) -> None:
    """Write ``table`` to ``target``, which stays untouched if anything fails before the file is whole.

    Raises:
        SheetTooLarge: The sheet would cut off rows, a long text or the digits of a number.
    """
    with TemporaryDirectory(prefix="timebank-") as directory:
        path = Path(directory, "table.xlsx")
        options = {"constant_memory": True, "tmpdir": directory, "strings_to_formulas": False, "strings_to_urls": False}
        with Workbook(str(path), options) as workbook:
            workbook.set_properties({"title": clean(table.title), "created": _CREATED})
            _write_data(workbook, table)
            _write_about(workbook, table)
        with path.open("rb") as whole:
            shutil.copyfileobj(whole, target)


class _PlainSheet(Worksheet):  # type: ignore[misc]  # XlsxWriter carries no types
    """A worksheet in which text is text: the original writes ``<r>…</r>`` into the XML as it stands."""

    def _xml_rich_inline_string(self, string: str, attributes: list[tuple[str, Any]]) -> None:
        self._xml_inline_string(string, preserve=True, attributes=attributes)


class _Sheet:
    """One worksheet, filled from the top; refuses what XlsxWriter would cut off."""

    def __init__(self, workbook: Workbook, name: str) -> None:
        self.sheet = workbook.add_worksheet(name, worksheet_class=_PlainSheet)
        self.row = 0
        self._text = workbook.add_format({"num_format": "@"})
        self._number = workbook.add_format({"num_format": "0"})
        self._decimal = workbook.add_format({"num_format": "0.0"})
        self._day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self._instant = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._header = workbook.add_format({"num_format": "@", "bold": True})

    def append(self, cells: list[Cell]) -> None:
        """Write a row; None leaves the cell empty."""
        if self.row == MAX_ROWS:
            raise SheetTooLarge(max_rows=MAX_ROWS)
        for column, cell in enumerate(cells):
            if cell is not None:
                self._put(column, cell)
        self.row += 1

    def append_header(self, titles: list[str]) -> None:
        """Write a row of bold text."""
        for column, title in enumerate(titles):
            self._put_text(column, clean(title), self._header)
        self.row += 1

    def _put(self, column: int, cell: str | int | Decimal | date) -> None:
        if isinstance(cell, str):
            self._put_text(column, cell, self._text)
        elif isinstance(cell, int):
            if abs(cell) >= 10**MAX_DIGITS:
                raise SheetTooLarge(max_rows=MAX_ROWS)
            self.sheet.write_number(self.row, column, cell, self._number)
        elif isinstance(cell, Decimal):
            self.sheet.write_number(self.row, column, cell, self._decimal)
        elif isinstance(cell, datetime):
            self._put_date(column, cell, cell.date(), self._instant)
        else:
            self._put_date(column, cell, cell, self._day)

    def _put_text(self, column: int, text: str, style: Any) -> None:
        cut_off = self.sheet.write_string(self.row, column, text, style) < 0
        if cut_off:
            raise SheetTooLarge(max_rows=MAX_ROWS)

    def _put_date(self, column: int, cell: date, day: date, style: Any) -> None:
        if day < _FIRST_DAY:
            self._put_text(column, str(cell), self._text)
        else:
            self.sheet.write_datetime(self.row, column, cell, style)


def _write_data(workbook: Workbook, table: Table) -> None:
    data = _Sheet(workbook, DATA_SHEET)
    for index, column in enumerate(table.columns):
        data.sheet.set_column(index, index, _WIDTHS[column.type])
    data.append_header([column.title for column in table.columns])
    for row in table.cells():
        data.append(row)
    data.sheet.freeze_panes(1, 0)
    data.sheet.autofilter(0, 0, data.row - 1, len(table.columns) - 1)


def _write_about(workbook: Workbook, table: Table) -> None:
    about = _Sheet(workbook, ABOUT_SHEET)
    about.sheet.set_column(0, 0, 24)
    about.sheet.set_column(1, 1, 80)
    about.append_header([table.title])
    for heading, facts in _about(table):
        about.append([])
        about.append_header([heading])
        for name, value in facts:
            about.append([clean(name), clean(value)])


def _about(table: Table) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the second sheet's sections: what was asked for, and what the columns mean."""
    yield "筛选条件", [*table.filters.items(), ("时区", TIME_ZONE)]
    yield "列的含义", [(column.title, column.definition) for column in table.columns if column.definition]
