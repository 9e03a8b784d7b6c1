"""XLSX files, read back with another library than the one that writes them."""

import io
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.utils.escape import unescape

from timebank.documents import csv_file, xlsx_file
from timebank.documents.errors import SheetTooLarge
from timebank.documents.sheet_cells import restored
from timebank.documents.tables import Cell, Column, Table, Type, clean

COLUMNS = (
    Column("编号"),
    Column("服务分钟", Type.WHOLE_NUMBER, "每次签到到签退的整分钟之和。"),
    Column("服务日期", Type.DAY),
    Column("签到时间", Type.INSTANT, "=北京时间"),
)
ROW: list[Cell] = ["00123456789012345678", 90, date(2026, 11, 21), datetime(2026, 11, 21, 1, 30, tzinfo=UTC)]
TABLE = Table(title="时长统计", columns=COLUMNS, rows=[ROW, [None, -5, None, None]], filters={"街道": "=梅山"})


def written(table: Table) -> bytes:
    """Return the whole file."""
    target = io.BytesIO()
    xlsx_file.write(table, target)
    return target.getvalue()


def opened(table: Table) -> Workbook:
    """Return the file as openpyxl reads it."""
    return load_workbook(io.BytesIO(written(table)))


def text_cell(text: str) -> Any:
    """Return the cell that ``text`` becomes."""
    table = Table(title="", columns=(Column("文"),), rows=[[text]])
    return opened(table)[xlsx_file.DATA_SHEET]["A2"]


def test_cells_have_real_types() -> None:
    """Ids are text with all their digits, minutes are numbers, days and instants are dates with a format."""
    _, row, sparse = opened(TABLE)[xlsx_file.DATA_SHEET].iter_rows()

    assert [cell.value for cell in row] == [ROW[0], 90, datetime(2026, 11, 21), datetime(2026, 11, 21, 9, 30)]
    assert [cell.data_type for cell in row] == ["s", "n", "d", "d"]
    assert [cell.number_format for cell in row] == ["@", "0", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"]
    assert [cell.value for cell in sparse] == [None, -5, None, None]


def test_the_header_is_bold_frozen_and_filters() -> None:
    """It stays on the screen while the rows move under it."""
    sheet = opened(TABLE)[xlsx_file.DATA_SHEET]

    assert [cell.value for cell in sheet[1]] == [column.title for column in COLUMNS]
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:D3"


def test_the_second_sheet_says_what_was_asked_and_what_the_columns_mean() -> None:
    """A figure out of its context is a rumour."""
    rows = [row for row in opened(TABLE)[xlsx_file.ABOUT_SHEET].iter_rows(values_only=True) if any(row)]

    assert rows == [
        ("时长统计", None),
        ("筛选条件", None),
        ("街道", "=梅山"),
        ("时区", "Asia/Shanghai (UTC+8)"),
        ("列的含义", None),
        ("服务分钟", "每次签到到签退的整分钟之和。"),
        ("签到时间", "=北京时间"),
    ]


def test_a_table_without_rows_still_has_its_header() -> None:
    """An empty result is a result."""
    sheet = opened(replace(TABLE, rows=[]))[xlsx_file.DATA_SHEET]

    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [[column.title for column in COLUMNS]]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "{=SUM(A1)}",
        "+86 138",
        "@SUM(1)",
        "＝1+1",
        "http://example.cn/",
        "mailto:a@b.cn",
        "internal:数据!A1",
        "00123",
        "1e5",
        "<r><t>x</t></r>",
        "<r></c></row></sheetData></r>",
        " a \n\tb ",
        "<&>\"'",
        "𠮷",
    ],
)
def test_text_is_text_whatever_it_looks_like(text: str) -> None:
    """No formula, no link, no number and no XML of its own."""
    cell = text_cell(text)

    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_control_characters_do_not_break_the_file() -> None:
    """What XML forbids is taken out, as in the CSV."""
    assert text_cell("a\x00\x01\x0b\x1f\ufffeb\ud800").value == "ab"


@given(st.text(max_size=40) | st.text(alphabet="_x0041F5d8甲", max_size=24))
@example("_x0041_")
@example("_x0041_x0042_")
@example("_x005F_x0041_x000D_")
@example("_xD83D_")
@settings(deadline=None, max_examples=60)
def test_any_text_is_read_back(text: str) -> None:
    """What is read is the clean text, as Excel and as an import read it, and never a formula."""
    cell = text_cell(text)

    assert unescape(cell.value or "") == clean(text)
    assert restored(cell.value or "") == clean(text)
    assert cell.data_type == "s" or not clean(text)


