"""What a phone has scanned without network: up to a hundred scans, each taken or refused by itself.

The instant of a scan is its code's own step, which we have signed; the phone's clock decides nothing. Scans take effect
in the order of their instants, so that an arrival counts before its departure whichever was sent first, and are answered
in the order in which they came. What is late is flagged, so that a coordinator looks at it before anything is credited.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from timebank import clock
from timebank.activities import places
from timebank.activities import queries as activities
from timebank.attendance import departures, late, printed, references, service
from timebank.attendance.arrivals import NOTHING_BROUGHT, Brought
from timebank.attendance.errors import (
    AlreadyCheckedIn,
    AlreadyCheckedOut,
    AlreadyClosed,
    NotCheckedIn,
    NotOpenYet,
    OpenElsewhere,
    Overlap,
    PointNotFound,
)
from timebank.attendance.models import Attendance, ClientRef, LateScan, Scan
from timebank.attendance.reading import Known, Presented, Reader, Seen
from timebank.attendance.rules import LATE_WITHIN, Action, LateReason, flags_of_late_scan
from timebank.attendance.scans import Trace, traced
from timebank.codes.layouts import Code, Kind, Poster, Rotating
from timebank.constraints import violated_constraint, worth_retrying
from timebank.database import session
from timebank.errors import Refusal, refusal_for
from timebank.identity.rules import Actor
from timebank.records import queries as records
from timebank.records.models import Revision
from timebank.web.errors import IdempotencyConflict

KINDS = (Kind.ROTATING, Kind.POSTER)
"""Without network one scans a place. Members and cards are scanned by staff, who are told at once whom they scanned."""
_IN_THE_WAY = (AlreadyCheckedIn, OpenElsewhere, Overlap, AlreadyCheckedOut, NotCheckedIn, AlreadyClosed, NotOpenYet)


class Status(StrEnum):
    """What became of one scan."""

    CREATED = "created"
    REPLAYED = "replayed"
    REJECTED = "rejected"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One scan as a phone has kept it; ``sent_at`` is the phone's own clock."""

    client_ref: str
    action: Action
    token: str
    sent_at: datetime
    brought: Brought = NOTHING_BROUGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an item: an attendance and perhaps its record, a late scan that waits, or a refusal."""

    status: Status
    attendance: Attendance | None = None
    revision: Revision | None = None
    late_scan_id: UUID | None = None
    reason: LateReason | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """An item with the code in it, or why there is none."""

    item: Item
    code: Code | None
    refusal: Refusal | None
    now: datetime

    @property
    def at(self) -> datetime:
        """The instant that counts: of a step that is over its first one, else now."""
        return self.code.starts_at if self.is_late and isinstance(self.code, Rotating) else self.now

    @property
    def is_late(self) -> bool:
        return isinstance(self.code, Rotating) and self.now >= self.code.taken_until


def receive(*, actor_id: UUID, reader: Reader, items: list[Item], device_hash: bytes | None) -> list[Outcome]:
    """Take a phone's scans, each in a savepoint of its own, and return what became of each, in their order."""
    now = clock.now()
    readings = [_read(reader, item, now) for item in items]
    # The shifts first, as whoever closes one does: somebody who leaves one here may come back to it further down.
    places.hold({reading.code.reference for reading in readings if reading.code is not None})
    refs = references.known(person_id=actor_id, client_refs=[item.client_ref for item in items])
    batch = _Batch(Actor(actor_id), reader, device_hash, refs)
    outcomes: dict[int, Outcome] = {}
    for index in sorted(range(len(items)), key=lambda index: (readings[index].at, index)):
        outcomes[index] = batch.outcome_of(readings[index])
    return [outcomes[index] for index in range(len(items))]


def _read(reader: Reader, item: Item, now: datetime) -> _Reading:
    try:
        code = reader.book.read(item.token, now=now, kinds=KINDS, late=timedelta.max)
    except Refusal as refusal:
        return _Reading(item, None, refusal, now)
    return _Reading(item, code, None, now)


