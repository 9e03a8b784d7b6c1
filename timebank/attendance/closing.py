"""Stays that others end: of everybody at once, and of those who forgot to check out.

A stay that is open after its shift's end and the time to check out (policy ``close_after_minutes``) counts as ended
**with its shift**, never "now", and is flagged AUTO_CLOSED, so that a coordinator looks at its record. That is a function
of time: what anybody is told does not depend on whether the sweep has run. Whoever closes it first, the sweep, a check-in
elsewhere or the leader, writes the same.

A late check-out at that very shift is still taken (nobody is locked in), as long as nobody has decided on the record and
nothing came after it. A scan says more than the timetable: the stay then ends with the scan, flagged LATE instead of
AUTO_CLOSED, and a coordinator looks at it all the same. Before the sweep it is the record's first revision, after it the
second; both say the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, update

from timebank import clock
from timebank.activities.queries import ShiftContext
from timebank.attendance import evidence, queries, scanning
from timebank.attendance.models import Attendance
from timebank.attendance.rules import State, closes_at, flags_at_check_out, forgotten_end
from timebank.codes.layouts import utc_text
from timebank.database import NIL, new_id, session
from timebank.direct import Direct
from timebank.notifications import service as notifications
from timebank.notifications.rules import Topic
from timebank.notifications.service import News
from timebank.policies.rules import Policy
from timebank.records import batches
from timebank.records.models import Revision
from timebank.records.rules import Flag, Provenance, Served, flags_from_text, weaker

_END = Direct(
    update(Attendance)
    .where(Attendance.id == bindparam("attendance"), Attendance.state == State.OPEN)
    .values(
        state=bindparam("state_after"),
        checked_out_at=bindparam("left_at"),
        out_provenance=bindparam("witnessed"),
        flags=bindparam("doubts"),
        record_id=bindparam("record"),
    )
)

OUT = Provenance.STAFF_SCAN
"""Who ends a stay in time has seen it end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Somebody's stay (a row of ``queries.lock_inside`` or ``lock_open``), and the record that it has become."""

    stay: Row[Any]
    state: State
    revision: Revision


def end(
    stays: Sequence[Row[Any]],
    context: ShiftContext,
    *,
    now: datetime,
    actor_id: UUID = NIL,
    to_be_looked_at: Collection[UUID] = (),
) -> list[Ended]:
    """End stays at one shift that are under lock, in a number of statements that does not depend on how many they are.

    In time they end now, witnessed by staff; later they were forgotten and have ended with the shift, and their provenance
    is that of the arrival. A record is made of each, and what is final is credited in one posting batch. The records
    of ``to_be_looked_at`` wait for somebody else's decision, whatever else is known of them.
    """
    forgotten = is_over(context, now)
    at = context.ends_at if forgotten else now
    policy = scanning.policy_of(context, at)
    services = _services(stays, context, at=at, policy=policy, forgotten=forgotten, to_be_looked_at=to_be_looked_at)
    revisions = batches.record_many(services=services, policy=policy, actor_id=actor_id, now=now, batch_id=new_id())
    state = State.AUTO_CLOSED if forgotten else State.CLOSED
    ended = [Ended(stay=stay, state=state, revision=made) for stay, made in zip(stays, revisions, strict=True)]
    if ended:
        out = None if forgotten else OUT
        _END.send_all(session.connection(), [_values(one, out) for one in ended])
    if forgotten:
        notifications.tell_many(_news(one, context, now) for one in ended)
    return ended


def _services(
    stays: Sequence[Row[Any]],
    context: ShiftContext,
    *,
    at: datetime,
    policy: Policy,
    forgotten: bool,
    to_be_looked_at: Collection[UUID],
) -> list[Served]:
    """Return what stays that end at ``at`` say to the records."""

    @cache  # most of a group have arrived alike
    def flags_of(at_arrival: str, person_state: str, looked_at: bool) -> frozenset[Flag]:
        return frozenset(
            {
                *flags_from_text(at_arrival),
                *flags_at_check_out(context=context, policy=policy, person_state=person_state, at=at),
                *({Flag.AUTO_CLOSED} if forgotten else ()),
                *({Flag.MANUAL} if looked_at else ()),
            }
        )

    @cache
    def provenance_of(arrival: str) -> Provenance:
        arrived = Provenance(arrival)
        return arrived if forgotten else weaker(arrived, OUT)

    return [
        evidence.served(
            stay,
            context,
            ended_at=forgotten_end(checked_in_at=stay.checked_in_at, ends_at=at),
            provenance=provenance_of(stay.in_provenance),
            flags=flags_of(stay.flags, stay.person_state, stay.volunteer_id in to_be_looked_at),
        )
        for stay in stays
    ]


def _news(ended: Ended, context: ShiftContext, now: datetime) -> News:
    """Return what somebody is told who has forgotten to check out: when they count as having left."""
    return News(
        person_id=ended.revision.volunteer_id,
        topic=Topic.FORGOTTEN_CHECK_OUT,
        facts={
            "activity": context.activity_name,
            "ends_at": utc_text(ended.revision.ended_at),
            "record_id": str(ended.revision.record_id),
        },
        at=now,
        about=str(ended.revision.record_id),
    )


def _values(ended: Ended, out: Provenance | None) -> dict[str, Any]:
    return {
        "attendance": ended.stay.attendance_id,
        "state_after": ended.state,
        "left_at": ended.revision.ended_at,
        "witnessed": out,
        "doubts": ended.revision.flags,
        "record": ended.revision.record_id,
    }


def is_over(context: ShiftContext, now: datetime) -> bool:
    """Whether whoever is still inside a shift has forgotten to check out; by the rules of the day on which it ends."""
    return now > closes_at(context, scanning.policy_of(context, context.ends_at))


def end_forgotten(volunteer_id: UUID) -> bool:
    """End the stay that somebody is in if they have forgotten it; return whether that was so."""
    now = clock.now()
    locked = queries.lock_open(volunteer_id=volunteer_id)
    if locked is None or not is_over(locked.context, now):
        return False
    end([locked.attendance], locked.context, now=now)
    return True


def sweep(*, limit: int) -> int:
    """End at most ``limit`` forgotten stays, the longest over first; return how many.

    Readings never depend on it. Two at once share the work, and nobody who is checking out waits for it.
    """
    now = clock.now()
    ended = 0
    for context in queries.left_open(ended_before=now, limit=limit):
        if is_over(context, now):
            stays = queries.lock_inside(context.shift_id, limit=limit - ended, wait=False)
            ended += len(end(stays, context, now=now))
        if ended >= limit:
            break
    return ended
