"""Family relations where they meet organisations: at which one a document is shown, and whose staff look at it."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select

from timebank.errors import Invalid, NotFound
from timebank.identity import family
from timebank.identity.models import FamilyRelation
from timebank.identity.rules import Actor, Kinship, Role
from timebank.organisations import queries as register
from timebank.organisations import scope

VERIFIERS = (Role.COORDINATOR, Role.ADMIN)


def propose(*, proposer_id: UUID, volunteer_no: str, kinship: Kinship, organisation_id: UUID) -> FamilyRelation:
    """Propose a relation, to be verified at an organisation. Raises Invalid, RelationExists."""
    if register.organisation_with_path(organisation_id) is None:
        raise Invalid(errors=[{"pointer": "/organisation_id", "detail": "没有这个组织。 No such organisation."}])
    return family.propose(
        proposer_id=proposer_id, volunteer_no=volunteer_no, kinship=kinship, organisation_id=organisation_id
    )


def decide(*, actor: Actor, relation_id: UUID, verified: bool, reason: str) -> FamilyRelation:
    """Verify or reject a relation that both have confirmed. Raises NotFound, OwnFamily, RelationNotWaiting."""
    seen_by_staff(actor, relation_id)
    return family.decide(person_id=actor.person_id, relation_id=relation_id, verified=verified, reason=reason)


def seen_by_staff(actor: Actor, relation_id: UUID) -> FamilyRelation:
    """Return a relation in the actor's scope; what only one has said is nobody else's business. Raises NotFound."""
    relation = family.relation_of(relation_id)
    if relation is None or relation.confirmed_at is None:
        raise NotFound
    scope.organisation_for(actor, *VERIFIERS, organisation_id=relation.organisation_id)
    return relation


def in_scope(actor: Actor, states: Collection[str]) -> Select[FamilyRelation]:
    """Select the relations in some states that the actor's staff role reaches."""
    reached = scope.organisations_of(actor, *VERIFIERS, column=FamilyRelation.organisation_id)
    return family.confirmed_relations(states).where(reached)
