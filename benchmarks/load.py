"""A load generator that is cheap enough to share two cores with what it measures: HTTP/1.1, keep-alive, raw sockets.

One thread, one selector. Requests are bytes that were prepared before; of an answer only status and length are looked
at. Every connection has one request under way at a time, as a phone has.
"""

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_GIVE_UP_SECONDS = 30


class WrongAnswer(Exception):
    """An answer was not the expected one: what is measured is not what was meant."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run has shown: seconds from the first request to the last answer, and each answer's latency in ms.

    ``each`` is how much one answer has done, where that is not one thing.
    """

    seconds: float
    latencies: list[float]
    each: int = 1

    @property
    def per_second(self) -> float:
        """What was done per second."""
        return len(self.latencies) * self.each / self.seconds

    def quantile(self, share: float) -> float:
        """Return the latency in ms that ``share`` of the answers did not exceed."""
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def request(method: str, path: str, *, token: str = "", key: str = "", body: bytes = b"") -> bytes:
    """Return the bytes of a request; ``token`` and ``key`` go into Authorization and Idempotency-Key."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"Idempotency-Key: {key}"] if key else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Expected:
    """What every answer must be: its status, and something that must stand in its body."""

    status: int
    text: str = ""

    def fits(self, answer: bytearray) -> bool:
        """Return whether an answer is as expected."""
        return answer[9:12] == str(self.status).encode() and self.text.encode() in answer


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    sent_at: float = 0.0

    def send(self, message: bytes) -> None:
        self.received.clear()
        self.sent_at = time.perf_counter()
        self.socket.sendall(message)

    def is_complete(self, expected: "Expected") -> bool:
        """Read what has come; return whether the answer is whole, raise WrongAnswer if it is not the expected one."""
        more = self.socket.recv(65_536)
        if not more:
            raise WrongAnswer(f"the server closed the connection after {bytes(self.received)!r}")
        self.received += more
        end = self.received.find(_END_OF_HEAD)
        if end < 0:
            return False
        missing = end + len(_END_OF_HEAD) + _content_length(bytes(self.received[:end])) - len(self.received)
        if missing > 0:
            return False
        if missing < 0 or not expected.fits(self.received):
            raise WrongAnswer(f"{expected}, got {self.received.decode(errors='replace')}")
        return True


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(_LENGTH)
    if not found:
        raise WrongAnswer(f"an answer without Content-Length: {head!r}")
    return int(rest.partition(b"\r\n")[0])


def drive(port: int, requests: Iterator[bytes], *, expected: Expected, clients: int, seconds: float) -> Run:
    """Send ``requests`` over ``clients`` connections until they or the seconds are used up; wait for every answer.

    Raises WrongAnswer at the first answer that is not as expected.
    """
    with selectors.DefaultSelector() as selector:
        connections = [_Connection(socket.create_connection(("127.0.0.1", port))) for _ in range(clients)]
        try:
            for connection in connections:
                connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            return _drive(selector, connections, requests, expected, seconds)
        finally:
            for connection in connections:
                connection.socket.close()


def _drive(
    selector: selectors.BaseSelector,
    connections: list[_Connection],
    requests: Iterator[bytes],
    expected: Expected,
    seconds: float,
) -> Run:
    latencies: list[float] = []
    started = time.perf_counter()
    until = started + seconds
    waiting = 0
    for connection, message in zip(connections, requests, strict=False):
        connection.send(message)
        waiting += 1
    while waiting:
        ready = selector.select(_GIVE_UP_SECONDS)
        if not ready:
            raise WrongAnswer(f"no answer in {_GIVE_UP_SECONDS} s")
        for key, _ in ready:
            connection = key.data
            if not connection.is_complete(expected):
                continue
            now = time.perf_counter()
            latencies.append((now - connection.sent_at) * 1000)
            following = next(requests, None) if now < until else None
            if following is None:
                waiting -= 1
            else:
                connection.send(following)
    return Run(seconds=time.perf_counter() - started, latencies=latencies)
