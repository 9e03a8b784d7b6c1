"""Minutes over the storage cap (rule R19): they go to the pool of the area where they were earned, with consent only."""

from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.constraints import retry_on
from timebank.database import new_id, session
from timebank.giving.models import Donation, SurplusConsent
from timebank.ledger import gifts as ledger
from timebank.ledger.rules import AccountState
from timebank.records.models import Revision
from timebank.records.storage import when_over

# Two clicks at once: the second look finds the first one's number.
retry_on("pk_surplus_consent")


def decide(*, person_id: UUID, surplus_to_pool: bool) -> SurplusConsent:
    """Agree that one's surplus goes to the pool, or take that back; each decision is kept, the last one counts."""
    last = decided(person_id)
    if last is not None and last.surplus_to_pool == surplus_to_pool:
        return last
    consent = SurplusConsent(
        person_id=person_id,
        number=last.number + 1 if last else 1,
        surplus_to_pool=surplus_to_pool,
        decided_at=clock.now(),
    )
    session.add(consent)
    session.flush()
    return consent


def decided(person_id: UUID) -> SurplusConsent | None:
    """Return what somebody has decided last; without any decision there is no consent."""
    found = select(SurplusConsent).where(SurplusConsent.person_id == person_id)
    return session.scalars(found.order_by(SurplusConsent.number.desc()).limit(1)).one_or_none()


@when_over
def give(revision: Revision, minutes: int) -> AccountState | None:
    """Give the surplus of a credit to the pool, if its volunteer has agreed; return their account after it."""
    consent = decided(revision.volunteer_id)
    if consent is None or not consent.surplus_to_pool:
        return None
    donation = Donation(
        id=new_id(),
        area_id=revision.area_id,
        owner_id=revision.volunteer_id,
        minutes=minutes,
        donated_at=clock.now(),
    )
    posted = ledger.donate(
        transfer_id=donation.id,
        owner_id=donation.owner_id,
        area_id=donation.area_id,
        minutes=minutes,
        source_id=donation.id,
        actor_id=donation.owner_id,
    )
    session.add(donation)
    session.flush()
    return posted.account
