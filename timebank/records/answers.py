"""The verb: answer an objection (rule R08). Whoever answers is neither the volunteer nor the objector, nor of their family.

Refused, the record goes on as it was, for a reason that is told. Upheld before the credit, the record says what is right
from now on, and another coordinator reviews that. Upheld after it, a correction is asked for, which another person has
to approve.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert

from timebank import clock
from timebank.clock import day_of
from timebank.database import session
from timebank.errors import Invalid, NotFound
from timebank.identity.family import relatives_of
from timebank.identity.rules import Actor, Role
from timebank.notifications import service as notifications
from timebank.organisations import scope
from timebank.records import corrections, objection_queries, queries, revisions
from timebank.records.conflicts import refuse_interested
from timebank.records.correction_rules import Change, refuse_change, wanted
from timebank.records.credit import recomputed
from timebank.records.errors import ObjectionAnswered, OwnObjection
from timebank.records.locks import lock
from timebank.records.models import Revision
from timebank.records.objection_rules import Outcome
from timebank.records.objection_tables import Objection, ObjectionAnswer
from timebank.records.overlaps import lock_person, refuse_overlap
from timebank.records.rules import PENDING, State
from timebank.records.telling import news_of_answer

__all__ = ["answer"]

_DECIDERS = (Role.COORDINATOR, Role.ADMIN)
_ANSWER = insert(ObjectionAnswer)


def answer(
    *,
    actor: Actor,
    objection_id: UUID,
    outcome: Outcome,
    answer: str,
    service_minutes: int | None = None,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    annul: bool = False,
) -> ObjectionAnswer:
    """Answer an objection, once. Upheld, it says in one way what the record is to say: minutes, both times, or ``annul``.

    Raises NotFound outside the actor's scope, OwnRecord, RelativesRecord, OwnObjection, ObjectionAnswered, Invalid,
    MoreThanPlanned, ServiceOverlap, RecordAnnulled.
    """
    objection, current = _unanswered(actor, objection_id)
    given = (service_minutes, started_at, ended_at, annul or None)
    changes = any(value is not None for value in given)
    if changes != (outcome is Outcome.UPHELD):
        raise Invalid(errors=[{"pointer": "/outcome", "detail": _ONE_OF_BOTH}])
    revision_id = correction_id = None
    if outcome is Outcome.UPHELD and current.state in PENDING:
        change = wanted(service_minutes=service_minutes, started_at=started_at, ended_at=ended_at, annul=annul)
        revision_id = _put_right(current, change, actor, answer).id
    elif outcome is Outcome.UPHELD:
        correction_id = corrections.request(
            actor=actor,
            record_id=current.record_id,
            reason=answer,
            service_minutes=service_minutes,
            started_at=started_at,
            ended_at=ended_at,
            annul=annul,
        ).id
    now = clock.now()
    values = {
        "objection_id": objection.id,
        "outcome": outcome,
        "answer": answer,
        "answered_by": actor.person_id,
        "answered_at": now,
        "revision_id": revision_id,
        "correction_id": correction_id,
    }
    session.connection().execute(_ANSWER, values)
    notifications.tell_many([news_of_answer(objection, current, at=now)])
    return ObjectionAnswer(**values)


_ONE_OF_BOTH = (
    "异议成立须写明更正后的分钟、起止时间或作废；不成立则都不填。 "
    "Upheld, say what the record is to say: minutes, both times or annul; refused, none of them."
)


def _unanswered(actor: Actor, objection_id: UUID) -> tuple[Objection, Revision]:
    """Return an objection that this actor may answer, with what its record says now, both under lock."""
    found = objection_queries.with_answer(objection_id)
    if found is None:
        raise NotFound
    objection, _, about = found
    scope.organisation_for(actor, *_DECIDERS, organisation_id=about.organisation_id)
    refuse_interested(actor.person_id, subject_id=about.volunteer_id)
    if actor.person_id == objection.objector_id or actor.person_id in relatives_of(objection.objector_id):
        raise OwnObjection
    lock_person(about.volunteer_id)
    lock(objection.record_id)
    if session.get(ObjectionAnswer, objection_id, populate_existing=True) is not None:
        raise ObjectionAnswered
    current = queries.current_of(objection.record_id)
    if current is None:
        raise NotFound
    return objection, current


def _put_right(current: Revision, change: Change, actor: Actor, reason: str) -> Revision:
    """Append what a record says that is not credited yet: nothing any more, or other minutes that wait for a review."""
    now = clock.now()
    if change.annuls:
        return revisions.change(
            current, state=State.REJECTED, credited_minutes=0, actor_id=actor.person_id, reason=reason, recorded_at=now
        ).revision
    refuse_change(change, current, corrections.planned(current.shift_id))
    started_at, ended_at = change.started_at or current.started_at, change.ended_at or current.ended_at
    if change.started_at is not None:
        refuse_overlap(
            volunteer_id=current.volunteer_id,
            started_at=started_at,
            ended_at=ended_at,
            but_record=current.record_id,
        )
    credit = recomputed(current, service_minutes=change.service_minutes, started_at=started_at)
    return revisions.change(
        current,
        state=State.PENDING_REVIEW,
        service_minutes=change.service_minutes,
        credited_minutes=0,
        expected_minutes=credit,
        served_on=day_of(started_at),
        started_at=started_at,
        ended_at=ended_at,
        actor_id=actor.person_id,
        reason=reason,
        recorded_at=now,
    ).revision
