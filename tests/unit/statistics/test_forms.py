"""Files of many rows: written as they are read, with word of how far they are, and without holding them."""

import gc
import io
import os
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import String, func, literal, select

from tests.engines import ON_POSTGRESQL
from timebank import clock, streaming
from timebank.database import in_unit_of_work, session
from timebank.documents.columns import Chunks
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
        gc.collect()
        tracemalloc.start()
        written(rows, Form.CSV)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    def least(rows: int) -> int:
        """Return what a run needs: of three, the one that nothing else of this process has fallen into."""
        return min(peak(rows) for _ in range(3))

    peak(1_000)
    assert least(60_000) < 1.5 * least(6_000)


def test_paper_has_an_end() -> None:
    """A PDF of more rows than anybody reads is refused by name."""
    with pytest.raises(DocumentTooLong):
        written(5_001, Form.PDF)


def test_no_form_guesses_a_time_zone() -> None:
    """An instant without one is a fault of the program: it would be taken for one by the clock of the machine."""
    columns = (("at", Column("时间", Type.INSTANT)),)
    naive = Report(
        title="记录", columns=columns, rows=[[datetime(2026, 6, 30, 23, 59)]] * 2, filters={}, generated_at=clock.now()
    )

    for form in Form:
        with pytest.raises(TypeError, match="time zone"):
            forms.write(naive, form, io.BytesIO(), typeface())
    with pytest.raises(TypeError, match="time zone"):
        naive.as_json()


@ON_POSTGRESQL
def test_a_document_that_grows_too_long_stops_reading(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused in the midst of a COPY, it leaves a connection that can be rolled back; the driver would wait for ever."""
    monkeypatch.setattr(forms, "MOST_ROWS_ON_PAPER", 10)
    wide = select(literal("长" * 1_000).label("name"), func.generate_series(1, 20_000).cast(String).label("minutes"))

    def status_after_refusal() -> str:
        connection = session.connection()
        columns = (("name", Column("姓名")), ("minutes", Column("分钟")))
        rows = Chunks(streaming.columns(connection, wide))
        report = Report(title="记录", columns=columns, rows=rows, filters={}, generated_at=clock.now())
        driver: Any = connection.connection.driver_connection
        with pytest.raises(DocumentTooLong) as refused:
            forms.write(report, Form.PDF, io.BytesIO(), typeface())
        status: str = driver.info.transaction_status.name
        if status == "ACTIVE":
            driver.pgconn.finish()  # or this test would wait for ever, too
        assert refused.traceback  # it is held, with all that it saw, as whoever answers holds it
        return status

    assert in_unit_of_work(status_after_refusal) == "INERROR", "the COPY was cut off"
