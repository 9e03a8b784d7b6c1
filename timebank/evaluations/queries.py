"""What is asked about evaluations."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from timebank.database import session
from timebank.evaluations.models import Evaluation, EvaluationInvitation, EvaluationRemoval, EvaluationReply
from timebank.identity.former import belongs
from timebank.identity.models import Person


def stands() -> ColumnElement[bool]:
    """Return the condition that an evaluation was not removed."""
    return ~select(EvaluationRemoval.evaluation_id).where(EvaluationRemoval.evaluation_id == Evaluation.id).exists()


def evaluations() -> Select[*tuple[Any, ...]]:
    """Select evaluations that stand with their replies, to filter and page."""
    return (
        select(
            Evaluation,
            EvaluationReply.words.label("reply"),
            EvaluationReply.replied_at,
            Evaluation.evaluated_at,
            Evaluation.id,
        )
        .outerjoin(EvaluationReply, EvaluationReply.evaluation_id == Evaluation.id)
        .where(stands())
    )


def evaluations_with_names() -> Select[*tuple[Any, ...]]:
    """Select evaluations that stand, with number and name of whose service they are about."""
    return (
        evaluations()
        .join(Person, Person.id == Evaluation.volunteer_id)
        .add_columns(Person.volunteer_no, Person.display_name)
    )


def one(evaluation_id: UUID) -> Any:
    """Return one evaluation that stands, with its reply, number and name; None if there is none."""
    return session.execute(evaluations_with_names().where(Evaluation.id == evaluation_id)).one_or_none()


def scores_of(volunteer_id: UUID) -> list[int]:
    """Return all scores of somebody's service that stand, those of several who say the same included."""
    return list(
        session.scalars(select(Evaluation.score).where(belongs(Evaluation.volunteer_id, volunteer_id), stands()))
    )


def is_made(record_id: UUID, slot: int) -> bool:
    """Whether the leader (slot 0) or the holder of an invitation has said how a service was, removed or not."""
    found = select(Evaluation.id).where(Evaluation.record_id == record_id, Evaluation.slot == slot)
    return session.execute(found).first() is not None


def invitations_to(record_id: UUID) -> int:
    """Return how many people were asked about a service."""
    found = select(func.count()).where(EvaluationInvitation.record_id == record_id)
    return session.scalars(found).one()


def invitation(code_hash: bytes) -> EvaluationInvitation | None:
    """Return the invitation of a code."""
    found = select(EvaluationInvitation).where(EvaluationInvitation.code_hash == code_hash)
    return session.scalars(found).one_or_none()
