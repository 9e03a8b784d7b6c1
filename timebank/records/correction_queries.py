"""What is asked about corrections."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, case, exists, select
from sqlalchemy.orm import aliased

from timebank.database import session
from timebank.identity.models import Person
from timebank.records.correction_rules import CorrectionState
from timebank.records.correction_tables import Correction, CorrectionDecision
from timebank.records.models import Revision

_Later = aliased(Revision, name="later")
_changed_since = exists().where(_Later.record_id == Correction.record_id, _Later.number == Correction.number + 1)
_stands = case(
    (CorrectionDecision.decision.is_not(None), CorrectionDecision.decision),
    (_changed_since, str(CorrectionState.SUPERSEDED)),
    else_=str(CorrectionState.OPEN),
)


def decision_of(correction_id: UUID) -> CorrectionDecision | None:
    """Return what was decided on a correction, None while it is open."""
    found = select(CorrectionDecision).where(CorrectionDecision.correction_id == correction_id)
    return session.scalars(found).one_or_none()


def open_among(record_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return for which of some records a correction waits for its second person, in one statement."""
    found = (
        select(Correction.record_id)
        .outerjoin(CorrectionDecision, CorrectionDecision.correction_id == Correction.id)
        .where(Correction.record_id.in_(list(record_ids)), _stands == str(CorrectionState.OPEN))
    )
    return frozenset(session.scalars(found))


def corrections(*, state: CorrectionState | None = None) -> Select[Any]:
    """Select corrections with their state, decision, the revision that they are about, and volunteer; page by their key."""
    found = (
        select(Correction, _stands.label("state"), CorrectionDecision, Revision)
        .join(Revision, (Revision.record_id == Correction.record_id) & (Revision.number == Correction.number))
        .join(Person, Person.id == Correction.volunteer_id)
        .outerjoin(CorrectionDecision, CorrectionDecision.correction_id == Correction.id)
        .add_columns(Person.volunteer_no, Person.display_name, Correction.requested_at, Correction.id)
    )
    return found if state is None else found.where(_stands == state)


def correction_with_state(correction_id: UUID) -> Row[*tuple[Any, ...]]:
    """Return the row of ``corrections`` of one correction that there is."""
    return session.execute(corrections().where(Correction.id == correction_id)).one()