@given(
    st.lists(
        st.tuples(
            st.integers(-(10**15) + 1, 10**15 - 1),
            st.dates(date(1900, 3, 1)),
            st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(deadline=None, max_examples=60)
def test_numbers_and_times_agree_with_the_csv(rows: list[tuple[int, date, datetime]]) -> None:
    """Two formats of one table never disagree."""
    table = Table(title="", columns=COLUMNS[1:], rows=rows)
    _, *read = opened(table)[xlsx_file.DATA_SHEET].iter_rows(values_only=True)
    _, *lines = b"".join(csv_file.stream(table)).decode().splitlines()

    assert [f"{number},{day:%Y-%m-%d},{instant}" for number, day, instant in read] == [
        f"{number},{day},{instant}" for number, day, instant in (line.split(",") for line in lines)
    ]


def test_a_day_before_excels_first_is_written_as_text() -> None:
    """A slip of the hand in a date stays readable."""
    early = Table(
        title="",
        columns=COLUMNS[2:],
        rows=[
            [date(202, 5, 1), datetime(1900, 2, 28, tzinfo=UTC)],
            [date(1900, 3, 1), datetime(1900, 3, 1, tzinfo=UTC)],
        ],
    )
    _, text, real = opened(early)[xlsx_file.DATA_SHEET].iter_rows()

    assert text[0].value == "0202-05-01"
    assert [cell.data_type for cell in text] == ["s", "s"]
    assert [cell.data_type for cell in real] == ["d", "d"]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        (Column("文"), "长" * 32_768),
        (Column("数", Type.WHOLE_NUMBER), 10**15),
        (Column("数", Type.WHOLE_NUMBER), -(10**15)),
    ],
)
def test_what_a_sheet_would_cut_off_is_refused(column: Column, cell: Cell) -> None:
    """The target stays empty: a wrong file is worse than none."""
    target = io.BytesIO()

    with pytest.raises(SheetTooLarge):
        xlsx_file.write(Table(title="", columns=(column,), rows=[[cell]]), target)
    assert target.getvalue() == b""


def test_the_longest_text_of_a_sheet_is_kept_whole() -> None:
    """The limit is Excel's, not ours."""
    assert len(text_cell("长" * 32_767).value) == 32_767


def test_more_rows_than_a_sheet_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """XlsxWriter would drop them without a word. The refusal names the limit."""
    monkeypatch.setattr(xlsx_file, "MAX_ROWS", 12)
    assert opened(replace(TABLE, rows=[ROW] * 11))[xlsx_file.DATA_SHEET].max_row == 12

    with pytest.raises(SheetTooLarge) as refusal:
        written(replace(TABLE, rows=[ROW] * 12))
    assert "12 行" in refusal.value.explain()[1]


def test_the_limits_are_excels() -> None:
    """The library knows the same numbers."""
    sheet = xlsxwriter.worksheet.Worksheet()

    assert (sheet.xls_rowmax, sheet.xls_colmax) == (xlsx_file.MAX_ROWS, xlsx_file.MAX_COLUMNS)


def test_more_columns_than_a_sheet_has_are_refused() -> None:
    """A pivot by everything is too wide."""
    with pytest.raises(SheetTooLarge):
        written(Table(title="", columns=(Column("文"),) * (xlsx_file.MAX_COLUMNS + 1), rows=[]))


def rows_of(file: bytes) -> bytes:
    """Return the XML of the rows of the first sheet."""
    xml = zipfile.ZipFile(io.BytesIO(file)).read("xl/worksheets/sheet1.xml")
    return xml.partition(b"<sheetData>")[2].partition(b"</sheetData>")[0]


def test_a_sheet_that_plain_archives_have_no_room_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every reader takes an archive of more."""
    full = replace(TABLE, rows=[ROW] * 20)
    monkeypatch.setattr(xlsx_file, "MAX_XML", len(rows_of(written(full))))
    assert opened(full)

    with pytest.raises(SheetTooLarge):
        written(replace(full, rows=[ROW] * 21))


def test_the_same_table_gives_the_same_bytes() -> None:
    """Today, years later and in another zone: the time of writing is nowhere in the file."""
    with time_machine.travel(datetime(2026, 11, 21, tzinfo=UTC)):
        first = written(TABLE)
    with time_machine.travel(datetime(2031, 7, 1, 3, 4, 5, tzinfo=UTC)):
        second = written(TABLE)

    assert first == second
    stamps = {entry.date_time for entry in zipfile.ZipFile(io.BytesIO(first)).infolist()}
    assert stamps == {(1980, 1, 1, 0, 0, 0)}


def test_no_file_is_left_and_the_target_stays_empty_if_reading_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is packed on the way lies in a file without a name, which not even a power cut leaves behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(xlsx_file, "_IN_MEMORY", 1)

    def failing() -> Iterator[list[Cell]]:
        yield ROW
        assert list(tmp_path.iterdir()) == []
        raise ConnectionError

    written(TABLE)
    assert list(tmp_path.iterdir()) == []

    target = io.BytesIO()
    with pytest.raises(ConnectionError):
        xlsx_file.write(replace(TABLE, rows=failing()), target)
    assert (list(tmp_path.iterdir()), target.getvalue()) == ([], b"")


def test_a_target_needs_only_to_be_written() -> None:
    """A socket or a pipe cannot seek, and need not."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.got = b""

        def writable(self) -> bool:
            return True

        def write(self, piece: Any) -> int:
            self.got += bytes(piece)
            return len(piece)

    pipe = Pipe()
    xlsx_file.write(TABLE, pipe)  # type: ignore[arg-type]  # typing has no name for a writer of bytes

    assert pipe.got == written(TABLE)


def test_instants_are_dated_by_shanghai() -> None:
    """A night shift's check-in at half past midnight belongs to the new day."""
    night = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
    sheet = opened(Table(title="", columns=(COLUMNS[3],), rows=[[night], [night + timedelta(hours=8)]]))[
        xlsx_file.DATA_SHEET
    ]

    assert [cell.value for cell in sheet["A"][1:]] == [datetime(2026, 11, 22, 0, 30), datetime(2026, 11, 22, 8, 30)]
