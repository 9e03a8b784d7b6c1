"""What does not only change a name when two accounts become one: records, minutes, consents, relatives, the card."""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, delete, or_, select, update

from timebank.attendance import printed
from timebank.codes.alphabet import random_reference
from timebank.codes.layouts import Kind
from timebank.database import new_id, session
from timebank.giving import surplus
from timebank.giving.models import SurplusConsent
from timebank.identity import consents, documents, former, households, phones, states
from timebank.identity.binding_tables import Invite, Phone
from timebank.identity.family import pair_of
from timebank.identity.models import Consent, FamilyRelation, HouseholdMember, Person
from timebank.identity.rules import OPEN_RELATION, PersonState, Purpose, RelationState
from timebank.ledger import merging as ledger
from timebank.ledger.errors import WalletNotFound
from timebank.ledger.models import Account
from timebank.ledger.rules import wallet_of
from timebank.mergers import moving
from timebank.mergers.errors import MergeOtherWay
from timebank.mergers.moving import Merging
from timebank.organisations.profile_tables import Profile
from timebank.records import queries as records
from timebank.records import revisions
from timebank.records.locks import lock
from timebank.records.models import Revision

CLOSED_BECAUSE = "账户合并 · accounts merged"


def lock_both(merging: Merging) -> tuple[Person, Person]:
    """Lock both people, in the order of their ids, against whatever would name them meanwhile; the old one first.

    Not only against one another: a row that begins to name a person waits for this lock, or this waits for it.
    """
    ids = sorted((merging.old_id, merging.person_id))
    found = select(Person).where(Person.id.in_(ids)).order_by(Person.id).with_for_update()
    people = {one.id: one for one in session.scalars(found.execution_options(populate_existing=True))}
    return people[merging.old_id], people[merging.person_id]


def carry_over(merging: Merging, *, source_id: UUID) -> None:
    """Let one person go on for another in everything, and close the old account. ``source_id``: the fact behind it.

    Both people are locked, and whatever speaks against it was asked. Raises OpenHolds, AccountClosed, MergeOtherWay.
    """
    old, person = session.get_one(Person, merging.old_id), session.get_one(Person, merging.person_id)
    _carry_records(merging)
    _merge_wallets(merging, source_id)
    _carry_consents(merging)
    _carry_household(merging)
    _move_relatives(merging)
    moving.withdraw_doubles(merging)
    moving.move_all(merging)
    _carry_phone(merging)
    _carry_profile(merging)
    documents.move(from_id=merging.old_id, to_id=merging.person_id)
    _keep_card(old, person)
    if person.birth_on is None:
        person.birth_on, person.birth_entered_by = old.birth_on, old.birth_entered_by
    _close(old, merging)


def records_of(person_id: UUID) -> list[Revision]:
    """Return the current revisions of all records of somebody, rejected ones as well."""
    found = records.current().where(Revision.volunteer_id == person_id).order_by(Revision.record_id)
    return list(session.scalars(found.execution_options(populate_existing=True)))


def _carry_records(merging: Merging) -> None:
    lock(*(one.record_id for one in records_of(merging.old_id)))
    revisions.carry(records_of(merging.old_id), volunteer_id=merging.person_id, at=merging.at)


def _merge_wallets(merging: Merging, source_id: UUID) -> None:
    if session.get(Account, wallet_of(merging.old_id).id) is None:
        return
    try:
        ledger.merge(
            transfer_id=new_id(),
            from_owner_id=merging.old_id,
            into_owner_id=merging.person_id,
            source_id=source_id,
            actor_id=merging.by,
        )
    except WalletNotFound:
        raise MergeOtherWay from None


def _carry_consents(merging: Merging) -> None:
    """Let the later word of the two accounts count, each purpose by itself."""
    for purpose in Purpose:
        said, says = (consents.latest(one, purpose) for one in (merging.old_id, merging.person_id))
        if said is not None and (says is None or says.decided_at < said.decided_at):
            session.add(_again(said, person_id=merging.person_id, number=says.number + 1 if says else 1))
    gave, gives = (surplus.decided(one) for one in (merging.old_id, merging.person_id))
    if gave is not None and (gives is None or gives.decided_at < gave.decided_at):
        session.add(_again(gave, person_id=merging.person_id, number=gives.number + 1 if gives else 1))
    session.flush()


def _again(said: Consent | SurplusConsent, **changes: Any) -> Any:
    columns = type(said).__table__.columns.keys()
    return type(said)(**{name: getattr(said, name) for name in columns} | changes)


