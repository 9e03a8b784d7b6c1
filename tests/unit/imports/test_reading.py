"""From bytes to lines: encodings, sheets, headers, and files that mean harm."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook import Workbook

from tests.factories.imports import ROSTER, SHENZHEN, a_csv, an_xlsx
from timebank.documents import xlsx_file
from timebank.documents.tables import Column, Table
from timebank.errors import Refusal
from timebank.imports import lines, reading, xlsx_reading
from timebank.imports.catalogue import layouts_of
from timebank.imports.errors import (
    ImportHeaderUnknown,
    ImportLayoutUnknown,
    ImportTooLarge,
    ImportTooLong,
    ImportTypeRefused,
    ImportUnreadable,
)
from timebank.imports.lines import Lines
from timebank.imports.rules import Kind

ONE = ["V001", "欧阳娜娜", "1958-03-01", "", "13800138000", ""]


def read(data: bytes, kind: Kind = Kind.ROSTER, layout: str | None = None) -> Lines:
    """Read a file."""
    return lines.read(reading.rows(data), layouts_of(kind, layout))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_encodings_and_separators_are_told_apart(encoding: str, separator: str) -> None:
    """UTF-8 and UTF-16 with and without BOM and GB18030; comma, tab and semicolon."""
    data = "\r\n".join(separator.join(cells) for cells in (ROSTER, ONE, ["V002", "𠮷田", "", "", "", ""])).encode(
        encoding
    )
    found = read(data)

    assert [(line.number, line["number"], line["name"]) for line in found.good] == [
        (2, "V001", "欧阳娜娜"),
        (3, "V002", "𠮷田"),
    ]
    assert found.faults == []


@pytest.mark.parametrize(("separator", "within"), [(",", ";"), ("\t", ","), (";", ",")])
def test_what_separates_skills_separates_no_cells(separator: str, within: str) -> None:
    """However many of them: cells are separated in every line, the header's too."""
    skilled = ["V001", "张三", within.join(["理发", "做饭", "唱歌", "书法", "水电"]), ""]
    data = "\r\n".join(separator.join(cells) for cells in (["编号", "姓名", "技能", "手机号"], *[skilled] * 9)).encode()

    assert {line["skills"] for line in read(data).good} == {("理发", "做饭", "唱歌", "书法", "水电")}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030"])
def test_a_mark_of_the_byte_order_is_no_part_of_the_first_heading(encoding: str) -> None:
    """Nor are two: a column of numbers would be left out for it, and everybody be new."""
    for marks in ("\ufeff", "\ufeff\ufeff"):
        found = read(f"{marks}编号,姓名\r\nV1,𠮷䶮\r\n".encode(encoding))
        assert [(line["number"], line["name"]) for line in found.good] == [("V1", "𠮷䶮")]
        assert found.ignored == []


def test_lines_are_counted_as_an_editor_does() -> None:
    """Empty lines and line ends inside quotes do not shift what a fault names."""
    data = 'x,,,\r\n\r\n"志愿者编号",姓名\r\n\r\n1,"张\r\n三"\r\n2,李四\r\n3,\r\n'.encode()
    found = read(data)

    assert [(fault.line, fault.column, fault.code) for fault in found.faults] == [
        (5, "姓名", "HIDDEN_CHARACTERS"),
        (8, "姓名", "MISSING"),
    ]
    assert [line.number for line in found.good] == [7]


def test_the_header_tells_the_layout() -> None:
    """志愿深圳's sheet with its title above; columns in any order; those that nobody knows are named."""
    titled = an_xlsx(
        ["深圳志愿者（义工）服务时间统计表（用于组织管理员导入系统）"],
        [SHENZHEN, [1, "V001", "张三", "护绿", datetime(2026, 3, 5), "08:30", 0.5, 3.5]],
    )
    found = read(titled, Kind.HOURS)

    assert found.layout.name == "shenzhen"
    assert found.good[0].number == 3
    assert found.good[0]["served_on"] == date(2026, 3, 5)
    assert found.good[0]["minutes"] == 210
    mixed = read(a_csv(["备注", " 姓 名", "义工号"], [["x", "张三", "7"]]))
    assert (mixed.ignored, mixed.good[0]["number"]) == (["备注"], "7")


@pytest.mark.parametrize(
    ("headings", "missing"),
    [
        (["志愿者编号", "名"], "姓名"),
        (["姓名", "姓名", "编号"], "姓名"),
        (["编号", "义工号", "姓名"], "志愿者编号"),
        ([""], "姓名"),
    ],
)
def test_a_header_that_fits_no_layout_is_refused(headings: list[str], missing: str) -> None:
    """A column that must be there is missing, or one is there twice."""
    with pytest.raises(ImportHeaderUnknown) as refused:
        read(a_csv(headings, [["x"] * len(headings)]))
    assert refused.value.context["missing"] == missing


