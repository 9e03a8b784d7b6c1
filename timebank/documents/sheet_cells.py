"""Cells of a worksheet as XML, byte for byte what XlsxWriter would write, for columns of one type at a time.

XlsxWriter spends its time on looking at each cell: what is it, what format has it, where does it stand. A column knows
that once. Where its row number goes stands a NUL, which no clean text holds.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from timebank.documents.columns import Shown, remembering, shanghai_seconds
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

_ROW = "\0"
_EPOCH = datetime(1899, 12, 31)
_BEFORE_1970 = (date(1970, 1, 1) - _EPOCH.date()).days
_SECONDS_A_DAY = 86_400
_LOOKS_ESCAPED = re.compile("(_x[0-9a-fA-F]{4}_)")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

Cells = Callable[[Sequence[Cell]], Shown]


def rows_of(columns: Sequence[Shown], first: int) -> str:
    """Return cells as whole rows, the first of them the row that a reader calls ``first``."""
    return "".join(
        [
            f'<row r="{_ROW}">{"".join(cells)}</row>'.replace(_ROW, str(row))
            for row, cells in enumerate(zip(*columns, strict=True), start=first)
            if any(cells)
        ]
    )


def of(kind: Type, column: str, *, style: int, text_style: int) -> Cells:
    """Return what makes cells of a column with this name and format; ``text_style`` is for days that Excel has not.

    It raises TypeError for a cell that is not of the column's type, SheetTooLarge for what a sheet would cut off.
    """
    one = _Column(f'<c r="{column}{_ROW}" s="{style}"', f'<c r="{column}{_ROW}" s="{text_style}"')
    made: dict[Type, Cells] = {
        Type.TEXT: remembering(Type.TEXT, one.text),
        Type.ID: one.ids,
        Type.WHOLE_NUMBER: remembering(Type.WHOLE_NUMBER, one.whole_number),
        Type.DECIMAL: remembering(Type.DECIMAL, one.number),
        Type.DAY: remembering(Type.DAY, one.day),
        Type.INSTANT: one.instants,
    }
    return made[kind]


@dataclass(frozen=True, slots=True)
class _Column:
    """Makes the cells of one column."""

    begins: str
    begins_as_text: str

    def text(self, cell: Cell) -> str:
        return f'{self.begins} t="inlineStr"><is>{_inline(str(cell))}</is></c>'

    def number(self, cell: Cell) -> str:
        return f"{self.begins}><v>{cell:.16G}</v></c>"

    def whole_number(self, cell: Cell) -> str:
        if abs(cast("int", cell)) >= 10**MAX_DIGITS:
            raise SheetTooLarge(max_rows=MAX_ROWS)
        return self.number(cell)

    def day(self, cell: Cell) -> str:
        day = cast("date", cell)
        return self._early(day) if day < FIRST_DAY else self.number((day - _EPOCH.date()).days + 1)

    def ids(self, column: Sequence[Cell]) -> Shown:
        shown = show(Type.ID)
        start, end = f'{self.begins} t="inlineStr"><is><t>', "</t></is></c>"
        return ["" if cell is None else f"{start}{shown(cell)}{end}" for cell in column]

    def instants(self, column: Sequence[Cell]) -> Shown:
        seconds = shanghai_seconds(column)
        if seconds is None:
            shown = show(Type.INSTANT)
            return ["" if cell is None else self._instant(cast("datetime", shown(cell))) for cell in column]
        divided = (divmod(second, _SECONDS_A_DAY) for second in seconds)
        begins = self.begins
        return [f"{begins}><v>{_serial(day + _BEFORE_1970, second):.16G}</v></c>" for day, second in divided]

    def _instant(self, instant: datetime) -> str:
        if instant.date() < FIRST_DAY:
            return self._early(instant)
        passed = instant - _EPOCH
        return f"{self.begins}><v>{_serial(passed.days, passed.seconds):.16G}</v></c>"

    def _early(self, when: date) -> str:
        return f'{self.begins_as_text} t="inlineStr"><is><t>{when}</t></is></c>'


def _serial(days: int, seconds: int) -> float:
    """Return Excel's number of an instant after the leap day that it makes up."""
    return days + seconds / _SECONDS_A_DAY + 1


def _inline(text: str) -> str:
    if len(text) > MAX_TEXT // 2 and len(text.encode("utf-16-le")) // 2 > MAX_TEXT:
        raise SheetTooLarge(max_rows=MAX_ROWS)
    # What looks like an escape of Excel's is escaped, or it would be read as one.
    said = _LOOKS_ESCAPED.sub(r"_x005F\1", text)
    preserved = ' xml:space="preserve"' if _keeps_blanks(said) else ""
    return f"<t{preserved}>{said.translate(_ESCAPES)}</t>"


def _keeps_blanks(text: str) -> bool:
    return text[:1].isspace() or text[-1:].isspace() or (text.startswith("<r>") and text.endswith("</r>"))
