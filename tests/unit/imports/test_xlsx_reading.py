"""Cells of a spreadsheet: which of them say something, and what."""

import io
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from tests.factories.imports import an_xlsx, rezipped
from timebank.documents import xlsx_file
from timebank.documents.tables import Column, Table
from timebank.imports import lines, reading
from timebank.imports.catalogue import layouts_of
from timebank.imports.errors import ImportTooLarge
from timebank.imports.lines import Lines
from timebank.imports.rules import Kind


def read(data: bytes, kind: Kind = Kind.ROSTER) -> Lines:
    """Read a file."""
    return lines.read(reading.rows(data), layouts_of(kind, None))


def test_formulas_and_errors_in_a_sheet_are_faults_and_text_stays_text() -> None:
    """What a formula shows depends on who saved the file; text that looks like one is a name like any other."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["编号", "姓名"])
    for row, (name, kind) in enumerate(
        (("=1+1", "s"), ("=1+1", "f"), ("#REF!", "e"), ("@张三", "s"), (True, "b")), start=2
    ):
        sheet.cell(row, 1, f"V{row}")
        cell: Any = sheet.cell(row, 2, name)
        cell.data_type = kind
    buffer = io.BytesIO()
    book.save(buffer)
    found = read(buffer.getvalue())

    assert [(fault.line, fault.code) for fault in found.faults] == [(3, "FORMULA"), (4, "ERROR_VALUE"), (6, "NOT_TEXT")]
    assert [line["name"] for line in found.good] == ["=1+1", "@张三"]


def test_merged_cells_are_faults_of_the_lines_that_they_leave_empty() -> None:
    """The first of them says what it says; a title over the header is merged, and its rows are no lines."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["2026 年名册"])
    sheet.append(["编号", "姓名", "服务技能", "组织", "备注"])
    for number in range(4):
        sheet.append([f"V{number}", "张三", "理发", "三色堇", "同上"])
    sheet.append(["合计 4 人"])
    for merged in ("A1:E1", "A2:A2", "D3:D5", "E3:E6", "B6:C6"):
        sheet.merge_cells(merged)
    sheet["A7"].value = None
    sheet.merge_cells("A7:E9")
    buffer = io.BytesIO()
    book.save(buffer)
    found = read(buffer.getvalue())

    assert [(fault.line, fault.column, str(fault.code)) for fault in found.faults] == [
        (4, "组织", "MERGED"),
        (5, "组织", "MERGED"),
        (6, "服务技能", "MERGED"),
    ]
    assert [(line.number, line["organisation"]) for line in found.good] == [(3, "三色堇")]


def test_more_merged_cells_than_a_sheet_has_are_refused() -> None:
    """A few bytes each could fill the memory."""
    ranges = b"".join(b'<mergeCell ref="A%d:XFD%d"/>' % (row, row) for row in range(1, 6_000))
    bomb = rezipped(
        an_xlsx(["编号", "姓名"], []),
        lambda _, content: content.replace(b"</sheetData>", b"</sheetData><mergeCells>" + ranges + b"</mergeCells>"),
    )
    with pytest.raises(ImportTooLarge):
        read(bomb)


@pytest.mark.parametrize("figure", ["1E999", "-1E999"])
def test_a_figure_without_end_is_an_error_value(figure: str) -> None:
    """No program writes one, and somebody might: it is no day and no time, and no fault of the program."""
    data = an_xlsx(
        ["编号", "姓名", "活动名称", "服务日期", "签到时间", "签退时间"], [["V1", "张三", "护绿", 1.5, 1.5, 1.5]]
    )
    endless = rezipped(data, lambda _, content: content.replace(b"<v>1.5</v>", f"<v>{figure}</v>".encode()))

    assert [str(fault.code) for fault in read(endless, Kind.HOURS).faults] == ["ERROR_VALUE"] * 3


def test_text_that_a_sheet_escapes_is_read_as_it_was_typed() -> None:
    """As Excel keeps it, among the strings that cells share, and as our own files do, in the cell."""
    typed = ["_x0041_张", "_x0041_x0042_", "甲_x005F_"]
    target = io.BytesIO()
    rows = [[f"V{place}", text] for place, text in enumerate(typed)]
    xlsx_file.write(Table(title="", columns=(Column("编号"), Column("姓名")), rows=rows), target)
    assert [line["name"] for line in read(target.getvalue()).good] == typed

    kept = ["_x005F_x0041_张", "_x005F_x0041_x005F_x0042_", "陈_x0041_", "陈_x000D_", "陈_xD83D_"]
    shared = io.BytesIO()
    with xlsxwriter.Workbook(shared) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate(
            [["编号", "姓名"], *([f"V{place}", f"name{place}"] for place in range(len(kept)))]
        ):
            sheet.write_row(number, 0, cells)

    def keep(name: str, content: bytes) -> bytes:
        for place, text in enumerate(kept if name == "xl/sharedStrings.xml" else []):
            content = content.replace(f"name{place}".encode(), text.encode())
        return content

    found = [line["name"] for line in read(rezipped(shared.getvalue(), keep)).good]
    assert found == ["_x0041_张", "_x0041_x0042_", "陈A", "陈", "陈_xD83D_"]


@pytest.mark.parametrize(
    ("within", "before", "crowd"),
    [
        ("sheet1", b"</sheetData>", b"<row>" + b"<c/>" * 70_001 + b"</row>"),
        ("sheet1", b"</sheetData>", b"<x/>" * 300_001),
        ("styles", b"</cellXfs>", b"<xf/>" * 200_001),
        ("sharedStrings", b"</sst>", b"<si/>" * 1_100_001),
        ("sharedStrings", b"</sst>", b"<si>" + b"<r/>" * 5_001 + b"</si>"),
    ],
)
def test_a_crowd_of_elements_is_refused_before_it_fills_the_memory(within: str, before: bytes, crowd: bytes) -> None:
    """Some hundred kilobytes of an upload could take gigabytes, well below the eighty megabytes that it may unpack to."""
    shared = io.BytesIO()
    with xlsxwriter.Workbook(shared) as book:
        book.add_worksheet().write_row(0, 0, ["编号", "姓名"])
    assert read(shared.getvalue()).counted == 0

    def crowded(name: str, content: bytes) -> bytes:
        return content.replace(before, crowd + before) if within in name else content

    with pytest.raises(ImportTooLarge):
        read(rezipped(shared.getvalue(), crowded))


@pytest.mark.parametrize("hidden", ["hidden", "veryHidden", None])
def test_only_the_first_sheet_is_looked_at(hidden: str | None) -> None:
    """The first that anybody sees; what else a workbook holds is nobody's business, and may be large."""
    book = openpyxl.Workbook()
    if hidden:
        book.create_sheet(index=0).append(["编号", "姓名"])
        book.worksheets[0].append(["V2", "李四"])
        book.worksheets[0].sheet_state = hidden
    book.worksheets[-1].append(["编号", "姓名"])
    book.worksheets[-1].append(["V1", "张三"])
    for _ in range(2):
        book.create_sheet().print_title_rows = "1:1"
    book.active = len(book.worksheets) - 1
    buffer = io.BytesIO()
    book.save(buffer)
    large = rezipped(
        buffer.getvalue(),
        lambda name, content: content.replace(b"</sheetData>", b"<x/>" * 300_001) if "sheet3" in name else content,
    )

    assert [line["name"] for line in read(large).good] == ["张三"]
