"""Document numbers: which there are, when one can be right, and how it is shown. Pure.

令67 art 5 asks for a document number (身份证件号码); GB 11643—1999 says how the eighteen characters of a resident's are made,
and the cards of residents from Hong Kong, Macao and Taiwan (国办发〔2018〕81号) and the newer cards of foreign permanent
residents follow it. The number is a person's: it is hashed at once, and never stands in an error, a log or a list.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NoReturn

from timebank.errors import Invalid
from timebank.identity.ages import OLDEST, age_on

MAX_NUMBER = 40
LAST = 4


class DocumentKind(StrEnum):
    """What somebody shows to say who they are."""

    RESIDENT_ID = "resident_id"
    HMT_RESIDENCE_PERMIT = "hmt_residence_permit"
    FOREIGN_PERMANENT_RESIDENT = "foreign_permanent_resident"
    HK_MACAO_PERMIT = "hk_macao_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    PASSPORT = "passport"


NAMES = {
    DocumentKind.RESIDENT_ID: "居民身份证",
    DocumentKind.HMT_RESIDENCE_PERMIT: "港澳台居民居住证",
    DocumentKind.FOREIGN_PERMANENT_RESIDENT: "外国人永久居留身份证",
    DocumentKind.HK_MACAO_PERMIT: "港澳居民来往内地通行证",
    DocumentKind.TAIWAN_PERMIT: "台湾居民来往大陆通行证",
    DocumentKind.PASSPORT: "护照",
}

_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
    ]
)
_HMT = frozenset(["81", "82", "83"])
_GB_11643 = re.compile(r"[0-9]{17}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_SHAPES = {
    DocumentKind.FOREIGN_PERMANENT_RESIDENT: re.compile(r"[A-Z]{3}[0-9]{12}"),
    DocumentKind.HK_MACAO_PERMIT: re.compile(r"[HM][0-9]{8}(?:[0-9]{2})?"),
    DocumentKind.TAIWAN_PERMIT: re.compile(r"[0-9]{8}"),
    DocumentKind.PASSPORT: re.compile(r"(?=.*[0-9])[A-Z0-9]{5,20}"),
}


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """A number that can be right, in its one spelling, and what it says about whoever has it."""

    kind: DocumentKind
    number: str = field(repr=False)
    birth_on: date | None = field(default=None, repr=False)
    is_male: bool | None = field(default=None, repr=False)

    @property
    def last_four(self) -> str:
        """The last four characters: what is kept to tell two documents apart at a counter."""
        return self.number[-LAST:]


def masked(kind: DocumentKind, last_four: str) -> str:
    """Return a document as it may be shown: its kind, and the last four characters of its number."""
    return f"{NAMES[kind]} {'*' * (14 if kind in _LONG else 5)}{last_four}"


_LONG = frozenset({DocumentKind.RESIDENT_ID, DocumentKind.HMT_RESIDENCE_PERMIT})


def read(kind: DocumentKind, text: str, *, today: date) -> DocumentNumber:
    """Return the number that ``text`` spells: blanks, hyphens, full width and small letters do not matter.

    Raises Invalid (pointer ``/number``) for one that cannot be: its length, its characters, its region, its birth date
    (no such day, in the future, older than anybody is) or its check character. The reason names no part of the number.
    """
    number = re.sub(r"[\s\-·]", "", unicodedata.normalize("NFKC", text)).upper()
    if kind in _LONG or (kind is DocumentKind.FOREIGN_PERMANENT_RESIDENT and number.startswith("9")):
        return _eighteen(kind, number, today)
    if not _SHAPES[kind].fullmatch(number):
        _refuse(f"不像{NAMES[kind]}的号码，请对照证件核对。 Not the number of such a document; compare it.")
    return DocumentNumber(kind, number)


def _eighteen(kind: DocumentKind, number: str, today: date) -> DocumentNumber:
    if not _GB_11643.fullmatch(number):
        _refuse("须为 18 位，末位可为 X。 Eighteen characters: digits, the last one may be X.")
    if check_character(number[:17]) != number[17]:
        _refuse("校验位不符，请逐位核对。 The check character does not fit; compare digit by digit.")
    if not _region_fits(kind, number):
        _refuse(f"地区代码与{NAMES[kind]}不符。 The region does not go with this kind of document.")
    return DocumentNumber(kind, number, _birth(number[6:14], today), int(number[16]) % 2 == 1)


def _region_fits(kind: DocumentKind, number: str) -> bool:
    if kind is DocumentKind.RESIDENT_ID:
        return number[:2] in _PROVINCES
    return number[:2] in _HMT if kind is DocumentKind.HMT_RESIDENCE_PERMIT else number[1:3] in _PROVINCES


def _birth(digits: str, today: date) -> date:
    try:
        birth_on = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        _refuse("其中的出生日期不存在。 The birth date in it is no day.")
    if birth_on > today:
        _refuse("其中的出生日期晚于今天。 The birth date in it lies in the future.")
    if age_on(birth_on, today) >= OLDEST:
        _refuse("其中的出生日期超出范围。 The birth date in it is older than anybody is.")
    return birth_on


def check_character(digits: str) -> str:
    """Return the eighteenth character for seventeen digits (GB 11643: ISO 7064, MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11]


def _refuse(detail: str) -> NoReturn:
    raise Invalid(errors=[{"pointer": "/number", "detail": detail}])
