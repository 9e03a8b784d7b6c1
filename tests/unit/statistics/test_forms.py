"""Files of many rows: written as they are read, with word of how far they are, and without holding them."""

import os
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from timebank import clock
from timebank.documents.tables import Cell, Column, Type
from timebank.documents.typefaces import typeface
from timebank.statistics import forms
from timebank.statistics.errors import DocumentTooLong
from timebank.statistics.forms import Progress, Written
from timebank.statistics.report import Report
from timebank.statistics.rules import Form

COLUMNS = (("name", Column("姓名")), ("minutes", Column("分钟", Type.WHOLE_NUMBER)))


def many(rows: int) -> Report:
    """Return a report that makes its rows as they are asked for."""

    def made() -> Iterator[Sequence[Cell]]:
        for number in range(rows):
            yield (f"志愿者{number}", number % 7)

    return Report(title="记录", columns=COLUMNS, rows=made(), filters={}, generated_at=clock.now())


def written(rows: int, form: Form, progress: Progress | None = None) -> Written:
    """Write so many rows to nowhere."""
    with Path(os.devnull).open("wb") as nowhere:
        return forms.write(many(rows), form, nowhere, typeface(), progress)


def test_progress_is_told_every_ten_thousand_rows() -> None:
    """Somebody who watches a terminal sees that it goes on; rows and sums are counted on the way."""
    told: list[int] = []

    done = written(25_000, Form.CSV, told.append)

    assert told == [10_000, 20_000]
    assert (done.rows, done.sums) == (25_000, {"minutes": sum(number % 7 for number in range(25_000))})


def test_ten_times_the_rows_need_no_more_memory() -> None:
    """The most that is held at once is the same for six thousand rows and for sixty thousand."""

    def peak(rows: int) -> int:
        tracemalloc.start()
        written(rows, Form.CSV)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1_000)
    assert peak(60_000) < 1.5 * peak(6_000)


def test_paper_has_an_end() -> None:
    """A PDF of more rows than anybody reads is refused by name."""
    with pytest.raises(DocumentTooLong):
        written(5_001, Form.PDF)
