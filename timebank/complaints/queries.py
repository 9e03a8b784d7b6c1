"""What is asked about complaints."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from timebank.complaints.models import Complaint, ComplaintAnswer
from timebank.complaints.rules import Outcome, State
from timebank.database import session
from timebank.identity.former import belongs
from timebank.identity.models import Person
from timebank.organisations.models import Organisation


def complaints() -> Select[*tuple[Any, ...]]:
    """Select complaints with their answers and the organisation's name, to filter and page."""
    return (
        select(
            Complaint,
            ComplaintAnswer,
            Organisation.name.label("organisation_name"),
            Complaint.made_at,
            Complaint.id,
        )
        .join(Organisation, Organisation.id == Complaint.organisation_id)
        .outerjoin(ComplaintAnswer, ComplaintAnswer.complaint_id == Complaint.id)
    )


def complaints_with_subjects() -> Select[*tuple[Any, ...]]:
    """Select complaints with number and name of the volunteer that they are about, if they are about one."""
    return (
        complaints()
        .outerjoin(Person, Person.id == Complaint.volunteer_id)
        .add_columns(Person.volunteer_no, Person.display_name)
    )


def stands_as(state: State) -> ColumnElement[bool]:
    """Return the condition that a complaint stands as ``state``."""
    if state is State.OPEN:
        return ComplaintAnswer.complaint_id.is_(None)
    return ComplaintAnswer.outcome == state


def is_not_about(person_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a complaint is about somebody else, or about nobody."""
    return or_(Complaint.volunteer_id.is_(None), ~belongs(Complaint.volunteer_id, person_id))


def one(complaint_id: UUID) -> Any:
    """Return one complaint with its answer and subject; None if there is none."""
    return session.execute(complaints_with_subjects().where(Complaint.id == complaint_id)).one_or_none()


def open_by(complainant_id: UUID) -> int:
    """Return how many complaints of somebody's wait for an answer."""
    answered = select(ComplaintAnswer.complaint_id).where(ComplaintAnswer.complaint_id == Complaint.id).exists()
    return session.scalars(
        select(func.count()).where(belongs(Complaint.complainant_id, complainant_id), ~answered)
    ).one()


def upheld_about(volunteer_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select the complaints about somebody that were upheld: part of their record, without who has complained."""
    return complaints().where(belongs(Complaint.volunteer_id, volunteer_id), ComplaintAnswer.outcome == Outcome.UPHELD)
