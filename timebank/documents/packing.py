"""A large part of an archive, packed beside the work of making it: zlib lets other threads run meanwhile."""

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import IO, Self

AT_ONCE = 1 << 23
"""Bytes packed at once. Python has a thread wait for its turn several times a block: a few large ones wait little."""


class Packing:
    """Writes into a part of an archive, in order and in large blocks; the last, or the only one, when it is left.

    Writing or leaving raises what the part raised. However it is left, nothing runs any more.
    """

    def __init__(self, part: IO[bytes]) -> None:
        self._part = part
        self._pieces: list[bytes] = []
        self._size = 0
        self._thread = ThreadPoolExecutor(1, "packing")  # begins with the first block: a short part needs none
        self._under_way: Future[int] | None = None

    def __enter__(self) -> Self:
        return self

    def write(self, piece: bytes) -> None:
        """Have a piece packed; wait if the block before is not packed when the next one is whole."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= AT_ONCE:
            self._finish()
            self._under_way = self._thread.submit(self._part.write, self._taken())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.shutdown()
        if error is None:
            self._finish()
            self._part.write(self._taken())

    def _finish(self) -> None:
        if self._under_way:
            self._under_way.result()

    def _taken(self) -> bytes:
        block = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        return block
