"""Cells of a worksheet as XML, as XlsxWriter would write them, for columns of one type at a time.

XlsxWriter spends its time on looking at each cell: what is it, what format has it, where does it stand. A column knows
that once. Of all the XML only the row's number is new in each row, so a row is that number between what does not
change: a cell is made from behind its own number to the number of the next one, which is once for each different cell.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import repeat
from typing import cast

from xlsxwriter.utility import xl_col_to_name

from timebank.documents import columns
from timebank.documents.columns import Known, remembering, shanghai_seconds
from timebank.documents.errors import SheetTooLarge
from timebank.documents.tables import Cell, Type, show

MAX_ROWS = 1_048_576
"""Rows of a worksheet, the header's included."""
MAX_DIGITS = 15
"""A spreadsheet keeps numbers as doubles and would turn further digits into zeros."""
MAX_TEXT = 32_767
"""UTF-16 units of a text."""
# Excel counts a 29 February 1900 that never was; an earlier day (a slip of the hand) is written as text.
FIRST_DAY = date(1900, 3, 1)

_EPOCH = datetime(1899, 12, 31)
_BEFORE_1970 = (date(1970, 1, 1) - _EPOCH.date()).days
_SECONDS_A_DAY = 86_400
_LOOKS_ESCAPED = re.compile("_(?=x[0-9a-fA-F]{4}_)")
# Half of a pair of surrogates is no character: what looks like an escape of one stays as it is.
_ESCAPED = re.compile("_x([0-9a-cA-CefEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2})_")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

Styles = Mapping[Type, int]
"""The numbers of the formats that cells of a type have."""
Made = list[bytes]
Cells = Callable[[Sequence[Cell]], Made]


def rows_of(cells: Sequence[Made], first: int) -> bytes:
    """Return columns of cells as whole rows, the first of them the row that a reader calls ``first``."""
    numbers = [b"%d" % number for number in range(first, first + len(cells[0]))]
    return b"".join(map(bytes.join, numbers, zip(repeat(b'<row r="'), repeat(b'"><c r="A'), *cells, strict=False)))


def of(kinds: Sequence[Type], styles: Styles) -> list[Cells]:
    """Return what makes the cells of each column of a sheet.

    They raise TypeError for a cell that is not of the column's type, SheetTooLarge for what a sheet would cut off.
    """
    nexts = [f'<c r="{xl_col_to_name(place)}' for place in range(1, len(kinds))]
    return [_cells(kind, styles, after) for kind, after in zip(kinds, [*nexts, "</row>"], strict=True)]


def restored(text: str) -> str:
    """Return what the text of a cell stands for: ``_x0041_`` is a letter, and ``_x005F_`` the beginning of no escape."""
    return _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text) if "_x" in text else text


def _cells(kind: Type, styles: Styles, after: str) -> Cells:
    one = _Column(f'" s="{styles[kind]}"', f'" s="{styles[Type.TEXT]}"', after)
    made: dict[Type, Cells] = {
        Type.TEXT: remembering(Type.TEXT, one.text, one.empty),
        Type.ID: one.ids,
        Type.WHOLE_NUMBER: remembering(Type.WHOLE_NUMBER, one.whole_number, one.empty),
        Type.DECIMAL: remembering(Type.DECIMAL, one.number, one.empty),
        Type.DAY: remembering(Type.DAY, one.day, one.empty),
        Type.INSTANT: _instants(one),
    }
    return made[kind]


@dataclass(frozen=True, slots=True)
class _Column:
    """Makes the cells of one column; days that Excel has not are in the style of text."""

    style: str
    text_style: str
    after: str

    @property
    def empty(self) -> bytes:
        return f"{self.style}/>{self.after}".encode()

    def text(self, cell: Cell) -> bytes:
        return f'{self.style} t="inlineStr"><is>{_inline(str(cell))}</is></c>{self.after}'.encode()

    def number(self, cell: Cell) -> bytes:
        return f"{self.style}><v>{cell:.16G}</v></c>{self.after}".encode()

    def whole_number(self, cell: Cell) -> bytes:
        if abs(cast("int", cell)) >= 10**MAX_DIGITS:
            raise SheetTooLarge(max_rows=MAX_ROWS)
        return self.number(cell)

    def day(self, cell: Cell) -> bytes:
        day = cast("date", cell)
        return self._early(day) if day < FIRST_DAY else self.number((day - _EPOCH.date()).days + 1)

    def ids(self, column: Sequence[Cell]) -> Made:
        start, end = f'{self.style} t="inlineStr"><is><t>', f"</t></is></c>{self.after}"
        if columns.ids(column):
            return [f"{start}{cell}{end}".encode() for cell in column]
        shown, empty = show(Type.ID), self.empty
        return [empty if cell is None else f"{start}{shown(cell)}{end}".encode() for cell in column]

    def instant(self, instant: datetime) -> bytes:
        if instant.date() < FIRST_DAY:
            return self._early(instant)
        passed = instant - _EPOCH
        return self.day_of(passed.days) + self.time_of(passed.seconds)

    def day_of(self, days: int) -> bytes:
        """Return the beginning of an instant's cell; one day more is the leap day that Excel makes up."""
        return f"{self.style}><v>{days + 1}".encode()

    def time_of(self, seconds: int) -> bytes:
        """Return the end of an instant's cell: what has passed of the day, to the microsecond."""
        passed = f"{seconds / _SECONDS_A_DAY:.11f}".strip("0").rstrip(".")
        return f"{passed}</v></c>{self.after}".encode()

    def _early(self, when: date) -> bytes:
        return f'{self.text_style} t="inlineStr"><is><t>{when}</t></is></c>{self.after}'.encode()


def _instants(one: _Column) -> Cells:
    """Return what makes cells of instants. A day has few different seconds, and a report few days."""
    dates = Known[int, bytes](lambda day: one.day_of(day + _BEFORE_1970))
    times = Known(one.time_of)
    shown = show(Type.INSTANT)

    def instants(column: Sequence[Cell]) -> Made:
        seconds = shanghai_seconds(column)
        if seconds is None:
            return [one.empty if cell is None else one.instant(cast("datetime", shown(cell))) for cell in column]
        return [dates[day] + times[second] for day, second in map(divmod, seconds, repeat(_SECONDS_A_DAY))]

    return instants


def _inline(text: str) -> str:
    if len(text) > MAX_TEXT // 2 and len(text.encode("utf-16-le")) // 2 > MAX_TEXT:
        raise SheetTooLarge(max_rows=MAX_ROWS)
    # What looks like an escape of Excel's is escaped, or it would be read as one: also where one's end is the next
    # one's beginning, which XlsxWriter leaves.
    said = _LOOKS_ESCAPED.sub("_x005F_", text)
    preserved = ' xml:space="preserve"' if _keeps_blanks(said) else ""
    return f"<t{preserved}>{said.translate(_ESCAPES)}</t>"


def _keeps_blanks(text: str) -> bool:
    return text[:1].isspace() or text[-1:].isspace() or (text.startswith("<r>") and text.endswith("</r>"))
