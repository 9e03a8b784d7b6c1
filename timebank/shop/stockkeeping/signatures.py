"""Two people sign for what leaves the books without being handed out (rule R35): two accounts of one are not two."""

from uuid import UUID

from timebank.identity.family import refuse_own_family
from timebank.identity.former import going_on
from timebank.identity.rules import Actor
from timebank.records.errors import SecondPersonNeeded


def refuse_same_hand(actor: Actor, *signed: UUID | None) -> list[UUID]:
    """Return who has signed before. Raises SecondPersonNeeded for the actor, also under an account that is theirs now."""
    before = sorted(going_on([one for one in signed if one is not None]).values())
    if actor.person_id in before:
        raise SecondPersonNeeded
    return before


def refuse_same_house(actor: Actor, *signed: UUID | None) -> None:
    """See that a second signature is no relative's of the first. Raises SecondPersonNeeded, OwnFamily."""
    refuse_own_family(actor.person_id, *refuse_same_hand(actor, *signed))
