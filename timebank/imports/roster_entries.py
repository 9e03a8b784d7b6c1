"""The people of a roster's file, each named by one or more of its lines: two lines are one person by rule, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from timebank import clock
from timebank.errors import Invalid
from timebank.identity.ages import refuse_impossible_birth
from timebank.identity.document_rules import DocumentNumber
from timebank.imports import places
from timebank.imports.faults import Code
from timebank.imports.lines import Line, Lines
from timebank.imports.people import Known
from timebank.imports.places import Place
from timebank.imports.rules import Counts
from timebank.imports.values import alike
from timebank.organisations.particulars import NOTHING, Particulars

_SAID = {
    "birth_on": "出生日期 birth date",
    "document": "证件号码 document",
    "phone": "手机号 telephone",
    "sex": "性别 sex",
    "home": "居住区域 area",
    "skills": "服务技能 skills",
}


@dataclass(slots=True, eq=False)
class Entry:
    """One person of the file, as one or more lines name them."""

    line: Line
    name: str
    said: dict[str, Any]
    numbers: dict[UUID, str] = field(default_factory=dict)
    member_of: set[UUID] = field(default_factory=set)
    person: Known | None = None
    adds: set[str] = field(default_factory=set)
    new_numbers: dict[UUID, str] = field(default_factory=dict)
    joins: set[UUID] = field(default_factory=set)
    admitted: set[UUID] = field(default_factory=set)
    """Memberships that wait to be admitted."""
    new_contact: bytes | None = None
    new_document: DocumentNumber | None = None
    new_particulars: Particulars = NOTHING

    @property
    def birth_on(self) -> date | None:
        """The birth date that the lines give, in its column or in the document number."""
        document = self.said.get("document")
        return self.said.get("birth_on") or (document.birth_on if document else None)

    @property
    def changes(self) -> bool:
        """Whether anything is to be written about somebody on record."""
        return bool(
            self.adds
            or self.new_numbers
            or self.joins
            or self.admitted
            or self.new_contact
            or self.new_document
            or self.new_particulars != NOTHING
        )

    def particulars(self, areas: Mapping[str, UUID]) -> Particulars:
        """Return what the lines say of sex, area and skills."""
        home = self.said.get("home")
        return Particulars(
            sex=self.said.get("sex"), area_id=areas[home] if home else None, skills=self.said.get("skills", ())
        )


class Entries:
    """The people of a file, in the order in which it names them."""

    def __init__(self, lines: Lines, of_lines: dict[int, Place], counts: Counts) -> None:
        self.people: list[Entry] = []
        self._lines = lines
        self._counts = counts
        self._named: dict[Any, Entry] = {}
        good = places.good(lines, of_lines)
        self.areas = places.areas({line["home"] for line in good if line["home"]})
        for line in good:
            self._enter(line, of_lines[line.number].organisation_id)

    def _enter(self, line: Line, organisation_id: UUID) -> None:
        """Take a line in: a new person, or one whom an earlier line has named."""
        names = self._names(line, organisation_id)
        if not names:
            self._lines.fault(line.number, "number", Code.NOT_IDENTIFIABLE)
            return
        if not self._is_possible(line):
            return
        met = {entry for name in names if (entry := self._named.get(name))}
        if len(met) > 1:
            self._lines.fault(line.number, "", Code.AMBIGUOUS)
            return
        said = {name: line[name] for name in _SAID if line[name]}
        numbers = {organisation_id: line["number"]} if line["number"] else {}
        entry = Entry(line, line["name"], said, numbers, {organisation_id})
        if met:
            [earlier] = met
            if not self.merge(earlier, entry):
                return
            entry = earlier
        else:
            self.people.append(entry)
        for name in names:
            self._named.setdefault(name, entry)

    def _names(self, line: Line, organisation_id: UUID) -> list[Any]:
        """Return by what a person is known again."""
        names: list[Any] = []
        if line["number"]:
            names.append((organisation_id, line["number"]))
        if line["phone"]:
            names.append((line["phone"], alike(line["name"])))
        if line["document"]:
            names.append(line["document"])
        return names

    def _is_possible(self, line: Line) -> bool:
        today, document = clock.day_of(clock.now()), line["document"]
        if line["birth_on"] and not _is_birth(line["birth_on"], today):
            self._lines.fault(line.number, "birth_on", Code.BIRTH_IMPOSSIBLE)
            return False
        born = document.birth_on if document else None
        if born and line["birth_on"] not in {None, born}:
            self._lines.fault(line.number, "document", Code.DOCUMENT_BIRTH)
            return False
        if line["home"] and line["home"] not in self.areas:
            self._lines.fault(line.number, "home", Code.AREA_UNKNOWN)
            return False
        return True

    def merge(self, earlier: Entry, later: Entry) -> bool:
        """Add what a line says to the person whom an earlier one names, unless the two contradict each other."""
        contradicted = self._contradicted(earlier, later)
        if contradicted:
            name, said = contradicted
            self._lines.fault(later.line.number, name, Code.CONTRADICTS_LINE, other=earlier.line.number, what=said)
            return False
        earlier.said = later.said | earlier.said
        earlier.numbers = later.numbers | earlier.numbers
        earlier.member_of |= later.member_of
        self._counts.merged += 1
        return True

    def _contradicted(self, earlier: Entry, later: Entry) -> tuple[str, str] | None:
        if alike(earlier.name) != alike(later.name):
            return "name", "姓名 name"
        for name, said in _SAID.items():
            one, other = earlier.said.get(name), later.said.get(name)
            if one and other and one != other:
                return name, said
        if earlier.birth_on and later.birth_on and earlier.birth_on != later.birth_on:
            return "birth_on", _SAID["birth_on"]
        for organisation_id, number in later.numbers.items():
            if earlier.numbers.get(organisation_id, number) != number:
                return "number", "编号 number"
        return None


def _is_birth(birth_on: date, today: date) -> bool:
    try:
        refuse_impossible_birth(birth_on, today)
    except Invalid:
        return False
    return True
