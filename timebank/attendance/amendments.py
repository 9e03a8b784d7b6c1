"""The verbs: annul an attendance, adjust its times. Each is a new fact with a reason; what was said before stays.

Staff state an end here that nobody has scanned, so that it counts as a supplement (补录, rule R09), is flagged MANUAL, and
its record waits for another person than the one who stated it. A record that is final already is not touched: a
correction is asked for, and another person approves it (rule R08).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update

from timebank import clock
from timebank.activities.queries import ShiftContext
from timebank.attendance import amendment_queries, closing, evidence, scanning
from timebank.attendance.errors import AttendanceAnnulled
from timebank.attendance.models import Attendance, AttendanceAmendment
from timebank.attendance.rules import COMPUTED, Amendment, State, forgotten_end, refuse_times
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.organisations import scope
from timebank.records import corrections
from timebank.records import queries as recorded
from timebank.records import service as records
from timebank.records.conflicts import refuse_interested
from timebank.records.correction_tables import Correction
from timebank.records.errors import RecordNotPending, SecondPersonNeeded
from timebank.records.models import Revision
from timebank.records.overlaps import also_taken_by, lock_person, overlap, refuse_other_record
from timebank.records.redating import redate
from timebank.records.rules import PENDING, Flag, Provenance, Served, flags_as_text, flags_from_text, weaker
from timebank.records.rules import State as RecordState

_AMEND = update(Attendance).where(
    Attendance.id == bindparam("attendance_id"), Attendance.state == bindparam("state_before")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """An attendance as it stands now, the new fact about it, its record, and the correction that it may wait for."""

    attendance: Attendance
    amendment: AttendanceAmendment
    revision: Revision | None
    correction: Correction | None
    display_name: str


def annul(*, actor: Actor, attendance_id: UUID, reason: str) -> Amended:
    """Say that an attendance was none: its record is rejected, or, if it is final, a correction is asked for.

    Raises NotFound outside the actor's scope, OwnRecord, RelativesRecord, AttendanceAnnulled, RecordNotPending (it was
    rejected before, or decided a moment ago), and what ``records.corrections.request`` raises.
    """
    stay, context = _found(actor, attendance_id)
    made = _Change(actor=actor, stay=stay, context=context, kind=Amendment.ANNUL, reason=reason, now=clock.now())
    current = _decided_or_pending(stay)
    if current is not None and current.state == RecordState.FINAL:
        return made.asked(corrections.request(actor=actor, record_id=current.record_id, reason=reason, annul=True))
    revision = None
    if current is not None:
        revision = records.reject(actor=actor, record_id=current.record_id, reason=reason).revision
    ended_at = stay.checked_out_at or max(made.now, stay.checked_in_at)
    return made.written({"state": State.ANNULLED, "checked_out_at": ended_at}, revision)


def adjust(
    *,
    actor: Actor,
    attendance_id: UUID,
    reason: str,
    checked_in_at: datetime | None = None,
    checked_out_at: datetime | None = None,
) -> Amended:
    """Give an attendance other times: either end or both; with an end, an open one is closed.

    They lie within the hours of the shift's check-in and check-out, not in the future, and not within another service.
    Raises as ``annul``, and Invalid, ServiceOverlap.
    """
    stay, context = _found(actor, attendance_id)
    now = clock.now()
    refuse_times(
        context=context,
        policy=scanning.policy_of(context, context.ends_at),
        now=now,
        stated=(checked_in_at, checked_out_at),
        kept=(stay.checked_in_at, stay.checked_out_at),
    )
    started_at, ended_at = checked_in_at or stay.checked_in_at, checked_out_at or stay.checked_out_at
    current = _decided_or_pending(stay)
    made = _Change(actor=actor, stay=stay, context=context, kind=Amendment.ADJUST, reason=reason, now=now)
    if current is not None and current.state == RecordState.FINAL:
        correction = corrections.request(
            actor=actor, record_id=current.record_id, reason=reason, started_at=started_at, ended_at=ended_at
        )
        return made.asked(correction, started_at, ended_at)
    _refuse_overlap(stay, started_at, ended_at or now)
    values = _adjusted(stay, started_at, ended_at, by_hand=(checked_in_at is not None, checked_out_at is not None))
    if ended_at is None:
        return made.written(values, None)
    served = _evidence(stay, context, values)
    policy = scanning.policy_of(context, ended_at)
    if current is None:
        again = records.record_service(served=served, policy=policy, actor_id=actor.person_id, now=now, reason=reason)
    else:
        again = redate(
            record_id=current.record_id, served=served, policy=policy, actor_id=actor.person_id, now=now, reason=reason
        )
    revision = again.revision
    return made.written({**values, "flags": revision.flags, "record_id": revision.record_id}, revision)


def _found(actor: Actor, attendance_id: UUID) -> tuple[Any, ShiftContext]:
    """Return an attendance under lock that this actor may amend, as it counts by now."""
    whose = amendment_queries.volunteer_of(attendance_id)
    if whose is None:
        raise NotFound
    lock_person(whose)  # one amendment of a person after the other: two must not fill the same gap
    stay, context = _locked(attendance_id)
    scope.organisation_for(actor, *records.DECIDERS, organisation_id=context.organisation_id)
    refuse_interested(actor.person_id, subject_id=whose)
    if closing.end_forgotten(whose):
        stay, context = _locked(attendance_id)
    if stay.attendance_state == State.ANNULLED:
        raise AttendanceAnnulled
    return stay, context


def _locked(attendance_id: UUID) -> tuple[Any, ShiftContext]:
    found = amendment_queries.lock(attendance_id)
    if found is None:
        raise NotFound
    return found


def _decided_or_pending(stay: Any) -> Revision | None:
    """Return the record of an attendance, if it has one that may still change. Raises RecordNotPending."""
    current = recorded.current_of(stay.record_id) if stay.record_id is not None else None
    if current is not None and current.state not in (*PENDING, RecordState.FINAL):
        raise RecordNotPending
    return current


def _adjusted(
    stay: Any, started_at: datetime, ended_at: datetime | None, *, by_hand: tuple[bool, bool]
) -> dict[str, Any]:
    """Return what an attendance says with other times; an end that was stated by hand is no scan any more."""
    arrival, departure = by_hand
    flags = {*flags_from_text(stay.flags), Flag.MANUAL}
    if departure:
        flags.discard(Flag.AUTO_CLOSED)
    return {
        "state": State.CLOSED if departure else State(stay.attendance_state),
        "served_on": clock.day_of(started_at),
        "checked_in_at": started_at,
        "checked_out_at": ended_at,
        "in_provenance": Provenance.SUPPLEMENT if arrival else stay.in_provenance,
        "out_provenance": Provenance.SUPPLEMENT if departure else stay.out_provenance,
        "flags": flags_as_text(flags),
    }


def _evidence(stay: Any, context: ShiftContext, values: Mapping[str, Any]) -> Served:
    arrived, left = Provenance(values["in_provenance"]), values["out_provenance"]
    return evidence.served(
        stay,
        context,
        started_at=values["checked_in_at"],
        ended_at=values["checked_out_at"],
        provenance=weaker(arrived, Provenance(left)) if left else arrived,
        flags=frozenset(flags_from_text(values["flags"])) - COMPUTED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """An amendment under way: the fact is written, and the attendance with it unless a correction must come first."""

    actor: Actor
    stay: Any
    context: ShiftContext
    kind: Amendment
    reason: str
    now: datetime

    def written(self, values: dict[str, Any], revision: Revision | None) -> Amended:
        at = {"attendance_id": self.stay.attendance_id, "state_before": self.stay.attendance_state}
        session.connection().execute(_AMEND, {**at, **values})
        return self._kept(values, revision, None)

    def asked(
        self, correction: Correction, started_at: datetime | None = None, ended_at: datetime | None = None
    ) -> Amended:
        wanted = {"checked_in_at": started_at, "checked_out_at": ended_at} if started_at else {}
        return self._kept(wanted, recorded.current_of(self.stay.record_id), correction)

    def _kept(self, after: dict[str, Any], revision: Revision | None, correction: Correction | None) -> Amended:
        stay = self.stay
        before = {name: getattr(stay, name) for name in _SAME_NAMES} | {
            "id": stay.attendance_id,
            "shift_id": self.context.shift_id,
            "state": stay.attendance_state,
        }
        amendment = AttendanceAmendment(
            id=new_id(),
            attendance_id=stay.attendance_id,
            kind=self.kind,
            reason=self.reason,
            actor_id=self.actor.person_id,
            amended_at=self.now,
            state_before=stay.attendance_state,
            checked_in_before=stay.checked_in_at,
            checked_out_before=stay.checked_out_at,
            checked_in_after=after.get("checked_in_at", stay.checked_in_at),
            checked_out_after=after.get("checked_out_at", stay.checked_out_at),
            correction_id=correction.id if correction else None,
        )
        session.add(amendment)
        session.flush()
        return Amended(
            attendance=Attendance(**(before if correction else before | after)),
            amendment=amendment,
            revision=revision,
            correction=correction,
            display_name=stay.display_name,
        )


_SAME_NAMES = (
    "volunteer_id",
    "served_on",
    "checked_in_at",
    "checked_out_at",
    "in_provenance",
    "out_provenance",
    "flags",
    "record_id",
)


@corrections.when_annulled
def annul_attendance_of(revision: Revision) -> None:
    """Mark the attendance of a record that another person has annulled: its time is free again."""
    amendment_queries.annul_attendance_of(revision.record_id)


@records.before_approval
def refuse_own_amendment(record_id: UUID, actor_id: UUID) -> None:
    """Raise SecondPersonNeeded: whoever stated the times of an attendance does not approve its record."""
    if amendment_queries.amended_by(record_id, actor_id):
        raise SecondPersonNeeded


@also_taken_by
def is_inside(volunteer_id: UUID, started_at: datetime, ended_at: datetime) -> bool:
    """Whether a person is inside a shift between two instants: that time is taken before there is a record of it."""
    return _inside_between(volunteer_id, started_at, ended_at, but=None)


def _inside_between(volunteer_id: UUID, started_at: datetime, ended_at: datetime, *, but: UUID | None) -> bool:
    found = amendment_queries.inside(volunteer_id)
    if found is None or found[0].attendance_id == but or found[0].checked_in_at >= ended_at:
        return False
    stay, context = found
    if not closing.is_over(context, clock.now()):
        return True  # nobody knows yet when it ends
    return forgotten_end(checked_in_at=stay.checked_in_at, ends_at=context.ends_at) > started_at


def _refuse_overlap(stay: Any, started_at: datetime, ended_at: datetime) -> None:
    """Raise ServiceOverlap if another stay or record of the person shares a moment; what was annulled does not."""
    if _inside_between(stay.volunteer_id, started_at, ended_at, but=stay.attendance_id):
        raise overlap(started_at, ended_at)
    refuse_other_record(
        volunteer_id=stay.volunteer_id, started_at=started_at, ended_at=ended_at, but_record=stay.record_id
    )
