"""Corrections of service records, through the verbs themselves."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from tests.factories import kept
from timebank.database import in_unit_of_work, session
from timebank.identity.rules import Actor
from timebank.ledger.models import Transfer
from timebank.ledger.rules import Kind
from timebank.records import corrections, queries
from timebank.records.correction_tables import Correction
from timebank.records.models import Revision
from timebank.records.revisions import Recorded


def a_correction(actor: Actor, record_id: UUID, service_minutes: int | None = None, **wanted: Any) -> Correction:
    """Ask for a correction: minutes, or whatever ``wanted`` says."""
    reason = wanted.pop("reason", "签退晚了")
    return kept(
        lambda: corrections.request(
            actor=actor, record_id=record_id, reason=reason, service_minutes=service_minutes, **wanted
        )
    )


def approved(actor: Actor, correction: Correction) -> Recorded:
    """Approve a correction."""
    return in_unit_of_work(lambda: corrections.approve(actor=actor, correction_id=correction.id))


def corrected(first: Actor, second: Actor, record_id: UUID, service_minutes: int) -> Revision:
    """Have one person ask for other minutes and the other approve."""
    return approved(second, a_correction(first, record_id, service_minutes)).revision


def revision_of(record_id: UUID) -> Revision:
    """Return what a record says now."""
    found = in_unit_of_work(lambda: queries.current_of(record_id), write=False)
    assert found is not None
    return found


def transfers_of_kind(kind: Kind) -> list[int]:
    """Return the minutes of all transfers of a kind, in the order in which they were posted."""
    found = select(Transfer.minutes).where(Transfer.kind == kind).order_by(Transfer.recorded_at, Transfer.minutes)
    return in_unit_of_work(lambda: list(session.scalars(found)), write=False)
