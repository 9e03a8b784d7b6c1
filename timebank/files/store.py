"""Where contents lie: one folder, each file under its SHA-256. Whatever else keeps them one day has these verbs.

A content is there whole or not at all: it is written under another name, synchronised and then renamed.
"""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from timebank.errors import StorageFull
from timebank.files.errors import FileLost

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_UNFINISHED = "unfinished-"


class Store:
    """Contents in a folder."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``; it is made with the first content."""
        self._folder = folder

    def keep(self, data: bytes) -> str:
        """Keep a content and return its name; one that is there already becomes as new. Raises StorageFull."""
        name = hashlib.sha256(data).hexdigest()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(name, data)
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFull from error
            raise
        return name

    def _write(self, name: str, data: bytes) -> None:
        descriptor, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(unfinished).replace(self._folder / name)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
        self._synchronise()

    def _synchronise(self) -> None:
        """Have the folder itself remember the new name, should the power fail."""
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def has(self, name: str) -> bool:
        """Whether a content is there."""
        return (self._folder / name).is_file()

    def read(self, name: str) -> bytes:
        """Return a content, unless it has become another one. Raises FileLost."""
        try:
            data = (self._folder / name).read_bytes()
        except OSError as error:
            raise FileLost from error
        if hashlib.sha256(data).hexdigest() != name:
            raise FileLost
        return data

    def drop(self, name: str) -> None:
        """Forget a content; one that is gone already is no fault."""
        (self._folder / name).unlink(missing_ok=True)

    def older_than(self, instant: datetime) -> Iterator[str]:
        """Yield the names of contents that were kept before ``instant``; what was never finished is dropped by the way."""
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.iterdir()):
            if not path.is_file() or path.stat().st_mtime >= instant.timestamp():
                continue
            if path.name.startswith(_UNFINISHED):
                path.unlink(missing_ok=True)
            else:
                yield path.name
