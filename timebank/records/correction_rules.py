"""What a correction may change a record to. Pure: everything comes as an argument."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from timebank.errors import Invalid
from timebank.records.errors import MoreThanPlanned

_MINUTE = timedelta(minutes=1)


class Decision(StrEnum):
    """What became of a correction."""

    APPROVED = "approved"
    REJECTED = "rejected"


class CorrectionState(StrEnum):
    """Where a correction stands. ``superseded``: the record changed before anybody decided."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class Recorded(Protocol):
    """What of a record's revision a correction looks at."""

    started_at: datetime
    ended_at: datetime
    raw_minutes: int
    service_minutes: int


@dataclass(frozen=True, slots=True)
class Planned:
    """When a shift was to begin and to end."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What a record shall say: its minutes, and its times if those are corrected. Zero minutes annul it."""

    service_minutes: int
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def annuls(self) -> bool:
        """Whether nothing of the service remains."""
        return self.service_minutes == 0


def wanted(
    *,
    service_minutes: int | None = None,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    annul: bool = False,
) -> Change:
    """Return what is asked for, said in exactly one way: minutes, both times, or that the record is annulled.

    Raises Invalid.
    """
    by_times = started_at is not None or ended_at is not None
    if [service_minutes is not None, by_times, annul].count(True) != 1:
        raise _invalid(
            "/service_minutes", "请只填更正后的分钟数，或只填起止时间。 Give the minutes, or both times, not both."
        )
    if not by_times:
        return Change(service_minutes or 0)
    if started_at is None or ended_at is None or ended_at - started_at < _MINUTE:
        raise _invalid("/ended_at", "起止时间须成对，且至少相隔一分钟。 Give both times, a minute apart at least.")
    return Change((ended_at - started_at) // _MINUTE, started_at, ended_at)


def refuse_change(change: Change, current: Recorded, planned: Planned | None) -> None:
    """Raise MoreThanPlanned, or Invalid for a change that says what the record says already.

    A correction never makes a service longer than what was recorded at first or planned, whichever is longer, and
    its times stay between the two (rule R09; 志愿汇: what administrators add cannot exceed the activity's duration).
    """
    if change.started_at is None and change.service_minutes == current.service_minutes:
        raise _invalid("/service_minutes", "与现有记录相同，无需更正。 The record says that already.")
    if (change.started_at, change.ended_at) == (current.started_at, current.ended_at):
        raise _invalid("/started_at", "与现有记录相同，无需更正。 The record says that already.")
    planned = planned or Planned(current.started_at, current.ended_at)
    most = max(current.raw_minutes, (planned.ends_at - planned.starts_at) // _MINUTE)
    outside = change.started_at is not None and (
        change.started_at < min(current.started_at, planned.starts_at)
        or change.ended_at is None
        or change.ended_at > max(current.ended_at, planned.ends_at)
    )
    if outside or change.service_minutes > most:
        raise MoreThanPlanned(longest_minutes=most)


def refuse_more_than_recorded(service_minutes: int, recorded_minutes: int) -> None:
    """Raise Invalid unless a reviewer leaves at least a minute, and adds none."""
    if not 0 < service_minutes <= recorded_minutes:
        detail = f"须在 1 和 {recorded_minutes} 之间；不予认定请驳回。 Between 1 and {recorded_minutes}; else reject."
        raise _invalid("/service_minutes", detail)


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid(errors=[{"pointer": pointer, "detail": detail}])
