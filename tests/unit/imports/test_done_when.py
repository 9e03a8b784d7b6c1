"""The line that this was built for: ten thousand lines, thirty-seven planted faults."""

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.conftest import Statements
from tests.factories.identity import a_coordinator
from tests.factories.imports import ROSTER, a_csv, an_identity_number, checked, faults_of, imported, wanted
from tests.factories.organisations import an_organisation
from timebank.database import in_unit_of_work, session
from timebank.identity.document_models import Document
from timebank.identity.models import Person
from timebank.imports.errors import ImportHasFaults
from timebank.imports.models import ImportedContact, ImportedFile, ImportedLine, ImportedNumber
from timebank.organisations.models import Member

LINES = 10_000
TABLES = (Person, Document, Member, ImportedFile, ImportedLine, ImportedNumber, ImportedContact)

Cells = list[str]


def a_line(number: int) -> Cells:
    """Return a good line of the roster."""
    birth_on = date(1940 + number % 60, 1 + number % 12, 1 + number % 28)
    document = an_identity_number(birth_on, 1 + number // 30 % 999) if number % 2 else ""
    return [f"V{number:05}", f"张三{number}", birth_on.isoformat(), document, f"138{number:08}", ""]


def _with(column: int, text: str) -> Callable[[Cells], None]:
    def plant(cells: Cells) -> None:
        cells[column] = text

    return plant


def _another_check(cells: Cells) -> None:
    cells[3] = an_identity_number(date(1958, 3, 1))[:17] + "?"
    cells[3] = cells[3].replace("?", next(c for c in "0123456789X" if an_identity_number(date(1958, 3, 1))[17] != c))


def _nothing_known(cells: Cells) -> None:
    cells[0] = cells[3] = cells[4] = ""


def _as_line(other: int, *columns: int) -> Callable[[Cells], None]:
    def plant(cells: Cells) -> None:
        for column in columns:
            cells[column] = a_line(other)[column]

    return plant


def _twin_with_another_document(cells: Cells) -> None:
    cells[:] = a_line(9)
    cells[3] = an_identity_number(date.fromisoformat(cells[2]), 888)


FAULTS: tuple[tuple[Callable[[Cells], None], str, str], ...] = (
    (_with(1, ""), "姓名", "MISSING"),
    (_with(1, "   "), "姓名", "MISSING"),
    (_with(1, "张\u202e三"), "姓名", "HIDDEN_CHARACTERS"),
    (_with(1, "张\x00三"), "姓名", "HIDDEN_CHARACTERS"),
    (_with(1, "张\t三"), "姓名", "HIDDEN_CHARACTERS"),
    (_with(1, "张" * 61), "姓名", "TOO_LONG"),
    (_with(0, "9" * 41), "志愿者编号", "TOO_LONG"),
    (_with(0, "4.4E+17"), "志愿者编号", "DIGITS_LOST"),
    (_with(2, "1958-13-01"), "出生日期", "NOT_A_DATE"),
    (_with(2, "1958-02-30"), "出生日期", "NOT_A_DATE"),
    (_with(2, "春天"), "出生日期", "NOT_A_DATE"),
    (_with(2, "2058-03-01"), "出生日期", "BIRTH_IMPOSSIBLE"),
    (_with(2, "1901-03-01"), "出生日期", "BIRTH_IMPOSSIBLE"),
    (_with(2, "0058-03-01"), "出生日期", "NOT_A_DATE"),
    (_another_check, "证件号码", "DOCUMENT_CHECK_DIGIT"),
    (_with(3, "330481195803010"), "证件号码", "DOCUMENT_SHAPE"),
    (_with(3, "33048119580301001A"), "证件号码", "DOCUMENT_SHAPE"),
    (_with(3, "3.30481E+17"), "证件号码", "DIGITS_LOST"),
    (_with(3, an_identity_number(date(1999, 9, 9), 555)), "证件号码", "DOCUMENT_BIRTH"),
    (_with(4, "12345"), "手机号", "PHONE_SHAPE"),
    (_with(4, "2380013800"), "手机号", "PHONE_SHAPE"),
    (_with(4, "1.38E+10"), "手机号", "DIGITS_LOST"),
    (_with(4, "电话"), "手机号", "PHONE_SHAPE"),
    (_with(5, "别人的组织"), "组织", "ORGANISATION_UNKNOWN"),
    (_with(5, "没有的组织"), "组织", "ORGANISATION_UNKNOWN"),
    (_nothing_known, "志愿者编号", "NOT_IDENTIFIABLE"),
    (_as_line(3, 0), "姓名", "CONTRADICTS_LINE"),
    (_as_line(5, 3, 2), "姓名", "CONTRADICTS_LINE"),
    (_as_line(7, 1, 4), "出生日期", "CONTRADICTS_LINE"),
    (_twin_with_another_document, "证件号码", "CONTRADICTS_LINE"),
    (lambda cells: cells.append("多的一格"), "", "EXTRA_CELLS"),
    (lambda cells: cells.extend(["", "又一格"]), "", "EXTRA_CELLS"),
    (_with(1, "李\x07四"), "姓名", "HIDDEN_CHARACTERS"),
    (_with(2, "99999"), "出生日期", "NOT_A_DATE"),
    (_with(3, "G12345678"), "证件号码", "DOCUMENT_SHAPE"),
    (_with(0, "V\x00"), "志愿者编号", "HIDDEN_CHARACTERS"),
    (_with(4, "+86 138 00"), "手机号", "PHONE_SHAPE"),
)


def rows_of_tables() -> list[int]:
    """Return how many rows the tables have that a roster writes."""
    counts = [select(func.count()).select_from(table) for table in TABLES]
    return in_unit_of_work(lambda: [session.scalar(one) or 0 for one in counts], write=False)


@pytest.mark.rule("R37")
def test_a_roster_of_ten_thousand_lines(app: Flask, statements: Statements) -> None:
    """The dry run names each of 37 faults with line and reason and nothing is imported; without them all of it, and again nothing."""
    assert len(FAULTS) == 37
    ours = an_organisation()
    an_organisation("别人的组织")
    coordinator = a_coordinator(ours.id)
    lines = [a_line(number) for number in range(LINES)]
    planted = [list(cells) for cells in lines]
    places = [250 * (index + 1) + index for index in range(len(FAULTS))]
    expected = []
    for place, (plant, column, code) in zip(places, FAULTS, strict=True):
        plant(planted[place])
        expected.append((place + 2, column, code))
    before = rows_of_tables()

    faulty = wanted(coordinator, a_csv(ROSTER, planted), organisation_id=ours.id)
    report = checked(faulty)
    assert [one for one in faults_of(report) if one not in expected] == []
    assert [one for one in expected if one not in faults_of(report)] == []
    assert all(len(fault.reason()) > 3 and fault.reason(english=True).isprintable() for fault in report.faults)
    with pytest.raises(ImportHasFaults) as refused:
        imported(faulty)
    assert refused.value.context == {"faults": 37}
    assert len(refused.value.errors) == 37
    assert rows_of_tables() == before

    good = wanted(coordinator, a_csv(ROSTER, lines), organisation_id=ours.id)
    with statements() as sent:
        done = imported(good)
    assert (done.counts.created, done.counts.unchanged, done.counts.merged) == (LINES, 0, 0)
    assert len(sent) < 60, "in pieces of thousands, never a statement a line"
    after = rows_of_tables()
    assert [now - then for now, then in zip(after, before, strict=True)] == [
        LINES,
        LINES // 2,
        LINES,
        1,
        LINES,
        LINES,
        LINES,
    ]

    again = imported(wanted(coordinator, a_csv(ROSTER, lines), organisation_id=ours.id))
    assert (again.counts.created, again.counts.changed, again.counts.unchanged) == (0, 0, LINES)
    assert again.entry is not None
    assert done.entry is not None
    assert again.entry.id == done.entry.id
    assert rows_of_tables() == after
