"""States of gifts, applications and grants, and who comes first at the pool."""

from datetime import datetime, timedelta
from enum import StrEnum

OFFER_LIFETIME = timedelta(days=14)
"""How long a gift waits for the other's answer."""


class GiftState(StrEnum):
    """Offered by one; accepted or declined by the other, withdrawn by the giver, or expired."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


STORED_GIFT_STATES = tuple(state for state in GiftState if state is not GiftState.EXPIRED)
"""Expiry is a function of time, and never written."""


def gift_state_at(stored: str, expires_at: datetime, now: datetime) -> GiftState:
    """Return the state of a gift at ``now``: an offer ends by itself."""
    state = GiftState(stored)
    return GiftState.EXPIRED if state is GiftState.OFFERED and expires_at <= now else state


class Priority(StrEnum):
    """Why somebody is granted minutes from the pool, most urgent first (rule R23, 南京)."""

    AGED_80_ALONE = "aged_80_alone"
    LOW_INCOME_DISABLED_ALONE = "low_income_disabled_alone"
    HARDSHIP = "hardship"


RANKS = {priority: rank for rank, priority in enumerate(Priority, 1)}
"""1 comes first: 80 and older living alone; 60 to 79, low income, disabled, living alone; any other hardship."""


class ApplicationState(StrEnum):
    """An application waits until it is granted or refused by staff, or withdrawn by whoever it is for."""

    WAITING = "waiting"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class GrantState(StrEnum):
    """Requested by one member of staff; approved or rejected by another (rule R35: 管用分离)."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
