"""What the API says about relatives, gifts and the pool, put together for the schemas."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from timebank.giving import applications
from timebank.giving.models import Application, Gift, PoolGrant
from timebank.giving.rules import RANKS, ApplicationState, GiftState, GrantState, Priority, gift_state_at
from timebank.identity import queries as identity
from timebank.identity.minors import name_for
from timebank.identity.models import FamilyRelation, Person
from timebank.identity.rules import Kinship, RelationState, masked_name, seen_from_there


def my_relations(relations: Sequence[FamilyRelation], me: UUID) -> list[dict[str, Any]]:
    """Return relations as one of the two sees them."""
    people = identity.people(either for one in relations for either in (one.proposer_id, one.relative_id))
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


def relations_for_staff(relations: Sequence[FamilyRelation], *, beside: UUID | None = None) -> list[dict[str, Any]]:
    """Return confirmed relations as staff see them: names masked in lists (rule R39), whole beside the document.

    ``beside`` is who has the document in front of them; a minor's name is whole where that was approved (rule R38).
    """
    people = identity.people(either for one in relations for either in (one.proposer_id, one.relative_id))

    def person(person_id: UUID) -> dict[str, str]:
        found = people[person_id]
        name = name_for(beside, found) if beside else masked_name(found.display_name)
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


_NOTICES = {
    GiftState.OFFERED: (
        "时间币还没有转出，对方接受时才转；那时赠送人可用的时间币不够，就不能转。",
        "Nothing has moved yet. The minutes move on acceptance, if the giver can cover them then.",
    ),
    GiftState.ACCEPTED: ("已接受，时间币已转入对方账户。", "Accepted; the minutes have moved."),
    GiftState.DECLINED: ("对方已谢绝，时间币没有转出。", "Declined; nothing has moved."),
    GiftState.WITHDRAWN: ("赠送人已撤回，时间币没有转出。", "Withdrawn; nothing has moved."),
    GiftState.EXPIRED: ("已过期，时间币没有转出。", "Expired; nothing has moved."),
}


def my_gifts(gifts: Sequence[Gift], me: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return gifts as one of the two sees them at ``now``; relatives know each other's names."""
    people = identity.people(one.recipient_id if one.giver_id == me else one.giver_id for one in gifts)
    return [_gift(one, people, me, now) for one in gifts]


def _gift(gift: Gift, people: Mapping[UUID, Person], me: UUID, now: datetime) -> dict[str, Any]:
    given = gift.giver_id == me
    other = people[gift.recipient_id if given else gift.giver_id]
    state = gift_state_at(gift.state, gift.expires_at, now)
    notice, notice_en = _NOTICES[state]
    return {
        "id": gift.id,
        "direction": "given" if given else "received",
        "state": state,
        "minutes": gift.minutes,
        "message": gift.message,
        "other": {"volunteer_no": other.volunteer_no, "display_name": other.display_name},
        "offered_at": gift.offered_at,
        "expires_at": gift.expires_at,
        "closed_at": gift.expires_at if state is GiftState.EXPIRED else gift.closed_at,
        "notice": notice,
        "notice_en": notice_en,
    }


def application(one: Application) -> dict[str, Any]:
    """Return an application as whoever it is for sees it."""
    shown = ("id", "area_id", "person_id", "rank", "reason", "applied_at", "closed_at", "answer")
    return {name: getattr(one, name) for name in shown} | {
        "priority": Priority(one.priority),
        "state": ApplicationState(one.state),
    }


def applications_for_staff(found: Sequence[Application]) -> list[dict[str, Any]]:
    """Return applications with masked names (rule R39)."""
    people = identity.people(one.person_id for one in found)
    return [application(one) | _masked(people[one.person_id]) for one in found]


def grants(found: Sequence[PoolGrant]) -> list[dict[str, Any]]:
    """Return grants of one area, each with how many more urgent applications wait there now."""
    people = identity.people(one.person_id for one in found)
    waiting = applications.waiting_by_rank(found[0].area_id) if found else {}
    return [_grant(one, people[one.person_id], waiting) for one in found]


def _grant(one: PoolGrant, person: Person, waiting: Mapping[int, int]) -> dict[str, Any]:
    rank = RANKS[Priority(one.reason_code)]
    return {name: getattr(one, name) for name in _GRANT_FIELDS} | {
        "reason_code": Priority(one.reason_code),
        "state": GrantState(one.state),
        "waiting_ahead": sum(count for of_rank, count in waiting.items() if of_rank < rank),
        **_masked(person),
    }


_GRANT_FIELDS = tuple(c.name for c in PoolGrant.__table__.columns if c.name not in {"reason_code", "state"})


def _masked(person: Person) -> dict[str, str]:
    return {"volunteer_no": person.volunteer_no, "display_name": masked_name(person.display_name)}
