"""CSV files."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timebank.documents.csv_file import harmless, stream
from timebank.documents.tables import Cell, Column, Table, Type, clean

COLUMNS = (
    Column("志愿者"),
    Column("服务分钟", Type.WHOLE_NUMBER),
    Column("服务日期", Type.DAY),
    Column("签到时间", Type.INSTANT),
)
ROW: list[Cell] = ["张三", 90, date(2026, 11, 21), datetime(2026, 11, 21, 1, 30, tzinfo=UTC)]


def written(*rows: Sequence[Cell], columns: tuple[Column, ...] = COLUMNS) -> bytes:
    """Return the whole file."""
    return b"".join(stream(Table(title="时长", columns=columns, rows=rows)))


def read_back(file: bytes) -> list[list[str]]:
    """Return header and rows as a CSV reader sees them."""
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def test_a_file_looks_like_this() -> None:
    """UTF-8 with a BOM, a header, CRLF; days and instants as spreadsheets recognise them, nothing for a missing value."""
    expected = (
        '\ufeff志愿者,服务分钟,服务日期,签到时间\r\n张三,90,2026-11-21,2026-11-21 09:30:00\r\n"李""四"",\n",-5,,\r\n'
    )

    assert written(ROW, ['李"四",\r\n', -5, None, None]) == expected.encode()


def test_a_table_without_rows_still_has_its_header() -> None:
    """An empty result is a result."""
    assert read_back(written()) == [["志愿者", "服务分钟", "服务日期", "签到时间"]]


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", " =", "　＝", "\x00=", "\n\n@"]
)
def test_text_that_begins_like_a_formula_is_neutralised(start: str) -> None:
    """Also behind blanks, and behind what cleaning takes away."""
    [_, [cell]] = read_back(written([f'{start}HYPERLINK("http://x","y")'], columns=(Column("姓名"),)))

    assert cell.startswith("'")


def test_a_header_is_neutralised_too() -> None:
    """Titles may carry names that somebody typed."""
    assert read_back(written(columns=(Column("=1+1"),))) == [["'=1+1"]]


@pytest.mark.parametrize("text", ["张三", "a=b", "1-2", "", "'", "·@", "2026-11-21"])
def test_other_text_stays_as_it_is(text: str) -> None:
    """A sign in the middle of a text runs nothing."""
    assert harmless(text) == text


def test_a_negative_number_stays_a_number() -> None:
    """Only text can carry a formula."""
    assert written([-5], columns=(Column("分钟", Type.WHOLE_NUMBER),)).endswith(b"\r\n-5\r\n")


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2)))
@settings(deadline=None)
def test_any_text_is_read_back(rows: list[list[str]]) -> None:
    """Quotes, commas, line feeds and all: what is read is the clean text, with at most an apostrophe in front."""
    _, *read = read_back(written(*rows, columns=(Column("一"), Column("二"))))

    assert read == [[harmless(clean(cell)) for cell in row] for row in rows]
    assert not [cell for row in read for cell in row if cell[:1] in tuple("=+-@\t\r\n＝＋－＠")]


@given(
    st.lists(
        st.tuples(
            st.none() | st.text(alphabet="甲,\"\r\n ='a", max_size=6),
            st.none() | st.integers(-9, 10**18),
            st.none() | st.dates(date(1980, 1, 1)),
            st.none() | st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        ),
        max_size=8,
    )
)
def test_fields_are_quoted_as_the_library_quotes_them(rows: list[tuple[Cell, ...]]) -> None:
    """Byte for byte what Python's own writer makes of the same cells; also a single empty field."""
    for width in (4, 1):
        table = Table(title="", columns=COLUMNS[:width], rows=[row[:width] for row in rows])
        expected = io.StringIO(newline="")
        writer = csv.writer(expected, lineterminator="\r\n")
        writer.writerow([column.title for column in table.columns])
        for cells in table.cells():
            writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])

        assert b"".join(stream(table)) == b"\xef\xbb\xbf" + expected.getvalue().encode()


def test_rows_are_read_as_the_file_is_sent() -> None:
    """A million rows are never in memory together: pieces come while rows are still being read."""
    read = 0

    def rows() -> Iterator[list[Cell]]:
        nonlocal read
        for number in range(10_000):
            read = number + 1
            yield ["张" * 20, number]

    pieces = stream(Table(title="", columns=(Column("姓名"), Column("号", Type.WHOLE_NUMBER)), rows=rows()))
    header = next(pieces)
    assert (header, next(pieces), read) == (b"\xef\xbb\xbf", "姓名,号\r\n".encode(), 0)

    first = next(pieces)
    assert 0 < read < 5_000

    whole = header + "姓名,号\r\n".encode() + first + b"".join(pieces)
    assert [row[1] for row in read_back(whole)[1:]] == [str(number) for number in range(10_000)]


def test_the_same_table_gives_the_same_bytes() -> None:
    """Every time."""
    assert written(ROW, ROW) == written(ROW, ROW)
