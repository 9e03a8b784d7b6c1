"""Charts as drawings of vectors, which become an SVG file or part of a PDF: reportlab's own, so both are the same picture.

For grey print and for people who see no red or green: every series has a pattern of its own beside its grey, every bar
its number, and nothing is told by colour alone.
"""

import re
from collections.abc import Sequence
from typing import Any

from reportlab.graphics import renderSVG
from reportlab.graphics.charts.barcharts import HorizontalBarChart, VerticalBarChart
from reportlab.graphics.shapes import Circle, Drawing, Group, Line, Rect, String
from reportlab.graphics.widgetbase import Widget
from reportlab.lib import colors

from timebank.documents.emoji import readable
from timebank.documents.tables import clean
from timebank.documents.typefaces import NOTO, Typeface

WIDTH = 520.0
_INK = colors.HexColor("#222222")
_FILLS = ("#1f3b5c", "#ffffff", "#b8c4d0", "#ffffff")
_GAP = 4.0
_FONT = NOTO.stem
_FAMILIES = "'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', 'Source Han Sans SC', sans-serif"


class _Patterned(Widget):  # type: ignore[misc]  # reportlab carries no types
    """A bar with the pattern of its series: solid, slanted lines, grey, or dots."""

    def __init__(self, kind: int) -> None:
        self.kind = kind
        self.x = self.y = self.width = self.height = 0.0

    def draw(self) -> Group:
        """Return the bar."""
        x, width = (self.x, self.width) if self.width >= 0 else (self.x + self.width, -self.width)
        bar = Group(Rect(x, self.y, width, self.height, fillColor=colors.HexColor(_FILLS[self.kind]), strokeColor=_INK))
        bar.contents[0].strokeWidth = 0.6
        for mark in _MARKS[self.kind](x, self.y, width, self.height):
            bar.add(mark)
        return bar


def _none(*_: float) -> list[Any]:
    return []


def _slants(x: float, y: float, width: float, height: float) -> list[Any]:
    """Return slanted lines inside a bar, cut at its edges."""
    lines = []
    offset = _GAP
    while offset < width + height:
        start = (x + max(0.0, offset - height), y + min(offset, height))
        end = (x + min(offset, width), y + max(0.0, offset - width))
        lines.append(Line(*start, *end, strokeColor=_INK, strokeWidth=0.6))
        offset += _GAP
    return lines


def _dots(x: float, y: float, width: float, height: float) -> list[Any]:
    steps = [(column, row) for column in _steps(width) for row in _steps(height)]
    return [Circle(x + column, y + row, 0.8, fillColor=_INK, strokeColor=None) for column, row in steps[:2_000]]


