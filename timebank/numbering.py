"""Numbers without gaps: each series begins at 1, and no two transactions get the same number.

The row lock of a counter is held until the transaction ends, and a roll-back takes the number back with it. It is the
last lock that anything takes.
"""

from typing import Any

from sqlalchemy import CTE, BindParameter, inspect
from sqlalchemy.dialects import postgresql, sqlite

from timebank.database import Base, session
from timebank.direct import Direct, Sent


class Numbering:
    """The series of one table of counters: its key columns name a series, ``last`` is the number given out last."""

    def __init__(self, counter: type[Base]) -> None:
        last: Any = counter.last  # type: ignore[attr-defined]
        rule: dict[str, Any] = {"index_elements": list(inspect(counter).primary_key), "set_": {"last": last + 1}}
        self._on_postgresql = postgresql.insert(counter).on_conflict_do_update(**rule).returning(last)
        self._count = {
            "sqlite": Direct(sqlite.insert(counter).on_conflict_do_update(**rule).returning(last)),
            "postgresql": Direct(self._on_postgresql),
        }

    def following(self, **series: Any) -> int:
        """Return the next number of a series."""
        connection = session.connection()
        return number_of(self._count[connection.dialect.name].send(connection, series | {"last": 1}))

    def counted(self, **series: BindParameter[Any]) -> CTE:
        """Return the next number of a series as a part of a PostgreSQL statement that writes what takes it."""
        return self._on_postgresql.values(**series, last=1).cte("counted")


def number_of(sent: Sent) -> int:
    """Return the number that a statement has answered."""
    [[number]] = sent.rows()
    return int(number)
