"""Emoji: a flower behind the name of an activity is no part of it, and no font that prints Chinese has it."""

import unicodedata

from timebank.documents.tables import clean
from timebank.documents.typefaces import Typeface

NOTHING = "—"
_PICTURES = frozenset({"So", "Sk", "Cf", "Me"})
"""Unicode categories of emoji and of what joins and colours them; letters of any script are not among them."""
_VARIANTS = frozenset(map(chr, range(0xFE00, 0xFE10)))


def is_picture(character: str) -> bool:
    """Whether a character is an emoji, or a part of one."""
    return character in _VARIANTS or unicodedata.category(character) in _PICTURES


def without_pictures(text: str, face: Typeface) -> str:
    """Return ``text`` without the emoji that ``face`` lacks; letters that it lacks stay, and are refused.

    For what people have written, never for who somebody is. Of nothing but emoji all stay.
    """
    return _without(text, face) or text


def readable(text: str, face: Typeface) -> str:
    """Return ``text`` as a table prints it: as ``without_pictures``, and a dash of nothing but emoji."""
    if any(is_picture(character) and not face.has(character) for character in text):
        return _without(text, face) or NOTHING
    return text


def _without(text: str, face: Typeface) -> str:
    kept = "".join(character for character in clean(text) if face.has(character) or not is_picture(character))
    return kept.strip()
