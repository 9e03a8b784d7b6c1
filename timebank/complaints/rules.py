"""What may be complained about, and until when it is answered. Pure."""

from enum import StrEnum

ANSWER_WORKING_DAYS = 10
"""A complaint is answered within so many working days: our own choice; 民政部令第67号 art 20 names no limit, so as objections."""
MAX_OPEN = 10
"""Complaints of one person that wait for an answer (ours)."""


class Kind(StrEnum):
    """What it is about."""

    CONDUCT = "conduct"
    FALSE_HOURS = "false_hours"
    MONEY = "money"
    SAFETY = "safety"
    PRIVACY = "privacy"
    OTHER = "other"


class Outcome(StrEnum):
    """What a complaint came to."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


class State(StrEnum):
    """Where a complaint stands."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
