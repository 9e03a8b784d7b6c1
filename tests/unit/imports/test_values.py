"""What a cell says, in the forms that people and spreadsheets write it."""

import json
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.imports import an_identity_number
from timebank.documents.csv_file import harmless, restored
from timebank.imports import values
from timebank.imports.document_numbers import read_number
from timebank.imports.faults import CellFault, Code
from timebank.imports.generic import GENERIC_ROSTER
from timebank.imports.values import Unusable

SPRING = date(2026, 3, 5)


def code_of(read: Callable[[Any], Any], cell: Any) -> Any:
    """Return the code of what is wrong with a cell, or else what it says."""
    try:
        return read(cell)
    except CellFault as fault:
        return fault.code


@pytest.mark.parametrize(
    ("read", "cells", "said"),
    [
        (
            values.day,
            [
                "2026-3-5",
                "2026/03/05",
                "2026.3.5",
                "2026年3月5日",
                "２０２６－０３－０５",
                "20260305",
                "46086",
                " 2026-03-05 00:00:00",
            ],
            SPRING,
        ),
        (values.day, [46086, 46086.25, 20260305, SPRING, datetime(2026, 3, 5, 8, 30)], SPRING),
        (values.moment, ["8:30", "08:30:00", "８：３０", "8点30分", "8时30", 0.3541666667, time(8, 30)], time(8, 30)),
        (values.moment, [timedelta(hours=8, minutes=30)], time(8, 30)),
        (
            values.moment,
            ["2026-3-5 8:30", "2026年3月5日 08:30:00", datetime(2026, 3, 5, 8, 30), 46086.3541666667],
            datetime(2026, 3, 5, 8, 30),
        ),
        (values.hours, ["2.5", "２．５", "2.5小时", 2.5, "2.50"], 150),
        (values.hours, ["1.33", 1.33, 1.3333333333], 80),
        (values.minutes, ["150", 150, 150.0, "150分钟", "１５０"], 150),
        (values.number, ["V001", " V001 ", "Ｖ００１", "V 001", "\tV001"], "V001"),
        (values.number, [1001, 1001.0, "1001"], "1001"),
        (
            values.telephone,
            ["138 0013 8000", "138-0013-8000", "+86 13800138000", 13800138000, "１３８００１３８０００"],
            "13800138000",
        ),
        (values.telephone, ["0573-87012345", "(0573)87012345"], "057387012345"),
    ],
)
def test_the_same_is_said_in_many_forms(read: Any, cells: list[Any], said: Any) -> None:
    """Blanks, full width, Chinese signs, serial numbers and cells of a type of their own."""
    assert [read(cell) for cell in cells] == [said] * len(cells)


@pytest.mark.parametrize(
    ("read", "cells", "code"),
    [
        (
            values.day,
            ["2026-13-01", "2026-02-30", "3/5/2026", "春天", "0026-03-05", "9999-12-31", 5, 99999, "5-3-2026"],
            "NOT_A_DATE",
        ),
        (values.moment, ["25:00", "8.30", "8:60", "上午", 5, 1.5, "24:00"], "NOT_A_TIME"),
        (values.hours, ["0", "25", "-1", "两小时", "0.001"], "NOT_A_DURATION"),
        (values.minutes, ["0", "1441", "1.5", 1.5, "-3"], "NOT_A_DURATION"),
        (values.number, [10**15, 3.30481e17], "DIGITS_LOST"),
        (values.number, ["9" * 41], "TOO_LONG"),
        (values.number, ["V\x00", "V\u200f"], "HIDDEN_CHARACTERS"),
        (values.number, [Unusable.FORMULA], "FORMULA"),
        (values.number, [Unusable.ERROR], "ERROR_VALUE"),
        (values.number, [SPRING], "NOT_TEXT"),
        (values.number, ["x" * 5_000], "TOO_LONG"),
        (values.telephone, ["12345", "abc", "1" * 30, "13٨00138000"], "PHONE_SHAPE"),
        (read_number, ["330481195803010", "33048119580301001Y", "03048119580301001X"], "DOCUMENT_SHAPE"),
    ],
)
def test_what_says_nothing_is_a_fault(read: Any, cells: list[Any], code: str) -> None:
    """Each with the code that tells what is wrong, and never a guess."""
    assert [(cell, code_of(read, cell)) for cell in cells] == [(cell, code) for cell in cells]


@pytest.mark.rule("R37")
def test_the_check_character_of_an_identity_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """GB 11643: every single wrong digit is found; the number itself stands in no text of a fault."""
    assert read_number("11010519491231002X").birth_on == date(1949, 12, 31)  # the example of the standard
    assert read_number("１１０１０５１９４９１２３１００２ｘ") == read_number("11010519491231002X")
    good = an_identity_number()
    for place in range(17):
        wrong = good[:place] + str((int(good[place]) + 1) % 10 or 1) + good[place + 1 :]
        if wrong[place] != good[place]:
            with pytest.raises(CellFault) as fault:
                read_number(wrong)
            assert fault.value.code in {"DOCUMENT_CHECK_DIGIT", "DOCUMENT_BIRTH"}
            assert wrong not in repr(fault.value) + str(fault.value.numbers)
    assert good not in repr(read_number(good))


NASTY = st.text(
    st.one_of(st.sampled_from("=+-@\t\r\n\x00\u202e\u200f'＝＋－＠ \u3000𠮷𩸽·张"), st.characters(codec="utf-8")),
    max_size=70,
)


@given(NASTY)
def test_a_name_stays_text_or_is_a_fault(name: str) -> None:
    """Formulas, tabs, NUL, marks that turn the direction of writing, characters of four bytes: as they stand, or refused."""
    read = code_of(partial(values.text, most=60), name)
    if isinstance(read, Code):
        assert read in {Code.HIDDEN_CHARACTERS, Code.TOO_LONG}
    else:
        assert values.text(read, most=60) == read
        assert not set(read) & set("\x00\t\n\r\u202e\u200f")


@given(NASTY)
def test_what_an_export_makes_harmless_an_import_restores(text: str) -> None:
    """The apostrophe that keeps a spreadsheet from running a cell comes off again."""
    assert restored(harmless(text)) == text


@given(st.integers(min_value=1, max_value=1440))
def test_hours_with_two_places_are_the_minutes_that_they_came_from(minutes: int) -> None:
    """志愿深圳's sheet counts in hours; nothing is lost on the way out and back."""
    assert values.hours(values.as_hours(minutes)) == minutes


def test_skills_that_were_typed_with_marks_come_back() -> None:
    """Each is still one, without what a cell cannot hold; what is nothing but such marks is left out."""
    kept = ["理发,烫发", "唱\n歌", "\u200f书法", "\u202e", *["甲；乙" * 20] * 7]
    [field] = [one for one in GENERIC_ROSTER.fields if one.name == "skills"]
    cell = field.show({"skills": json.dumps(kept, ensure_ascii=False)})

    assert isinstance(cell, str)
    assert field.read(cell) == ("理发/烫发", "唱 歌", "书法", "甲/乙" * 20)
    assert field.show({"skills": None}) is None
