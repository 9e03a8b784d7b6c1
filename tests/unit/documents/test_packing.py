"""Parts of an archive that are packed in a thread: the same bytes, no error lost, and no thread left."""

import io
import threading
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO

import pytest

from timebank.documents import packing
from timebank.documents.packing import Packing

PIECES = [b"%d," % number for number in range(2_000)]


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Whatever happens, nothing goes on packing."""
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("packing")] == []


def packed(pieces: list[bytes]) -> bytes:
    """Return an archive with one part."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("part", "w") as part,
    ):
        _write(part, pieces)
    return target.getvalue()


def test_a_file_does_not_tell_in_which_blocks_it_was_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pieces stand in their order, and every size of blocks gives the same bytes."""
    whole = packed(PIECES)
    for size in (1, 7, 100, 5_000):
        monkeypatch.setattr(packing, "AT_ONCE", size)
        assert packed(PIECES) == whole

    assert zipfile.ZipFile(io.BytesIO(whole)).read("part") == b"".join(PIECES)


def test_a_short_part_needs_no_thread() -> None:
    """Nearly every report is short."""
    running = threading.active_count()
    with Packing(io.BytesIO()) as into:
        into.write(b"short")
        assert threading.active_count() == running


@pytest.mark.parametrize("pieces", [1, 2, 50])
def test_what_goes_wrong_in_the_thread_is_raised(monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    """A full disk is no file that ends too early, and nobody waits for ever."""

    class Full(io.BytesIO):
        def write(self, block: object) -> int:
            raise OSError("no space left")

    monkeypatch.setattr(packing, "AT_ONCE", 10)

    with pytest.raises(OSError, match="no space left"):
        _write(Full(), [b"0123456789"] * pieces)


def test_whoever_gives_up_is_told_why_once_nothing_is_packed_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails while rows are read is what is reported; the rest of the rows is not written."""
    monkeypatch.setattr(packing, "AT_ONCE", 4)
    part = io.BytesIO()

    def failing() -> Iterator[bytes]:
        yield b"whole"
        yield b"re"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        _write(part, failing())
    assert part.getvalue() == b"whole"


def _write(part: IO[bytes], pieces: Iterable[bytes]) -> None:
    with Packing(part) as into:
        for piece in pieces:
            into.write(piece)
