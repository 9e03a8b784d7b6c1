"""A record worked out once more from its raw scans, under the very policy that it names.

Scans are append-only; the attendance is asked only about ends that nobody scanned (a shift that was closed, a check-out
that was forgotten).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from timebank.activities.models import Shift
from timebank.attendance.models import Attendance, Scan
from timebank.attendance.rules import Action
from timebank.codes.layouts import Kind
from timebank.database import session
from timebank.errors import NotFound
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
        volunteer_no=session.get_one(Person, record.volunteer_id).volunteer_no,
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
    arrival = _scan(first, Action.CHECK_IN, after=None, until=first.ended_at)
    leaving = arrival and _scan(first, Action.CHECK_OUT, after=arrival.at, until=first.recorded_at)
    attendance = session.get(Attendance, record.source_id)
    started_at = arrival.at if arrival else first.started_at
    evidence = Evidence(
        started_at=started_at,
        ended_at=leaving.at if leaving else _end_without_scan(first),
        provenance=_provenance(first, attendance, arrival, leaving),
        flags=frozenset(flags_from_text(first.flags)),
    )
    return evidence, arrival, leaving


def _scan(first: Revision, action: Action, *, after: datetime | None, until: datetime) -> Scan | None:
    """Return the accepted scan of the volunteer at the shift: the last arrival until then, or the first leaving after."""
    found = select(Scan).where(
        Scan.volunteer_id == first.volunteer_id,
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
    first: Revision, attendance: Attendance | None, arrival: Scan | None, leaving: Scan | None
) -> Provenance:
    """Return the weaker of both ends: a scan says it itself, and a shift that staff have closed is theirs."""
    start = _of(arrival) if arrival else Provenance(attendance.in_provenance if attendance else first.provenance)
    if leaving:
        return weaker(start, _of(leaving))
    return start if Flag.AUTO_CLOSED in flags_from_text(first.flags) else weaker(start, Provenance.STAFF_SCAN)


def _of(scan: Scan) -> Provenance:
    return Provenance.STAFF_SCAN if scan.kind in OF_MEMBERS else Provenance.SELF_SCAN
