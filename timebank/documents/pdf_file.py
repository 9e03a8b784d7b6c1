"""PDF pages on A4, measured in millimetres from the top left corner; text in points. Writer: reportlab.

The same calls give the same bytes: the file carries neither the time nor a random id. Fonts are embedded, text can be
searched and copied, and a QR picture is drawn as vectors, so that a printer of any kind makes it sharp.
"""

import io
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from timebank.documents import qr
from timebank.documents.line_breaking import Breaker, broken, one_line
from timebank.documents.tables import clean
from timebank.documents.typefaces import Typeface

if TYPE_CHECKING:
    from reportlab.graphics.shapes import Drawing

MEDIA_TYPE = "application/pdf"
PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
LINE_HEIGHT = 1.5
"""Of the size of the letters: Chinese characters fill their square."""
_POINTS_A_MM = 72 / 2.54 * 0.1
"""To the last digit what reportlab has for it."""


class Align(StrEnum):
    """Where a line of text stands towards its ``left``."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class Pages:
    """Pages being written, one after the other."""

    def __init__(
        self,
        *,
        title: str,
        face: Typeface,
        wide: bool = False,
        breaker: Breaker = broken,
        names_helvetica: bool = False,
    ) -> None:
        """Begin the first page; ``title`` is what a reader shows in its window. ``wide`` pages lie on their side.

        ``breaker`` and ``names_helvetica`` (a font that the file names, does not carry and prints nothing in) make papers of
        before as they were.
        """
        from reportlab.lib.pagesizes import A4, landscape
        from reportlab.pdfgen.canvas import Canvas

        self._face, self._breaker = face, breaker
        self.width, self.height = (PAGE_HEIGHT, PAGE_WIDTH) if wide else (PAGE_WIDTH, PAGE_HEIGHT)
        self._buffer = io.BytesIO()
        self._canvas = Canvas(
            self._buffer,
            pagesize=landscape(A4) if wide else A4,
            invariant=1,
            pageCompression=1,
            lang="zh-CN",
            initialFontName=None if names_helvetica else face.first,
        )
        self._canvas.setTitle(clean(title))
        self._canvas.setCreator("timebank")

    def text(self, text: str, *, left: float, top: float, size: float, align: Align = Align.LEFT) -> None:
        """Write one line whose letters stand below ``top``. Raises GlyphMissing."""
        line = one_line(text)
        width = self._face.width(line, size)
        start = left * _POINTS_A_MM - {Align.LEFT: 0.0, Align.CENTRE: width / 2, Align.RIGHT: width}[align]
        written = self._canvas.beginText(start, self._from_bottom(top) - size)
        for name, piece in self._face.runs(line):
            written.setFont(name, size)
            written.textOut(piece)
        self._canvas.drawText(written)

    def fitted(
        self, text: str, *, left: float, top: float, size: float, width: float, align: Align = Align.LEFT
    ) -> None:
        """Write one line, smaller than ``size`` if it would be wider than ``width``. Raises GlyphMissing."""
        needed = self._face.width(one_line(text), size) / _POINTS_A_MM
        self.text(text, left=left, top=top, size=size if needed <= width else size * width / needed, align=align)

    def paragraph(
        self, text: str, *, left: float, top: float, width: float, size: float, align: Align = Align.LEFT
    ) -> float:
        """Write text broken into lines within ``width``; return where the next line would begin. Raises GlyphMissing."""
        start = left + {Align.LEFT: 0.0, Align.CENTRE: width / 2, Align.RIGHT: width}[align]
        for line in self._breaker(
            text, width=width * _POINTS_A_MM, measure=lambda piece: self._face.width(piece, size)
        ):
            self.text(line, left=start, top=top, size=size, align=align)
            top += size * LINE_HEIGHT / _POINTS_A_MM
        return top

    def qr(self, text: str, *, left: float, top: float, side: float) -> None:
        """Draw the QR picture of ``text`` in a square of ``side``, the quiet zone included."""
        modules = qr.modules(text)
        module = side * _POINTS_A_MM / len(modules)
        upper = self._from_bottom(top)
        path = self._canvas.beginPath()
        for row, cells in enumerate(modules):
            column = 0
            for dark, run in groupby(cells):
                length = len(list(run))
                if dark:
                    corner = left * _POINTS_A_MM + column * module
                    path.rect(corner, upper - (row + 1) * module, length * module, module)
                column += length
        self._canvas.drawPath(path, stroke=0, fill=1)

    def frame(self, *, left: float, top: float, width: float, height: float, rounded: float = 0) -> None:
        """Draw a thin frame."""
        self._canvas.setLineWidth(0.4)
        self._canvas.roundRect(
            left * _POINTS_A_MM,
            self._from_bottom(top + height),
            width * _POINTS_A_MM,
            height * _POINTS_A_MM,
            rounded * _POINTS_A_MM,
        )

    def drawing(self, drawing: "Drawing", *, left: float, top: float, width: float) -> float:
        """Draw a picture of shapes as wide as that; return where it ends."""
        from reportlab.graphics import renderPDF

        scale = width * _POINTS_A_MM / drawing.width
        bottom: float = top + drawing.height * scale / _POINTS_A_MM
        self._canvas.saveState()
        self._canvas.translate(left * _POINTS_A_MM, self._from_bottom(bottom))
        self._canvas.scale(scale, scale)
        renderPDF.draw(drawing, self._canvas, 0, 0)
        self._canvas.restoreState()
        return bottom

    def rule(self, *, left: float, top: float, width: float, thick: float = 0.4) -> None:
        """Draw a line from ``left`` to the right; ``thick`` in points."""
        height = self._from_bottom(top)
        self._canvas.setLineWidth(thick)
        self._canvas.line(left * _POINTS_A_MM, height, (left + width) * _POINTS_A_MM, height)

    def next_page(self) -> None:
        """End this page and begin another."""
        self._canvas.showPage()

    def finished(self) -> bytes:
        """End the last page and return the file."""
        self._canvas.showPage()
        self._canvas.save()
        return self._buffer.getvalue()

    def _from_bottom(self, top: float) -> float:
        return (self.height - top) * _POINTS_A_MM
