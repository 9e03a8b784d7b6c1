"""What is asked about anomalies."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import aliased

from timebank.anomalies.models import Anomaly, AnomalyDecision
from timebank.anomalies.rules import AnomalyState, Outcome
from timebank.database import session

_newer = aliased(AnomalyDecision, name="newer")


def anomalies(*, state: AnomalyState | None = None, kind: str | None = None) -> Select[*tuple[Any, ...]]:
    """Select anomalies with their last decision (None: nobody has decided), to scope further and to page."""
    last = (
        ~select(_newer.number)
        .where(_newer.anomaly_id == AnomalyDecision.anomaly_id, _newer.number > AnomalyDecision.number)
        .exists()
    )
    found: Select[*tuple[Any, ...]] = (
        select(Anomaly, AnomalyDecision, Anomaly.found_at, Anomaly.id)
        .outerjoin(AnomalyDecision, and_(AnomalyDecision.anomaly_id == Anomaly.id, last))
    )  # fmt: skip
    if kind is not None:
        found = found.where(Anomaly.kind == kind)
    return found if state is None else found.where(_stands(state))


def _stands(state: AnomalyState) -> ColumnElement[bool]:
    if state is AnomalyState.OPEN:
        return or_(AnomalyDecision.outcome.is_(None), AnomalyDecision.outcome == Outcome.REOPENED)
    return AnomalyDecision.outcome == state.value


def decisions(anomaly_id: UUID) -> list[AnomalyDecision]:
    """Return every decision about an anomaly, the first one first."""
    found = select(AnomalyDecision).where(AnomalyDecision.anomaly_id == anomaly_id).order_by(AnomalyDecision.number)
    return list(session.scalars(found))


def known(ids: list[UUID]) -> set[UUID]:
    """Return which of these anomalies were found before."""
    return set(session.scalars(select(Anomaly.id).where(Anomaly.id.in_(ids)))) if ids else set()
