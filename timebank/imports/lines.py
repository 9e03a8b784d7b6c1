"""From rows to lines: where the header is, which layout it is of, and what each line says by the names of its columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from timebank.imports.errors import ImportHeaderUnknown, ImportTooLong
from timebank.imports.faults import CellFault, Code, Fault
from timebank.imports.layouts import Field, Layout, heading
from timebank.imports.reading import Row
from timebank.imports.rules import MAX_LINES
from timebank.imports.values import is_empty

HEADER_WITHIN = 10
"""Rows among which the header is looked for: official sheets have a title above it."""


@dataclass(slots=True)
class Line:
    """One line without faults in its cells; what is not filled is None."""

    number: int
    values: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        """Return what a column says, None if it is empty or not there."""
        return self.values.get(name)


@dataclass(slots=True)
class Lines:
    """What a file says."""

    layout: Layout
    counted: int = 0
    """Lines in all, those with faults among them."""
    good: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    """Headings that the layout has no column for."""

    def fault(self, line: int, name: str, code: Code, **numbers: Any) -> None:
        """Note a fault, at a column by its name, or at the line as a whole (empty)."""
        self.faults.append(Fault(line, self.layout.title_of(name), code, numbers))


def read(rows: Iterable[Row], layouts: Sequence[Layout]) -> Lines:
    """Return the lines of a file in whichever of these layouts it is. Raises ImportHeaderUnknown, ImportTooLong."""
    remaining = iter(rows)
    layout, header = _header(islice(remaining, HEADER_WITHIN), layouts)
    headings = [heading(cell) for cell in header.cells]
    places = layout.places(headings)
    lines = Lines(layout)
    lines.ignored = [
        str(cell) for place, cell in enumerate(header.cells) if place not in places and isinstance(cell, str) and cell
    ]
    for row in remaining:
        lines.counted += 1
        if lines.counted > MAX_LINES:
            raise ImportTooLong(max_lines=MAX_LINES)
        _read_line(row, places, len(headings), lines)
    return lines


def _header(start: Iterable[Row], layouts: Sequence[Layout]) -> tuple[Layout, Row]:
    """Return the first row that has every column that a layout asks for; rows above it are a title."""
    nearest: list[str] | None = None
    for row in start:
        headings = [heading(cell) for cell in row.cells]
        for layout in layouts:
            missing = layout.missing(headings) or layout.repeated(headings)
            if not missing:
                return layout, row
            if nearest is None or len(missing) < len(nearest):
                nearest = missing
    raise ImportHeaderUnknown(missing="、".join(nearest or layouts[0].missing([])))


def _read_line(row: Row, places: dict[int, Field], width: int, lines: Lines) -> None:
    before = len(lines.faults)
    values: dict[str, Any] = {}
    for place, one in places.items():
        raw = row.cells[place] if place < len(row.cells) else None
        if is_empty(raw):
            if one.filled:
                lines.faults.append(Fault(row.line, one.title, Code.MISSING))
            continue
        try:
            values[one.name] = one.read(raw)
        except CellFault as fault:
            lines.faults.append(Fault(row.line, one.title, fault.code, fault.numbers))
    if any(not is_empty(raw) for raw in row.cells[width:]):
        lines.faults.append(Fault(row.line, "", Code.EXTRA_CELLS))
    if len(lines.faults) == before:
        lines.good.append(Line(row.line, values))
