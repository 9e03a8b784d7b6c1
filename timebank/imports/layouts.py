"""Layouts: what the columns of a file are called, how each is read, and how each is written back. Each one is data.

A new layout is one more ``Layout`` with its columns, passed to ``register``: plans and exports know only the names of its
columns (``number``, ``name``, ``document`` …), never their headings.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from timebank.activities.rules import CATEGORY_NAMES, Category
from timebank.clock import SHANGHAI
from timebank.documents.tables import Cell, Column, Type
from timebank.imports import values
from timebank.imports.document_numbers import read_number
from timebank.imports.errors import ImportLayoutUnknown
from timebank.imports.faults import CellFault, Code
from timebank.imports.rules import Kind
from timebank.imports.values import Raw

Read = Callable[[Raw], Any]
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column: ``name`` is what plans call it, ``title`` its heading; ``show`` makes its cell of an export."""

    name: str
    title: str
    read: Read
    also: tuple[str, ...] = ()
    filled: bool = False
    """Whether every line must fill it; its heading must be there then, too."""
    type: Type = Type.TEXT
    show: Callable[[Facts], Cell] = lambda _facts: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One way to lay out the lines of one kind."""

    name: str
    kind: Kind
    fields: tuple[Field, ...]

    @property
    def names_organisations(self) -> bool:
        """Whether its lines say which organisation they belong to."""
        return any(field.name == "organisation" for field in self.fields)

    def field(self, name: str) -> Field:
        """Return a column by its name."""
        return next(field for field in self.fields if field.name == name)

    def missing(self, headings: Sequence[str]) -> list[str]:
        """Return the headings of columns that must be there and are not."""
        there = set(headings)
        return [field.title for field in self.fields if field.filled and not there & _headings_of(field)]

    def repeated(self, headings: Sequence[str]) -> list[str]:
        """Return the headings of columns that are there twice: nobody knows which one is meant."""
        found = [field.title for field in self.places(headings).values()]
        return sorted({title for title in found if found.count(title) > 1})

    def places(self, headings: Sequence[str]) -> dict[int, Field]:
        """Return which column of a file is which field; headings that no field has are left out."""
        known = {heading: field for field in self.fields for heading in _headings_of(field)}
        return {place: known[heading] for place, heading in enumerate(headings) if heading in known}

    def columns(self) -> tuple[tuple[str, Column], ...]:
        """Return its columns as a report has them."""
        return tuple((field.name, Column(field.title, field.type)) for field in self.fields)

    def row(self, facts: Facts) -> tuple[Cell, ...]:
        """Return the row of an export."""
        return tuple(field.show(facts) for field in self.fields)


def heading(raw: Raw) -> str:
    """Return a heading as it is compared: half width, without blanks."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", raw)).lower() if isinstance(raw, str) else ""


def _headings_of(field: Field) -> set[str]:
    return {heading(title) for title in (field.title, *field.also)}


_LAYOUTS: dict[tuple[Kind, str], Layout] = {}


def register(layout: Layout) -> Layout:
    """Have a layout known by its kind and name."""
    _LAYOUTS[layout.kind, layout.name] = layout
    return layout


def layouts_of(kind: Kind, name: str | None = None) -> list[Layout]:
    """Return the layouts of a kind, or the one that is named. Raises ImportLayoutUnknown."""
    found = [layout for (of, called), layout in _LAYOUTS.items() if of is kind and name in {None, called}]
    if not found:
        raise ImportLayoutUnknown(layouts=", ".join(called for of, called in _LAYOUTS if of is kind))
    return found


def every_name() -> list[str]:
    """Return the names of all layouts."""
    return sorted({name for _, name in _LAYOUTS})


# --- how columns are read and written ---------------------------------------------------------------------------------


def told(name: str) -> Callable[[Facts], Cell]:
    """Show a fact as it is."""
    return lambda facts: facts.get(name)


