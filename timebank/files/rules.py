"""Kinds of files and their limits; nothing here reads a clock, a disk or a database."""

from datetime import timedelta
from enum import StrEnum

MEBIBYTE = 1 << 20
MAX_BYTES = 10 * MEBIBYTE
"""The largest file that is taken in."""
MAX_PIXELS = 25_000_000
"""The largest picture that is decoded: judged by what its header says, before anything is unpacked."""
MAX_SIDE = 2_560
"""Pixels; a larger picture is kept smaller: a photographed list can still be read."""
GRACE = timedelta(hours=24)
"""So long a file may lie about before whoever sent it says what it is for."""
MAX_UNUSED = 50
"""Files that one person may have lying about: nobody fills the disk."""

JPEG = "image/jpeg"
PDF = "application/pdf"
PICTURE_TYPES = (JPEG, "image/png", "image/webp")
"""What is read as a picture; what is kept of it is always a new JPEG."""
PICTURES = frozenset({JPEG})
EVIDENCE = frozenset({JPEG, PDF})


class Use(StrEnum):
    """What a file is sent for: evidence may also be a PDF."""

    PICTURE = "picture"
    EVIDENCE = "evidence"
