"""Where lines of Chinese text may end (避头尾): neither inside a number or a Latin word, nor so that a stop begins a line.

What belongs together is kept together: a number with its unit (``12 月``, ``59.1 小时``, ``第 3 页``), a telephone number, a date
in figures, an address of the web; a closing mark with what it closes, an opening one with what it opens (GB/T 15834—2011, 5.1;
CLREQ 3.1). What is wider than a whole line is broken all the same: a number leaves its unit, then its own figures part.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

from timebank.documents.tables import clean

Breaker = Callable[..., list[str]]
"""``broken``, or another way to break ``text`` into lines within ``width``."""
Measure = Callable[[str], float]
"""How wide a piece of text prints."""
Way = Callable[[str], Iterator[str]]
"""How a piece is parted."""

# A masked name (王**) is one name: stars do not begin a line either.
_NOT_FIRST = frozenset("，。、；：？！…—～·）》〉」』】〕］｝”’％‰℃,.;:?!)]}%°/*")
_NOT_LAST = frozenset("（《〈「『【〔［｛“‘([{￥¥＄$№")
_UNITS = (
    "[十百千万亿]*(?:个小时|个月|小时|分钟|时间币|月份|周年|周岁|人次|千克|公斤|公里|毫升|平方米|[年月日号时点分秒天周季期届次"
    "回名人位户岁个项条页份件册张单批袋瓶盒箱台套间层楼栋室元角斤克米吨度级倍])"
)
# Letters and figures of any script but those that fill a square; stars stand in masked numbers.
_SIGN = "(?:[^\\W\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]|\\*)"
_WORD = f"[-+]?{_SIGN}+(?:[-.,:/@&+_~%=?#'’]+{_SIGN}+)*"
_PIECE = re.compile(f"(?:第 ?)?{_WORD}(?:(?<=[0-9０-９]) ?(?P<unit>{_UNITS}))?|.", re.DOTALL)
_NOT_FIRST_UNTIL_2026 = frozenset("，。、；：？！）》」』”’%,.;:?!)")


def broken(text: str, *, width: float, measure: Measure) -> list[str]:
    """Return ``text`` in lines that ``measure`` no wider than ``width``, broken where Chinese may be."""
    lines = []
    for given in clean(text).split("\n"):
        line = ""
        for piece in _fitting(one_line(given), width, measure):
            if line and measure((line + piece).rstrip()) > width:
                if line.strip():
                    lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        lines.append(line.rstrip())
    return lines


def broken_after_any(text: str, *, width: float, measure: Measure) -> list[str]:
    """Return ``text`` in lines as they were until November 2026: broken after any character, one stop beyond ``width``.

    Papers that were issued with these lines are printed with them again.
    """
    lines = []
    for given in clean(text).split("\n"):
        line = ""
        for character in one_line(given):
            if line and measure(line + character) > width and character not in _NOT_FIRST_UNTIL_2026:
                lines.append(line.rstrip())
                line = character.strip()
            else:
                line += character
        lines.append(line)
    return lines


def one_line(text: str) -> str:
    """Return ``text`` without line ends and tabs."""
    return " ".join(clean(text).split("\n")).replace("\t", " ")


def _fitting(text: str, width: float, measure: Measure) -> Iterator[str]:
    """Yield pieces after each of which a line may end; what is wider than a line comes in the next smaller ones."""
    return _parted(_in_words(text), [_without_units, _together, iter], width, measure)


def _parted(pieces: Iterable[str], ways: Sequence[Way], width: float, measure: Measure) -> Iterator[str]:
    """Yield pieces, and those that are wider than a line parted in the first of these ways that helps."""
    for piece in pieces:
        if ways and measure(piece.rstrip()) > width:
            yield from _parted(ways[0](piece), ways[1:], width, measure)
        else:
            yield piece


def _in_words(text: str) -> Iterator[str]:
    """Yield words, numbers with their units, and single characters, each with its marks."""
    return _together(found[0] for found in _PIECE.finditer(text))


def _together(pieces: Iterable[str]) -> Iterator[str]:
    """Yield pieces with the marks and blanks that belong to them; blanks stand at the end of a piece."""
    held = ""
    for piece in pieces:
        if _may_end(held, piece):
            yield held
            held = ""
        held += piece
    if held:
        yield held


def _without_units(piece: str) -> Iterator[str]:
    """Yield what stands before the unit of each number, and the rest."""
    begun = 0
    for found in _PIECE.finditer(piece):
        if found["unit"]:
            yield piece[begun : found.start("unit")]
            begun = found.start("unit")
    yield piece[begun:]


def _may_end(line: str, following: str) -> bool:
    """Whether a line may end between two pieces."""
    last, first = line.rstrip()[-1:], following[0]
    if not line or first.isspace() or first in _NOT_FIRST or unicodedata.category(first).startswith("M"):
        return False
    return last not in _NOT_LAST
