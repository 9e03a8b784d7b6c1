"""Objections (异议, rule R08): somebody says that a record is wrong, and until the answer the record is frozen.

Frozen is no state of its own that is written down: a record is frozen while an objection to it has no answer. Before
the credit nothing is finalised meanwhile, after it no minutes move.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from timebank import clock, working_days
from timebank.clock import SHANGHAI
from timebank.codes.layouts import utc_text
from timebank.database import new_id, session
from timebank.errors import Forbidden, NotFound
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope
from timebank.records import notices, queries
from timebank.records.errors import (
    ObjectionMade,
    ObjectionTooLate,
    RecordFrozen,
    SecondPersonNeeded,
    TooManyObjections,
)
from timebank.records.locks import lock
from timebank.records.models import Revision
from timebank.records.objection_rules import ANSWER_WORKING_DAYS, MAX_OPEN, WINDOW
from timebank.records.objection_tables import Objection, ObjectionAnswer

READERS = (Role.COORDINATOR, Role.AUDITOR, Role.ADMIN)

_OBJECT = insert(Objection)


def is_frozen(record_id: UUID) -> bool:
    """Whether an objection to the record waits for its answer."""
    return _answer_due(record_id) is not None


def refuse_frozen(record_id: UUID) -> None:
    """Raise RecordFrozen while an objection to the record waits for its answer; ask under ``locks.lock``."""
    due_on = _answer_due(record_id)
    if due_on is not None:
        raise RecordFrozen(due_on=due_on.isoformat())


def _answer_due(record_id: UUID) -> Any:
    return session.scalar(
        select(func.min(Objection.due_on)).where(Objection.record_id == record_id, ~queries.is_answered())
    )


def refuse_answerer(person_id: UUID, revision: Revision) -> None:
    """Raise SecondPersonNeeded for whoever has given a record its minutes in answer to an objection: another reviews it."""
    found = select(ObjectionAnswer.objection_id).where(
        ObjectionAnswer.revision_id == revision.id, ObjectionAnswer.answered_by == person_id
    )
    if session.scalar(found) is not None:
        raise SecondPersonNeeded


def frozen_among(record_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return which of some records are frozen, in one statement."""
    found = select(Objection.record_id).where(Objection.record_id.in_(list(record_ids)), ~queries.is_answered())
    return frozenset(session.scalars(found))


def make(*, actor: Actor, record_id: UUID, reason: str) -> Objection:
    """Object to a record: its own volunteer within 30 days after each of its versions, anybody while it is on notice.

    Raises NotFound, Forbidden (staff about somebody else's record that is not on notice), ObjectionTooLate, ObjectionMade, TooManyObjections.
    """
    lock(record_id)
    revision = queries.current_of(record_id)
    if revision is None:
        raise NotFound
    now = clock.now()
    _refuse_to_hear(actor, revision, now)
    _refuse_again(actor, revision)
    limit = working_days.deadline(now, ANSWER_WORKING_DAYS)
    objection = Objection(
        id=new_id(),
        record_id=record_id,
        revision_id=revision.id,
        objector_id=actor.person_id,
        reason=reason,
        made_at=now,
        due_on=limit.on,
        provisional=limit.provisional,
    )
    values = {column.name: getattr(objection, column.name) for column in Objection.__table__.columns}
    session.connection().execute(_OBJECT, values)
    return objection


def _refuse_to_hear(actor: Actor, revision: Revision, now: datetime) -> None:
    """Raise why this person may not object to this version of the record now."""
    if notices.is_running(revision, now):
        return
    if revision.volunteer_id != actor.person_id:
        scope.organisation_for(actor, *READERS, organisation_id=revision.organisation_id)
        raise Forbidden
    until = revision.recorded_at + WINDOW
    if now >= until:
        raise ObjectionTooLate(until=utc_text(until), until_local=until.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"))


def _refuse_again(actor: Actor, revision: Revision) -> None:
    """Raise ObjectionMade for a second one about the same version, and TooManyObjections when too many are open."""
    mine = Objection.objector_id == actor.person_id
    if session.scalar(select(Objection.id).where(mine, Objection.revision_id == revision.id)) is not None:
        raise ObjectionMade
    if session.scalars(select(func.count()).where(mine, ~queries.is_answered())).one() >= MAX_OPEN:
        raise TooManyObjections(limit=MAX_OPEN)
