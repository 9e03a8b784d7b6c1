"""What a group has earned, and the one thing that it may do with it: give it to the pool (rule R24; 南京).

No other verb takes an organisation for an owner: it neither redeems nor gives to people.
"""

from uuid import UUID

from sqlalchemy import Select, select

from timebank import clock
from timebank.giving import pool
from timebank.giving.models import Donation
from timebank.identity.rules import Actor, Role
from timebank.ledger import queries as ledger
from timebank.ledger.rules import AccountState
from timebank.organisations import scope

STEWARDS = (Role.COORDINATOR, Role.ADMIN)
READERS = (*STEWARDS, Role.AUDITOR)


def account(*, actor: Actor, organisation_id: UUID) -> AccountState:
    """Return what a group has. Raises NotFound outside the actor's scope."""
    scope.organisation_for(actor, *READERS, organisation_id=organisation_id)
    return ledger.account_state(organisation_id, clock.now())


def donate(
    *, actor: Actor, organisation_id: UUID, minutes: int, area_id: UUID | None = None
) -> tuple[Donation, AccountState]:
    """Give a group's minutes to the pool of an area, or of the bank's one district.

    Raises NotFound outside the actor's scope, Invalid (no such area, or several), InsufficientMinutes, DebtOutstanding.
    """
    scope.organisation_for(actor, *STEWARDS, organisation_id=organisation_id)
    return pool.donated(owner_id=organisation_id, minutes=minutes, area_id=area_id, actor_id=actor.person_id)


def donations(*, actor: Actor, organisation_id: UUID) -> Select[Donation]:
    """Select what a group has given. Raises NotFound outside the actor's scope."""
    scope.organisation_for(actor, *READERS, organisation_id=organisation_id)
    return select(Donation).where(Donation.owner_id == organisation_id)
