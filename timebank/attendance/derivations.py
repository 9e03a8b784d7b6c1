"""A record worked out once more from its raw scans, under the very policy that it names.

Scans and amendments are append-only; the attendance is asked only about ends that nobody scanned or stated (a shift that
was closed, a check-out that was forgotten).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select

from timebank.activities.models import Shift
from timebank.attendance.models import Attendance, AttendanceAmendment, Scan
from timebank.attendance.rules import Action, Amendment, State
from timebank.codes.layouts import Kind
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.former import belongs
from timebank.identity.models import Person
from timebank.policies.rules import Policy
from timebank.records import rederiving
from timebank.records.credit import policy_of
from timebank.records.models import Revision, ServiceRecord
from timebank.records.rederiving import Difference, Evidence
from timebank.records.rules import Assessment, Flag, Provenance, SourceType, flags_from_text, weaker

OF_MEMBERS = frozenset({Kind.MEMBER, Kind.CARD})
"""Codes that name a person: whoever scans them is staff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """A record, what it was made from, what comes out of that now, and where both differ."""

    volunteer_no: str
    first: Revision
    current: Revision
    evidence: Evidence
    scanned_in: bool
    scanned_out: bool
    policy: Policy
    derived: Assessment
    differences: list[Difference]


def derive(record_id: UUID) -> Derivation:
    """Work a record out once more. Raises NotFound."""
    record = session.get(ServiceRecord, record_id)
    if record is None:
        raise NotFound
    revisions = rederiving.revisions_of(record_id)
    first = revisions[0]
    evidence, arrival, leaving = _evidence(record, first)
    policy = policy_of(first)
    derived = rederiving.derive(first, evidence, policy, rederiving.that_day_before(first))
    missing = arrival is None and record.source_type == SourceType.ATTENDANCE
    return Derivation(
        volunteer_no=session.get_one(Person, revisions[-1].volunteer_id).volunteer_no,
        first=first,
        current=revisions[-1],
        evidence=evidence,
        scanned_in=arrival is not None,
        scanned_out=leaving is not None,
        policy=policy,
        derived=derived,
        differences=[
            *([Difference("check_in_scan", "there", "missing")] if missing else []),
            *rederiving.differences(first, evidence, derived),
            *rederiving.unpaid(revisions),
        ],
    )


def _evidence(record: ServiceRecord, first: Revision) -> tuple[Evidence, Scan | None, Scan | None]:
    """Return what a record was made from, with the scans of arriving and leaving, if there are any."""
    if record.source_type != SourceType.ATTENDANCE:
        return rederiving.as_recorded(first), None, None
    by_hand = _stated(record.source_id, until=first.recorded_at)
    arrival = _scan(first, Action.CHECK_IN, after=None, until=by_hand.scanned_by or first.ended_at)
    # What was closed for somebody, or ended by hand, had no scan of leaving by then; one that came in later dates it anew.
    unscanned = by_hand.left is not None or Flag.AUTO_CLOSED in flags_from_text(first.flags)
    leaving = arrival and not unscanned and _scan(first, Action.CHECK_OUT, after=arrival.at, until=first.recorded_at)
    attendance = session.get(Attendance, record.source_id)
    evidence = Evidence(
        started_at=by_hand.came or (arrival.at if arrival else first.started_at),
        ended_at=by_hand.left or (leaving.at if leaving else _end_without_scan(first)),
        provenance=_provenance(first, attendance, arrival, leaving or None, by_hand),
        flags=frozenset(flags_from_text(first.flags)),
    )
    return evidence, arrival, leaving or None


@dataclass(frozen=True, slots=True)
class _ByHand:
    """What staff had stated of a stay before its record was made, and by when its arrival had been scanned."""

    came: datetime | None = None
    left: datetime | None = None
    scanned_by: datetime | None = None


def _stated(attendance_id: UUID, *, until: datetime) -> _ByHand:
    """Return the last word of staff on either end; whoever states what an arrival says already vouches for it, too.

    Of the instant itself only what found the stay open: anything else was said after the record was made.
    """
    at = AttendanceAmendment.amended_at
    found = select(AttendanceAmendment).where(
        AttendanceAmendment.attendance_id == attendance_id,
        AttendanceAmendment.kind == Amendment.ADJUST,
        AttendanceAmendment.correction_id.is_(None),
        or_(at < until, and_(at == until, AttendanceAmendment.state_before == State.OPEN)),
    )
    stated = _ByHand()
    for one in session.scalars(found.order_by(AttendanceAmendment.amended_at, AttendanceAmendment.id)):
        left = one.checked_out_after if one.checked_out_after != one.checked_out_before else None
        came = one.checked_in_after if one.checked_in_after != one.checked_in_before or left is None else None
        stated = _ByHand(came or stated.came, left or stated.left, stated.scanned_by or one.checked_in_before)
    return stated


def _scan(first: Revision, action: Action, *, after: datetime | None, until: datetime) -> Scan | None:
    """Return the accepted scan of the volunteer at the shift: the last arrival until then, or the first leaving after."""
    found = select(Scan).where(
        belongs(Scan.volunteer_id, first.volunteer_id),
        Scan.shift_id == first.shift_id,
        Scan.action == action,
        Scan.refusal.is_(None),
        Scan.at <= until,
    )
    found = found.order_by(Scan.at.desc()) if after is None else found.where(Scan.at > after).order_by(Scan.at)
    return session.scalars(found.limit(1)).first()


def _end_without_scan(first: Revision) -> datetime:
    """Return when a service has ended that nobody scanned: with its shift if it was forgotten, else when it was closed."""
    if Flag.AUTO_CLOSED in flags_from_text(first.flags):
        ends_at = session.scalar(select(Shift.ends_at).where(Shift.id == first.shift_id))
        return max(ends_at or first.ended_at, first.started_at)
    return first.recorded_at


def _provenance(
    first: Revision, attendance: Attendance | None, arrival: Scan | None, leaving: Scan | None, by_hand: _ByHand
) -> Provenance:
    """Return the weaker of both ends: a scan says it itself, a closed shift is staff's, what was stated a supplement."""
    if by_hand.came or by_hand.left:
        return Provenance.SUPPLEMENT
    start = _of(arrival) if arrival else Provenance(attendance.in_provenance if attendance else first.provenance)
    if leaving:
        return weaker(start, _of(leaving))
    return start if Flag.AUTO_CLOSED in flags_from_text(first.flags) else weaker(start, Provenance.STAFF_SCAN)


def _of(scan: Scan) -> Provenance:
    return Provenance.STAFF_SCAN if scan.kind in OF_MEMBERS else Provenance.SELF_SCAN
