"""Numbers without gaps: each series of a site begins at 1 every day."""

from datetime import date
from uuid import UUID

from timebank import numbering
from timebank.shop.models import Counter
from timebank.shop.rules import Series


def following(*, site_id: UUID, day: date, series: Series) -> int:
    """Return the next number of a series at a site on a day."""
    return numbering.following(Counter, site_id=site_id, day=day, series=series)
