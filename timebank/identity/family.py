"""Who is whose relative: what gifts and the rule against deciding for one's own family rest on.

One proposes, the other confirms, staff verify by a document that they see (no copy is kept), and either may end it.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity import queries
from timebank.identity.errors import OtherPersonDecides, OwnFamily, RelationNotWaiting
from timebank.identity.models import FamilyRelation, Person
from timebank.identity.rules import (
    DIRECT,
    OPEN_RELATION,
    Kinship,
    PersonState,
    RelationState,
    is_volunteer_no,
)


def relatives_of(person_id: UUID) -> frozenset[UUID]:
    """Return everybody whose relation with a person staff have verified at any time, whoever proposed it.

    Nobody approves, closes or grants anything for these (rules R08, R35). Either of two may end their relation whenever
    they like; were that enough, nobody would have to leave a decision to a colleague. One statement.
    """
    verified = or_(
        FamilyRelation.state == RelationState.VERIFIED,
        and_(FamilyRelation.state == RelationState.ENDED, FamilyRelation.decided_at.is_not(None)),
    )
    pairs = session.execute(
        select(FamilyRelation.proposer_id, FamilyRelation.relative_id).where(verified, _of(person_id))
    )
    return frozenset(either for pair in pairs for either in pair if either and either != person_id)


def refuse_own_family(person_id: UUID, *concerned: UUID | None) -> None:
    """Raise OwnFamily if what is to be decided concerns the person or a relative of theirs."""
    if person_id in concerned or relatives_of(person_id) & {*concerned}:
        raise OwnFamily


def propose(*, proposer_id: UUID, volunteer_no: str, kinship: Kinship, organisation_id: UUID) -> FamilyRelation:
    """Say that whoever has this number is one's ``kinship``; staff of the organisation are to verify it.

    The answer is the same whether or not anybody has the number. Raises Invalid for what is no number or one's own,
    RelationExists (by its constraint).
    """
    if not is_volunteer_no(volunteer_no):
        raise _wrong_number("志愿者编号有误，请核对十位数字。 Not a volunteer number; check its ten digits.")
    relative = queries.person_by_number(volunteer_no)
    relative_id = relative.id if relative and relative.state == PersonState.ACTIVE else None
    if relative_id == proposer_id:
        raise _wrong_number("这是您自己的编号。 This is your own number.")
    relation = FamilyRelation(
        id=new_id(),
        proposer_id=proposer_id,
        relative_id=relative_id,
        volunteer_no=volunteer_no,
        pair=pair_of(proposer_id, relative_id or volunteer_no),
        kinship=kinship,
        organisation_id=organisation_id,
        state=RelationState.PROPOSED,
        proposed_at=clock.now(),
    )
    session.add(relation)
    session.flush()
    return relation


def _wrong_number(detail: str) -> Invalid:
    return Invalid(errors=[{"pointer": "/volunteer_no", "detail": detail}])


def pair_of(one: UUID, other: UUID | str) -> str:
    """Return what names two people in either order; of somebody unknown the number that was proposed to."""
    return ":".join(sorted((str(one), str(other))))


def confirm(*, person_id: UUID, relation_id: UUID) -> FamilyRelation:
    """Agree to what the other has proposed; a second time changes nothing.

    Raises NotFound, OtherPersonDecides for the proposer, RelationNotWaiting when it was rejected or ended.
    """
    relation = _locked(relation_id, person_id)
    if relation.relative_id != person_id:
        raise OtherPersonDecides
    if relation.state == RelationState.PROPOSED:
        relation.state = RelationState.CONFIRMED
        relation.confirmed_at = clock.now()
        session.flush()
    elif relation.state not in OPEN_RELATION:
        raise RelationNotWaiting(state=relation.state)
    return relation


def end(*, person_id: UUID, relation_id: UUID) -> None:
    """End a relation, or decline what was proposed; either of the two may, and again changes nothing. Raises NotFound."""
    relation = _locked(relation_id, person_id)
    if relation.state in OPEN_RELATION:
        relation.state = RelationState.ENDED
        relation.ended_at = clock.now()
        relation.ended_by = person_id
        session.flush()


def decide(*, person_id: UUID, relation_id: UUID, verified: bool, reason: str) -> FamilyRelation:
    """Verify what both have said, or reject it; ``reason`` names the document that was seen. The caller knows the scope.

    Raises OwnFamily, RelationNotWaiting (also when a colleague was faster).
    """
    relation = _locked(relation_id)
    refuse_own_family(person_id, relation.proposer_id, relation.relative_id)
    if relation.state != RelationState.CONFIRMED:
        raise RelationNotWaiting(state=relation.state)
    relation.state = RelationState.VERIFIED if verified else RelationState.REJECTED
    relation.decided_at = clock.now()
    relation.decided_by = person_id
    relation.reason = reason
    session.flush()
    return relation


def _locked(relation_id: UUID, one_of_them: UUID | None = None) -> FamilyRelation:
    relation = session.get(FamilyRelation, relation_id, with_for_update={"key_share": True}, populate_existing=True)
    if relation is None or one_of_them not in {None, relation.proposer_id, relation.relative_id}:
        raise NotFound
    return relation


def relation_of(relation_id: UUID) -> FamilyRelation | None:
    """Return one relation."""
    return session.get(FamilyRelation, relation_id)


def relations_of(person_id: UUID) -> Select[FamilyRelation]:
    """Select everything that a person has proposed, or that was proposed to them."""
    return select(FamilyRelation).where(_of(person_id))


def confirmed_relations(states: Collection[str]) -> Select[FamilyRelation]:
    """Select relations in some states that both have confirmed: what staff may see."""
    return select(FamilyRelation).where(FamilyRelation.confirmed_at.is_not(None), FamilyRelation.state.in_(states))


def direct_relation(person_id: UUID, to: UUID | str) -> tuple[FamilyRelation, UUID] | None:
    """Return the verified relation of the direct line that ``to`` names, and the relative, if both may act (rule R22).

    ``to`` is the relation's id or the relative's volunteer number.
    """
    relative = and_(Person.id.in_((FamilyRelation.proposer_id, FamilyRelation.relative_id)), Person.id != person_id)
    named = FamilyRelation.id == to if isinstance(to, UUID) else Person.id == queries.numbered([to]).get(to)
    row = session.execute(
        select(FamilyRelation, Person.id)
        .join(Person, relative)
        .where(
            _of(person_id),
            named,
            FamilyRelation.state == RelationState.VERIFIED,
            FamilyRelation.kinship.in_(DIRECT),
            Person.state == PersonState.ACTIVE,
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


def _of(person_id: UUID) -> ColumnElement[bool]:
    return or_(FamilyRelation.proposer_id == person_id, FamilyRelation.relative_id == person_id)