def category(raw: Raw) -> str:
    """Return a category by its Chinese name or its code. Raises CellFault."""
    written = values.number(raw)
    found = next((one for one, name in CATEGORY_NAMES.items() if written in {name, str(one)}), None)
    if found is None:
        raise CellFault(Code.CATEGORY_UNKNOWN, categories="、".join(CATEGORY_NAMES.values()))
    return str(found)


def on_the_wall(facts: Facts, name: str, form: str) -> str:
    """Return an instant as the clock on the wall in Shanghai shows it."""
    instant: datetime = facts[name]
    return instant.astimezone(SHANGHAI).strftime(form)


def text_of(most: int, *, many_lines: bool = False) -> Read:
    """Return what reads text of at most so many characters."""
    return partial(values.text, most=most, many_lines=many_lines)


# --- the generic layouts ----------------------------------------------------------------------------------------------

_NAME = Field(name="name", title="姓名", read=text_of(60), filled=True, show=told("name"))
_NUMBER = Field(
    name="number", title="志愿者编号", also=("编号", "义工号", "volunteer_no"), read=values.number, show=told("number")
)
_ORGANISATION = Field(
    name="organisation", title="组织", also=("组织名称",), read=text_of(120), show=told("organisation_name")
)

GENERIC_ROSTER = register(
    Layout(
        name="generic",
        kind=Kind.ROSTER,
        fields=(
            _NUMBER,
            _NAME,
            Field(
                name="birth_on",
                title="出生日期",
                also=("生日",),
                read=values.day,
                type=Type.DAY,
                show=told("birth_on"),
            ),
            # What comes in here is never shown again: only its keyed hash is kept.
            Field(name="document", title="证件号码", also=("身份证号", "身份证号码", "证件号"), read=read_number),
            Field(name="phone", title="手机号", also=("手机", "电话", "联系电话", "手机号码"), read=values.telephone),
            _ORGANISATION,
        ),
    )
)

GENERIC_ACTIVITIES = register(
    Layout(
        name="generic",
        kind=Kind.ACTIVITIES,
        fields=(
            Field(name="activity", title="活动名称", read=text_of(120), filled=True, show=told("activity")),
            Field(
                name="category",
                title="服务类别",
                read=category,
                filled=True,
                show=lambda facts: CATEGORY_NAMES[Category(facts["category"])],
            ),
            Field(
                name="content",
                title="服务内容",
                read=text_of(2_000, many_lines=True),
                filled=True,
                show=told("content"),
            ),
            Field(name="area", title="区域编码", read=values.number, show=told("area_path")),
            _ORGANISATION,
        ),
    )
)

GENERIC_HOURS = register(
    Layout(
        name="generic",
        kind=Kind.HOURS,
        fields=(
            Field(
                name="number",
                title="志愿者编号",
                also=("编号", "volunteer_no"),
                read=values.number,
                filled=True,
                show=told("number"),
            ),
            _NAME,
            Field(name="activity", title="活动名称", read=text_of(120), filled=True, show=told("activity")),
            Field(
                name="served_on",
                title="服务日期",
                read=values.day,
                filled=True,
                type=Type.DAY,
                show=told("served_on"),
            ),
            Field(
                name="starts",
                title="签到时间",
                read=values.moment,
                filled=True,
                show=lambda facts: on_the_wall(facts, "started_at", "%Y-%m-%d %H:%M:%S"),
            ),
            Field(
                name="ends",
                title="签退时间",
                read=values.moment,
                filled=True,
                show=lambda facts: on_the_wall(facts, "ended_at", "%Y-%m-%d %H:%M:%S"),
            ),
            Field(
                name="minutes",
                title="服务分钟",
                read=values.minutes,
                type=Type.WHOLE_NUMBER,
                show=told("minutes"),
            ),
            Field(name="place", title="地点", read=text_of(120), show=told("place")),
            _ORGANISATION,
        ),
    )
)
