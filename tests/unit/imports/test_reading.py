"""From bytes to lines: encodings, sheets, headers, and files that mean harm."""

import io
from collections.abc import Callable
from datetime import date, datetime

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook import Workbook

from tests.factories.imports import ROSTER, SHENZHEN, a_csv, an_xlsx, rezipped
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
