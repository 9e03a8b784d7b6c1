"""Numbers without gaps: each series of a site begins at 1 every day.

The row lock of the counter is held until the transaction ends, and a roll-back takes the number back with it. It is the
last lock that anything takes.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from timebank.database import session
from timebank.direct import Direct, Sent
from timebank.shop.models import Counter
from timebank.shop.rules import Series

_STEP = {"last": Counter.last + 1}
_KEY = (Counter.site_id, Counter.day, Counter.series)
LAST = (
    select(Counter.last)
    .where(
        Counter.site_id == bindparam("counted_at"),
        Counter.day == bindparam("counted_on"),
        Counter.series == bindparam("counted_series"),
    )
    .scalar_subquery()
)
"""The last number of a series, for the row that takes it in the same round trip in which it was counted."""
_COUNT = {
    "sqlite": Direct(
        sqlite.insert(Counter).on_conflict_do_update(index_elements=_KEY, set_=_STEP).returning(Counter.last)
    ),
    "postgresql": Direct(
        postgresql.insert(Counter).on_conflict_do_update(index_elements=_KEY, set_=_STEP).returning(Counter.last)
    ),
}


def following(*, site_id: UUID, day: date, series: Series) -> int:
    """Return the next number of a series at a site on a day."""
    return number_of(count(site_id=site_id, day=day, series=series))


def count(*, site_id: UUID, day: date, series: Series) -> Sent:
    """Ask for the next number of a series, without waiting for it inside ``at_once``."""
    connection = session.connection()
    first = {"site_id": site_id, "day": day, "series": series.value, "last": 1}
    return _COUNT[connection.dialect.name].send(connection, first)


def number_of(counted: Sent) -> int:
    """Wait for a number that was asked for."""
    [[number]] = counted.rows()
    return int(number)
