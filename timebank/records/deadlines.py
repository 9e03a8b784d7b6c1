"""Until when a service must be on the record: within 10 working days after it (民政部令第67号 art 11, rule R06)."""

from datetime import datetime

from timebank import working_days
from timebank.clock import day_of, start_of
from timebank.working_days import DAY, Deadline

WORKING_DAYS = 10


def due(ended_at: datetime) -> Deadline:
    """Return the last day on which a service that ended at an instant may be decided."""
    return working_days.deadline(ended_at, WORKING_DAYS)


def days_late(limit: Deadline, now: datetime) -> int:
    """Return how many days a limit is over, 0 while it is not."""
    return max(0, (day_of(now) - limit.on).days)


def late_before(now: datetime) -> datetime:
    """Return the instant such that exactly what ended before it is late now."""
    return start_of(working_days.latest_overdue(now, WORKING_DAYS) + DAY)
