"""Who evaluates, and until when. Pure."""

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

LOWEST, HIGHEST = 1, 5
LEADERS_SLOT = 0
MAX_INVITATIONS = 20
"""People served who may evaluate one service (ours): a clinic in the yard, not a campaign."""
INVITED_FOR = timedelta(days=30)
"""How long an invitation is good: our own choice."""
CODE_BYTES = 16


class Rater(StrEnum):
    """Who says how a service was: its leader (or the organisation's staff), or somebody who was served."""

    LEADER = "leader"
    SERVED = "served"


def average_tenths(scores: Collection[int]) -> int | None:
    """Return the mean of scores in tenths, halves up; None of none. ``[4, 5, 5]`` is 47."""
    return (20 * sum(scores) + len(scores)) // (2 * len(scores)) if scores else None
