"""Which star so many minutes are worth, and where a proposal stands. Pure."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum


class Decision(StrEnum):
    """What a person has decided about a proposal, once its notice was over."""

    AWARDED = "awarded"
    DECLINED = "declined"


class Outcome(StrEnum):
    """What an objection came to; one that is upheld declines the proposal."""

    UPHELD = "upheld"
    REFUSED = "refused"


class Review(StrEnum):
    """What a person has decided about a star whose minutes have gone below its threshold."""

    KEPT = "kept"
    WITHDRAWN = "withdrawn"


class State(StrEnum):
    """Where a proposal stands; all of it follows from facts and the time."""

    ON_NOTICE = "on_notice"
    OBJECTED = "objected"
    READY = "ready"
    AWARDED = "awarded"
    REVIEW_DUE = "review_due"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


HELD = (State.AWARDED, State.REVIEW_DUE)
"""A star that somebody has: one that is to be looked at is not taken away by that."""
OPEN = (State.ON_NOTICE, State.OBJECTED, State.READY)


def level_of(minutes: int, thresholds: Sequence[int]) -> int:
    """Return the highest star that ``minutes`` of service are worth; 0 for none. ``thresholds`` rise."""
    return sum(minutes >= threshold for threshold in thresholds)


def review_due(*, minutes: int, threshold: int, kept_at: int | None) -> bool:
    """Whether a star is to be looked at: its minutes are too few, and fewer than when somebody last let it stand."""
    return minutes < threshold and (kept_at is None or minutes < kept_at)


def undecided_state(*, objected: bool, ends_at: datetime, now: datetime) -> State:
    """Return where a proposal stands that nobody has decided: an open objection holds it, whatever the time."""
    if objected:
        return State.OBJECTED
    return State.ON_NOTICE if now < ends_at else State.READY
