"""What an objection may come to, and within which time. Pure."""

from datetime import timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """What an objection came to: the record is put right, or stays as it is for a reason that is told."""

    UPHELD = "upheld"
    REFUSED = "refused"


class ObjectionState(StrEnum):
    """Where an objection stands."""

    OPEN = "open"
    UPHELD = "upheld"
    REFUSED = "refused"


WINDOW = timedelta(days=30)
"""How long volunteers may object to what their record says: our own choice (民政部令第67号 art 13 names no limit)."""
ANSWER_WORKING_DAYS = 10
"""An objection is answered within so many working days: art 13 says promptly; we take the limit of art 11."""
MAX_OPEN = 10
"""Objections of one person that wait for an answer: each freezes a record, and nobody freezes a whole notice (ours)."""
