"""Rows of the first sheet of an XLSX file, by openpyxl in its reading mode. Formulas are not believed.

What a formula shows was worked out by whatever program saved the file last, if at all: a cell with one is refused, with
its place. Before anything is unpacked the archive's own list says how much that will be; Python's zip reader gives no
byte more than that list says; each part is looked at before it is read (``parts``).
"""

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.datetime import CALENDAR_WINDOWS_1900
from openpyxl.workbook.defined_name import DefinedNameList
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from timebank.documents.sheet_cells import restored
from timebank.imports import merged_cells
from timebank.imports.errors import ImportTooLarge, ImportTooLong, ImportUnreadable
from timebank.imports.merged_cells import Merged
from timebank.imports.parts import SHEET, STRINGS, Parts
from timebank.imports.rules import MAX_BYTES, MAX_COLUMNS, MAX_LINES, MAX_UNPACKED, MEBIBYTE
from timebank.imports.values import Raw, Unusable, is_empty

MOST_PARTS = 2_000
HEADING_ROWS = 20
"""Rows that a file may have beyond its lines: titles above, blanks between."""


class _Reader(ExcelReader):
    """openpyxl's reader, with shared strings as they stand in the file: its own loses which of them were escaped."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), read_only=True, keep_links=False)
        self.parts = self.archive = Parts(data)

    def read_strings(self) -> None:
        """Read the strings that cells share."""
        package: Any = self.package
        part = package.find(SHARED_STRINGS)
        if part is None:
            return
        self.shared_strings = []
        name = part.PartName[1:]
        self.parts.rooms[name] = STRINGS
        with self.parts.open(name) as content:
            for _, node in iterparse(content):
                if node.tag == f"{{{SHEET_MAIN_NS}}}si":
                    text: Any = Text.from_tree(node)
                    self.shared_strings.append(text.content)
                    node.clear()

    def read_worksheets(self) -> None:
        """Read the first sheet that is shown and no other, nor what areas are called. Raises IndexError if there is none."""
        parser: Any = self.parser
        sheets = [
            relation.target
            for sheet, relation in parser.find_sheets()
            if relation.target in self.valid_files and "chartsheet" not in relation.Type and sheet.state == "visible"
        ]
        self.first = sheets[0]
        everywhere = {relation.target for _, relation in parser.find_sheets()} - {self.first}
        self.valid_files = [name for name in self.valid_files if name not in everywhere]
        self.parts.rooms[self.first] = SHEET
        parser.defined_names = DefinedNameList()
        super().read_worksheets()

    def merged_cells(self) -> Merged:
        """Return the merged cells of the first sheet, which openpyxl does not read in its reading mode."""
        with self.parts.open(self.first) as content:
            if not merged_cells.are_in(content):
                return Merged([])
        with self.parts.open(self.first) as content:
            return merged_cells.of_sheet(content)


def rows(data: bytes) -> Iterator[tuple[int, list[Raw]]]:
    """Yield the rows that hold anything, with their numbers. Raises ImportTooLarge, ImportUnreadable, ImportTooLong."""
    _refuse_bomb(data)
    line = 1
    try:
        reader = _Reader(data)
        reader.read()
        book = reader.wb
        try:
            if book.epoch != CALENDAR_WINDOWS_1900:
                raise ImportUnreadable(line=line)  # a serial number could be either of two days, four years apart
            sheet: Any = book.worksheets[0]
            sheet.reset_dimensions()  # what a file says of its own size is not believed
            merged = reader.merged_cells()
            for line, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), start=1):
                found = _found(list(map(_raw, cells)), merged.of(line))
                if line > MAX_LINES + HEADING_ROWS:
                    raise ImportTooLong(max_lines=MAX_LINES)
                if found:
                    yield line, found
        finally:
            book.close()
    except (ImportUnreadable, ImportTooLarge, ImportTooLong, GeneratorExit):
        raise
    except Exception as error:  # whatever a broken file makes of the reader
        raise ImportUnreadable(line=line) from error


def _found(cells: list[Raw], merged: list[int]) -> list[Raw]:
    """Return what a row holds, nothing if it is empty but for what is merged."""
    while cells and is_empty(cells[-1]):
        cells.pop()
    if cells and merged:
        cells += [None] * (max(merged) + 1 - len(cells))
        for place in merged:
            cells[place] = Unusable.MERGED
    return [] if all(is_empty(cell) or cell is Unusable.MERGED for cell in cells) else cells


def _raw(cell: Any) -> Raw:
    if cell is EMPTY_CELL:
        return None
    kind = cell.data_type
    if kind == "f":
        return Unusable.FORMULA
    if kind == "e":
        return Unusable.ERROR
    value: Raw = cell.value
    if isinstance(value, float) and not math.isfinite(value):
        return Unusable.ERROR
    return restored(value) if isinstance(value, str) else value


def _refuse_bomb(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise ImportTooLarge(max_mebibytes=MAX_BYTES // MEBIBYTE)
            if any(part.flag_bits & 1 for part in parts):
                raise ImportUnreadable(line=1)  # encrypted
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise ImportUnreadable(line=1) from error
