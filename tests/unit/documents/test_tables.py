"""Tables: typed on the way in, the same in every format on the way out."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.documents.tables import Cell, Column, Table, Type, clean

DAY = date(2026, 11, 21)
NIGHT = datetime(2026, 11, 21, 16, 30, 15, 999_999, tzinfo=UTC)


def a_table_of(type_: Type, *cells: Cell) -> Table:
    """Return a table of one column."""
    return Table(title="时长", columns=(Column("列", type_),), rows=[[cell] for cell in cells])


@pytest.mark.parametrize(
    ("type_", "cell", "shown"),
    [
        (Type.TEXT, "张三", "张三"),
        (Type.TEXT, "一\r\n二\r三\n四\t五", "一\n二\n三\n四\t五"),
        (Type.TEXT, "a\x00b\x1bc\x7fd\x85e\ud800f\ufffeg", "abcdefg"),
        (Type.WHOLE_NUMBER, -90, -90),
        (Type.DAY, DAY, DAY),
        (Type.INSTANT, NIGHT, datetime(2026, 11, 22, 0, 30, 15)),
        (Type.INSTANT, NIGHT.astimezone(timezone(timedelta(hours=-5))), datetime(2026, 11, 22, 0, 30, 15)),
    ],
)
def test_a_cell_is_shown_as_its_type_says(type_: Type, cell: Cell, shown: Cell) -> None:
    """Text is cleaned; an instant is what the clock on the wall in Shanghai says, to the second."""
    assert list(a_table_of(type_, cell).cells()) == [[shown]]


@pytest.mark.parametrize("type_", Type)
def test_a_missing_value_is_an_empty_cell(type_: Type) -> None:
    """In a column of any type."""
    assert list(a_table_of(type_, None).cells()) == [[None]]


@pytest.mark.parametrize(
    ("type_", "cell"),
    [
        (Type.TEXT, 12),
        (Type.TEXT, DAY),
        (Type.WHOLE_NUMBER, "12"),
        (Type.WHOLE_NUMBER, True),
        (Type.WHOLE_NUMBER, 1.5),
        (Type.DAY, NIGHT),
        (Type.DAY, "2026-11-21"),
        (Type.INSTANT, DAY),
        (Type.INSTANT, datetime(2026, 11, 21)),
    ],
)
def test_a_cell_of_another_type_is_a_fault_of_the_program(type_: Type, cell: Cell) -> None:
    """No half minutes, no times without a zone, no instants among days."""
    with pytest.raises(TypeError):
        list(a_table_of(type_, cell).cells())


@pytest.mark.parametrize("row", [[], ["a"], ["a", "b", "c"]])
def test_a_row_has_a_cell_for_each_column(row: list[Cell]) -> None:
    """A short row would shift figures under the wrong title."""
    table = Table(title="", columns=(Column("一"), Column("二")), rows=[row])

    with pytest.raises(ValueError, match=r"zip\(\)"):
        list(table.cells())


def test_a_table_has_columns() -> None:
    """A file without a header would be no file."""
    with pytest.raises(ValueError, match="columns"):
        Table(title="", columns=(), rows=[])


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """Clean text can be encoded, and stays as it is."""
    cleaned = clean(text)

    assert clean(cleaned) == cleaned
    assert cleaned.encode().decode() == cleaned
