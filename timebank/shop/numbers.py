"""Numbers without gaps: each series of a site begins at 1 every day.

The row lock of the counter is held until the transaction ends, and a roll-back takes the number back with it. It is the
last lock that anything takes.
"""

from datetime import date
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite

from timebank.database import is_sqlite, session
from timebank.shop.models import Counter
from timebank.shop.rules import Series


def following(*, site_id: UUID, day: date, series: Series) -> int:
    """Return the next number of a series at a site on a day."""
    dialect = sqlite if is_sqlite() else postgresql
    first = dialect.insert(Counter).values(site_id=site_id, day=day, series=series, last=1)
    counted = first.on_conflict_do_update(
        index_elements=[Counter.site_id, Counter.day, Counter.series], set_={"last": Counter.last + 1}
    )
    number: int = session.execute(counted.returning(Counter.last)).scalar_one()
    return number
