"""Document numbers: which can be right, and what they say."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import Invalid
from timebank.identity.document_rules import DocumentKind, check_character, masked, read

TODAY = date(2026, 11, 22)
OF_THE_STANDARD = "11010519491231002X"
"""The example of GB 11643—1999."""


def test_the_example_of_the_standard_is_read() -> None:
    """Its check character is X, its birth date the last day of 1949, its sequence number a woman's."""
    document = read(DocumentKind.RESIDENT_ID, OF_THE_STANDARD, today=TODAY)
    assert document.number == OF_THE_STANDARD
    assert (document.birth_on, document.is_male, document.last_four) == (date(1949, 12, 31), False, "002X")
    assert OF_THE_STANDARD not in repr(document)


@pytest.mark.parametrize(
    "spelt",
    ["11010519491231002x", " 110105 19491231 002X ", "110105-19491231-002X", "１１０１０５１９４９１２３１００２Ｘ"],
)
def test_blanks_hyphens_width_and_case_do_not_matter(spelt: str) -> None:
    """People copy a number as their phone gives it."""
    assert read(DocumentKind.RESIDENT_ID, spelt, today=TODAY).number == OF_THE_STANDARD


@given(index=st.integers(0, 17), other=st.sampled_from("0123456789X"))
def test_one_wrong_character_is_always_found(index: int, other: str) -> None:
    """ISO 7064 MOD 11-2 finds every single substitution."""
    if other == OF_THE_STANDARD[index]:
        return
    with pytest.raises(Invalid):
        read(DocumentKind.RESIDENT_ID, OF_THE_STANDARD[:index] + other + OF_THE_STANDARD[index + 1 :], today=TODAY)


def with_check(digits: str) -> str:
    """Return a number with the right check character."""
    return digits + check_character(digits)


@pytest.mark.parametrize(
    ("kind", "number", "said"),
    [
        (DocumentKind.RESIDENT_ID, "110105491231002", "18 位"),
        (DocumentKind.RESIDENT_ID, "", "18 位"),
        (DocumentKind.RESIDENT_ID, "110105194912310021", "校验位"),
        (DocumentKind.RESIDENT_ID, with_check("99010519491231002"), "地区代码"),
        (DocumentKind.RESIDENT_ID, with_check("81000019491231002"), "地区代码"),
        (DocumentKind.HMT_RESIDENCE_PERMIT, OF_THE_STANDARD, "地区代码"),
        (DocumentKind.RESIDENT_ID, with_check("11010520230229002"), "不存在"),
        (DocumentKind.RESIDENT_ID, with_check("11010520261123002"), "晚于今天"),
        (DocumentKind.RESIDENT_ID, with_check("44052418800101001"), "超出范围"),
        (DocumentKind.RESIDENT_ID, with_check("11010500000101001"), "不存在"),
        (DocumentKind.FOREIGN_PERMANENT_RESIDENT, with_check("99910519491231002"), "地区代码"),
        (DocumentKind.HK_MACAO_PERMIT, "X12345678", "不像"),
        (DocumentKind.TAIWAN_PERMIT, "1234567", "不像"),
        (DocumentKind.PASSPORT, "ABCDEF", "不像"),
        (DocumentKind.PASSPORT, "E1234567护", "不像"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_its_reason(kind: DocumentKind, number: str, said: str) -> None:
    """The reason says what is wrong and repeats no part of the number."""
    with pytest.raises(Invalid) as refused:
        read(kind, number, today=TODAY)
    [error] = refused.value.errors
    assert error["pointer"] == "/number"
    assert said in error["detail"]
    assert len(number) < 6 or number[:6] not in error["detail"]


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (DocumentKind.HMT_RESIDENCE_PERMIT, with_check("81000019800229001")),
        (DocumentKind.HMT_RESIDENCE_PERMIT, with_check("83000019800229001")),
        (DocumentKind.FOREIGN_PERMANENT_RESIDENT, with_check("91110519800229001")),
        (DocumentKind.FOREIGN_PERMANENT_RESIDENT, "USA110080010101"),
        (DocumentKind.HK_MACAO_PERMIT, "H12345678"),
        (DocumentKind.HK_MACAO_PERMIT, "M1234567801"),
        (DocumentKind.TAIWAN_PERMIT, "12345678"),
        (DocumentKind.PASSPORT, "E12345678"),
    ],
)
def test_the_other_documents_have_shapes_of_their_own(kind: DocumentKind, number: str) -> None:
    """Each kind is read; those of eighteen characters tell a birth date, the others tell none."""
    document = read(kind, number, today=TODAY)
    assert document.number == number
    assert (document.birth_on is not None) == (len(number) == 18)


def test_a_birth_on_the_day_itself_is_possible() -> None:
    """Whoever is born today has a number from today."""
    assert read(DocumentKind.RESIDENT_ID, with_check("33048120261122001"), today=TODAY).birth_on == TODAY


@pytest.mark.rule("R18")
def test_what_is_shown_of_a_number_is_its_last_four_characters() -> None:
    """Neither region nor birth date stand in it."""
    assert masked(DocumentKind.RESIDENT_ID, "002X") == "居民身份证 **************002X"
    assert masked(DocumentKind.PASSPORT, "5678") == "护照 *****5678"
