"""Layouts: what the columns of a file are called, how each is read, and how each is written back. Each one is data.

A new layout is one more ``Layout`` with its columns, named in ``catalogue``: plans and exports know only the names of its
columns (``number``, ``name``, ``document`` …), never their headings.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from timebank.activities.rules import CATEGORY_NAMES
from timebank.clock import SHANGHAI
from timebank.documents.tables import Cell, Column, Type
from timebank.imports import values
from timebank.imports.faults import CellFault, Code
from timebank.imports.rules import Kind
from timebank.imports.values import Raw
from timebank.organisations.rules import (
    BETWEEN_SKILLS,
    HIDDEN_IN_SKILLS,
    MAX_LIST,
    MAX_SKILL,
    MAX_SKILLS_KEPT,
    Sex,
)

SEX_NAMES = {Sex.MALE: "男", Sex.FEMALE: "女"}
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

    def title_of(self, name: str) -> str:
        """Return the heading of a column by its name, empty for what this layout has no column for."""
        return next((field.title for field in self.fields if field.name == name), "")

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


def sex(raw: Raw) -> str:
    """Return a sex by its Chinese name or its code. Raises CellFault."""
    written = values.number(raw).lower()
    found = next((one for one, name in SEX_NAMES.items() if written in {name, f"{name}性", str(one)}), None)
    if found is None:
        raise CellFault(Code.SEX_UNKNOWN)
    return str(found)


def skills(raw: Raw) -> tuple[str, ...]:
    """Return skills, each once, that 、 or a comma or semicolon of either width separates. Raises CellFault."""
    named = (one.strip() for one in re.split(f"[{BETWEEN_SKILLS}]", values.text(raw, most=MAX_SKILLS_KEPT)))
    found = tuple(dict.fromkeys(one for one in named if one))
    if len(found) > MAX_LIST:
        raise CellFault(Code.TOO_MANY, most=MAX_LIST)
    if any(len(one) > MAX_SKILL for one in found) or len(json.dumps(found, ensure_ascii=False)) > MAX_SKILLS_KEPT:
        raise CellFault(Code.TOO_LONG, most=MAX_SKILL)
    return found


def show_skills(facts: Facts) -> Cell:
    """Show skills as ``skills`` reads them, also those that were kept before such marks were refused in them."""
    kept: list[str] = json.loads(facts["skills"] or "[]")
    single = (re.sub(f"[{BETWEEN_SKILLS}]", "/", re.sub(f"[{HIDDEN_IN_SKILLS}]", " ", one)).strip() for one in kept)
    return BETWEEN_SKILLS[0].join(filter(None, single)) or None


def on_the_wall(facts: Facts, name: str, form: str) -> str:
    """Return an instant as the clock on the wall in Shanghai shows it."""
    instant: datetime = facts[name]
    return instant.astimezone(SHANGHAI).strftime(form)


def text_of(most: int, *, many_lines: bool = False) -> Read:
    """Return what reads text of at most so many characters."""
    return partial(values.text, most=most, many_lines=many_lines)
