"""Emoji in what people have written: no font of ours prints them, and no paper needs them."""

import unicodedata

from timebank.documents.tables import clean
from timebank.documents.typefaces import Typeface

_PICTURES = frozenset({"So", "Sk", "Cf", "Me"})
"""Unicode categories of emoji and of what joins and colours them; letters of any script are not among them."""
_VARIANTS = frozenset(map(chr, range(0xFE00, 0xFE10)))


def without_pictures(text: str, face: Typeface) -> str:
    """Return ``text`` without the emoji that ``face`` lacks; letters that it lacks stay, and are refused.

    For what people have written, never for who somebody is. Of nothing but emoji all stay.
    """
    kept = "".join(character for character in clean(text) if face.has(character) or not is_picture(character))
    return kept.strip() or text


def is_picture(character: str) -> bool:
    """Whether a character is an emoji, or joins or colours one."""
    return character in _VARIANTS or unicodedata.category(character) in _PICTURES
