"""When a service that nobody scanned may be entered, and by whom it is looked at. Pure: everything is an argument."""

from datetime import datetime, timedelta
from enum import StrEnum

from timebank.activities.queries import ShiftContext
from timebank.activities.rules import ShiftState
from timebank.errors import Invalid
from timebank.records.errors import OutsideShift, SupplementTooLate

REVIEWERS = 2
"""武汉 东亭: what is entered by hand counts when two people have looked at it (rule R09)."""
WITHIN = timedelta(days=30)
"""Supplements are asked for within a month after the shift: what practice asks of evidence at the latest."""
LIMIT, LIMIT_PERIOD = 5, timedelta(days=30)
"""Supplements a person in any 30 days. Our own choice: no source names a figure, and who needs more should scan."""
BAN = timedelta(days=365)
"""After a finding of fraud (重庆: the right to enter service oneself is lost for a year; rule R13)."""
MAX_EVIDENCE = 10


class Verdict(StrEnum):
    """What one reviewer says."""

    APPROVE = "approve"
    REJECT = "reject"


class SupplementState(StrEnum):
    """Where a supplement stands: ``open`` until two have approved it or one has rejected it."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


def refuse_times(*, started_at: datetime, ended_at: datetime, shift: ShiftContext, now: datetime) -> None:
    """Raise the first reason why these times cannot be a supplement to a shift.

    Inside the shift's window, so never longer than it (R09; 志愿汇); over by now; within a month after the shift.
    """
    if ended_at - started_at < timedelta(minutes=1):
        detail = "结束须晚于开始至少一分钟。 Must be a minute after the start at least."
        raise Invalid(errors=[{"pointer": "/ended_at", "detail": detail}])
    if ended_at > now:
        raise Invalid(errors=[{"pointer": "/ended_at", "detail": "服务须已结束。 The service must be over."}])
    if shift.state != ShiftState.OPEN or started_at < shift.starts_at or ended_at > shift.ends_at:
        raise OutsideShift
    if now > shift.ends_at + WITHIN:
        raise SupplementTooLate(days=WITHIN.days)
