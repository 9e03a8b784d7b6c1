"""What the time of people is taken by already: their records, and the shifts that they are at right now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from timebank.attendance.models import Attendance
from timebank.attendance.rules import State as Stay
from timebank.clock import SHANGHAI, day_of, start_of
from timebank.database import session
from timebank.imports.people import some_at_once
from timebank.imports.rules import MOST_DAY_MINUTES
from timebank.imports.spans import Span
from timebank.records import queries
from timebank.records.models import Revision, ServiceRecord
from timebank.records.rules import SourceType, State

MOST = MOST_DAY_MINUTES


class Claim(NamedTuple):
    """What claims somebody's time."""

    person_id: UUID
    activity_id: UUID
    span: Span


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of somebody's time; ``ended_at`` is None while they are still there."""

    started_at: datetime
    ended_at: datetime | None
    activity_id: UUID | None = None
    minutes: int = 0

    def told(self) -> dict[str, str]:
        """Return its two ends as the clock on the wall shows them."""
        until = self.ended_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if self.ended_at else "—"
        return {"from_local": self.started_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"), "until_local": until}


@dataclass(slots=True)
class Taken:
    """Stretches by person, and the ids of what imports have made records of before."""

    stretches: dict[UUID, list[Stretch]] = field(default_factory=dict)
    sources: set[UUID] = field(default_factory=set)
    days: dict[tuple[UUID, date], int] = field(default_factory=dict)

    def same(self, claim: Claim) -> Stretch | None:
        """Return what is on record of the very same service: activity, and minutes of check-in and check-out."""
        wanted = (claim.activity_id, minute_of(claim.span.started_at), minute_of(claim.span.ended_at))
        for one in self.stretches.get(claim.person_id, ()):
            if one.ended_at and (one.activity_id, minute_of(one.started_at), minute_of(one.ended_at)) == wanted:
                return one
        return None

    def sharing(self, claim: Claim) -> Stretch | None:
        """Return what shares a moment with a claim (half-open)."""
        for one in self.stretches.get(claim.person_id, ()):
            if one.started_at < claim.span.ended_at and (one.ended_at is None or one.ended_at > claim.span.started_at):
                return one
        return None

    def served(self, person_id: UUID, day: date) -> int:
        """Return the minutes on record for somebody's day."""
        return self.days.get((person_id, day), 0)


def minute_of(instant: datetime) -> str:
    """Return an instant to the minute, which is what a sheet shows of it."""
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def around(claims: Sequence[Claim]) -> Taken:
    """Return what the time of people is taken by on the days of what is claimed, in a few statements."""
    found = Taken()
    if not claims:
        return found
    first = start_of(day_of(min(one.span.started_at for one in claims)))
    last = start_of(day_of(max(one.span.ended_at for one in claims)) + timedelta(days=1))
    for piece in some_at_once(sorted({one.person_id for one in claims})):
        _read_records(found, piece, first, last)
        stays = select(Attendance.volunteer_id, Attendance.checked_in_at).where(
            Attendance.volunteer_id.in_(piece), Attendance.state == Stay.OPEN, Attendance.checked_in_at < last
        )
        for volunteer_id, checked_in_at in session.execute(stays):
            found.stretches.setdefault(volunteer_id, []).append(Stretch(checked_in_at, None))
    return found


def _read_records(found: Taken, people: Collection[UUID], first: datetime, last: datetime) -> None:
    sources = select(ServiceRecord.source_id).where(
        ServiceRecord.volunteer_id.in_(people), ServiceRecord.source_type == SourceType.IMPORT
    )
    found.sources.update(session.scalars(sources))
    records = select(
        Revision.volunteer_id,
        Revision.started_at,
        Revision.ended_at,
        Revision.activity_id,
        Revision.service_minutes,
    ).where(
        Revision.volunteer_id.in_(people),
        Revision.started_at < last,
        Revision.ended_at > first,
        Revision.state != State.REJECTED,
        queries.is_current(),
    )
    for volunteer_id, started_at, ended_at, activity_id, minutes in session.execute(records):
        stretch = Stretch(started_at, ended_at, activity_id, minutes)
        found.stretches.setdefault(volunteer_id, []).append(stretch)
        day = (volunteer_id, day_of(stretch.started_at))
        found.days[day] = found.days.get(day, 0) + stretch.minutes
