"""A table on pages: title, filters, the head again on every page, numbers to the right, and what the columns mean.

For reading and signing; whoever wants to calculate takes the spreadsheet. Pictures come before the rows.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from timebank.documents.emoji import NOTHING, readable
from timebank.documents.pdf_file import MEDIA_TYPE, Align, Pages
from timebank.documents.tables import TIME_ZONE, Cell, Column, Table, Type
from timebank.documents.typefaces import Typeface

if TYPE_CHECKING:
    from reportlab.graphics.shapes import Drawing

__all__ = ["MEDIA_TYPE", "MOST_COLUMNS_UPRIGHT", "write"]

MOST_COLUMNS_UPRIGHT = 6
_MARGIN = 15.0
_SIZE = 8.0
_ROW = 5.2
_HEAD_LINES = 5
_SHARES = {Type.TEXT: 2.2, Type.ID: 2.2, Type.WHOLE_NUMBER: 1.0, Type.DECIMAL: 1.0, Type.DAY: 1.3, Type.INSTANT: 2.0}
_NUMBERS = frozenset({Type.WHOLE_NUMBER, Type.DECIMAL})


def write(table: Table, face: Typeface, *, pictures: Sequence["Drawing"] = ()) -> bytes:
    """Return the pages of a table, emoji left out; the same table gives the same bytes. Raises GlyphMissing."""
    sheet = _Sheet(table, face)
    sheet.heading()
    for picture in pictures:
        sheet.picture(picture)
    sheet.head()
    for row in table.cells():
        sheet.row(row)
    sheet.definitions()
    return sheet.pages.finished()


class _Sheet:
    """Pages with the place where the next thing goes."""

    def __init__(self, table: Table, face: Typeface) -> None:
        self._table = table
        self._face = face
        self.pages = Pages(title=table.title, face=face, wide=len(table.columns) > MOST_COLUMNS_UPRIGHT)
        self._width = self.pages.width - 2 * _MARGIN
        self._bottom = self.pages.height - _MARGIN
        self._edges = _edges(table.columns, self._width)
        self._top = _MARGIN
        self._page = 1

    def heading(self) -> None:
        """Write the title and what was asked for."""
        self.pages.fitted(self._table.title, left=_MARGIN, top=self._top, size=16, width=self._width)
        said = "　".join(f"{name}：{value}" for name, value in {**self._table.filters, "时区": TIME_ZONE}.items())
        self._top = self.pages.paragraph(said, left=_MARGIN, top=self._top + 9, width=self._width, size=8) + 3

    def picture(self, drawing: "Drawing") -> None:
        """Put a picture on the page, on the next one if it does not fit here."""
        width = min(self._width, 180.0)
        height = drawing.height / drawing.width * width
        self._make_room(height)
        self._top = self.pages.drawing(drawing, left=_MARGIN, top=self._top, width=width) + 4

    def head(self) -> None:
        """Write the titles of the columns, broken into lines."""
        self._make_room(_HEAD_LINES * _ROW)
        lowest = self._top
        for (left, right), column in zip(pairwise(self._edges), self._table.columns, strict=True):
            align = Align.RIGHT if column.type in _NUMBERS else Align.LEFT
            ends = self.pages.paragraph(
                readable(column.title, self._face),
                left=left,
                top=self._top,
                width=right - left - 1,
                size=_SIZE - 1,
                align=align,
            )
            lowest = max(lowest, ends)
        self._top = lowest + 0.5
        self.pages.rule(left=_MARGIN, top=self._top, width=self._width, thick=0.8)

    def row(self, cells: list[Cell]) -> None:
        """Write a row; what is wider than its column is written smaller."""
        if self._top + _ROW > self._bottom:
            self._turn()
            self.head()
        for (left, right), column, cell in zip(pairwise(self._edges), self._table.columns, cells, strict=True):
            self._cell(readable(shown(cell), self._face), left, right - 1, column)
        self._top += _ROW
        self.pages.rule(left=_MARGIN, top=self._top, width=self._width, thick=0.2)

    def _cell(self, text: str, left: float, right: float, column: Column) -> None:
        top = self._top + (_ROW - _SIZE * 0.35) / 2
        if column.type in _NUMBERS:
            self.pages.fitted(text, left=right, top=top, size=_SIZE, width=right - left, align=Align.RIGHT)
        else:
            self.pages.fitted(text, left=left, top=top, size=_SIZE, width=right - left)

    def definitions(self) -> None:
        """Write how the figures come about, and number the last page."""
        self._top += 3
        for column in self._table.columns:
            if column.definition:
                self._make_room(_ROW)
                said = f"{readable(column.title, self._face)}：{column.definition}"
                self._top = self.pages.paragraph(said, left=_MARGIN, top=self._top, width=self._width, size=_SIZE - 1)
        self._number()

    def _make_room(self, height: float) -> None:
        if self._top + height > self._bottom:
            self._turn()

    def _turn(self) -> None:
        self._number()
        self.pages.next_page()
        self._top, self._page = _MARGIN, self._page + 1

    def _number(self) -> None:
        middle = self.pages.width / 2
        self.pages.text(f"第 {self._page} 页", left=middle, top=self._bottom + 4, size=8, align=Align.CENTRE)


def shown(cell: Cell) -> str:
    """Return a cell as it is printed; what is empty is a dash."""
    if cell is None or cell == "":
        return NOTHING
    return f"{cell:,}" if isinstance(cell, int | Decimal) else str(cell).replace("\n", " ")


def _edges(columns: Sequence[Column], width: float) -> list[float]:
    shares = [_SHARES[column.type] for column in columns]
    edges = [_MARGIN]
    for share in shares:
        edges.append(edges[-1] + width * share / sum(shares))
    return edges
