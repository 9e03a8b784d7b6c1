"""What stands around the rows of a workbook: its formats, the heads and tails of its sheets, and all other parts.

XlsxWriter writes a small workbook of the same shape, in memory, and the rows are put into it as they come: so what a
spreadsheet program is particular about stays with the library, and nothing needs more of it than it promises.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zipfile import ZipFile

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from timebank.documents.sheet_cells import Styles
from timebank.documents.tables import Type

# The file's own properties hold no time of writing: the same table must give the same bytes. The register knows when.
_CREATED = datetime(2000, 1, 1)
_FORMATS = {
    Type.TEXT: {"num_format": "@"},
    Type.WHOLE_NUMBER: {"num_format": "0"},
    Type.DECIMAL: {"num_format": "0.0"},
    Type.DAY: {"num_format": "yyyy-mm-dd"},
    Type.INSTANT: {"num_format": "yyyy-mm-dd hh:mm:ss"},
}
_HEADING = {"num_format": "@", "bold": True}
_NUMBER = re.compile(rb'<c r="[A-Z]+1" s="(\d+)"/>')
# How large a sheet is stands before its rows, and is known after them; readers do without it.
_AROUND_ROWS = re.compile(rb'(.*)<dimension ref="[A-Z0-9:]+"/>(.*<sheetData>)(.*)(</sheetData>.*)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to be: its name, the widths of its columns and, if its header is frozen and filters, how many rows it has."""

    name: str
    widths: Sequence[int]
    filtered_rows: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """The XML of a sheet before and after its rows, and its name in the file."""

    name: str
    head: bytes
    tail: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """A workbook without rows."""

    sheets: list[Part]
    others: dict[str, bytes]
    """All other parts by their names; the first says what the file is."""
    styles: Styles
    heading: int


def around(title: str, sheets: Sequence[Sheet]) -> Frame:
    """Return the frame of a workbook with these sheets."""
    buffer = io.BytesIO()
    with Workbook(buffer, {"in_memory": True}) as workbook:
        workbook.set_properties({"title": title, "created": _CREATED})
        formats = [workbook.add_format(form) for form in (*_FORMATS.values(), _HEADING)]
        for sheet in sheets:
            _add(workbook.add_worksheet(sheet.name), sheet, formats)
    with ZipFile(buffer) as archive:
        return _taken_apart({name: archive.read(name) for name in archive.namelist()})


def _add(page: Worksheet, sheet: Sheet, formats: Sequence[Format]) -> None:
    for place, form in enumerate(formats):  # where the rows will be stands each format once, so that it gets a number
        page.write_blank(0, place, None, form)
    for place, width in enumerate(sheet.widths):
        page.set_column(place, place, width)
    if sheet.filtered_rows:
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, sheet.filtered_rows - 1, len(sheet.widths) - 1)


def _taken_apart(parts: dict[str, bytes]) -> Frame:
    sheets, others, numbers = [], {}, list[int]()
    for name, xml in parts.items():
        if found := _AROUND_ROWS.fullmatch(xml):
            before, head, rows, tail = found.groups()
            sheets.append(Part(name, before + head, tail))
            numbers = list(map(int, _NUMBER.findall(rows)))
        else:
            others[name] = xml
    *plain, heading = numbers
    styles = dict(zip(_FORMATS, plain, strict=True))
    return Frame(sheets, others, {**styles, Type.ID: styles[Type.TEXT]}, heading)