def _steps(length: float) -> list[float]:
    return [_GAP * (number + 0.5) for number in range(int(length // _GAP))]


_MARKS = (_none, _slants, _none, _dots)


def columns(
    *, title: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[int]]], unit: str, face: Typeface
) -> Drawing:
    """Return columns, at most four series on top of each other, each column with its total.

    Raises GlyphMissing for a label that no font has.
    """
    height = 260.0
    drawing = _framed(title, unit, height, face)
    chart: Any = VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = 60, 50, WIDTH - 80, height - 110
    chart.data = [tuple(values) for _, values in series]
    chart.categoryAxis.style = "stacked"
    _dress(chart, len(series))
    _name(chart, labels, 8, face)
    if len(labels) > 12:
        chart.categoryAxis.labels.angle = 45
        chart.categoryAxis.labels.boxAnchor = "ne"
    totals = [sum(values) for values in zip(*(values for _, values in series), strict=True)]
    chart.valueAxis.valueMax = max([1, *totals]) * 1.1
    drawing.add(chart)
    for place, total in enumerate(totals):
        middle = chart.x + chart.width * (place + 0.5) / len(labels)
        top = chart.y + chart.height * total / chart.valueAxis.valueMax + 3
        if len(labels) <= 24:
            drawing.add(_text(f"{total:,}", middle, top, 7, anchor="middle"))
    _legend(drawing, [name for name, _ in series], height - 44)
    return drawing


def bars(
    *, title: str, labels: Sequence[str], values: Sequence[int], unit: str, face: Typeface, share: bool = False
) -> Drawing:
    """Return level bars from the top, each with its number, and with its share of the whole. Raises GlyphMissing."""
    height = 70.0 + 20.0 * len(labels)
    drawing = _framed(title, unit, height, face)
    chart: Any = HorizontalBarChart()
    chart.x, chart.y, chart.width, chart.height = 130, 25, WIDTH - 240, height - 65
    chart.data = [tuple(reversed(values))]
    _dress(chart, 1)
    _name(chart, list(reversed(labels)), 12, face)
    chart.bars[0].symbol = _Patterned(2)
    chart.valueAxis.valueMax = max([1, *values]) * 1.05
    drawing.add(chart)
    whole = sum(values)
    for place, value in enumerate(reversed(values)):
        middle = chart.y + chart.height * (place + 0.5) / len(labels) - 3
        end = chart.x + chart.width * value / chart.valueAxis.valueMax + 4
        part = f"（{100 * value / whole:.1f}%）" if share and whole else ""
        drawing.add(_text(f"{value:,}{part}", end, middle, 8))
    return drawing


def svg(drawing: Drawing, *, title: str, face: Typeface) -> bytes:
    """Return a drawing as a file; its text stays text, in whatever Chinese font the reader has."""
    text: str = renderSVG.drawToString(drawing)
    text = text.replace("<title>...</title>", f"<title>{_escaped(title)}</title>").replace("<desc>...</desc>", "")
    ours = "|".join(map(re.escape, face.names))
    return re.sub(f"font-family: (?:{ours});", f"font-family: {_FAMILIES};", text).encode()


def _escaped(text: str) -> str:
    return clean(text).replace("&", "&amp;").replace("<", "&lt;")


def _framed(title: str, unit: str, height: float, face: Typeface) -> Drawing:
    face.load()
    drawing = Drawing(WIDTH, height, initialFontName=face.first)  # or a PDF would name one that it does not carry
    drawing.add(Rect(0, 0, WIDTH, height, fillColor=colors.white, strokeColor=None))
    drawing.add(_text(title, 12, height - 20, 13))
    drawing.add(_text(f"单位：{unit}", WIDTH - 12, height - 20, 8, anchor="end"))
    return drawing


def _text(text: str, x: float, y: float, size: float, anchor: str = "start") -> String:
    return String(x, y, text, fontName=_FONT, fontSize=size, textAnchor=anchor, fillColor=_INK)


def _name(chart: Any, labels: Sequence[str], most: int, face: Typeface) -> None:
    """Put labels that fit on an axis, without emoji, each in a font that has it. Raises GlyphMissing."""
    chart.categoryAxis.categoryNames = []
    for place, label in enumerate(labels):
        short = readable(clean(label).replace("\n", " "), face)
        font, printed = face.whole(short if len(short) <= most else short[: most - 1] + "…")
        chart.categoryAxis.categoryNames.append(printed)
        if font != _FONT:
            chart.categoryAxis.labels[place].fontName = font


def _dress(chart: Any, series: int) -> None:
    for axis in (chart.categoryAxis, chart.valueAxis):
        axis.labels.fontName, axis.labels.fontSize, axis.labels.fillColor = _FONT, 8, _INK
        axis.strokeColor, axis.strokeWidth = _INK, 0.6
    chart.valueAxis.valueMin = 0
    chart.valueAxis.labelTextFormat = "{:,.0f}".format
    chart.valueAxis.visibleGrid = 1
    chart.valueAxis.gridStrokeColor, chart.valueAxis.gridStrokeWidth = colors.HexColor("#cccccc"), 0.3
    chart.barWidth, chart.groupSpacing = 10, 6
    for number in range(series):
        chart.bars[number].symbol = _Patterned(number)


def _legend(drawing: Drawing, names: Sequence[str], top: float) -> None:
    left = 60.0
    for number, name in enumerate(names):
        key = _Patterned(number)
        key.x, key.y, key.width, key.height = left, top, 16, 9
        drawing.add(key.draw())
        drawing.add(_text(name, left + 20, top + 1, 8))
        left += 34 + 8 * len(name)
