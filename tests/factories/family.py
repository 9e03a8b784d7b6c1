"""Family relations."""

from uuid import UUID

from tests.factories import kept
from tests.factories.identity import a_person
from tests.factories.organisations import an_organisation
from timebank import clock
from timebank.database import NIL, new_id, session
from timebank.identity.models import FamilyRelation, Person
from timebank.identity.rules import Kinship, RelationState


def a_relation(
    proposer_id: UUID,
    relative_id: UUID,
    *,
    kinship: Kinship = Kinship.GRANDCHILD,
    state: RelationState = RelationState.VERIFIED,
    organisation_id: UUID | None = None,
    decided: bool | None = None,
) -> FamilyRelation:
    """Make two people relatives, by default verified by staff; ``kinship`` is what the second is to the first.

    ``decided``: whether staff have looked at it, where the state does not say.
    """
    now, where = clock.now(), organisation_id or an_organisation().id
    if decided is None:
        decided = state in {RelationState.VERIFIED, RelationState.REJECTED}

    def add() -> FamilyRelation:
        relation = FamilyRelation(
            id=new_id(),
            proposer_id=proposer_id,
            relative_id=relative_id,
            volunteer_no=session.get_one(Person, relative_id).volunteer_no,
            pair=":".join(sorted((str(proposer_id), str(relative_id)))),
            kinship=kinship,
            organisation_id=where,
            state=state,
            proposed_at=now,
            confirmed_at=None if state == RelationState.PROPOSED else now,
            decided_at=now if decided else None,
            decided_by=NIL if decided else None,
            reason="户口簿" if decided else None,
            ended_at=now if state == RelationState.ENDED else None,
            ended_by=proposer_id if state == RelationState.ENDED else None,
        )
        session.add(relation)
        session.flush()
        return relation

    return kept(add)


def relatives(kinship: Kinship = Kinship.GRANDCHILD) -> tuple[Person, Person]:
    """Enrol two verified relatives; the second is the first one's ``kinship``."""
    one, other = a_person("周桂芳"), a_person("陈小宇")
    a_relation(one.id, other.id, kinship=kinship)
    return one, other
