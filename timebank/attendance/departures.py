"""The verb: check out. The attendance ends, the service becomes a record, and the record is credited, at once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, update

from timebank import clock
from timebank.activities import service as activities
from timebank.activities.queries import ShiftContext
from timebank.attendance import evidence, queries, scanning
from timebank.attendance.models import Attendance
from timebank.attendance.queries import Locked
from timebank.attendance.reading import Presented, Reader, Seen
from timebank.attendance.rules import (
    SAID_AT_THE_END,
    Action,
    State,
    flags_at_check_out,
    nothing_to_check_out,
    refuse_early_check_out,
)
from timebank.attendance.scans import Trace, traced
from timebank.database import session
from timebank.errors import NotFound, Refusal
from timebank.identity.rules import Actor
from timebank.ledger.rules import AccountState
from timebank.policies.rules import Policy
from timebank.records import service as records
from timebank.records.models import Revision
from timebank.records.redating import redate
from timebank.records.revisions import Recorded
from timebank.records.rules import Flag, Provenance, Served, flags_from_text, weaker
from timebank.records.rules import State as RecordState

_CHECK_OUT = update(Attendance).where(
    Attendance.id == bindparam("attendance_id"), Attendance.state == bindparam("state_before")
)
_CHANGED = ("state", "checked_out_at", "out_provenance", "flags", "record_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedOut:
    """A closed attendance, its record, and the volunteer's account (None: nothing was posted).

    ``again``: the scan was received before, so that others may have said something about the record since.
    """

    attendance: Attendance
    context: ShiftContext
    revision: Revision
    account: AccountState | None
    served: dict[Provenance, int]
    display_name: str
    again: bool = False


def check_out(*, actor: Actor, reader: Reader, presented: Presented) -> CheckedOut:
    """End an attendance, record the service and credit it, all in one transaction. Nobody is locked in: never too late.

    A stay that was closed for somebody who forgot it ends with this scan instead, until a coordinator has decided on it
    or another stay has begun: the same comes of it whether or not it had been closed (``closing`` says why).

    Raises TOKEN_* and TICKET_*, PointNotFound, NotFound (staff outside their shifts), OpenElsewhere, NotCheckedIn,
    AlreadyCheckedOut, TooSoon.
    """
    trace = Trace(action=Action.CHECK_OUT, actor_id=actor.person_id, presented=presented, at=clock.now())
    with traced(trace):
        seen = scanning.read(reader, trace, scanning.POINTS_AND_MEMBERS)
        scanning.named_shift(seen, presented)
        locked = _locked(seen, actor, presented)
        if locked is None or not _is_here(locked.context, seen, presented):
            raise _why_not(seen, actor, presented, trace)
        found, context = locked.attendance, locked.context
        if seen.of_member and not activities.leads(actor, context):
            raise NotFound
        scanning.refuse_other_shift(context, presented)
        trace.volunteer_id, trace.shift_id = found.volunteer_id, context.shift_id
        policy = scanning.policy_of(context, seen.at)
        refuse_early_check_out(checked_in_at=found.checked_in_at, policy=policy, at=seen.at)
        left = _closed(locked, seen, actor, policy)
        trace.accepted()
    return left


def _locked(seen: Seen, actor: Actor, presented: Presented) -> Locked | None:
    """Lock what the scan may end: the stay that somebody is in, or else the one that was closed for them."""
    if seen.of_member:
        member, moment = seen.reference, scanning.moment_of(seen)
        return queries.lock_open(member=member, moment=moment) or queries.lock_forgotten(member=member, moment=moment)
    who, moment = actor.person_id, scanning.moment_of(seen, device_hash=presented.device_hash)
    return queries.lock_open(volunteer_id=who, moment=moment) or queries.lock_forgotten(volunteer_id=who, moment=moment)


def _closed(locked: Locked, seen: Seen, actor: Actor, policy: Policy) -> CheckedOut:
    """Record the service and close the attendance that is under lock."""
    found, context = locked.attendance, locked.context
    flags = {
        *(set(flags_from_text(found.flags)) - SAID_AT_THE_END),
        *scanning.flags_of_scan(seen, actor, context, found.volunteer_id),
        *flags_at_check_out(context=context, policy=policy, person_state=found.person_state, at=seen.at),
        *({Flag.SHARED_DEVICE} if found.shared_device else ()),
    }
    out = scanning.provenance_of(seen)
    provenance = weaker(Provenance(found.in_provenance), out)
    served = evidence.served(found, context, ended_at=seen.at, provenance=provenance, flags=frozenset(flags))
    recorded = _recorded(locked, served, policy=policy, actor_id=actor.person_id, now=clock.now())
    revision = recorded.revision
    attendance = Attendance(
        id=found.attendance_id,
        volunteer_id=found.volunteer_id,
        shift_id=context.shift_id,
        state=State.CLOSED,
        served_on=revision.served_on,
        checked_in_at=found.checked_in_at,
        checked_out_at=seen.at,
        in_provenance=found.in_provenance,
        out_provenance=out,
        flags=revision.flags,
        record_id=revision.record_id,
    )
    values = {name: getattr(attendance, name) for name in _CHANGED}
    at = {"attendance_id": attendance.id, "state_before": found.attendance_state}
    session.connection().execute(_CHECK_OUT, {**at, **values})
    totals = dict(locked.so_far.by_provenance)
    if revision.state is RecordState.FINAL:
        totals[provenance] += revision.service_minutes
    return CheckedOut(
        attendance=attendance,
        context=context,
        revision=revision,
        account=recorded.account,
        served=totals,
        display_name=found.display_name,
    )


def _recorded(locked: Locked, served: Served, *, policy: Policy, actor_id: UUID, now: datetime) -> Recorded:
    """Make the record of a stay, or date anew the one that was made when it was closed for somebody."""
    record_id = locked.attendance.record_id
    if record_id is None:
        return records.record_service(served=served, policy=policy, actor_id=actor_id, now=now, so_far=locked.so_far)
    return redate(record_id=record_id, served=served, policy=policy, actor_id=actor_id, now=now, so_far=locked.so_far)


def _is_here(context: ShiftContext, seen: Seen, presented: Presented) -> bool:
    return context.shift_id == presented.shift_id if seen.of_member else context.point_ref == seen.reference


def _why_not(seen: Seen, actor: Actor, presented: Presented, trace: Trace) -> Refusal:
    """Return why somebody who is not inside the scanned shift cannot leave it."""
    context, standing = (
        scanning.at_member(seen, actor, presented)
        if seen.of_member
        else scanning.at_point(seen, actor.person_id, presented)
    )
    trace.volunteer_id, trace.shift_id = standing.volunteer_id, context.shift_id
    if scanning.counts_as_forgotten(standing, context, seen.at):
        standing = standing.without_forgotten()
    return nothing_to_check_out(standing=standing, context=context, by_staff=seen.of_member)
