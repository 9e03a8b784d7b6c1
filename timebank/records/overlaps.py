"""Nobody serves in two places at once: what a person's time is taken by, in records and beyond them."""

from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select

from timebank.clock import SHANGHAI
from timebank.database import session
from timebank.identity.models import Person
from timebank.policies.rules import Policy
from timebank.records import queries
from timebank.records.errors import ServiceOverlap
from timebank.records.models import Revision
from timebank.records.rules import State

__all__ = [
    "also_taken_by",
    "lock_day",
    "lock_people",
    "lock_person",
    "overlap",
    "refuse_counted_twice",
    "refuse_other_record",
    "refuse_overlap",
]

Taken = Callable[[UUID, datetime, datetime], bool]
"""Whether a person's time between two instants (half-open) is taken by something that is no record yet."""

_also: list[Taken] = []


def also_taken_by(taken: Taken) -> Taken:
    """Have ``taken`` asked, too: records know nothing of who is inside a shift at this moment."""
    if taken not in _also:
        _also.append(taken)
    return taken


def lock_person(person_id: UUID) -> Person | None:
    """Lock a person until this transaction ends, so that what is recorded for them by hand comes one after the other."""
    found = select(Person).where(Person.id == person_id).with_for_update(key_share=True)
    return session.scalars(found.execution_options(populate_existing=True)).one_or_none()


def lock_day(people: Collection[UUID], policy: Policy) -> None:
    """Where a day's credit is capped, let nobody else record anything for these people until this transaction ends.

    A correction or a supplement that is approved in the same instant as a check-out would read the day as it was before
    it, and both together would pass the cap. Without a cap nothing is locked, and no statement is sent.
    """
    if policy.daily_credit_cap_minutes is not None:
        lock_people(people)


def lock_people(people: Collection[UUID]) -> None:
    """Lock people until this transaction ends, in one statement and in the order in which everybody locks them."""
    session.execute(
        select(Person.id).where(Person.id.in_(people)).order_by(Person.id).with_for_update(key_share=True)
    ).all()


def refuse_overlap(
    *, volunteer_id: UUID, started_at: datetime, ended_at: datetime, but_record: UUID | None = None
) -> None:
    """Raise ServiceOverlap if a record that counts or may yet count, or an open attendance, shares a moment.

    What is outside records is asked first: an attendance that ends between the two questions is then found as a record.
    """
    if any(taken(volunteer_id, started_at, ended_at) for taken in _also):
        raise overlap(started_at, ended_at)
    refuse_other_record(volunteer_id=volunteer_id, started_at=started_at, ended_at=ended_at, but_record=but_record)


def refuse_other_record(
    *, volunteer_id: UUID, started_at: datetime, ended_at: datetime, but_record: UUID | None
) -> None:
    """Raise ServiceOverlap if a record that counts or may yet count shares a moment (half-open)."""
    found = _sharing(volunteer_id, started_at, ended_at).where(Revision.state != State.REJECTED)
    if but_record is not None:
        found = found.where(Revision.record_id != but_record)
    _refuse_any(found)


def refuse_counted_twice(pending: Revision) -> None:
    """Raise ServiceOverlap if another record that has passed its review, final or on notice, shares a moment with this one.

    A scan that a phone has kept comes after a supplement for the same time: both may wait, and one of them may count.
    """
    passed = _sharing(pending.volunteer_id, pending.started_at, pending.ended_at).where(
        Revision.state.in_((State.PENDING_NOTICE, State.FINAL)), Revision.record_id != pending.record_id
    )
    _refuse_any(passed)


def _sharing(volunteer_id: UUID, started_at: datetime, ended_at: datetime) -> Select[Revision]:
    return queries.current().where(
        Revision.volunteer_id == volunteer_id, Revision.started_at < ended_at, Revision.ended_at > started_at
    )


def _refuse_any(found: Select[Revision]) -> None:
    other = session.scalars(found.limit(1)).one_or_none()
    if other is not None:
        raise overlap(other.started_at, other.ended_at)


def overlap(started_at: datetime, ended_at: datetime) -> ServiceOverlap:
    """Return the refusal that names what takes the time, as the clock on the wall shows it."""
    start, end = (instant.astimezone(SHANGHAI).strftime("%m-%d %H:%M") for instant in (started_at, ended_at))
    return ServiceOverlap(from_local=start, until_local=end)