@dataclass(slots=True)
class _Batch:
    """One phone's scans while they are taken."""

    actor: Actor
    reader: Reader
    device_hash: bytes | None
    refs: dict[str, ClientRef]

    def outcome_of(self, reading: _Reading) -> Outcome:
        """Take one scan; a refusal undoes what this one did and nothing else, and leaves its trace."""
        trace = Trace(
            action=reading.item.action,
            actor_id=self.actor.person_id,
            presented=Presented(token=reading.item.token, device_hash=self.device_hash),
            at=reading.at,
            kind=reading.code.kind if reading.code else None,
            volunteer_id=self.actor.person_id if reading.code else None,
        )
        try:
            return _alone(lambda: self._taken(reading, trace))
        except Refusal as refusal:
            _write_traces(refusal)
            return Outcome(status=Status.REJECTED, refusal=refusal)

    def _taken(self, reading: _Reading, trace: Trace) -> Outcome:
        with traced(trace):
            before = self.refs.get(reading.item.client_ref)
            if before is not None:
                references.refuse_other_use(before, reading.item.action)
                return self._replayed(before)
            if reading.code is None:
                raise reading.refusal or PointNotFound
            shift_id = self._shift_of(reading.code)
            trace.shift_id = shift_id
            reason = _why_it_waits(reading)
            if reason is not None:
                trace.refused(reason)
                return self._waits(reading, shift_id, reason)
        try:
            return _alone(lambda: self._effect(reading, shift_id))
        except _IN_THE_WAY as refusal:
            twin = self._came_meanwhile(reading.item)
            if twin is not None:
                return twin
            if not (reading.is_late and self._overtaken(reading, shift_id, refusal)):
                raise
            _write_traces(refusal)
        with traced(trace):
            return self._waits(reading, shift_id, LateReason.OVERTAKEN)

    def _came_meanwhile(self, item: Item) -> Outcome | None:
        """Return what became of this very scan, if another request has brought it since we looked."""
        ref = references.known(person_id=self.actor.person_id, client_refs=[item.client_ref]).get(item.client_ref)
        return self._replayed(ref) if ref is not None and ref.action == item.action else None

    def _shift_of(self, code: Code) -> UUID:
        if isinstance(code, Poster):
            printed.refuse_revoked(kind=code.kind, reference=code.reference, serial=code.serial)
        context = activities.shift_by_point(code.reference)
        if context is None:
            raise PointNotFound
        return context.shift_id

    def _effect(self, reading: _Reading, shift_id: UUID) -> Outcome:
        """Check in or out as a single scan does, at the instant of the step."""
        item = reading.item
        presented = Presented(token=item.token, device_hash=self.device_hash, brought=item.brought)
        reader = Known(self.reader.book, self.reader.keys, seen=self._seen(reading, shift_id))
        if reading.item.action is Action.CHECK_IN:
            made = service.check_in(actor=self.actor, reader=reader, presented=presented)
            self._keep(reading, attendance_id=made.attendance.id)
            return Outcome(status=Status.CREATED, attendance=made.attendance)
        left = departures.check_out(actor=self.actor, reader=reader, presented=presented)
        self._keep(reading, attendance_id=left.attendance.id)
        return Outcome(status=Status.CREATED, attendance=left.attendance, revision=left.revision)

    def _seen(self, reading: _Reading, shift_id: UUID) -> Seen:
        code, item = reading.code, reading.item
        if code is None:
            raise PointNotFound
        people = _late_people(shift_id, reading.at, self.actor.person_id) if reading.is_late else 1
        doubts = flags_of_late_scan(
            at=reading.at, sent_at=item.sent_at, now=reading.now, is_late=reading.is_late, people=people
        )
        return Seen(kind=code.kind, reference=code.reference, at=reading.at, doubts=doubts)

    def _overtaken(self, reading: _Reading, shift_id: UUID, refusal: Refusal) -> bool:
        if isinstance(refusal, (AlreadyClosed, NotOpenYet)):
            return late.shut_later(shift_id, reading.at)
        return late.overtaken(
            volunteer_id=self.actor.person_id, shift_id=shift_id, action=reading.item.action, at=reading.at
        )

    def _waits(self, reading: _Reading, shift_id: UUID, reason: LateReason) -> Outcome:
        late_scan_id = late.keep(
            volunteer_id=self.actor.person_id,
            shift_id=shift_id,
            action=reading.item.action,
            reason=reason,
            at=reading.at if reason is not LateReason.NO_TIME else None,
            claimed_at=reading.item.sent_at,
        )
        self._keep(reading, late_scan_id=late_scan_id)
        return Outcome(status=Status.REVIEW, late_scan_id=late_scan_id, reason=reason)

    def _keep(self, reading: _Reading, *, attendance_id: UUID | None = None, late_scan_id: UUID | None = None) -> None:
        self.refs[reading.item.client_ref] = references.keep(
            person_id=self.actor.person_id,
            client_ref=reading.item.client_ref,
            action=reading.item.action,
            attendance_id=attendance_id,
            late_scan_id=late_scan_id,
        )

    def _replayed(self, ref: ClientRef) -> Outcome:
        """Return what a scan that was received before has become since.

        A batch holds a phone's own scans. Raises IdempotencyConflict for the name of one by which staff scanned a member.
        """
        if ref.attendance_id is None:
            scan = session.get_one(LateScan, ref.late_scan_id)
            return Outcome(status=Status.REPLAYED, late_scan_id=scan.id, reason=LateReason(scan.reason))
        attendance = session.get_one(Attendance, ref.attendance_id, populate_existing=True)
        if attendance.volunteer_id != self.actor.person_id:
            raise IdempotencyConflict
        left = ref.action == Action.CHECK_OUT and attendance.record_id is not None
        revision = records.current_of(attendance.record_id) if left and attendance.record_id else None
        return Outcome(status=Status.REPLAYED, attendance=attendance, revision=revision)


def _write_traces(refusal: Refusal) -> None:
    """Keep the trace of a refused scan; its own effects are undone, the batch goes on."""
    for write in refusal.traces:
        write()


def _alone(work: Callable[[], Outcome]) -> Outcome:
    """Do ``work`` in a savepoint. A constraint that a refusal claims is that refusal; a lost race begins the batch anew."""
    try:
        with session.begin_nested():
            return work()
    except IntegrityError as error:
        kind = refusal_for(violated_constraint(error) or "")
        if worth_retrying(error) or kind is None:
            raise
        raise kind from error


def _why_it_waits(reading: _Reading) -> LateReason | None:
    if not isinstance(reading.code, Rotating):
        return LateReason.NO_TIME
    return LateReason.TOO_OLD if reading.now - reading.code.taken_until >= LATE_WITHIN else None


def _late_people(shift_id: UUID, at: datetime, volunteer_id: UUID) -> int:
    """Return how many people were late on one step of a screen, this one included."""
    others = select(func.count(Scan.volunteer_id.distinct())).where(
        Scan.shift_id == shift_id, Scan.at == at, Scan.refusal.is_(None), Scan.volunteer_id != volunteer_id
    )
    return session.scalars(others).one() + 1
