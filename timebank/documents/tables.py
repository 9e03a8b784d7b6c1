"""A table, described once and written in several formats that never disagree."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from timebank.clock import SHANGHAI

TIME_ZONE = "Asia/Shanghai (UTC+8)"

Cell = str | int | Decimal | date | datetime | None

_LINE_ENDS = re.compile(r"\r\n?")
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]*")
# Controls but tab and line feed, lone surrogates, and the two non-characters that XML forbids.
_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_UNCLEAN = re.compile(f"\r|{_ILLEGAL.pattern}")


class Type(StrEnum):
    """What the cells of a column are; any of them may be None, which is an empty cell."""

    TEXT = "text"
    """Also numbers nobody adds up: phone and document numbers."""
    ID = "id"
    """Text of our own making, of letters and digits: it needs no cleaning."""
    WHOLE_NUMBER = "whole_number"
    DECIMAL = "decimal"
    """Given as a Decimal with one place: days, per cent."""
    DAY = "day"
    INSTANT = "instant"
    """Given with a time zone, or as whole seconds since 1970; shown to the second on the wall clock of Asia/Shanghai."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``definition`` says in a sentence how its figures come about."""

    title: str
    type: Type = Type.TEXT
    definition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A title, columns, rows that may be read only once, and the filters that chose them."""

    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Sequence[Cell]]
    filters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("a table has columns")

    def cells(self) -> Iterator[list[Cell]]:
        """Yield every row as a file shows it: clean text, plain days, wall-clock times without a zone.

        Raises:
            ValueError: A row has more or fewer cells than there are columns.
            TypeError: A cell is not of its column's type.
        """
        shown = [show(column.type) for column in self.columns]
        for row in self.rows:
            yield [None if cell is None else form(cell) for form, cell in zip(shown, row, strict=True)]


def show(kind: Type) -> Callable[[object], Cell]:
    """Return what makes of a cell of a type (but None) what a file shows. It raises TypeError for any other."""
    return _SHOWN[kind]


def clean(text: str) -> str:
    """Return ``text`` with line feeds as its only line ends and without what a file may not hold."""
    if not _UNCLEAN.search(text):  # nearly every cell of a million rows
        return text
    return _ILLEGAL.sub("", _LINE_ENDS.sub("\n", text))


def _text(cell: object) -> str:
    if not isinstance(cell, str):
        raise TypeError("a text cell is a str")
    return clean(cell)


def _id(cell: object) -> str:
    if not isinstance(cell, str) or not _ID.fullmatch(cell):
        raise TypeError("an id is of letters, digits and hyphens")
    return cell


def _whole_number(cell: object) -> int:
    if not isinstance(cell, int) or isinstance(cell, bool):
        raise TypeError("a whole-number cell is an int")
    return cell


def _decimal(cell: object) -> Decimal:
    if not isinstance(cell, Decimal) or cell.as_tuple().exponent != -1:
        raise TypeError("a decimal cell is a Decimal with one place")
    return cell


def _day(cell: object) -> date:
    if not isinstance(cell, date) or isinstance(cell, datetime):
        raise TypeError("a day cell is a date")
    return cell


def _instant(cell: object) -> datetime:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return datetime.fromtimestamp(cell, SHANGHAI).replace(tzinfo=None)
    if not isinstance(cell, datetime) or cell.tzinfo is None:
        raise TypeError("an instant cell is a datetime with a time zone")
    return cell.astimezone(SHANGHAI).replace(tzinfo=None, microsecond=0)


_SHOWN: dict[Type, Callable[[object], Cell]] = {
    Type.TEXT: _text,
    Type.ID: _id,
    Type.WHOLE_NUMBER: _whole_number,
    Type.DECIMAL: _decimal,
    Type.DAY: _day,
    Type.INSTANT: _instant,
}
