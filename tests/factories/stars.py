"""Stars, through the verbs themselves, with thresholds that an afternoon reaches."""

from datetime import datetime, timedelta
from uuid import UUID

from tests.factories.corrections import a_correction, approved
from tests.factories.identity import a_coordinator
from tests.factories.policies import a_policy
from tests.factories.records import NINE_O_CLOCK, a_record
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.identity.rules import Actor
from timebank.organisations.models import Organisation
from timebank.records.models import Revision
from timebank.stars import service
from timebank.stars.rules import Decision

THRESHOLDS = [60, 120, 300]
PROPOSED = NINE_O_CLOCK + timedelta(days=7)
"""A Monday, the ninth of November 2026, at nine in the morning."""
NOTICE_OVER = datetime.fromisoformat("2026-11-17T00:00:00+08:00")
"""Five working days after it, when the last of them is over."""


def a_bank_with_stars(thresholds: list[int] | None = THRESHOLDS) -> None:  # type: ignore[assignment]
    """Let stars be given from the second of November on for so many minutes; None: for none."""
    with clock.at(NINE_O_CLOCK):
        a_policy("star_minutes", thresholds)


def served(volunteer_id: UUID, minutes: int, *, organisation: Organisation | None = None, day: int = 2) -> Revision:
    """Record a service of somebody on a day in November."""
    return a_record(
        volunteer_id=volunteer_id,
        organisation=organisation,
        minutes=minutes,
        started_at=NINE_O_CLOCK.replace(day=day),
    )


def a_star_proposed(volunteer_id: UUID, *, at: datetime = PROPOSED) -> UUID:
    """Let a volunteer apply for what their service is worth."""
    with clock.at(at):
        return in_unit_of_work(lambda: service.propose(volunteer_id=volunteer_id, by=volunteer_id))


def decided(
    actor: Actor, proposal_id: UUID, decision: Decision = Decision.AWARDED, *, at: datetime = NOTICE_OVER
) -> None:
    """Decide on a proposal when its notice is over."""
    with clock.at(at):
        in_unit_of_work(
            lambda: service.decide(actor=actor, proposal_id=proposal_id, decision=decision, reason="服务认真")
        )


def shortened(record: Revision, minutes: int) -> None:
    """Have a record corrected to fewer minutes (0 annuls it)."""
    first, second = a_coordinator(record.organisation_id), a_coordinator(record.organisation_id)
    approved(second, a_correction(first, record.record_id, minutes))
