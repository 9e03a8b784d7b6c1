"""The fonts that go into a PDF: our own Chinese one, and perhaps an operator's for rare names.

A PDF that names a font and does not carry it prints blank where the reader has none, and a glyph that the font lacks
prints as a hole: a name with a hole on a certificate. So fonts are embedded, and what no font can print is refused.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any

from timebank.documents.errors import GlyphMissing

NOTO = Path(__file__).parent / "fonts" / "NotoSansSC-GB2312.ttf"
"""Noto Sans SC, OFL 1.1, cut down to GB 2312 by ``fonts/make_subset.py``."""
_reading = Lock()
"""Held while a font is read: a second copy under the same name would spoil the page that is written with the first."""


class UnusableFont(Exception):
    """A file is no TrueType font that can be embedded (OpenType with PostScript outlines cannot)."""


class Typeface:
    """One or more fonts; each character is printed in the first that has it. The files are read when one is needed."""

    def __init__(self, *paths: Path) -> None:
        """Take the files in the order in which they are asked."""
        self._paths = paths
        self._read: list[Any] = []

    def load(self) -> None:
        """Read the files now, a tenth of a second and some megabytes each, unless that is done. Raises UnusableFont."""
        _ = self._fonts

    @property
    def first(self) -> str:
        """The name of the font that is asked first."""
        return str(self._fonts[0].fontName)

    def has(self, character: str) -> bool:
        """Whether one of the fonts can print a character."""
        return self._name_for(character) is not None

    def runs(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield pieces of ``text`` with the name of the font that has them; a blank that none has is a plain one.

        Raises GlyphMissing.
        """
        lacking = {character for character in text if self._name_for(character) is None}
        if lacking:
            missing = sorted(character for character in lacking if not character.isspace())
            if missing:
                raise GlyphMissing(characters=code_points(missing))
            text = text.translate(dict.fromkeys(map(ord, lacking), " "))
        for name, characters in groupby(text, key=self._name_for):
            yield str(name), "".join(characters)

    def whole(self, text: str) -> tuple[str, str]:
        """Return the first font that has all of ``text``, and ``text`` as it prints. Raises GlyphMissing."""
        printed = "".join(piece for _, piece in self.runs(text))
        for font in self._fonts:
            if all(ord(character) in font.face.charToGlyph for character in printed):
                return str(font.fontName), printed
        mixed = (character for character in printed if ord(character) not in self._fonts[0].face.charToGlyph)
        raise GlyphMissing(characters=code_points(sorted(set(mixed))))

    @property
    def names(self) -> list[str]:
        """The names of the fonts, in the order in which they are asked."""
        return [str(font.fontName) for font in self._fonts]

    def width(self, text: str, size: float) -> float:
        """Return how wide ``text`` prints at ``size``, both in points. Raises GlyphMissing."""
        from reportlab.pdfbase import pdfmetrics

        return sum((float(pdfmetrics.stringWidth(piece, name, size)) for name, piece in self.runs(text)), 0.0)

    @property
    def _fonts(self) -> list[Any]:
        if not self._read:
            with _reading:
                self._read = [_read(path) for path in self._paths]
        return self._read

    def _name_for(self, character: str) -> str | None:
        return next((font.fontName for font in self._fonts if ord(character) in font.face.charToGlyph), None)


def code_points(characters: Iterable[str]) -> str:
    """Return characters as a refusal names them: no font that shows them is needed for that."""
    return " ".join(f"U+{ord(character):04X}" for character in characters)


@cache
def typeface(extra: Path | None = None) -> Typeface:
    """Return our font, followed by an operator's for what ours lacks."""
    return Typeface(NOTO) if extra is None else Typeface(NOTO, extra)


@cache
def _read(path: Path) -> Any:
    """Return the font in a file, known to reportlab by its path: the same name, the same bytes, in every process."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    try:
        font = TTFont(path.stem, str(path))
    except (TTFError, OSError) as error:
        raise UnusableFont(str(error)) from error
    pdfmetrics.registerFont(font)
    return font
