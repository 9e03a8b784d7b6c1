"""XLSX with real types: dates are dates, minutes are numbers, ids are text, and no text is ever a formula.

The first sheet holds the table under a frozen header, the second says what was asked for and what the columns mean.
XlsxWriter streams through temporary files, so memory stays flat; they are gone when ``write`` returns or raises.
"""

import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from timebank.documents import sheet_cells
from timebank.documents.columns import shown_in_columns
from timebank.documents.errors import SheetTooLarge
from timebank.documents.tables import TIME_ZONE, Table, Type, clean

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DATA_SHEET = "数据"
ABOUT_SHEET = "说明"
MAX_ROWS = sheet_cells.MAX_ROWS

# The file's own properties hold no time of writing: the same table must give the same bytes. The register knows when.
_CREATED = datetime(2000, 1, 1)
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
            workbook.use_zip64()  # a sheet of a million rows may be more than two gigabytes before it is packed
            workbook.set_properties({"title": clean(table.title), "created": _CREATED})
            _write_data(workbook, table)
            _write_about(workbook, table)
        with path.open("rb") as whole:
            shutil.copyfileobj(whole, target)


class _PlainSheet(Worksheet):  # type: ignore[misc]  # XlsxWriter carries no types
    """A worksheet in which text is text: the original writes ``<r>…</r>`` into the XML as it stands."""

    previous_row: int

    def append_rows(self, first: int, xml: str, rows: int, columns: int) -> None:
        """Write whole rows that are XML already, the first of them the one numbered ``first``, as the library flushes rows."""
        if first > self.previous_row:
            self._write_single_row(first)
        self._check_dimensions(first + rows - 1, columns - 1)
        self.previous_row = first + rows
        self.fh.write(xml)

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

    def append(self, *texts: str) -> None:
        """Write a row of text."""
        self._put(texts, self._text)

    def append_all(self, table: Table) -> None:
        """Write rows below what is there, each cell as the library would write it: it takes five times as long."""
        formats = {
            Type.TEXT: self._text,
            Type.ID: self._text,
            Type.WHOLE_NUMBER: self._number,
            Type.DECIMAL: self._decimal,
            Type.DAY: self._day,
            Type.INSTANT: self._instant,
        }
        cells = [
            sheet_cells.of(
                column.type,
                xl_col_to_name(place),
                style=formats[column.type]._get_xf_index(),  # noqa: SLF001 - it has no public name
                text_style=self._text._get_xf_index(),  # noqa: SLF001
            )
            for place, column in enumerate(table.columns)
        ]
        sheet = self.sheet
        for columns in shown_in_columns(table, cells):
            first = self.row + 1
            if first + len(columns[0]) - 1 > MAX_ROWS:
                raise SheetTooLarge(max_rows=MAX_ROWS)
            sheet.append_rows(self.row, sheet_cells.rows_of(columns, first), len(columns[0]), len(columns))
            self.row += len(columns[0])

    def append_header(self, *titles: str) -> None:
        """Write a row of bold text."""
        self._put(titles, self._header)

    def _put(self, texts: Sequence[str], style: Any) -> None:
        for column, text in enumerate(texts):
            cut_off = self.sheet.write_string(self.row, column, clean(text), style) < 0
            if cut_off:
                raise SheetTooLarge(max_rows=MAX_ROWS)
        self.row += 1


def _write_data(workbook: Workbook, table: Table) -> None:
    data = _Sheet(workbook, DATA_SHEET)
    for index, column in enumerate(table.columns):
        data.sheet.set_column(index, index, _WIDTHS[column.type])
    data.append_header(*(column.title for column in table.columns))
    data.append_all(table)
    data.sheet.freeze_panes(1, 0)
    data.sheet.autofilter(0, 0, data.row - 1, len(table.columns) - 1)


def _write_about(workbook: Workbook, table: Table) -> None:
    about = _Sheet(workbook, ABOUT_SHEET)
    about.sheet.set_column(0, 0, 24)
    about.sheet.set_column(1, 1, 80)
    about.append_header(table.title)
    for heading, facts in _about(table):
        about.append()
        about.append_header(heading)
        for name, value in facts:
            about.append(name, value)


def _about(table: Table) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the second sheet's sections: what was asked for, and what the columns mean."""
    yield "筛选条件", [*table.filters.items(), ("时区", TIME_ZONE)]
    yield "列的含义", [(column.title, column.definition) for column in table.columns if column.definition]
