"""Where exported files are kept: by what is in them, so that the same file is kept once and a changed one is noticed."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from timebank.statistics.errors import ExportFileGone

CHUNK = 1 << 20


class Kept(NamedTuple):
    """A file that is kept."""

    sha256: bytes
    bytes: int


def keep(home: Path, ending: str, write: Callable[[BinaryIO], None]) -> Kept:
    """Have ``write`` write a file and keep it. It is whole or not there; whatever happened before, its name says what is in it."""
    folder = home / "exports" / "files"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".writing-")
    written = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        kept = Kept(_digest(written), written.stat().st_size)
        written.replace(path_of(home, kept.sha256, ending))
    finally:
        written.unlink(missing_ok=True)
    return kept


def path_of(home: Path, sha256: bytes, ending: str) -> Path:
    """Return where a file is kept."""
    return home / "exports" / "files" / f"{sha256.hex()}.{ending}"


def found(home: Path, sha256: bytes, ending: str) -> Path:
    """Return where a file is kept, if it is there unchanged. Raises ExportFileGone."""
    path = path_of(home, sha256, ending)
    if not is_whole(path, sha256):
        raise ExportFileGone(sha256=sha256.hex())
    return path


def is_whole(path: Path, sha256: bytes) -> bool:
    """Whether a file is there and is what it was."""
    return path.is_file() and _digest(path) == sha256


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file that is not kept."""
    return hashlib.sha256(content).hexdigest()
