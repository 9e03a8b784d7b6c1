"""What is asked about objections."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from timebank.database import session
from timebank.identity.former import belongs
from timebank.identity.models import Person
from timebank.records.models import Revision
from timebank.records.objection_rules import ObjectionState
from timebank.records.objection_tables import Objection, ObjectionAnswer


def _objections() -> Select[*tuple[Any, ...]]:
    """Select objections, each with its answer (or None) and the revision that it is about."""
    return (
        select(Objection, ObjectionAnswer, Revision)
        .outerjoin(ObjectionAnswer, ObjectionAnswer.objection_id == Objection.id)
        .join(Revision, Revision.id == Objection.revision_id)
    )


def with_answer(objection_id: UUID) -> tuple[Objection, ObjectionAnswer | None, Revision] | None:
    """Return one objection with its answer and the revision that it is about."""
    row = session.execute(_objections().where(Objection.id == objection_id)).one_or_none()
    return (row[0], row[1], row[2]) if row else None


def made_by(person_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select somebody's objections, to page by when they were made."""
    return _objections().add_columns(Objection.made_at, Objection.id).where(belongs(Objection.objector_id, person_id))


def in_scope(*, state: str | None, organisation_id: UUID | None) -> Select[*tuple[Any, ...]]:
    """Select objections with number and name of the record's volunteer, to page by when they are due."""
    found = (
        _objections()
        .join(Person, Person.id == Revision.volunteer_id)
        .add_columns(Person.volunteer_no, Person.display_name, Objection.due_on, Objection.id)
    )
    if state == ObjectionState.OPEN:
        found = found.where(ObjectionAnswer.objection_id.is_(None))
    elif state is not None:
        found = found.where(ObjectionAnswer.outcome == state)
    return found.where(Revision.organisation_id == organisation_id) if organisation_id is not None else found
