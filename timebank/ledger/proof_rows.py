"""Rows of a proof, a part at a time: as SQLAlchemy gives them, or as the driver does where there are very many."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select

from timebank.ledger.raw import ID_BYTES

Progress = Callable[[int], None]
"""Told now and then how many rows have been looked at."""

AT_ONCE = 2_000
_names = count()


class Rows:
    """The rows of a select, asked for when the first is wanted, remembering the last one for a report."""

    def __init__(
        self, connection: Connection, statement: Select[*tuple[Any, ...]], progress: Progress | None = None
    ) -> None:
        self._connection = connection
        self._statement = statement
        self._result: Any = None
        self._progress = progress
        self._before: Any = None

    @staticmethod
    def _execute(connection: Connection, statement: Select[*tuple[Any, ...]]) -> Any:
        return connection.execute(statement)

    def _parts(self) -> Iterator[Sequence[Any]]:
        while part := self._result.fetchmany(AT_ONCE):
            yield part

    def __iter__(self) -> Iterator[Any]:
        self._result = self._execute(self._connection, self._statement)
        for part in self._parts():
            if self._progress:
                self._progress(len(part))
            for row in part:
                yield row
                self._before = row

    def close(self) -> None:
        """Let go of rows that nobody has asked for."""
        if self._result is not None:
            self._result.close()

    @property
    def last(self) -> str:
        """Return the key of the last row that could be read."""
        return " ".join(map(_shown, self._before[:2])) if self._before else "the beginning"


class DriverRows(Rows):
    """The same as plain tuples of what the driver gives (see ``raw.Form``): a third of the time."""

    @staticmethod
    def _execute(connection: Connection, statement: Select[*tuple[Any, ...]]) -> Any:
        sql = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        driver: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            return driver.execute(sql)
        cursor = driver.cursor(f"proof_{next(_names)}", binary=True)
        cursor.execute(sql)
        return cursor


class RowsAhead(DriverRows):
    """The same, with the next part on its way while one is looked at: the server works on another core meanwhile.

    Not for SQLite, which would do it on this one, and hand the interpreter to and fro with every row.
    """

    def _parts(self) -> Iterator[Sequence[Any]]:
        with ThreadPoolExecutor(max_workers=1) as pool:
            coming = pool.submit(self._result.fetchmany, AT_ONCE)
            while part := coming.result():
                coming = pool.submit(self._result.fetchmany, AT_ONCE)
                yield part


def _shown(value: Any) -> str:
    return str(UUID(bytes=value)) if isinstance(value, bytes) and len(value) == ID_BYTES else str(value)
