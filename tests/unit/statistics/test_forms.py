"""Files of many rows: written as they are read, with word of how far they are, and without holding them."""

import io
import tracemalloc
from collections.abc import Iterator, Sequence

import pytest

from timebank import clock
from timebank.documents.tables import Cell, Column, Type
from timebank.documents.typefaces import typeface
from timebank.statistics import forms
from timebank.statistics.errors import DocumentTooLong
from timebank.statistics.report import Report
from timebank.statistics.rules import Form

COLUMNS = (("name", Column("姓名")), ("minutes", Column("分钟", Type.WHOLE_NUMBER)))


def many(rows: int) -> Report:
    """Return a report that makes its rows as they are asked for."""

    def made() -> Iterator[Sequence[Cell]]:
        for number in range(rows):
            yield (f"志愿者{number}", number % 7)

    return Report(title="记录", columns=COLUMNS, rows=made(), filters={}, generated_at=clock.now())


class Nowhere(io.BytesIO):
    """A file that forgets what is written."""

    def write(self, content: object) -> int:
        """Count and forget."""
        return len(bytes(content))  # type: ignore[call-overload, no-any-return]


def test_progress_is_told_every_ten_thousand_rows() -> None:
    """Somebody who watches a terminal sees that it goes on; rows and sums are counted on the way."""
    told: list[int] = []

    written = forms.write(many(25_000), Form.CSV, Nowhere(), typeface(), told.append)

    assert told == [10_000, 20_000]
    assert (written.rows, written.sums) == (25_000, {"分钟": sum(number % 7 for number in range(25_000))})


def test_ten_times_the_rows_need_no_more_memory() -> None:
    """The most that is held at once is the same for two thousand rows and for twenty thousand."""

    def peak(rows: int) -> int:
        tracemalloc.start()
        forms.write(many(rows), Form.CSV, Nowhere(), typeface())
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1_000)
    assert peak(120_000) < 2 * peak(12_000)


def test_paper_has_an_end() -> None:
    """A PDF of more rows than anybody reads is refused by name."""
    with pytest.raises(DocumentTooLong):
        forms.write(many(5_001), Form.PDF, Nowhere(), typeface())
