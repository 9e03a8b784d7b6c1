"""Numbers without gaps: each series of a site begins at 1 every day."""

from datetime import date
from uuid import UUID

from sqlalchemy import CTE, BindParameter

from timebank.numbering import Numbering, number_of
from timebank.shop.models import Counter
from timebank.shop.rules import Series

__all__ = ["counted", "following", "number_of"]

_OF_SHOPS = Numbering(Counter)


def following(*, site_id: UUID, day: date, series: Series) -> int:
    """Return the next number of a series at a site on a day."""
    return _OF_SHOPS.following(site_id=site_id, day=day, series=series.value)


def counted(*, site_id: BindParameter[UUID], day: BindParameter[date], series: BindParameter[str]) -> CTE:
    """Return the next number of a series (its column ``last``) as the first part of a PostgreSQL statement."""
    return _OF_SHOPS.counted(site_id=site_id, day=day, series=series)
