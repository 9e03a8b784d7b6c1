"""What is asked about supplements and findings of fraud."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, exists, func, select

from timebank.activities.models import Activity, Shift
from timebank.database import session
from timebank.identity.former import belongs
from timebank.identity.models import Person
from timebank.records.models import Revision, ServiceRecord
from timebank.records.queries import is_current
from timebank.records.rules import SourceType
from timebank.records.supplement_rules import REVIEWERS, SupplementState, Verdict
from timebank.records.supplement_tables import FraudFinding, FraudFindingLift, Supplement, SupplementReview

_REJECTED = exists().where(SupplementReview.supplement_id == Supplement.id, SupplementReview.verdict == Verdict.REJECT)
_APPROVALS = (
    select(func.count())
    .where(SupplementReview.supplement_id == Supplement.id, SupplementReview.verdict == Verdict.APPROVE)
    .scalar_subquery()
)
_stands: ColumnElement[str] = case(
    (_REJECTED, str(SupplementState.REJECTED)),
    (_APPROVALS >= REVIEWERS, str(SupplementState.APPROVED)),
    else_=str(SupplementState.OPEN),
)
_RECORD = (
    select(ServiceRecord.id)
    .where(ServiceRecord.source_type == SourceType.SUPPLEMENT, ServiceRecord.source_id == Supplement.id)
    .scalar_subquery()
)


def is_open() -> ColumnElement[bool]:
    """Return the condition that a supplement still waits for its reviewers."""
    return _stands == SupplementState.OPEN


def supplements(*, state: SupplementState | None = None) -> Select[Any]:
    """Select supplements with their state, approvals, record, activity and volunteer; page by their key."""
    found = (
        select(
            Supplement,
            _stands.label("state"),
            _APPROVALS.label("approvals"),
            _RECORD.label("record_id"),
            Activity.name.label("activity_name"),
            Person.volunteer_no,
            Person.display_name,
        )
        .join(Shift, Shift.id == Supplement.shift_id)
        .join(Activity, Activity.id == Shift.activity_id)
        .join(Person, Person.id == Supplement.volunteer_id)
        .add_columns(Supplement.requested_at, Supplement.id)
    )
    return found if state is None else found.where(_stands == state)


def supplement_with_state(supplement_id: UUID) -> Row[*tuple[Any, ...]]:
    """Return the row of ``supplements`` of one supplement that there is."""
    return session.execute(supplements().where(Supplement.id == supplement_id)).one()


def requested_by(record_id: UUID, person_id: UUID) -> bool:
    """Whether a record was made of a supplement that somebody has asked for."""
    found = exists().where(
        ServiceRecord.id == record_id,
        ServiceRecord.source_type == SourceType.SUPPLEMENT,
        Supplement.id == ServiceRecord.source_id,
        Supplement.requested_by == person_id,
    )
    return bool(session.scalar(select(found)))


def reviews_of(supplement_id: UUID) -> list[SupplementReview]:
    """Return what reviewers have said of a supplement, in their order."""
    found = (
        select(SupplementReview)
        .where(SupplementReview.supplement_id == supplement_id)
        .order_by(SupplementReview.position)
    )
    return list(session.scalars(found.execution_options(populate_existing=True)))


def asked_since(volunteer_id: UUID, since: datetime) -> int:
    """Return how many supplements were asked for somebody since an instant and not rejected."""
    found = select(func.count()).where(
        belongs(Supplement.volunteer_id, volunteer_id),
        Supplement.requested_at > since,
        _stands != SupplementState.REJECTED,
    )
    return session.scalars(found).one()


def open_overlapping(volunteer_id: UUID, *, started_at: datetime, ended_at: datetime) -> Supplement | None:
    """Return an open supplement of somebody that shares a moment with these times."""
    found = select(Supplement).where(
        Supplement.volunteer_id == volunteer_id,
        Supplement.started_at < ended_at,
        Supplement.ended_at > started_at,
        _stands == SupplementState.OPEN,
    )
    return session.scalars(found.limit(1)).one_or_none()


_LIFTED = exists().where(FraudFindingLift.finding_id == FraudFinding.id)


def banned_until(person_id: UUID, now: datetime) -> datetime | None:
    """Return until when nothing is supplemented for somebody; None if there is no ban now."""
    found = select(FraudFinding.banned_until).where(
        belongs(FraudFinding.person_id, person_id), FraudFinding.banned_until > now, ~_LIFTED
    )
    return session.scalars(found.order_by(FraudFinding.banned_until.desc()).limit(1)).one_or_none()


def findings() -> Select[Any]:
    """Select findings, each with what has lifted it; page by their key."""
    return (
        select(FraudFinding, FraudFindingLift)
        .outerjoin(FraudFindingLift, FraudFindingLift.finding_id == FraudFinding.id)
        .add_columns(FraudFinding.found_at, FraudFinding.id)
    )


def finding_with_lift(finding_id: UUID) -> Row[*tuple[Any, ...]]:
    """Return the row of ``findings`` of one finding that there is."""
    return session.execute(findings().where(FraudFinding.id == finding_id)).one()


def record_of(record_id: UUID, *, volunteer_id: UUID) -> Revision | None:
    """Return what a record of this volunteer says now."""
    found = select(Revision).where(Revision.record_id == record_id, Revision.volunteer_id == volunteer_id, is_current())
    return session.scalars(found).one_or_none()


def supplement(supplement_id: UUID) -> Supplement | None:
    """Return one supplement."""
    return session.get(Supplement, supplement_id)
