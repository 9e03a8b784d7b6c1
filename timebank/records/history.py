"""Service that another system has recorded: many records at once, which wait for a second person, and their approval.

Whoever brings them in vouches for nobody: each starts in the review, as minutes that nobody scanned do (rule R09), and
who imported it does not approve it. What it earns then is the policy's question: by default nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Table, select

from timebank import clock
from timebank.database import new_id, session
from timebank.direct import Rows
from timebank.identity.family import relatives_of
from timebank.identity.former import who
from timebank.identity.rules import Actor
from timebank.policies.rules import Policy
from timebank.records import locks, overlaps, queries, revisions
from timebank.records.credit import policy_of
from timebank.records.models import Revision, ServiceRecord
from timebank.records.rules import Served, SoFar, State, assess
from timebank.records.service import first_values, record_values

__all__ = ["Approved", "Past", "approve_some", "record_history"]

_RECORDS = Rows(cast("Table", ServiceRecord.__table__))
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Past:
    """A service, and the policy of its day."""

    served: Served
    policy: Policy


def record_history(*, services: Sequence[Past], actor_id: UUID, reason: str, now: datetime) -> list[UUID]:
    """Make the records of services that do not overlap, their people locked by the caller; return their ids in order.

    Of one person's records of one day each is recorded an instant after the one before, so that anybody can work out
    again what the day held by then. Raises AlreadyRecorded (by its constraint).
    """
    days = _days({past.served.volunteer_id for past in services}, {past.served.served_on for past in services})
    records: list[dict[str, Any]] = []
    values: list[dict[str, Any]] = []
    ranks: dict[tuple[UUID, Any], int] = {}
    for past in services:
        served, record_id = past.served, new_id()
        day = (served.volunteer_id, served.served_on)
        so_far, rank = days.get(day, SoFar()), ranks.get(day, 0)
        assessed = assess(served, past.policy, so_far)
        at = now + rank * _TICK
        ranks[day] = rank + 1
        days[day] = SoFar(
            day_service_minutes=so_far.day_service_minutes + assessed.service_minutes,
            day_expected_minutes=so_far.day_expected_minutes + assessed.expected_minutes,
        )
        records.append(record_values(served, record_id=record_id, now=at))
        first = first_values(served, assessed, record_id=record_id, policy=past.policy, actor_id=actor_id, now=at)
        values.append(first | {"reason": reason})
    if values:
        _RECORDS.insert_mappings(session.connection(), records)
        revisions.append_many(values)
    return [row["id"] for row in records]


def _days(people: Collection[UUID], days: Collection[Any]) -> dict[tuple[UUID, Any], SoFar]:
    """Return what people have served on some days, by pieces that one statement can take."""
    some = sorted(people)
    found: dict[tuple[UUID, Any], SoFar] = {}
    for start in range(0, len(some), _AT_ONCE):
        found |= queries.so_far_of_many(some[start : start + _AT_ONCE], days)
    return found


_AT_ONCE = 4_000


class Approved(NamedTuple):
    """What one call has approved, and what it has left to somebody else or to a look at each."""

    approved: int
    left: list[UUID]


def approve_some(*, actor: Actor, record_ids: Collection[UUID], reason: str) -> Approved:
    """Approve those of these records (some hundreds) that wait for review and that this actor may approve.

    Left alone are one's own and relatives' records (rule R08), those with an open objection, and those whose time
    another record counts by now. Each goes on public notice or is final, as its policy says.
    """
    _lock(record_ids)
    waiting = list(session.scalars(queries.current().where(Revision.record_id.in_(record_ids), _WAITS)))
    own = {actor.person_id, *relatives_of(actor.person_id)}
    frozen = set(session.scalars(select(ServiceRecord.id).where(ServiceRecord.id.in_(record_ids), _FROZEN)))
    counted = _counted_otherwise(waiting)
    free = [one for one in waiting if one.volunteer_id not in own and one.record_id not in frozen | counted]
    now = clock.now()
    for together in _rounds(free):
        revisions.append_many([_approval(one, actor, reason, now) for one in together])
    passed = {one.record_id for one in free}
    return Approved(len(free), [one.record_id for one in waiting if one.record_id not in passed])


_WAITS = Revision.state == State.PENDING_REVIEW
_FROZEN = queries.is_frozen(ServiceRecord.id)


def _lock(record_ids: Collection[UUID]) -> None:
    """Lock the people, then the records, each in one statement and in one order for everybody."""
    people = select(who(ServiceRecord.volunteer_id)).where(ServiceRecord.id.in_(record_ids)).distinct()
    overlaps.lock_people(sorted(session.scalars(people)))
    locks.lock_many(record_ids)


def _counted_otherwise(waiting: Sequence[Revision]) -> set[UUID]:
    """Return the records whose time another one counts, final or on notice."""
    if not waiting:
        return set()
    passed: dict[UUID, list[tuple[datetime, datetime]]] = {}
    found = select(Revision.volunteer_id, Revision.started_at, Revision.ended_at).where(
        Revision.volunteer_id.in_({one.volunteer_id for one in waiting}),
        Revision.state.in_((State.PENDING_NOTICE, State.FINAL)),
        Revision.started_at < max(one.ended_at for one in waiting),
        Revision.ended_at > min(one.started_at for one in waiting),
        queries.is_current(),
    )
    for volunteer_id, started_at, ended_at in session.execute(found):
        passed.setdefault(volunteer_id, []).append((started_at, ended_at))
    return {
        one.record_id
        for one in waiting
        if any(start < one.ended_at and end > one.started_at for start, end in passed.get(one.volunteer_id, ()))
    }


def _rounds(free: Sequence[Revision]) -> list[list[Revision]]:
    """Return records by rounds, in each of which nobody is credited twice: a wallet moves once in a posting batch."""
    rounds: list[list[Revision]] = []
    depth: dict[UUID, int] = {}
    for one in free:
        place = depth.get(one.volunteer_id, 0) if one.expected_minutes else 0
        depth[one.volunteer_id] = place + 1 if one.expected_minutes else place
        while len(rounds) <= place:
            rounds.append([])
        rounds[place].append(one)
    return rounds


def _approval(one: Revision, actor: Actor, reason: str, now: datetime) -> dict[str, Any]:
    on_notice = policy_of(one).notice_days > 0
    return revisions.following(
        one,
        state=State.PENDING_NOTICE if on_notice else State.FINAL,
        credited_minutes=0 if on_notice else one.expected_minutes,
        actor_id=actor.person_id,
        reason=reason,
        recorded_at=now,
    )
