"""What hours can be grouped by, and what is counted."""

from enum import StrEnum

from timebank.records.rules import Provenance

PROVENANCES = tuple(str(provenance) for provenance in Provenance)
"""How a minute came to be known, strongest first; totals are always split by it (rule R09)."""


class Grain(StrEnum):
    """How finely the summary is kept: by day and activity, or by month."""

    DAY = "day"
    MONTH = "month"


class Cut(StrEnum):
    """One thing that hours can be grouped by."""

    ORGANISATION = "organisation"
    AREA = "area"
    ACTIVITY = "activity"
    VOLUNTEER = "volunteer"
    MONTH = "month"


def parse_cuts(text: str) -> tuple[Cut, ...]:
    """Return the cuts of ``organisation,month``; raise ValueError for an unknown, a repeated or no cut."""
    cuts = tuple(Cut(part.strip()) for part in text.split(","))
    if len(set(cuts)) != len(cuts):
        raise ValueError("a cut is named twice")
    return cuts


def month_name(number: int) -> str:
    """Return ``2026-11`` for 202611."""
    return f"{number // 100:04d}-{number % 100:02d}"
