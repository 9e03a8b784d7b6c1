"""The verbs: evaluate as the leader, invite those who were served, evaluate by invitation, reply, remove.

An evaluation moves no minutes; stars are awarded by a person who reads them (rule R17: time and quality).
"""

import secrets
from datetime import datetime
from uuid import UUID

from timebank import clock
from timebank.database import insert_row, new_id, session
from timebank.errors import NotFound
from timebank.evaluations import queries
from timebank.evaluations.errors import (
    EvaluationMade,
    EvaluationRemoved,
    InvitationExpired,
    InvitationsUsedUp,
    InvitationUsed,
    RecordNotFinal,
    ReplyMade,
)
from timebank.evaluations.models import Evaluation, EvaluationInvitation, EvaluationRemoval, EvaluationReply
from timebank.evaluations.rules import CODE_BYTES, INVITED_FOR, LEADERS_SLOT, MAX_INVITATIONS, Rater
from timebank.identity.former import goes_on
from timebank.identity.rules import Actor, Role, token_hash
from timebank.notifications import service as notifications
from timebank.notifications.rules import Topic
from timebank.organisations import scope
from timebank.records import deadlines
from timebank.records import queries as records
from timebank.records.conflicts import refuse_interested
from timebank.records.errors import SecondPersonNeeded
from timebank.records.locks import lock
from timebank.records.models import Revision
from timebank.records.rules import State
from timebank.records.service import DECIDERS

READERS = (*DECIDERS, Role.AUDITOR)


def evaluate(*, actor: Actor, record_id: UUID, score: int, words: str | None = None) -> UUID:
    """Say as the leader of a service, or as the organisation's staff, how it was; return the evaluation's id.

    Raises NotFound for whoever neither led it nor may decide on it, OwnRecord, RelativesRecord, RecordNotFinal,
    EvaluationMade.
    """
    revision = _led(actor, record_id)
    if queries.is_made(record_id, LEADERS_SLOT):
        raise EvaluationMade
    return _keep(revision, slot=LEADERS_SLOT, score=score, words=words, by=actor.person_id)


def invite(*, actor: Actor, record_id: UUID) -> tuple[EvaluationInvitation, str]:
    """Make an invitation for somebody who was served; return it with its code, which nobody sees again.

    Raises NotFound, OwnRecord, RelativesRecord, RecordNotFinal, InvitationsUsedUp.
    """
    _led(actor, record_id)
    lock(record_id)  # or eight who ask at once would number theirs alike, and retry for one place each time
    made = queries.invitations_to(record_id)
    if made >= MAX_INVITATIONS:
        raise InvitationsUsedUp(limit=MAX_INVITATIONS)
    code, now = secrets.token_urlsafe(CODE_BYTES), clock.now()
    values = {
        "id": new_id(),
        "record_id": record_id,
        "slot": made + 1,
        "code_hash": token_hash(code),
        "made_by": actor.person_id,
        "made_at": now,
        "expires_at": now + INVITED_FOR,
    }
    insert_row(EvaluationInvitation, **values)
    return EvaluationInvitation(**values), code


def invited(code: str, now: datetime) -> tuple[EvaluationInvitation, Revision]:
    """Return an invitation and what it asks about.

    Raises NotFound, InvitationExpired, InvitationUsed, RecordNotFinal when the record was taken back meanwhile.
    """
    invitation = queries.invitation(token_hash(code))
    if invitation is None:
        raise NotFound
    if now >= invitation.expires_at:
        raise InvitationExpired
    if queries.is_made(invitation.record_id, invitation.slot):
        raise InvitationUsed
    return invitation, _final(invitation.record_id)


def evaluate_by_invitation(*, code: str, score: int, words: str | None = None) -> None:
    """Say as somebody who was served how it was; once. Raises what ``invited`` raises."""
    invitation, revision = invited(code, clock.now())
    _keep(revision, slot=invitation.slot, score=score, words=words, by=None)


def reply(*, volunteer_id: UUID, evaluation_id: UUID, words: str) -> None:
    """Say something to an evaluation of one's own service; once. Raises NotFound, ReplyMade."""
    row = queries.one(evaluation_id)
    if row is None or goes_on(row.Evaluation.volunteer_id) != volunteer_id:
        raise NotFound
    if row.reply is not None:
        raise ReplyMade
    insert_row(EvaluationReply, evaluation_id=evaluation_id, words=words, replied_at=clock.now())


def remove(*, actor: Actor, evaluation_id: UUID, reason: str) -> None:
    """Remove an improper evaluation; it is neither shown nor counted any more.

    Raises NotFound, OwnRecord, RelativesRecord, SecondPersonNeeded (whoever has made it), EvaluationRemoved.
    """
    evaluation = session.get(Evaluation, evaluation_id)
    if evaluation is None:
        raise NotFound
    scope.organisation_for(actor, *DECIDERS, organisation_id=evaluation.organisation_id)
    refuse_interested(actor.person_id, subject_id=goes_on(evaluation.volunteer_id))
    if evaluation.evaluated_by and goes_on(evaluation.evaluated_by) == actor.person_id:
        raise SecondPersonNeeded
    if session.get(EvaluationRemoval, evaluation_id) is not None:
        raise EvaluationRemoved
    now = clock.now()
    insert_row(
        EvaluationRemoval, evaluation_id=evaluation_id, reason=reason, removed_by=actor.person_id, removed_at=now
    )


def _led(actor: Actor, record_id: UUID) -> Revision:
    """Return the record to whoever led the service or may decide on it, and has no interest in it."""
    revision = records.current_of(record_id)
    if revision is None:
        raise NotFound
    if revision.leader_id != actor.person_id:
        scope.organisation_for(actor, *DECIDERS, organisation_id=revision.organisation_id)
    refuse_interested(actor.person_id, subject_id=revision.volunteer_id)
    return _final(record_id)


def _final(record_id: UUID) -> Revision:
    revision = records.current_of(record_id)
    if revision is None or revision.state != State.FINAL:
        raise RecordNotFinal
    return revision


def _keep(revision: Revision, *, slot: int, score: int, words: str | None, by: UUID | None) -> UUID:
    now, evaluation_id = clock.now(), new_id()
    insert_row(
        Evaluation,
        id=evaluation_id,
        record_id=revision.record_id,
        slot=slot,
        rater=Rater.LEADER if slot == LEADERS_SLOT else Rater.SERVED,
        volunteer_id=revision.volunteer_id,
        organisation_id=revision.organisation_id,
        activity_name=revision.activity_name,
        served_on=revision.served_on,
        score=score,
        words=words,
        late=now >= deadlines.due(revision.ended_at).ends_at,
        evaluated_by=by,
        evaluated_at=now,
    )
    facts = {
        "activity": revision.activity_name,
        "served_on": revision.served_on.isoformat(),
        "evaluation_id": str(evaluation_id),
    }
    notifications.tell(person_id=revision.volunteer_id, topic=Topic.EVALUATED, facts=facts, at=now)
    return evaluation_id