def test_an_empty_file_is_told_what_is_missing() -> None:
    """Also where no row has anything in it."""
    for nothing in (b"", "\ufeff\r\n".encode()):
        with pytest.raises(ImportHeaderUnknown) as refused:
            read(nothing)
        assert refused.value.context["missing"] == "姓名"


def test_a_layout_that_there_is_not() -> None:
    """The refusal names those that there are."""
    with pytest.raises(ImportLayoutUnknown) as refused:
        layouts_of(Kind.ROSTER, "shenzhen")
    assert refused.value.context == {"layouts": "generic"}


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


@pytest.mark.parametrize("figure", ["1E999", "-1E999"])
def test_a_figure_without_end_is_an_error_value(figure: str) -> None:
    """No program writes one, and somebody might: it is no day and no time, and no fault of the program."""
    data = an_xlsx(
        ["编号", "姓名", "活动名称", "服务日期", "签到时间", "签退时间"], [["V1", "张三", "护绿", 1.5, 1.5, 1.5]]
    )
    endless = rezipped(data, lambda _, content: content.replace(b"<v>1.5</v>", f"<v>{figure}</v>".encode()))

    assert [str(fault.code) for fault in read(endless, Kind.HOURS).faults] == ["ERROR_VALUE"] * 3


def rezipped(data: bytes, change: Callable[[str, bytes], bytes], sheet: str = "sheet1.xml") -> bytes:
    """Return a workbook with its parts changed, its sheet under another name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename.replace("sheet1.xml", sheet), change(part.filename, old.read(part)))
    return buffer.getvalue()


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


def _with_entities(name: str, content: bytes, encoding: str = "utf-8") -> bytes:
    if "sheet1" not in name:
        return content
    bomb = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    return (bomb + content.decode().rpartition("?>")[2]).encode(encoding)


def _with_entities_elsewhere() -> bytes:
    """Return a workbook whose sheet has entities, and a name that no sheet has."""
    return rezipped(
        SHEET, lambda name, content: _with_entities(name, content).replace(b"sheet1.xml", b"sheet1.svg"), "sheet1.svg"
    )


def _of_1904() -> bytes:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.worksheets[0].append(["编号", "姓名"])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


SHEET = an_xlsx(["编号", "姓名"], [["V1", "张三"]])
HARM: dict[str, tuple[Callable[[], bytes], type[Refusal]]] = {
    "large": (lambda: b"x" * (20 * (1 << 20) + 1), ImportTooLarge),
    "xls": (lambda: b"\xd0\xcf\x11\xe0" + b"x" * 100, ImportTypeRefused),
    "pdf": (lambda: b"%PDF-1.7", ImportTypeRefused),
    "a zip of something else": (
        lambda: rezipped(SHEET, lambda name, content: content if "sheet" in name else b""),
        ImportUnreadable,
    ),
    "cut off": (lambda: SHEET[: len(SHEET) // 2], ImportUnreadable),
    "zip bomb": (
        lambda: rezipped(SHEET, lambda name, content: b" " * (81 << 20) if "sheet1" in name else content),
        ImportTooLarge,
    ),
    "entities": (lambda: rezipped(SHEET, _with_entities), ImportUnreadable),
    "entities in UTF-16": (lambda: rezipped(SHEET, lambda n, c: _with_entities(n, c, "utf-16")), ImportUnreadable),
    "entities in a part by another name": (_with_entities_elsewhere, ImportUnreadable),
    "days counted from 1904": (_of_1904, ImportUnreadable),
    "broken GB18030": (lambda: "姓名,编号\r\n".encode("gb18030") + b"\xff\xff\xff", ImportUnreadable),
    "broken UTF-16": (lambda: "姓名".encode("utf-16") + b"\x00", ImportUnreadable),
    "a quote that is never closed": (
        lambda: a_csv(["编号", "姓名"], [["1", '"张三'], ["2", "李四"]]),
        ImportUnreadable,
    ),
    "nothing": (lambda: b"", ImportHeaderUnknown),
    "too many lines": (lambda: "编号,姓名\r\n".encode() + b"1,x\r\n" * 50_001, ImportTooLong),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_file_that_means_harm_is_refused(harm: str) -> None:
    """Large, foreign, damaged, unpacking without end: a coded refusal, and never a fault of the program."""
    make, refusal = HARM[harm]
    with pytest.raises(refusal):
        read(make())


def test_a_sheet_that_goes_on_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blank rows cost next to nothing in a file: they are counted, too."""
    monkeypatch.setattr(xlsx_reading, "MAX_LINES", 50)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["编号", "姓名"])
    sheet.cell(90, 1, "V1")
    buffer = io.BytesIO()
    book.save(buffer)
    with pytest.raises(ImportTooLong):
        read(buffer.getvalue())
