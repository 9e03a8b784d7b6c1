"""The steps that every scan begins with: what was presented, who stands where, and which rules hold there."""

from datetime import datetime
from uuid import UUID

from timebank import clock
from timebank.activities import service as activities
from timebank.activities.queries import ShiftContext
from timebank.attendance import printed, queries
from timebank.attendance.backgrounds import Moment
from timebank.attendance.errors import PointNotFound
from timebank.attendance.reading import Presented, Reader, Seen
from timebank.attendance.rules import Standing, closing_time
from timebank.attendance.scans import Trace
from timebank.codes.layouts import Kind
from timebank.errors import Invalid, NotFound
from timebank.identity.family import relatives_of
from timebank.identity.rules import Actor
from timebank.policies import service as policies
from timebank.policies.rules import Policy
from timebank.records.rules import Flag, Provenance

POINTS = (Kind.ROTATING, Kind.POSTER)
POINTS_AND_MEMBERS = (Kind.ROTATING, Kind.MEMBER, Kind.POSTER, Kind.CARD)


def read(reader: Reader, trace: Trace, kinds: tuple[Kind, ...]) -> Seen:
    """Return what was presented, and note it in the trace. Raises TOKEN_* and TICKET_*."""
    seen = reader.read(trace.presented, actor_id=trace.actor_id, now=trace.at, kinds=kinds)
    trace.kind, trace.at = seen.kind, seen.at
    if not seen.of_member:
        trace.volunteer_id = trace.actor_id
    if seen.serial is not None:
        printed.refuse_revoked(kind=seen.kind, reference=seen.reference, serial=seen.serial)
    return seen


def at_point(seen: Seen, volunteer_id: UUID, presented: Presented) -> tuple[ShiftContext, Standing]:
    """Return the shift of a scanned point, and how the volunteer stands towards it. Raises PointNotFound."""
    found = queries.at_point(
        point=seen.reference, volunteer_id=volunteer_id, moment=moment_of(seen, device_hash=presented.device_hash)
    )
    if found is None:
        raise PointNotFound
    return found


def at_member(seen: Seen, actor: Actor, presented: Presented) -> tuple[ShiftContext, Standing]:
    """Return the shift that staff answer for, and how the member stands towards it; 404 outside their shifts."""
    shift_id = named_shift(seen, presented)
    moment = moment_of(seen, leader_id=actor.person_id)
    found = queries.at_shift(shift_id=shift_id, member=seen.reference, moment=moment)
    if found is None or not activities.leads(actor, found[0]):
        raise NotFound
    return found


def moment_of(seen: Seen, *, device_hash: bytes | None = None, leader_id: UUID | None = None) -> Moment:
    """Return when a scan was and who holds the phone: a volunteer their own, a leader one for everybody."""
    return Moment(day=clock.day_of(seen.at), at=seen.at, device_hash=device_hash, leader_id=leader_id)


def named_shift(seen: Seen, presented: Presented) -> UUID:
    """Return the shift that came with the scan; raise Invalid if a member's code came without one."""
    if seen.of_member and presented.shift_id is None:
        raise Invalid(errors=[{"pointer": "/shift_id", "detail": "扫会员码须说明场次。 Needed with a member's code."}])
    return presented.shift_id or UUID(int=0)


def refuse_other_shift(context: ShiftContext, presented: Presented) -> None:
    """Raise Invalid if the request names another shift than its code does."""
    if presented.shift_id not in {None, context.shift_id}:
        raise Invalid(errors=[{"pointer": "/shift_id", "detail": "码不属于这一场。 The code is another shift's."}])


def policy_of(context: ShiftContext, at: datetime) -> Policy:
    """Return the rules that hold at a shift at an instant; no statement when they are known already."""
    return policies.resolve(
        organisation_id=context.organisation_id,
        area_path=context.area_path,
        at=at,
        known_number=context.policy_number,
    )


def counts_as_forgotten(standing: Standing, context: ShiftContext, at: datetime) -> bool:
    """Whether the stay that somebody is in is over: its shift has ended, and the time to check out as well.

    That is a question of time alone, whether or not the sweep has run. A scan of an instant ``at`` before the end of
    that stay, which comes only now, lies within it: it is refused either way.
    """
    inside = standing.open
    return (
        inside is not None
        and at >= inside.ended_at
        and clock.now()
        > closing_time(
            inside.ends_at,
            policies.resolve(
                organisation_id=inside.organisation_id,
                area_path=inside.area_path,
                at=inside.ends_at,
                known_number=context.policy_number,
            ),
        )
    )


def provenance_of(seen: Seen) -> Provenance:
    """Return where an end of an attendance comes from: one's own scan, or staff's (rule R09)."""
    return Provenance.STAFF_SCAN if seen.of_member else Provenance.SELF_SCAN


def flags_of_scan(seen: Seen, actor: Actor, context: ShiftContext, volunteer_id: UUID) -> set[Flag]:
    """Return the scan's own doubts, and MANUAL where whoever holds the code has an interest in what it says.

    That are staff who scan themselves or a verified relative (rule R08), and a leader at their own shift: they can fetch
    the screen's code anywhere, so that their own scan of it does not say that they were there.
    """
    interested = (
        volunteer_id in {actor.person_id, *relatives_of(actor.person_id)}
        if seen.of_member
        else volunteer_id == context.leader_id == actor.person_id
    )
    return {*seen.doubts, *({Flag.MANUAL} if interested else ())}
