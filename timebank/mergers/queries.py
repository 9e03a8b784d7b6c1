"""What is asked about mergers: requests with their decisions, and who may be the same by rule."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, and_, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from timebank.database import session
from timebank.identity.binding_tables import Phone
from timebank.identity.models import Person
from timebank.identity.rules import PersonState
from timebank.mergers.models import MergeDecision, MergeHint, MergeRequest


class Sign(StrEnum):
    """By what two accounts are suggested to be one person; a rule suggests, and never merges."""

    PHONE = "phone"
    NAME_AND_BIRTH = "name_and_birth"
    BINDING = "binding"


@dataclass(frozen=True, slots=True)
class Suggested:
    """Two people who may be one, the smaller id first, and by which rules."""

    one: Person
    other: Person
    signs: tuple[Sign, ...]


def requests() -> Select[Any]:
    """Select requests, each with its decision (or None), to filter and page."""
    return (
        select(MergeRequest, MergeDecision)
        .outerjoin(MergeDecision, MergeDecision.request_id == MergeRequest.id)
        .add_columns(MergeRequest.requested_at, MergeRequest.id)
    )


def request(request_id: UUID) -> tuple[MergeRequest, MergeDecision | None] | None:
    """Return one request with its decision."""
    row = session.execute(requests().where(MergeRequest.id == request_id)).one_or_none()
    return (row[0], row[1]) if row else None


def open_request(old_id: UUID, person_id: UUID) -> MergeRequest | None:
    """Return the request about two people, either way round, that nobody has decided."""
    two = or_(
        and_(MergeRequest.old_id == old_id, MergeRequest.person_id == person_id),
        and_(MergeRequest.old_id == person_id, MergeRequest.person_id == old_id),
    )
    found = requests().where(two, MergeDecision.request_id.is_(None)).limit(1)
    row = session.execute(found).first()
    return row[0] if row else None


def suggested(*, limit: int, concerning: UUID | None = None) -> list[Suggested]:
    """Return at most ``limit`` pairs of active people who may be one, or those of one person."""
    pairs = _pairs()
    one, other = aliased(Person, name="one"), aliased(Person, name="other")
    found = (
        select(pairs.c.sign, one, other)
        .join(one, one.id == pairs.c.one)
        .join(other, other.id == pairs.c.other)
        .where(one.state == PersonState.ACTIVE, other.state == PersonState.ACTIVE)
        .order_by(pairs.c.one, pairs.c.other, pairs.c.sign)
        .limit(limit * len(Sign))
    )
    found = found.where(~_refused(pairs))
    if concerning is not None:
        found = found.where(or_(pairs.c.one == concerning, pairs.c.other == concerning))
    by_pair: dict[tuple[UUID, UUID], Suggested] = {}
    for sign, left, right in session.execute(found):
        known = by_pair.get((left.id, right.id))
        signs = dict.fromkeys((*(known.signs if known else ()), Sign(sign)))
        by_pair[left.id, right.id] = Suggested(left, right, tuple(signs))
    return list(by_pair.values())[:limit]


def _refused(pairs: Subquery) -> ColumnElement[bool]:
    """Return the condition that somebody has looked at a pair and found two people."""
    smaller_first = and_(MergeRequest.old_id == pairs.c.one, MergeRequest.person_id == pairs.c.other)
    larger_first = and_(MergeRequest.old_id == pairs.c.other, MergeRequest.person_id == pairs.c.one)
    return (
        select(MergeRequest.id)
        .join(MergeDecision, MergeDecision.request_id == MergeRequest.id)
        .where(or_(smaller_first, larger_first), MergeDecision.approved.is_(False))
        .exists()
    )


def _pairs() -> Subquery:
    """Select every pair that a rule names, the smaller id first."""
    mine, theirs = aliased(Phone, name="mine"), aliased(Phone, name="theirs")
    same_phone = select(
        mine.person_id.label("one"), theirs.person_id.label("other"), literal(str(Sign.PHONE)).label("sign")
    ).join(theirs, and_(theirs.number_hash == mine.number_hash, theirs.person_id > mine.person_id))
    left, right = aliased(Person, name="named"), aliased(Person, name="named_alike")
    alike = and_(right.display_name == left.display_name, right.birth_on == left.birth_on, right.id > left.id)
    same_name = select(left.id, right.id, literal(str(Sign.NAME_AND_BIRTH))).join(right, alike)
    # A hint is written by who wanted to bind: either order.
    hints = [
        select(smaller, larger, literal(str(Sign.BINDING))).where(smaller < larger)
        for smaller, larger in (
            (MergeHint.person_id, MergeHint.other_id),
            (MergeHint.other_id, MergeHint.person_id),
        )
    ]
    return union_all(same_phone, same_name, *hints).subquery("pairs")
