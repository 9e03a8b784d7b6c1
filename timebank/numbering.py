"""Numbers without gaps: each series begins at 1, and no two transactions get the same number.

The row lock of a counter is held until the transaction ends, and a roll-back takes the number back with it. It is the
last lock that anything takes.
"""

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite

from timebank.database import Base, session
from timebank.direct import Direct, Sent


class Numbering:
    """The series of one table of counters: its key columns name a series, ``last`` is the number given out last."""

    def __init__(self, counter: type[Base]) -> None:
        last: Any = counter.last  # type: ignore[attr-defined]
        rule: dict[str, Any] = {"index_elements": list(inspect(counter).primary_key), "set_": {"last": last + 1}}
        self._count = {
            "sqlite": Direct(sqlite.insert(counter).on_conflict_do_update(**rule).returning(last)),
            "postgresql": Direct(postgresql.insert(counter).on_conflict_do_update(**rule).returning(last)),
        }

    def following(self, **series: Any) -> int:
        """Return the next number of a series."""
        return number_of(self.count(**series))

    def count(self, **series: Any) -> Sent:
        """Ask for the next number of a series, without waiting for it inside ``at_once``."""
        connection = session.connection()
        return self._count[connection.dialect.name].send(connection, series | {"last": 1})


def number_of(counted: Sent) -> int:
    """Wait for a number that was asked for."""
    [[number]] = counted.rows()
    return int(number)
