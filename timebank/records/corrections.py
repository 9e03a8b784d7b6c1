"""The verbs: ask for a correction, approve it, reject it. One person asks, another decides (民政部令第67号第十三条; R08).

An approved correction is a new revision, a linked reversal of the old credit and a new credit, in one transaction.
Minutes that are spent already are owed from then on.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert

from timebank import clock
from timebank.activities.queries import shift_context
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.ledger import reversals
from timebank.organisations import scope
from timebank.records import correction_queries, objections, queries, revisions
from timebank.records.conflicts import refuse_interested
from timebank.records.correction_rules import Change, Decision, Planned, refuse_change, wanted
from timebank.records.correction_tables import Correction, CorrectionDecision
from timebank.records.credit import recomputed
from timebank.records.errors import (
    CorrectionDecided,
    RecordAnnulled,
    RecordSuperseded,
    RecordUndecided,
    SecondPersonNeeded,
)
from timebank.records.locks import lock
from timebank.records.models import Revision
from timebank.records.overlaps import lock_person, refuse_overlap
from timebank.records.revisions import Recorded
from timebank.records.rules import PENDING, State
from timebank.records.service import DECIDERS

__all__ = ["approve", "planned", "reject", "request", "when_annulled"]


_when_annulled: list[Callable[[Revision], None]] = []


def when_annulled(function: Callable[[Revision], None]) -> Callable[[Revision], None]:
    """Have ``function`` called, in the same transaction, with the revision by which a correction annuls a record."""
    if function not in _when_annulled:
        _when_annulled.append(function)
    return function


def request(
    *,
    actor: Actor,
    record_id: UUID,
    reason: str,
    service_minutes: int | None = None,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    annul: bool = False,
) -> Correction:
    """Ask that a decided record say other minutes, other times, or nothing any more; nothing moves before approval.

    Say it in one way: ``service_minutes`` (0 annuls), both instants, or ``annul``.

    Raises NotFound outside the actor's scope, OwnRecord, RelativesRecord, RecordUndecided, RecordAnnulled, Invalid,
    MoreThanPlanned, ServiceOverlap.
    """
    current = queries.current_of(record_id)
    if current is None:
        raise NotFound
    _refuse_outsider(actor, organisation_id=current.organisation_id, volunteer_id=current.volunteer_id)
    _refuse_record(current)
    change = wanted(service_minutes=service_minutes, started_at=started_at, ended_at=ended_at, annul=annul)
    refuse_change(change, current, planned(current.shift_id), counts=current.state != State.REJECTED)
    _refuse_overlap(change, current)
    correction = Correction(
        id=new_id(),
        record_id=record_id,
        number=current.number,
        volunteer_id=current.volunteer_id,
        organisation_id=current.organisation_id,
        service_minutes=change.service_minutes,
        started_at=change.started_at,
        ended_at=change.ended_at,
        reason=reason,
        requested_by=actor.person_id,
        requested_at=clock.now(),
    )
    session.add(correction)
    session.flush()
    return correction


def approve(*, actor: Actor, correction_id: UUID, reason: str | None = None) -> Recorded:
    """Make a correction true: the new revision is final (or rejected, if it annuls), and the credit follows it.

    Raises NotFound outside the actor's scope, OwnRecord, RelativesRecord, SecondPersonNeeded, CorrectionDecided,
    RecordFrozen while an objection waits for its answer, RecordSuperseded if the record has changed since,
    ServiceOverlap, AccountClosed.
    """
    correction = _undecided(actor, correction_id)
    lock_person(correction.volunteer_id)
    lock(correction.record_id)
    objections.refuse_frozen(correction.record_id)
    current = queries.current_of(correction.record_id)
    if current is None or current.number != correction.number:
        if correction_queries.decision_of(correction_id) is not None:  # while we waited for the lock
            raise CorrectionDecided
        raise RecordSuperseded
    _refuse_record(current)
    change = Change(correction.service_minutes, correction.started_at, correction.ended_at)
    _refuse_overlap(change, current)
    _decide(correction, actor, Decision.APPROVED, reason)
    if current.credited_minutes:
        reversals.reverse(
            transfer_id=correction.id, reverses=current.credit_id, source_id=correction.id, actor_id=actor.person_id
        )
    made = _corrected(current, correction, change, actor)
    if change.annuls:
        for function in _when_annulled:
            function(made.revision)
    return made


def reject(*, actor: Actor, correction_id: UUID, reason: str) -> None:
    """Leave the record as it is. Raises NotFound, OwnRecord, RelativesRecord, SecondPersonNeeded, CorrectionDecided."""
    _decide(_undecided(actor, correction_id), actor, Decision.REJECTED, reason)


def _refuse_outsider(actor: Actor, *, organisation_id: UUID, volunteer_id: UUID) -> None:
    scope.organisation_for(actor, *DECIDERS, organisation_id=organisation_id)
    refuse_interested(actor.person_id, subject_id=volunteer_id)


def _refuse_record(current: Revision) -> None:
    """Refuse a record that no correction is for. A rejected one may turn out to be right; an annulled one stays so."""
    if current.state in PENDING:
        raise RecordUndecided
    if current.state == State.REJECTED and current.correction_id is not None:
        raise RecordAnnulled


def _refuse_overlap(change: Change, current: Revision) -> None:
    """Refuse times that somebody else counts already: new times, or those of a record that was rejected before."""
    if change.annuls or (change.started_at is None and current.state == State.FINAL):
        return
    refuse_overlap(
        volunteer_id=current.volunteer_id,
        started_at=change.started_at or current.started_at,
        ended_at=change.ended_at or current.ended_at,
        but_record=current.record_id,
    )


def planned(shift_id: UUID | None) -> Planned | None:
    """Return when the shift of a record was to begin and to end, if it has one."""
    context = shift_context(shift_id) if shift_id is not None else None
    return Planned(context.starts_at, context.ends_at) if context else None


def _undecided(actor: Actor, correction_id: UUID) -> Correction:
    """Return a correction that this actor may decide on, if nobody has."""
    correction = session.get(Correction, correction_id)
    if correction is None:
        raise NotFound
    _refuse_outsider(actor, organisation_id=correction.organisation_id, volunteer_id=correction.volunteer_id)
    if correction_queries.decision_of(correction_id) is not None:
        raise CorrectionDecided
    if correction.requested_by == actor.person_id:
        raise SecondPersonNeeded
    return correction


def _decide(correction: Correction, actor: Actor, decision: Decision, reason: str | None) -> None:
    """Write the decision; whoever decides at the same moment meets CorrectionDecided by its key."""
    values = {
        "correction_id": correction.id,
        "decision": decision,
        "reason": reason,
        "decided_by": actor.person_id,
        "decided_at": clock.now(),
    }
    session.connection().execute(insert(CorrectionDecision), values)


def _corrected(current: Revision, correction: Correction, change: Change, actor: Actor) -> Recorded:
    """Append what the record says from now on, and credit it. Provenance, flags and raw minutes stay what they were."""
    started_at, ended_at = change.started_at or current.started_at, change.ended_at or current.ended_at
    credit = 0
    if not change.annuls:
        credit = recomputed(current, service_minutes=change.service_minutes, started_at=started_at)
    return revisions.change(
        current,
        state=State.REJECTED if change.annuls else State.FINAL,
        service_minutes=change.service_minutes,
        credited_minutes=credit,
        expected_minutes=credit,
        served_on=clock.day_of(started_at),
        started_at=started_at,
        ended_at=ended_at,
        actor_id=actor.person_id,
        reason=correction.reason,
        recorded_at=clock.now(),
        correction_id=correction.id,
    )
