"""Rows of a select as text: the same on both engines, whatever stands in them, a thousand at a time."""

from flask import Flask
from sqlalchemy import literal, select, true
from sqlalchemy.orm import aliased

from tests.factories.identity import a_person
from timebank import streaming
from timebank.database import in_unit_of_work, session
from timebank.identity.models import Person

NASTY = (
    "a\tb",
    "\\n",
    "\\",
    'x,"y"',
    "一\n二\r\n三",
    "50%",
    "%(a)s %s",
    "'; DROP TABLE x; --",
    "\\N",
    "",
    " ",
    "𠮷😀",
    ":a",
)


def test_any_text_comes_out_as_it_went_in(app: Flask) -> None:
    """Tabs, line ends, backslashes, quotes and per cents: as values of the statement and as fields of its rows."""
    found = select(*(literal(text) for text in NASTY))

    (columns,) = in_unit_of_work(lambda: list(streaming.columns(session.connection(), found)), write=False)

    assert [column[0] for column in columns] == list(NASTY)


def test_rows_come_in_chunks(app: Flask) -> None:
    """More rows than one chunk has are all there, each once; of no rows there is no chunk."""
    for _ in range(11):
        a_person()
    first, second, third = (aliased(Person) for _ in range(3))
    every = (  # each with each: 1,331 rows
        select(first.volunteer_no, second.volunteer_no, third.volunteer_no)
        .join_from(first, second, true())
        .join(third, true())
    )

    chunks = in_unit_of_work(lambda: list(streaming.columns(session.connection(), every)), write=False)
    none = in_unit_of_work(
        lambda: list(streaming.columns(session.connection(), every.where(first.volunteer_no == "-"))), write=False
    )

    assert [len(columns[0]) for columns in chunks] == [1_000, 331]
    assert len({row for columns in chunks for row in zip(*columns, strict=True)}) == 1_331
    assert none == []
