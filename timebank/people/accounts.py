"""Freezing an account, setting it free, entering a death: administrators, with a reason that stays (rule R26)."""

from uuid import UUID

from timebank.identity import queries, states
from timebank.identity.family import refuse_own_family
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState, Role
from timebank.organisations import scope
from timebank.people.errors import StaffState

SETTABLE = (PersonState.ACTIVE, PersonState.FROZEN, PersonState.DECEASED)
"""Closed is what an erasure makes of an account, and nobody else."""


def set_state(*, actor: Actor, person_id: UUID, organisation_id: UUID, state: PersonState, reason: str) -> Person:
    """Change the state of somebody's account; the state that it is in already changes nothing.

    Raises NotFound outside the scope or for nobody, OwnFamily, StaffState, StateUnchangeable, LastAdmin.
    """
    scope.organisation_for(actor, Role.ADMIN, organisation_id=organisation_id)
    refuse_own_family(actor.person_id, person_id)
    if queries.holds_any_role(person_id) and not scope.covers_path(actor, Role.ADMIN, path=""):
        raise StaffState
    return states.change(
        person_id=person_id, to=state, by=actor.person_id, reason=reason, organisation_id=organisation_id
    )
