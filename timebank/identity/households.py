"""Who lives together, as staff have verified it: limits per household count what all of them take (rule R30).

Whoever counts or changes a household locks first the person, then the household: nobody joins while somebody counts.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, func, select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity import queries
from timebank.identity.family import refuse_own_family
from timebank.identity.models import Household, HouseholdMember, Person
from timebank.identity.rules import PersonState


def found(*, by: UUID, organisation_id: UUID, volunteer_nos: Collection[str], reason: str) -> Household:
    """Enter a household of people who are in none; ``reason`` names the document that was seen.

    Raises Invalid, OwnFamily (staff do not enter their own), AlreadyInHousehold (by its constraint).
    """
    people = _by_number(volunteer_nos)
    refuse_own_family(by, *people)
    household = Household(
        id=new_id(), organisation_id=organisation_id, reason=reason, entered_by=by, entered_at=clock.now()
    )
    session.add(household)
    session.flush()
    for person_id in _locked_people(people):
        _enter(household.id, person_id, by)
    return household


def add(*, by: UUID, household_id: UUID, volunteer_no: str) -> HouseholdMember:
    """Enter somebody into a household; who is in it already stays as they are.

    Raises Invalid, OwnFamily, AlreadyInHousehold (by its constraint).
    """
    [person_id] = _by_number([volunteer_no])
    refuse_own_family(by, person_id)
    _locked_people([person_id])
    lock(household_id)
    live = _live(person_id)
    if live is not None and live.household_id == household_id:
        return live
    return _enter(household_id, person_id, by)


def end(*, by: UUID, household_id: UUID, person_id: UUID) -> None:
    """End somebody's membership; again it changes nothing. Raises NotFound, OwnFamily."""
    refuse_own_family(by, person_id)
    _locked_people([person_id])
    lock(household_id)
    member = _live(person_id)
    if member is None or member.household_id != household_id:
        if person_id not in {one.person_id for one in members_of(household_id)}:
            raise NotFound
        return
    member.until_at, member.ended_by = max(clock.now(), member.from_at), by
    session.flush()


def _enter(household_id: UUID, person_id: UUID, by: UUID) -> HouseholdMember:
    member = HouseholdMember(
        id=new_id(), household_id=household_id, person_id=person_id, from_at=clock.now(), entered_by=by
    )
    session.add(member)
    session.flush()
    return member


def _by_number(volunteer_nos: Collection[str]) -> list[UUID]:
    """Return whom the numbers name. Raises Invalid for one that names nobody who is active."""
    named = queries.numbered(volunteer_nos)
    active = {one.id for one in queries.people(named.values()).values() if one.state == PersonState.ACTIVE}
    known = {number: person_id for number, person_id in named.items() if person_id in active}
    unknown = sorted(set(volunteer_nos) - known.keys())
    if unknown:
        detail = f"没有编号为 {'、'.join(unknown)} 的志愿者。 No such volunteer number."
        raise Invalid(errors=[{"pointer": "/volunteer_nos", "detail": detail}])
    return sorted(set(known.values()))


def _locked_people(person_ids: Collection[UUID]) -> list[UUID]:
    locking = select(Person.id).where(Person.id.in_(person_ids)).order_by(Person.id).with_for_update(key_share=True)
    return list(session.scalars(locking))


def lock(household_id: UUID) -> None:
    """Have one at a time change a household or count what it took; whoever calls has locked the person before."""
    session.execute(select(Household.id).where(Household.id == household_id).with_for_update(key_share=True)).all()


def locked_with(person_id: UUID) -> UUID | None:
    """Lock somebody, then their household if they are in one, and return it: the membership stays while this goes on."""
    _locked_people([person_id])
    member = _live(person_id)
    if member is None:
        return None
    lock(member.household_id)
    return member.household_id


def lock_person(person_id: UUID) -> None:
    """Lock somebody alone, for what no household has a part in."""
    _locked_people([person_id])


def _live(person_id: UUID) -> HouseholdMember | None:
    live = select(HouseholdMember).where(HouseholdMember.person_id == person_id, HouseholdMember.until_at.is_(None))
    return session.scalars(live.execution_options(populate_existing=True)).one_or_none()


def household(household_id: UUID) -> Household | None:
    """Return one household."""
    return session.get(Household, household_id)


def household_of(person_id: UUID) -> HouseholdMember | None:
    """Return the membership that somebody has now."""
    return _live(person_id)


def size_of(household_id: UUID) -> int:
    """Return how many people are in a household now."""
    live = select(func.count()).where(HouseholdMember.household_id == household_id, HouseholdMember.until_at.is_(None))
    return session.scalars(live).one()


def households() -> Select[Household]:
    """Select all households; the scope is the caller's question."""
    return select(Household)


def members_of(household_id: UUID) -> list[HouseholdMember]:
    """Return everybody who is or was in a household, in the order they came."""
    everybody = select(HouseholdMember).where(HouseholdMember.household_id == household_id)
    return list(session.scalars(everybody.order_by(HouseholdMember.from_at, HouseholdMember.id)))
