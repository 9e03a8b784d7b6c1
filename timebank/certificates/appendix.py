"""The appendix of a certificate: every certified record, row by row, over as many pages as it takes."""

from collections.abc import Iterable
from dataclasses import dataclass

from timebank.certificates.legible import description
from timebank.certificates.rules import Entry, hours
from timebank.documents.emoji import without_pictures
from timebank.documents.line_breaking import Breaker
from timebank.documents.pdf_file import LINE_HEIGHT, PAGE_WIDTH, Pages
from timebank.documents.typefaces import Typeface
from timebank.records.explanation import PROVENANCES

MM_A_POINT = 25.4 / 72
SIZE = 10.5
LINE = SIZE * LINE_HEIGHT * MM_A_POINT
TOP, BOTTOM = 28.0, 278.0
LEFT = 24.0
WIDTH = PAGE_WIDTH - 2 * LEFT
PADDING = 1.2
COLUMNS = ((0.0, 25.0), (25.0, 65.0), (93.0, 30.0), (126.0, 19.0), (147.0, 15.0))
"""Where a column begins, and how wide its text may be, in millimetres."""
_HEAD = ("日期", "活动与内容", "地点", "来源", "分钟")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it begins, and the lines of each cell."""

    top: float
    cells: tuple[list[str], ...]

    @property
    def height(self) -> float:
        """Return how much of the page the row takes, in millimetres."""
        return max(map(len, self.cells)) * LINE + 2 * PADDING


def laid_out(entries: Iterable[Entry], face: Typeface, breaker: Breaker) -> list[list[Row]]:
    """Return the rows of each page, a head on every one and the sum on the last. Raises GlyphMissing."""
    entries = list(entries)
    minutes = sum(entry.service_minutes for entry in entries)
    texts = [_texts(entry, face) for entry in entries]
    texts.append(("合计", f"{len(entries)} 次，{hours(minutes)} 小时", "", "", str(minutes)))
    sheets: list[list[Row]] = []
    for cells in (_broken(text, face, breaker) for text in texts):
        top = sheets[-1][-1].top + sheets[-1][-1].height if sheets else BOTTOM
        if top + Row(top, cells).height > BOTTOM:
            head = Row(TOP, _broken(_HEAD, face, breaker))
            sheets.append([head])
            top = head.top + head.height
        sheets[-1].append(Row(top, cells))
    return sheets


def drawn_row(pages: Pages, row: Row) -> None:
    """Draw a row with a line below it. Raises GlyphMissing."""
    for (left, _), lines in zip(COLUMNS, row.cells, strict=True):
        for index, line in enumerate(lines):
            pages.text(line, left=LEFT + left, top=row.top + PADDING + index * LINE, size=SIZE)
    pages.rule(left=LEFT, top=row.top + row.height, width=WIDTH)


def _texts(entry: Entry, face: Typeface) -> tuple[str, ...]:
    return (
        entry.served_on.isoformat(),
        f"{without_pictures(entry.activity_name, face)}：{description(entry.content, face)}",
        without_pictures(entry.place, face),
        PROVENANCES[entry.provenance][0],
        str(entry.service_minutes),
    )


def _broken(texts: tuple[str, ...], face: Typeface, breaker: Breaker) -> tuple[list[str], ...]:
    return tuple(
        breaker(text, width=width / MM_A_POINT, measure=lambda piece: face.width(piece, SIZE))
        for text, (_, width) in zip(texts, COLUMNS, strict=True)
    )
