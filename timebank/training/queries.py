"""What is asked about training."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from timebank.database import session
from timebank.identity.former import belongs, who
from timebank.identity.models import Person
from timebank.organisations.models import Organisation
from timebank.training.models import ParticipationWithdrawal, Training, TrainingParticipation


def stands() -> ColumnElement[bool]:
    """Return the condition that a participation was not withdrawn."""
    withdrawn = select(ParticipationWithdrawal.participation_id)
    return ~withdrawn.where(ParticipationWithdrawal.participation_id == TrainingParticipation.id).exists()


def entries_of(training_id: UUID, people: Collection[UUID]) -> dict[UUID, tuple[int, int | None]]:
    """Return by person how often they were entered for a training, and the minutes of the entry that stands (or None)."""
    whose = who(TrainingParticipation.volunteer_id).label("whose")
    rows = session.execute(
        select(
            whose,
            func.count(),
            func.max(TrainingParticipation.learning_minutes).filter(stands()),
        )
        .where(TrainingParticipation.training_id == training_id, whose.in_(people))
        .group_by(whose)
    )
    return {volunteer_id: (int(count), minutes) for volunteer_id, count, minutes in rows}


def minutes_on(day: date, people: Collection[UUID]) -> dict[UUID, int]:
    """Return by person how long they have learnt on a day; who has not is absent."""
    whose = who(TrainingParticipation.volunteer_id).label("whose")
    rows = session.execute(
        select(whose, func.sum(TrainingParticipation.learning_minutes))
        .join(Training, Training.id == TrainingParticipation.training_id)
        .where(Training.held_on == day, whose.in_(people), stands())
        .group_by(whose)
    )
    return {volunteer_id: int(minutes) for volunteer_id, minutes in rows}


def trainings_with_counts() -> Select[*tuple[Any, ...]]:
    """Select trainings with how many people took part, to filter and page."""
    count = (
        select(func.count())
        .where(TrainingParticipation.training_id == Training.id, stands())
        .correlate(Training)
        .scalar_subquery()
    )
    return select(Training, count.label("participants"), Training.held_on, Training.id)


def participants_of(training_id: UUID) -> list[Any]:
    """Return who took part in a training, with number and name, in the order of their numbers."""
    return list(
        session.execute(
            select(TrainingParticipation, Person.volunteer_no, Person.display_name)
            .join(Person, Person.id == TrainingParticipation.volunteer_id)
            .where(TrainingParticipation.training_id == training_id, stands())
            .order_by(Person.volunteer_no)
        )
    )


def of_volunteer(volunteer_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select what somebody took part in, with the training and its organiser, to page."""
    return (
        select(
            Training,
            TrainingParticipation.learning_minutes,
            Organisation.name.label("organisation_name"),
            Training.held_on,
            TrainingParticipation.id,
        )
        .join(TrainingParticipation, TrainingParticipation.training_id == Training.id)
        .join(Organisation, Organisation.id == Training.organisation_id)
        .where(belongs(TrainingParticipation.volunteer_id, volunteer_id), stands())
    )


def learnt(volunteer_id: UUID) -> int:
    """Return somebody's learning minutes: a sum of its own, never part of the service minutes (rule R05)."""
    found = select(func.coalesce(func.sum(TrainingParticipation.learning_minutes), 0))
    return int(session.scalars(found.where(belongs(TrainingParticipation.volunteer_id, volunteer_id), stands())).one())
