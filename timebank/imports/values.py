"""What a cell says: text, days, times and numbers in the forms that people and spreadsheets write them. Pure."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import NoReturn

from timebank.documents.tables import clean
from timebank.imports.faults import CellFault, Code
from timebank.imports.rules import MAX_CELL, MAX_NUMBER


class Unusable(Enum):
    """A cell that is there and says nothing that can be relied on."""

    FORMULA = "formula"
    ERROR = "error"
    MERGED = "merged"


Raw = str | int | float | bool | date | datetime | time | timedelta | Unusable | None
"""A cell as it stands in the file: CSV has text only."""

MAX_EXACT = 10**15
"""Beyond fifteen digits a spreadsheet keeps zeros."""
_EPOCH = date(1899, 12, 30)
"""Day 0 of a spreadsheet's serial numbers, for days after February 1900."""
_SERIALS = range(20_000, 80_000)
"""Serial numbers of 1954 to 2119: what is smaller or larger is no day that anybody means."""
_YEARS = range(1900, 2200)
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TIME = re.compile(r"(\d{1,2})\s*[:点时]\s*(\d{1,2})\s*分?(?:\s*:?\s*(\d{1,2})\s*秒?)?")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{9,11}|00\d{7,15}|\d{7,8}", re.ASCII)
_HOURS = re.compile(r"(\d{1,2}(?:\.\d{1,9})?)(?:小时|h|H)?")
_MINUTES = re.compile(r"(\d{1,4})(?:分钟|分|min)?")
_DAY_MINUTES = 24 * 60

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
# Marks that turn the direction of writing: a name that is shown otherwise than it is.
_TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HIDDEN = re.compile(f"[{_CONTROLS}{_TURNS}]")
_LINES = re.compile(r"[\t\n]")
_USELESS = {
    Unusable.FORMULA: Code.FORMULA,
    Unusable.ERROR: Code.ERROR_VALUE,
    Unusable.MERGED: Code.MERGED,
}
_BLANKS = "\ufeff \t\r\n\u3000\xa0"


def is_empty(raw: Raw) -> bool:
    """Whether a cell holds nothing but blanks."""
    return raw is None or (isinstance(raw, str) and not raw.strip(_BLANKS))


def text(raw: Raw, *, most: int, many_lines: bool = False) -> str:
    """Return text as it stands, without blanks around it. Raises CellFault."""
    written = _written(raw).strip(_BLANKS).replace("\r\n", "\n").replace("\r", "\n")
    if _HIDDEN.search(written) or (not many_lines and _LINES.search(written)):
        raise CellFault(Code.HIDDEN_CHARACTERS)
    written = unicodedata.normalize("NFC", written)
    if len(written) > most:
        raise CellFault(Code.TOO_LONG, most=most)
    return written


def out_and_in(written: str) -> str:
    """Return text that somebody typed here as ``text`` reads it out of an export of it."""
    return unicodedata.normalize("NFC", clean(written).strip(_BLANKS))


def number(raw: Raw) -> str:
    """Return a number that nobody adds up, in half-width characters without blanks. Raises CellFault."""
    written = _plain(raw).replace(" ", "")
    if len(written) > MAX_NUMBER:
        raise CellFault(Code.TOO_LONG, most=MAX_NUMBER)
    return written


def telephone(raw: Raw) -> str:
    """Return a telephone number, digits only, without China's code. Raises CellFault."""
    digits = re.sub(r"[\s\-()]", "", _plain(raw))
    digits = digits.removeprefix("+86") if digits.startswith("+86") else digits.replace("+", "00", 1)
    if not _PHONE.fullmatch(digits):
        raise CellFault(Code.PHONE_SHAPE)
    return digits


def day(raw: Raw) -> date:
    """Return a day: a date cell, a serial number, 2026-3-5, 2026/03/05, 2026.3.5, 2026年3月5日 or 20260305. Raises CellFault."""
    if isinstance(raw, datetime):
        return _likely(raw.date())
    if isinstance(raw, date):
        return _likely(raw)
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return _moment_of_serial(raw).date() if raw < _SERIALS.stop else _day_of_text(str(raw))
    return _day_of_text(_plain(raw).partition(" 00:00")[0])


