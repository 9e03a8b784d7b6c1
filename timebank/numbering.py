"""Numbers without gaps: each series begins at 1, and no two transactions get the same number.

The row lock of a counter is held until the transaction ends, and a roll-back takes the number back with it. It is the
last lock that anything takes.
"""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from timebank.database import Base, is_sqlite, session


def following(counter: type[Base], **series: Any) -> int:
    """Return the next number of a series.

    ``counter`` is a table whose key columns name the series and whose ``last`` is the number given out last.
    """
    dialect = sqlite if is_sqlite() else postgresql
    last: Any = counter.last  # type: ignore[attr-defined]
    first = dialect.insert(counter).values(**series, last=1)
    counted = first.on_conflict_do_update(index_elements=list(series), set_={"last": last + 1})
    number: int = session.execute(counted.returning(last)).scalar_one()
    return number