def _carry_household(merging: Merging) -> None:
    """End the old account's membership; who goes on is in that household from now on, unless they are in one."""
    membership, own = (households.household_of(one) for one in (merging.old_id, merging.person_id))
    if membership is None:
        return
    households.lock(membership.household_id)
    membership.until_at, membership.ended_by = max(merging.at, membership.from_at), merging.by
    session.flush()
    if own is None:
        session.add(
            HouseholdMember(
                id=new_id(),
                household_id=membership.household_id,
                person_id=merging.person_id,
                from_at=membership.until_at,
                entered_by=merging.by,
            )
        )
        session.flush()


def _move_relatives(merging: Merging) -> None:
    """Move relations, each with the pair that it is; of two open ones to the same relative the old one ends."""
    for relation in _relations_of(merging.old_id):
        ends = {relation.proposer_id, relation.relative_id}
        if merging.person_id in ends:
            continue
        other = next(iter(ends - {merging.old_id}), None) or relation.volunteer_no
        pair = pair_of(merging.person_id, other)
        if relation.state in OPEN_RELATION and pair in _open_pairs(merging.person_id):
            relation.state = RelationState.ENDED
            relation.ended_at, relation.ended_by = merging.at, merging.by
        relation.pair = pair
        if relation.proposer_id == merging.old_id:
            relation.proposer_id = merging.person_id
        else:
            relation.relative_id = merging.person_id
        session.flush()


def _relations_of(person_id: UUID) -> Iterable[FamilyRelation]:
    found = select(FamilyRelation).where(
        or_(FamilyRelation.proposer_id == person_id, FamilyRelation.relative_id == person_id)
    )
    return session.scalars(found.order_by(FamilyRelation.id).execution_options(populate_existing=True)).all()


def _open_pairs(person_id: UUID) -> set[str]:
    return {one.pair for one in _relations_of(person_id) if one.state in OPEN_RELATION}


def _carry_phone(merging: Merging) -> None:
    """Keep the old account's number where there is none, or where it proves the same one; nobody's is who is closed.

    None is kept beside a profile of who goes on that names another mobile number.
    """
    known, own = (session.get(Phone, one, populate_existing=True) for one in (merging.old_id, merging.person_id))
    says = session.get(Profile, merging.person_id, populate_existing=True)
    if known is not None and _is_wanted(known, own) and not (says and _differ(known, says, merging.phone_keys)):
        session.merge(_moved(known, merging.person_id))
        session.flush()
    session.execute(delete(Phone).where(Phone.person_id == merging.old_id))
    session.execute(delete(Invite).where(Invite.person_id == merging.old_id))


def _carry_profile(merging: Merging) -> None:
    """Keep what the old account told of itself where who goes on has told nothing, but no number besides theirs."""
    profiles = cast("Table", Profile.__table__)
    there = select(1).where(profiles.c.person_id == merging.person_id)
    if session.scalar(there) is None:
        said, known = session.get(Profile, merging.old_id), session.get(Phone, merging.person_id)
        if said is not None and known is not None and _differ(known, said, merging.phone_keys):
            said.phone = None
            session.flush()
        theirs = update(profiles).where(profiles.c.person_id == merging.old_id)
        session.execute(theirs.values(person_id=merging.person_id))


def _is_wanted(known: Phone, own: Phone | None) -> bool:
    """Whether an old number is all that there is, or what WeChat has told of the number that staff had entered."""
    return own is None or (known.organisation_id is None and known.number_hash == own.number_hash)


def _differ(known: Phone, said: Profile, keys: phones.Keys) -> bool:
    """Whether a profile names another mobile number than the one that is known."""
    number = phones.mobile(said.phone)
    return number is not None and not phones.is_one(known, number, keys=keys)


def _moved(phone: Phone, person_id: UUID) -> Phone:
    columns = Phone.__table__.columns.keys()
    return Phone(**{name: getattr(phone, name) for name in columns} | {"person_id": person_id})


def _keep_card(old: Person, person: Person) -> None:
    """Let a printed card go on to work: who goes on is named by what their newest card says.

    Where both have cards, the one of who goes on stays good, and the other is none any more.
    """
    if _has_card(old.member_ref) and not _has_card(person.member_ref):
        reference, old.member_ref = old.member_ref, random_reference(len(old.member_ref))
        session.flush()
        person.member_ref = reference
        session.flush()


def _has_card(reference: str) -> bool:
    return reference in printed.newest(kind=Kind.CARD, references=[reference])


def _close(old: Person, merging: Merging) -> None:
    states.change(person_id=old.id, to=PersonState.CLOSED, by=merging.by, reason=CLOSED_BECAUSE)
    former.becomes(old_id=old.id, person_id=merging.person_id, at=merging.at)
