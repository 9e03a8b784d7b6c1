"""What can be imported, how much of it at once, and what one import has done."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MEBIBYTE = 1 << 20
MAX_BYTES = 20 * MEBIBYTE
MAX_UNPACKED = 80 * MEBIBYTE
"""What an XLSX may unpack to. Fifty thousand lines are some thirty MiB of XML; a zip bomb is more."""
MAX_LINES = 50_000
MAX_COLUMNS = 40
MAX_CELL = 4_000
"""Characters of one cell before anything looks at it."""
AT_ONCE = 4_000
"""Values of one lookup: below what either driver binds to one statement."""
MOST_FAULTS = 1_000
"""Faults that an answer lists; it always says how many there are."""
MAX_REASON = 200
MAX_NUMBER = 40
EARLIEST_DAY = date(1980, 1, 1)
"""Earlier service is a slip of the hand: organised volunteering began in China in the late eighties."""
MOST_DAY_MINUTES = 16 * 60
"""Minutes of service that a day can plausibly hold for one person, everything on record included. Our own choice."""
APPROVED_AT_ONCE = 1_000
"""Records that one call approves: each is locked."""


class Kind(StrEnum):
    """What the lines of a file are."""

    ROSTER = "roster"
    ACTIVITIES = "activities"
    HOURS = "hours"


class Done(StrEnum):
    """What a line has done to what it names."""

    CREATED = "created"
    CHANGED = "changed"


@dataclass(slots=True, kw_only=True)
class Counts:
    """What the lines of a file do: every line that is no fault is counted once."""

    lines: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    merged: int = 0
    """Lines that name what an earlier line of the file names already."""

    @property
    def changes_anything(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.created or self.changed)