def moment(raw: Raw) -> time | datetime:
    """Return a time of day, or a whole instant by the clock on the wall where the cell has its day, too. Raises CellFault."""
    if isinstance(raw, datetime):
        _likely(raw.date())
        return raw.replace(microsecond=0)
    if isinstance(raw, time):
        return raw.replace(microsecond=0, tzinfo=None)
    if isinstance(raw, timedelta) and timedelta(0) <= raw < timedelta(days=1):
        return (datetime.combine(_EPOCH, time.min) + raw).time()
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return _moment_of_number(raw)
    return _moment_of_text(_plain(raw))


def minutes(raw: Raw) -> int:
    """Return whole minutes. Raises CellFault."""
    found = _MINUTES.fullmatch(_figure(raw))
    if not found:
        _no_duration()
    return _within_a_day(int(found[1]))


def hours(raw: Raw) -> int:
    """Return hours, with at most two places, as the nearest whole minutes. Raises CellFault."""
    found = _HOURS.fullmatch(_figure(raw))
    if not found:
        _no_duration()
    return _within_a_day(int((Decimal(found[1]) * 60).quantize(Decimal(1))))


def as_hours(whole_minutes: int) -> str:
    """Return minutes as hours with at most two places: ``hours`` reads the same minutes back."""
    found = f"{Decimal(whole_minutes) / 60:.2f}"
    return found.rstrip("0").rstrip(".")


def alike(name: str) -> str:
    """Return what two spellings of one name have in common: no blanks, half width, small letters."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).casefold()


def _written(raw: Raw) -> str:
    if isinstance(raw, Unusable):
        raise CellFault(_USELESS[raw])
    if isinstance(raw, str):
        if len(raw) > MAX_CELL:
            raise CellFault(Code.TOO_LONG, most=MAX_CELL)
        return raw
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise CellFault(Code.NOT_TEXT)
    if abs(raw) >= MAX_EXACT:
        raise CellFault(Code.DIGITS_LOST)
    return str(int(raw)) if raw == int(raw) else str(raw)


def _plain(raw: Raw) -> str:
    """Return a cell's characters in half width, single blanks between them."""
    written = " ".join(unicodedata.normalize("NFKC", _written(raw)).split())
    if _HIDDEN.search(written):
        raise CellFault(Code.HIDDEN_CHARACTERS)
    if _SCIENTIFIC.fullmatch(written):
        raise CellFault(Code.DIGITS_LOST)
    return written.strip("\ufeff")


def _day_of_text(written: str) -> date:
    found = _DAY.fullmatch(written) or _COMPACT_DAY.fullmatch(written)
    if not found and _SERIAL.fullmatch(written):
        return _moment_of_serial(float(written)).date()
    if not found:
        _no_day()
    try:
        return _likely(date(*map(int, found.groups())))
    except ValueError:
        _no_day()


def _likely(found: date) -> date:
    """Return a day of the last or this century; any other is a slip of the hand."""
    return found if found.year in _YEARS else _no_day()


def _moment_of_serial(serial: float) -> datetime:
    if int(serial) not in _SERIALS:
        _no_day()
    seconds = round((serial - int(serial)) * 86_400)
    return datetime.combine(_EPOCH + timedelta(days=int(serial)), time.min) + timedelta(seconds=seconds)


def _moment_of_number(raw: float) -> time | datetime:
    if 0 <= raw < 1:
        return (datetime.combine(_EPOCH, time.min) + timedelta(seconds=round(raw * 86_400))).time()
    if int(raw) in _SERIALS:
        return _moment_of_serial(raw)
    raise CellFault(Code.NOT_A_TIME)


def _moment_of_text(written: str) -> time | datetime:
    on, _, at = written.rpartition(" ") if _DAY.match(written) else ("", "", written)
    found = _TIME.fullmatch(at)
    try:
        hour, minute, second = (int(part or 0) for part in found.groups()) if found else (24, 0, 0)
        clock = time(hour, minute, second)
    except ValueError:
        raise CellFault(Code.NOT_A_TIME) from None
    return datetime.combine(_day_of_text(on), clock) if on else clock


def _figure(raw: Raw) -> str:
    if isinstance(raw, float):
        return f"{raw:.4f}".rstrip("0").rstrip(".")
    return _plain(raw).replace(" ", "")


def _within_a_day(found: int) -> int:
    return found if 0 < found <= _DAY_MINUTES else _no_duration()


def _no_day() -> NoReturn:
    raise CellFault(Code.NOT_A_DATE)


def _no_duration() -> NoReturn:
    raise CellFault(Code.NOT_A_DURATION)
