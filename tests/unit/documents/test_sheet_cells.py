"""Rows as XML, held against the library that writes the rest of the file."""

import io
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st

from timebank.documents import sheet_frame, xlsx_file
from timebank.documents.tables import Cell, Column, Table, Type

# The last digits of XlsxWriter's numbers of instants are noise, less than a microsecond of it.
INSTANT = re.compile(rb'(<c r="F\d+" s="5"><v>)(\d+(?:\.\d*[1-9])?)(?=<)')
MOMENTS = [datetime(2026, 6, 30, *at, tzinfo=UTC) for at in ((16, 0), (15, 59, 59), (4, 0), (16, 0, 1))]
# Two escapes that share an underscore are one to XlsxWriter, and would be read back as something else.
TEXTS = st.text(alphabet="甲 <r>&\"'_x0041\n\t=", max_size=12).filter(lambda text: "_x0041_x" not in text)
INSTANTS = st.datetimes(datetime(1899, 12, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(
    st.lists(
        st.tuples(
            st.none() | TEXTS | st.sampled_from(["<r>x", "_x0041_"]),
            st.from_regex("[0-9A-Za-z][0-9A-Za-z-]{0,8}", fullmatch=True),
            st.none() | st.integers(-(10**15) + 1, 10**15 - 1),
            st.none() | st.decimals(-1000, 10**9, places=1),
            st.none() | st.dates(date(1899, 12, 1)),
            st.none() | INSTANTS,
        ),
        max_size=8,
    )
)
@example([(None, "0", None, None, None, at) for at in MOMENTS])
def test_cells_are_what_the_library_writes(rows: list[tuple[Cell, ...]]) -> None:
    """Byte for byte the rows that XlsxWriter makes of the same cells, one call a cell; instants to the millisecond."""
    columns = tuple(Column(str(kind), kind) for kind in Type)
    table = Table(title="", columns=columns, rows=rows)

    assert rows_of(written(table), "sheet1") == rows_of(written_by_the_library(table), "sheet2")


def test_columns_and_rows_beyond_one_letter_and_digit_stand_where_they_should() -> None:
    """The names of columns go on after Z, and the numbers of rows over the ends of chunks."""
    columns = tuple(Column(str(place), Type.WHOLE_NUMBER) for place in range(28))
    table = Table(title="", columns=columns, rows=[range(row, row + 28) for row in range(1_100)])

    assert rows_of(written(table), "sheet1") == rows_of(written_by_the_library(table), "sheet2")


def written(table: Table) -> bytes:
    """Return the whole file."""
    target = io.BytesIO()
    xlsx_file.write(table, target)
    return target.getvalue()


def rows_of(file: bytes, sheet: str) -> bytes:
    """Return the XML of a worksheet's rows, instants in whole milliseconds."""
    xml = zipfile.ZipFile(io.BytesIO(file)).read(f"xl/worksheets/{sheet}.xml")
    return INSTANT.sub(_in_milliseconds, xml[xml.index(b"<sheetData>") : xml.index(b"</sheetData>")])


def _in_milliseconds(cell: re.Match[bytes]) -> bytes:
    return b"%b%d" % (cell[1], round(Decimal(cell[2].decode()) * 86_400_000))


def written_by_the_library(table: Table) -> bytes:
    """Return a workbook whose second sheet is a table written cell by cell; the first gives its formats their numbers."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True, "strings_to_formulas": False}) as book:
        numbering, sheet = book.add_worksheet(), book.add_worksheet()
        styles = {kind: book.add_format(form) for kind, form in sheet_frame._FORMATS.items()}
        heading = book.add_format(sheet_frame._HEADING)
        for place, style in enumerate([*styles.values(), heading]):
            numbering.write_blank(place, 0, None, style)  # numbers go by who is written first: the row before
        numbering.write_number(len(styles) + 1, 0, 0)
        for place, column in enumerate(table.columns):
            sheet.write_string(0, place, column.title, heading)
        for number, cells in enumerate(table.cells(), start=1):
            for place, (column, cell) in enumerate(zip(table.columns, cells, strict=True)):
                text = styles[Type.TEXT]
                _put(sheet, (number, place), cell, styles.get(column.type, text), text)
    return buffer.getvalue()


def _put(sheet: Any, place: tuple[int, int], cell: Cell, style: Any, text_style: Any) -> None:
    if cell is None:
        sheet.write_blank(*place, None, style)
    elif isinstance(cell, str):
        sheet.write_string(*place, cell, style)
    elif isinstance(cell, date):
        early = (cell.date() if isinstance(cell, datetime) else cell) < date(1900, 3, 1)
        if early:
            sheet.write_string(*place, str(cell), text_style)
        else:
            sheet.write_datetime(*place, cell, style)
    else:
        sheet.write_number(*place, cell, style)
