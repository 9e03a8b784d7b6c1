"""The layouts of certificates: what one was issued in, it is printed in for good.

Whoever changes how a certificate looks adds a layout with the next number, and leaves the others as they are: a
certificate that somebody has in a drawer and prints again next year is the same paper.
"""

from dataclasses import dataclass

from timebank.documents.line_breaking import Breaker, broken, broken_after_any
from timebank.documents.pdf_file import Align


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """In what layouts differ."""

    breaker: Breaker
    columns: tuple[tuple[float, Align], ...]
    """Of the table of provenances: where the text of each stands, in millimetres."""
    frames: tuple[float, ...]
    """How far from the edges of the paper each frame stands, in millimetres."""
    begins: float
    """Where the text begins, in millimetres from the top."""
    most_named: int
    """Characters of activities' names on the first page; all of them stand on the appendix."""
    names_helvetica: bool = False
    """Whether the file names a font beside its own, in which nothing is printed."""
    closing: str = ""
    """What the text ends with, on a line of its own where there is room."""
    sums: bool = False
    """Whether the table of provenances ends with its sum."""
    spread: bool = False
    """Whether a page with few words spreads them, or leaves a hole above its foot."""


_OF_2026 = Layout(
    breaker=broken_after_any,
    columns=((2.0, Align.LEFT), (64.0, Align.LEFT), (94.0, Align.LEFT), (124.0, Align.LEFT)),
    frames=(12.0,),
    begins=54.0,
    most_named=100,
    names_helvetica=True,
)
_WITH_WHOLE_NUMBERS = Layout(
    breaker=broken,
    columns=((2.0, Align.LEFT), (86.0, Align.RIGHT), (122.0, Align.RIGHT), (160.0, Align.RIGHT)),
    frames=(12.0, 13.2),
    begins=50.0,
    most_named=60,
    closing="特此证明。",
    sums=True,
    spread=True,
)
FIRST = 1
"""Of certificates that were issued before layouts had numbers."""
LAYOUTS = {FIRST: _OF_2026, 2: _WITH_WHOLE_NUMBERS}
NEWEST = 2
"""What certificates are issued in from now on."""
