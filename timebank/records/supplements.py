"""The verbs: ask for a supplement, review it. Two other people look at it, and then it is a record (rule R09)."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert

from timebank import clock
from timebank.activities import service as activities
from timebank.activities.queries import ShiftContext, shift_context
from timebank.clock import day_of
from timebank.constraints import retry_on
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.files import service as files
from timebank.files.rules import EVIDENCE
from timebank.identity.errors import PersonNotActive
from timebank.identity.former import going_on
from timebank.identity.rules import Actor, PersonState, Role
from timebank.organisations import scope
from timebank.policies import service as policies
from timebank.records import supplement_queries as queries
from timebank.records.conflicts import refuse_interested
from timebank.records.errors import (
    AlreadyReviewed,
    SecondPersonNeeded,
    SupplementBanned,
    SupplementDecided,
    SupplementLimit,
)
from timebank.records.overlaps import lock_person, overlap, refuse_overlap
from timebank.records.revisions import Recorded
from timebank.records.rules import Provenance, Served, SourceType
from timebank.records.service import DECIDERS, before_approval, record_service
from timebank.records.supplement_rules import LIMIT, LIMIT_PERIOD, REVIEWERS, Verdict, refuse_times
from timebank.records.supplement_tables import Supplement, SupplementReview

__all__ = ["EVIDENCED", "READERS", "may_see", "request", "review"]

EVIDENCED = "supplement"
READERS = (*DECIDERS, Role.AUDITOR)

# Two reviewers at once: the second look finds the first review, and takes the second place or learns the outcome.
retry_on("pk_supplement_review")


def request(
    *,
    actor: Actor,
    shift_id: UUID,
    started_at: datetime,
    ended_at: datetime,
    reason: str,
    evidence: Sequence[str],
    evidence_note: str | None = None,
    volunteer_id: UUID | None = None,
) -> Supplement:
    """Ask that a service be recorded that nobody scanned: one's own, or as the leader or a coordinator that of ``volunteer_id``.

    ``evidence`` are SHA-256 of files (a signed list, a photo), in hexadecimal; those that the actor has sent to
    ``POST /files`` are shown to whoever may see the supplement.

    Raises NotFound (no such shift or person; somebody else's service outside one's shifts), PersonNotActive, Invalid, OutsideShift,
    SupplementTooLate, SupplementBanned, SupplementLimit, ServiceOverlap.
    """
    now = clock.now()
    shift = _shift(shift_id)
    subject_id = volunteer_id or actor.person_id
    if subject_id != actor.person_id and not activities.leads(actor, shift):
        raise NotFound
    person = lock_person(subject_id)  # one after the other: neither the limit nor an overlap is missed
    if person is None:
        raise NotFound
    if person.state != PersonState.ACTIVE:
        raise PersonNotActive
    refuse_times(started_at=started_at, ended_at=ended_at, shift=shift, now=now)
    _refuse_banned(subject_id, now)
    if queries.asked_since(subject_id, now - LIMIT_PERIOD) >= LIMIT:
        raise SupplementLimit(limit=LIMIT, days=LIMIT_PERIOD.days)
    refuse_overlap(volunteer_id=subject_id, started_at=started_at, ended_at=ended_at)
    if other := queries.open_overlapping(subject_id, started_at=started_at, ended_at=ended_at):
        raise overlap(other.started_at, other.ended_at)
    supplement = Supplement(
        id=new_id(),
        volunteer_id=subject_id,
        shift_id=shift_id,
        organisation_id=shift.organisation_id,
        started_at=started_at,
        ended_at=ended_at,
        reason=reason,
        evidence=",".join(dict.fromkeys(evidence)),
        evidence_note=evidence_note,
        requested_by=actor.person_id,
        requested_at=now,
    )
    session.add(supplement)
    session.flush()
    files.attach_named(names=evidence, owner_kind=EVIDENCED, owner_id=supplement.id, actor=actor)
    return supplement


@files.owner(EVIDENCED, takes=EVIDENCE)
def may_see(actor: Actor, supplement_id: UUID) -> bool:
    """Whether somebody may see a supplement and its evidence: whose service it is, who asked, and staff in scope."""
    found = queries.supplement(supplement_id)
    if found is None:
        return False
    if actor.person_id in going_on([found.volunteer_id, found.requested_by]).values():
        return True
    with suppress(NotFound):
        scope.organisation_for(actor, *READERS, organisation_id=found.organisation_id)
        return True
    return False


def review(*, actor: Actor, supplement_id: UUID, verdict: Verdict, reason: str) -> Recorded | None:
    """Say yes or no to a supplement. The first no ends it; the second yes makes the record, which is returned.

    Raises NotFound outside the actor's scope, OwnRecord, RelativesRecord, SecondPersonNeeded (the requester),
    SupplementDecided, AlreadyReviewed, SupplementBanned, ServiceOverlap.
    """
    supplement = session.get(Supplement, supplement_id)
    if supplement is None:
        raise NotFound
    scope.organisation_for(actor, *DECIDERS, organisation_id=supplement.organisation_id)
    refuse_interested(actor.person_id, subject_id=supplement.volunteer_id)
    if supplement.requested_by == actor.person_id:
        raise SecondPersonNeeded
    lock_person(supplement.volunteer_id)
    said = queries.reviews_of(supplement_id)
    if len(said) == REVIEWERS or any(one.verdict == Verdict.REJECT for one in said):
        raise SupplementDecided
    if any(one.reviewer_id == actor.person_id for one in said):
        raise AlreadyReviewed
    now = clock.now()
    values = {
        "supplement_id": supplement_id,
        "position": len(said) + 1,
        "reviewer_id": actor.person_id,
        "verdict": verdict,
        "reason": reason,
        "reviewed_at": now,
    }
    session.connection().execute(insert(SupplementReview), values)
    if verdict is Verdict.REJECT or len(said) + 1 < REVIEWERS:
        return None
    return _record(supplement, actor, now)


@before_approval
def refuse_requester(record_id: UUID, actor_id: UUID) -> None:
    """Raise SecondPersonNeeded: whoever asked for a supplement does not approve its record, should that wait once more."""
    if queries.requested_by(record_id, actor_id):
        raise SecondPersonNeeded


def _shift(shift_id: UUID) -> ShiftContext:
    shift = shift_context(shift_id)
    if shift is None:
        raise NotFound
    return shift


def _refuse_banned(person_id: UUID, now: datetime) -> None:
    until = queries.banned_until(person_id, now)
    if until is not None:
        raise SupplementBanned(until=day_of(until).isoformat())


def _record(supplement: Supplement, actor: Actor, now: datetime) -> Recorded:
    """Make the record by the rules of the day of the service; what has come up meanwhile still counts."""
    _refuse_banned(supplement.volunteer_id, now)
    refuse_overlap(volunteer_id=supplement.volunteer_id, started_at=supplement.started_at, ended_at=supplement.ended_at)
    shift = _shift(supplement.shift_id)
    policy = policies.resolve(
        organisation_id=shift.organisation_id,
        area_path=shift.area_path,
        at=supplement.ended_at,
        known_number=shift.policy_number,
    )
    served = Served(
        volunteer_id=supplement.volunteer_id,
        source_type=SourceType.SUPPLEMENT,
        source_id=supplement.id,
        started_at=supplement.started_at,
        ended_at=supplement.ended_at,
        provenance=Provenance.SUPPLEMENT,
        activity_id=shift.activity_id,
        activity_name=shift.activity_name,
        content=shift.content,
        organisation_id=shift.organisation_id,
        organisation_name=shift.organisation_name,
        area_id=shift.area_id,
        area_path=shift.area_path,
        shift_id=shift.shift_id,
        place=shift.place,
        leader_id=shift.leader_id,
        reviewed=True,
    )
    return record_service(served=served, policy=policy, actor_id=actor.person_id, now=now)
