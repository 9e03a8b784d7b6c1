"""Parts of a spreadsheet's archive, each looked at before anything is made of it.

A few bytes become an element, an element some hundred bytes of memory, and whatever stands in a row is held at once: so
eighty megabytes of empty cells would take eight gigabytes. What no spreadsheet has so many of is counted first, by a
parser that keeps nothing. Entities, of which XML bombs are made, are in no spreadsheet: a part that begins with a
document type, which alone can declare them, is refused, in whatever encoding and under whatever name.
"""

import io
import zipfile
from dataclasses import dataclass
from typing import IO, Literal
from xml.parsers.expat import ParserCreate

from timebank.imports.errors import ImportTooLarge, ImportUnreadable
from timebank.imports.rules import MAX_BYTES, MEBIBYTE

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Room:
    """How many elements a part may have down to a depth, and how many may be inside of each of these."""

    depth: int
    elements: int
    within: int


ORDINARY = Room(depth=1 << 30, elements=200_000, within=0)
"""Of what is read as a whole: styles above all, of which a workbook that was copied together for years has many."""
SHEET = Room(depth=3, elements=300_000, within=70_000)
"""Rows with what stands around them, and the cells of a row: sixteen thousand columns, and what is in them."""
STRINGS = Room(depth=2, elements=1_100_000, within=5_000)
"""Texts that cells share, and the runs of one that is in many colours."""


class Parts(zipfile.ZipFile):
    """An archive each of whose parts is looked at before it is read; all are ordinary but for those given ``rooms``."""

    def __init__(self, data: bytes) -> None:
        """Take the bytes of a file. Raises BadZipFile."""
        super().__init__(io.BytesIO(data))
        self.rooms: dict[str, Room] = {}
        self._looked_at: set[int] = set()

    def open(
        self,
        name: str | zipfile.ZipInfo,
        mode: Literal["r", "w"] = "r",
        pwd: bytes | None = None,
        *,
        force_zip64: bool = False,
    ) -> IO[bytes]:
        """Open a part. Raises ImportUnreadable if it declares a document type, ImportTooLarge, and ExpatError for no XML."""
        part = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        if part.header_offset not in self._looked_at:
            with super().open(part, mode, pwd, force_zip64=force_zip64) as content:
                _look_at(content, self.rooms.get(part.filename, ORDINARY))
            self._looked_at.add(part.header_offset)
        return super().open(part, mode, pwd, force_zip64=force_zip64)


def _look_at(content: IO[bytes], room: Room) -> None:
    depth = elements = within = 0

    def refuse(*_declared: object) -> None:
        raise ImportUnreadable(line=1)

    def begin(_name: str, _attributes: object) -> None:
        nonlocal depth, elements, within
        depth += 1
        if depth > room.depth:
            within += 1
        else:
            elements, within = elements + 1, 0
        if within > room.within or elements > room.elements:
            raise ImportTooLarge(max_mebibytes=MAX_BYTES // MEBIBYTE)

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    while chunk := content.read(_CHUNK):
        parser.Parse(chunk)
