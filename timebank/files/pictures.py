"""What a file really is, and what is kept of it: pictures are painted anew, without place, camera or anything hidden.

Whatever a picture says about itself beside its pixels (EXIF with the place, comments, profiles, a second file behind its
end) is gone, because only the pixels go into the new file.
"""

import hashlib
import threading
from dataclasses import dataclass

from timebank.files.errors import FileTooLarge, FileTypeRefused, FileUnreadable
from timebank.files.rules import JPEG, MAX_BYTES, MEBIBYTE, PDF, PICTURE_TYPES, Use

_FORMATS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
_SCAN = b"\xff\xda"
MOST_SCANS = 500
"""So often a JPEG may go over its pixels: a progressive one does ten times, and bytes behind its end may look like it.

A few bytes are enough for another pass over all of them: ten megabytes without a limit are minutes of work.
"""
_decoding = threading.BoundedSemaphore(2)
"""A large picture takes a hundred megabytes while it is unpacked: not one for each thread."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is kept of a file, of which type, and under which name."""

    data: bytes
    media_type: str

    @property
    def sha256(self) -> str:
        """Return the name of this content."""
        return hashlib.sha256(self.data).hexdigest()


def admitted(data: bytes, *, declared: str, use: Use) -> Content:
    """Return what is kept of a file that somebody sends for a use; ``declared`` is the type that they say it has.

    Raises FileTooLarge, FileTypeRefused, PictureTooLarge, FileUnreadable.
    """
    if len(data) > MAX_BYTES:
        raise FileTooLarge(max_mebibytes=MAX_BYTES // MEBIBYTE)
    if not data:
        raise FileUnreadable
    if data.startswith(b"%PDF-"):
        if use is not Use.EVIDENCE or declared.startswith("image/"):
            raise FileTypeRefused
        return _pdf(data)
    picture = _picture_format(data)
    if picture is None or declared == PDF or (declared.startswith("image/") and declared not in _SAID):
        raise FileTypeRefused
    if picture == "JPEG" and data.count(_SCAN) > MOST_SCANS:
        raise FileUnreadable
    from timebank.files import painting

    with _decoding:
        return Content(painting.repainted(data, picture), JPEG)


# Between pictures the name does not matter: phones save a PNG as .jpg, and only the pixels are kept.
_SAID = {*PICTURE_TYPES, "image/jpg", "image/pjpeg"}


def _picture_format(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for start, name in _FORMATS.items() if data.startswith(start)), None)


def _pdf(data: bytes) -> Content:
    """Return a PDF as it came: from its first byte to its last it is one, and nothing hangs on to its end."""
    if not data.rstrip(b"\r\n \t").endswith(b"%%EOF"):
        raise FileUnreadable
    return Content(data, PDF)
