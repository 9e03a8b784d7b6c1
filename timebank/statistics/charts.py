"""Which pictures a report is shown in: months as columns, areas as bars, and where the minutes come from."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from timebank.documents.typefaces import Typeface
from timebank.statistics.questions import HoursFilter, Kind, Question
from timebank.statistics.report import Report
from timebank.statistics.rules import PROVENANCE_NAMES, PROVENANCES, Cut, Measure

if TYPE_CHECKING:
    from reportlab.graphics.shapes import Drawing

MEDIA_TYPE = "image/svg+xml; charset=utf-8"
MOST_COLUMNS, MOST_BARS = 36, 30
UNIT = "分钟"
OTHERS = "其余"


class Chart(StrEnum):
    """What a picture shows."""

    MONTH = "month"
    AREA = "area"
    PROVENANCE = "provenance"


TITLES = {
    Chart.MONTH: "各月服务时长（按来源）",
    Chart.AREA: "各区域服务时长",
    Chart.PROVENANCE: "服务时长的来源",
}


def question_of(chart: Chart, wanted: HoursFilter, level: int | None) -> Question:
    """Return what has to be asked for a picture."""
    cuts = {Chart.MONTH: (Cut.MONTH,), Chart.AREA: (Cut.AREA,), Chart.PROVENANCE: ()}[chart]
    return Question(kind=Kind.FIGURES, cuts=cuts, measures=(Measure.SERVICE_MINUTES,), wanted=wanted, level=level)


def svg(chart: Chart, report: Report, face: Typeface) -> bytes:
    """Return a picture of a report as a file. Raises GlyphMissing."""
    from timebank.documents import charts

    return charts.svg(drawn(chart, report.items(), face), title=TITLES[chart], face=face)


def of(report: Report, face: Typeface) -> list["Drawing"]:
    """Return the pictures that go with a report on paper: none for lists, pivots and links, or without service minutes.

    Raises GlyphMissing.
    """
    names = {name for name, _ in report.columns}
    items = report.items() if report.drawn and Measure.SERVICE_MINUTES in names else []
    if not items:
        return []
    shown = {Chart.MONTH: "month" in names, Chart.AREA: "area" in names, Chart.PROVENANCE: True}
    return [drawn(chart, items, face) for chart in Chart if shown[chart]]


def drawn(chart: Chart, items: Sequence[dict[str, Any]], face: Typeface) -> "Drawing":
    """Return a picture of rows: months side by side (the last ones), areas from the largest on, provenances in all."""
    from timebank.documents import charts

    title = TITLES[chart]
    if chart is Chart.MONTH:
        months = sorted({item["month"] for item in items})[-MOST_COLUMNS:] or ["—"]
        series = [
            (PROVENANCE_NAMES[name], [_sum(items, name, "month", month) for month in months])
            for name in PROVENANCE_NAMES
        ]
        return charts.columns(title=title, labels=months, series=series, unit=UNIT, face=face)
    if chart is Chart.AREA:
        labels, values = _largest(items)
        return charts.bars(title=title, labels=labels, values=values, unit=UNIT, face=face)
    totals = [sum(item[name] or 0 for item in items) for name in PROVENANCES]
    named = list(PROVENANCE_NAMES.values())
    return charts.bars(title=title, labels=named, values=totals, unit=UNIT, face=face, share=True)


def _sum(items: Sequence[dict[str, Any]], measure: str, key: str, value: str) -> int:
    return sum(item[measure] or 0 for item in items if item[key] == value)


def _largest(items: Sequence[dict[str, Any]]) -> tuple[list[str], list[int]]:
    """Return areas by their minutes, the rest of them together."""
    names = {item["area"]: item["area_name"] for item in items} or {"": "—"}
    found = dict.fromkeys(names, 0)
    for item in items:
        found[item["area"]] += item[Measure.SERVICE_MINUTES] or 0
    sums = sorted(((minutes, area) for area, minutes in found.items()), key=lambda one: (-one[0], one[1]))
    labels = [names[area] for _, area in sums[:MOST_BARS]]
    values = [minutes for minutes, _ in sums[:MOST_BARS]]
    if len(sums) > MOST_BARS:
        labels.append(OTHERS)
        values.append(sum(minutes for minutes, _ in sums[MOST_BARS:]))
    return labels, values
