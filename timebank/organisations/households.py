"""Households where they meet organisations: whose staff have verified them, and who may change them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select

from timebank.errors import NotFound
from timebank.identity import households
from timebank.identity.models import Household, HouseholdMember
from timebank.identity.rules import Actor
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS


def found(*, actor: Actor, organisation_id: UUID, volunteer_nos: Collection[str], reason: str) -> Household:
    """Enter a household at an organisation of the actor's. Raises NotFound, Invalid, OwnFamily, AlreadyInHousehold."""
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    return households.found(
        by=actor.person_id, organisation_id=organisation_id, volunteer_nos=volunteer_nos, reason=reason
    )


def add(*, actor: Actor, household_id: UUID, volunteer_no: str) -> HouseholdMember:
    """Enter somebody into a household in the actor's scope. Raises NotFound, Invalid, OwnFamily, AlreadyInHousehold."""
    seen(actor, household_id)
    return households.add(by=actor.person_id, household_id=household_id, volunteer_no=volunteer_no)


def end(*, actor: Actor, household_id: UUID, person_id: UUID) -> None:
    """End a membership of a household in the actor's scope. Raises NotFound, OwnFamily."""
    seen(actor, household_id)
    households.end(by=actor.person_id, household_id=household_id, person_id=person_id)


def seen(actor: Actor, household_id: UUID) -> Household:
    """Return a household in the actor's scope. Raises NotFound."""
    household = households.household(household_id)
    if household is None:
        raise NotFound
    scope.organisation_for(actor, *CLERKS, organisation_id=household.organisation_id)
    return household


def in_scope(actor: Actor) -> Select[Household]:
    """Select the households that the actor's staff role reaches."""
    return households.households().where(scope.organisations_of(actor, *CLERKS, column=Household.organisation_id))
