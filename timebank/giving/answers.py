"""What the API says about relatives, gifts and the pool, put together for the schemas."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from timebank.identity import family
from timebank.identity.models import FamilyRelation, Person
from timebank.identity.rules import Kinship, RelationState, masked_name, seen_from_there


def my_relations(relations: Sequence[FamilyRelation], me: UUID) -> list[dict[str, Any]]:
    """Return relations as one of the two sees them."""
    people = family.people(either for one in relations for either in (one.proposer_id, one.relative_id))
    return [_mine(one, me, people) for one in relations]


def _mine(relation: FamilyRelation, me: UUID, people: Mapping[UUID, Person]) -> dict[str, Any]:
    """Return a relation with the other person: the number that was typed, and no name before they have confirmed."""
    by_me = relation.proposer_id == me
    kinship = Kinship(relation.kinship)
    other: Person | None = people[relation.proposer_id]
    if by_me:
        other = people.get(relation.relative_id) if relation.relative_id and relation.confirmed_at else None
    relative = {
        "volunteer_no": other.volunteer_no if other else relation.volunteer_no,
        "display_name": other.display_name if other else None,
    }
    return _facts(relation) | {
        "kinship": kinship if by_me else seen_from_there(kinship),
        "proposed_by_me": by_me,
        "relative": relative,
    }


def relations_for_staff(relations: Sequence[FamilyRelation], *, masked: bool = True) -> list[dict[str, Any]]:
    """Return confirmed relations as staff see them: names masked in lists (rule R39), whole beside the document."""
    people = family.people(either for one in relations for either in (one.proposer_id, one.relative_id))

    def person(person_id: UUID) -> dict[str, str]:
        found = people[person_id]
        name = masked_name(found.display_name) if masked else found.display_name
        return {"volunteer_no": found.volunteer_no, "display_name": name}

    return [
        _facts(one)
        | {
            "kinship": Kinship(one.kinship),
            "proposer": person(one.proposer_id),
            "relative": person(one.relative_id or one.proposer_id),
            "decided_by": one.decided_by,
        }
        for one in relations
    ]


def _facts(relation: FamilyRelation) -> dict[str, Any]:
    shown = ("id", "organisation_id", "proposed_at", "confirmed_at", "decided_at", "reason", "ended_at")
    return {name: getattr(relation, name) for name in shown} | {"state": RelationState(relation.state)}
