"""The verbs: find that a record was false, and take that back. Rules only hold; a human finds, and says why (R13)."""

from uuid import UUID

from sqlalchemy import insert

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity.former import goes_on
from timebank.identity.rules import Actor
from timebank.organisations import scope
from timebank.records import supplement_queries as queries
from timebank.records.conflicts import refuse_interested
from timebank.records.errors import SecondPersonNeeded
from timebank.records.service import DECIDERS
from timebank.records.supplement_rules import BAN
from timebank.records.supplement_tables import FraudFinding, FraudFindingLift

__all__ = ["find", "lift"]


def find(*, actor: Actor, person_id: UUID, record_id: UUID, reason: str) -> FraudFinding:
    """Find that a record of somebody was false: nothing is supplemented for them for 365 days (重庆).

    The record itself is put right by a correction; this alone moves no minutes.

    Raises NotFound (no such record of theirs, or outside the actor's scope), OwnRecord, RelativesRecord.
    """
    record = queries.record_of(record_id, volunteer_id=person_id)
    if record is None:
        raise NotFound
    scope.organisation_for(actor, *DECIDERS, organisation_id=record.organisation_id)
    refuse_interested(actor.person_id, subject_id=person_id)
    now = clock.now()
    finding = FraudFinding(
        id=new_id(),
        person_id=person_id,
        record_id=record_id,
        organisation_id=record.organisation_id,
        reason=reason,
        found_by=actor.person_id,
        found_at=now,
        banned_until=now + BAN,
    )
    session.add(finding)
    session.flush()
    return finding


def lift(*, actor: Actor, finding_id: UUID, reason: str) -> None:
    """Take a finding back, as another person than the one who made it; both stay on record.

    Raises NotFound outside the actor's scope, OwnRecord, RelativesRecord, SecondPersonNeeded, AlreadyLifted (by its
    key, also of two at once).
    """
    finding = session.get(FraudFinding, finding_id)
    if finding is None:
        raise NotFound
    scope.organisation_for(actor, *DECIDERS, organisation_id=finding.organisation_id)
    refuse_interested(actor.person_id, subject_id=goes_on(finding.person_id))
    if finding.found_by == actor.person_id:
        raise SecondPersonNeeded
    values = {
        "finding_id": finding_id,
        "reason": reason,
        "lifted_by": actor.person_id,
        "lifted_at": clock.now(),
    }
    session.connection().execute(insert(FraudFindingLift), values)
