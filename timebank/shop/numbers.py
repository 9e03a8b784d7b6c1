"""Numbers without gaps: each series of a site begins at 1 every day."""

from datetime import date
from uuid import UUID

from timebank.direct import Sent
from timebank.numbering import Numbering, number_of
from timebank.shop.models import Counter
from timebank.shop.rules import Series

__all__ = ["count", "following", "number_of"]

_OF_SHOPS = Numbering(Counter)


def following(*, site_id: UUID, day: date, series: Series) -> int:
    """Return the next number of a series at a site on a day."""
    return number_of(count(site_id=site_id, day=day, series=series))


def count(*, site_id: UUID, day: date, series: Series) -> Sent:
    """Ask for the next number of a series, without waiting for it inside ``at_once``."""
    return _OF_SHOPS.count(site_id=site_id, day=day, series=series.value)
