"""Who is whose relative: what gifts and the rule against deciding for one's own family rest on."""

from uuid import UUID

from sqlalchemy import or_, select

from timebank.database import session
from timebank.identity.models import FamilyRelation
from timebank.identity.rules import RelationState


def relatives_of(person_id: UUID) -> frozenset[UUID]:
    """Return everybody whose relation with a person staff have verified and nobody has ended, whoever proposed it.

    Nobody approves, closes or grants anything for these (rules R08, R35). One statement.
    """
    pairs = session.execute(
        select(FamilyRelation.proposer_id, FamilyRelation.relative_id).where(
            FamilyRelation.state == RelationState.VERIFIED,
            or_(FamilyRelation.proposer_id == person_id, FamilyRelation.relative_id == person_id),
        )
    )
    return frozenset(either for pair in pairs for either in pair if either and either != person_id)
