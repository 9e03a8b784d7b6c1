"""The forms that a report takes: one object, several writers, and the names and types of what they write."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import BinaryIO, cast

from timebank.documents import csv_file, pdf_table, xlsx_file
from timebank.documents.columns import Chunks, in_columns
from timebank.documents.tables import Cell, Table, Type
from timebank.documents.typefaces import Typeface
from timebank.statistics import charts
from timebank.statistics.errors import DocumentTooLong, DocumentTooWide
from timebank.statistics.report import Report
from timebank.statistics.rules import Form

MOST_ROWS_ON_PAPER = 5_000
MOST_COLUMNS_ON_PAPER = 24
"""Ten millimetres each on a page that lies on its side: a year of months with its totals."""
EVERY = 10_000
"""Rows after which progress is told."""


MEDIA_TYPES = {Form.CSV: csv_file.MEDIA_TYPE, Form.XLSX: xlsx_file.MEDIA_TYPE, Form.PDF: pdf_table.MEDIA_TYPE}

Progress = Callable[[int], None]
"""Told how many rows have been written so far."""


@dataclass(slots=True)
class Written:
    """What went into a file: rows, and the sums of its columns of whole numbers by their names, to check a copy by."""

    rows: int = 0
    sums: dict[str, int] = field(default_factory=dict)


def write(report: Report, form: Form, target: BinaryIO, face: Typeface, progress: Progress | None = None) -> Written:
    """Write a report to ``target``; CSV and XLSX need no more memory for a million rows than for one.

    Raises SheetTooLarge, DocumentTooLong, DocumentTooWide, GlyphMissing.
    """
    written = Written()
    table = report.table()
    if form is Form.PDF:
        if len(table.columns) > MOST_COLUMNS_ON_PAPER:
            raise DocumentTooWide(columns=len(table.columns), most=MOST_COLUMNS_ON_PAPER)
        table = replace(table, rows=_short(table))
    names = [name for name, _ in report.columns]
    counted = replace(table, rows=Chunks(_counted(table, names, written, progress)))
    if form is Form.PDF:
        pictures = charts.of(replace(report, rows=table.rows), face)
        target.write(pdf_table.write(counted, face, pictures=pictures))
    elif form is Form.XLSX:
        xlsx_file.write(counted, target)
    else:
        target.writelines(csv_file.stream(counted))
    return written


def _short(table: Table) -> list[Sequence[Cell]]:
    """Return the rows of a table that is short enough to be printed."""
    rows = list(islice(table.rows, MOST_ROWS_ON_PAPER + 1))
    if len(rows) > MOST_ROWS_ON_PAPER:
        raise DocumentTooLong(rows=f"{MOST_ROWS_ON_PAPER}+", most=MOST_ROWS_ON_PAPER)
    return rows


def _counted(
    table: Table, names: Sequence[str], written: Written, progress: Progress | None
) -> Generator[list[Sequence[Cell]]]:
    numbers = [place for place, column in enumerate(table.columns) if column.type is Type.WHOLE_NUMBER]
    written.sums = {names[place]: 0 for place in numbers}
    told = 0
    for columns in in_columns(table.rows):
        yield columns
        written.rows += len(columns[0])
        for place in numbers:
            written.sums[names[place]] += sum(filter(None, cast("Sequence[int | None]", columns[place])))
        if progress and written.rows // EVERY > told:
            told = written.rows // EVERY
            progress(told * EVERY)
