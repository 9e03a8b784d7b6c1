"""Writes that belong together, as one statement where the database can: one trip and one execution instead of several."""

from sqlalchemy import Connection

from timebank.direct import Compiled, Direct, Parameters, Sent, at_once, send

MOST = 6
"""So many become one statement. Of more each goes by itself, or every number of rows would be one more to prepare."""


class Together:
    """Writes of which none reads what another has written, and nobody asks how many rows each of them has met.

    On PostgreSQL they are the parts of one statement (``WITH a AS (INSERT …) INSERT …``): its parts see one snapshot, come
    in any order, and are held against constraints as ever. On SQLite they come one after the other.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._writes: list[tuple[Direct, tuple[Parameters, ...]]] = []

    def add(self, write: Direct, *rows: Parameters) -> None:
        """Note a write, once for each of ``rows``."""
        self._writes.append((write, rows))

    def send(self) -> Sent:
        """Send what was noted, at least one write, and return the last of it. Raises what SQLAlchemy would raise."""
        size = sum(len(rows) for _, rows in self._writes)
        if self._connection.dialect.name != "sqlite" and 1 < size <= MOST:
            return self._as_one()
        with at_once(self._connection):
            return [write.send_all(self._connection, rows) for write, rows in self._writes][-1]

    def _as_one(self) -> Sent:
        dialect = self._connection.dialect
        prepared = [write.prepared(dialect, row) for write, rows in self._writes for row in rows]
        parts = tuple(compiled for compiled, _ in prepared)
        joined = _joined.get(parts)
        if joined is None:
            joined = _joined[parts] = _join(parts)
        sql, keys = joined
        values = [value for compiled, row in prepared for value in compiled.values(row)]
        return send(self._connection, parts[-1], sql, dict(zip(keys, values, strict=True)))


_joined: dict[tuple[Compiled, ...], tuple[str, list[str]]] = {}


def _join(parts: tuple[Compiled, ...]) -> tuple[str, list[str]]:
    """Return one statement of several, their values named apart, and the names; a part may have a WITH of its own."""
    texts = [part.sql.replace("%(", f"%({number}_") for number, part in enumerate(parts)]
    before = ", ".join(f"w{number} AS ({text})" for number, text in enumerate(texts[:-1]))
    own, last = ("", texts[-1])
    if last.startswith("WITH "):
        own, last = ", ", last.removeprefix("WITH ")
    keys = [f"{number}_{key}" for number, part in enumerate(parts) for key in part.keys]
    return f"WITH {before}{own or ' '}{last}", keys
