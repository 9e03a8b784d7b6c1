"""Seeing somebody's data in full: with a role, a reason and a trace; a minor's only after another person's approval.

Rule R38, R39; 未成年人网络保护条例 36: staff see minors' data after approval by whoever is responsible, and each look is
recorded. Nothing of a trace is ever removed (access logs are due for at least six months, 网络安全法 21).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity import documents, former
from timebank.identity import queries as identity
from timebank.identity.ages import ADULT, is_under
from timebank.identity.document_errors import VaultKeyMissing
from timebank.identity.document_keys import DocumentKeys
from timebank.identity.family import refuse_own_family
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS
from timebank.people import profiles
from timebank.people.errors import DisclosureDecided, DisclosureNotOpen
from timebank.people.models import Disclosure, DisclosureDecision, DisclosureOpening
from timebank.people.rules import OPEN_FOR, DisclosureState, Field

READERS = (Role.AUDITOR, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Case:
    """A disclosure, what was decided about it, how often it was looked at, and whether it can be now."""

    disclosure: Disclosure
    decision: DisclosureDecision | None
    openings: int
    state: DisclosureState


def ask(*, actor: Actor, person_id: UUID, organisation_id: UUID, fields: list[Field], reason: str) -> Case:
    """Say which of somebody's data one has to see in full, and for what; of grown-ups they are open at once.

    Whoever has entered a birth date themself does not come by somebody's data with it: that is approved as a minor's is.
    Raises NotFound outside the scope or for nobody, OwnFamily.
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    person_id = former.goes_on(person_id)
    person = identity.person(person_id)
    if person is None:
        raise NotFound
    refuse_own_family(actor.person_id, person_id)
    now = clock.now()
    disclosure = Disclosure(
        id=new_id(),
        person_id=person_id,
        organisation_id=organisation_id,
        fields=",".join(field for field in Field if field in fields),
        reason=reason,
        minor=_is_minor(person.birth_on) or person.birth_entered_by == actor.person_id,
        asked_by=actor.person_id,
        asked_at=now,
    )
    session.add(disclosure)
    session.flush()
    return _case(disclosure, None, 0, _is_minor(person.birth_on))


def decide(*, actor: Actor, disclosure_id: UUID, approved: bool, reason: str) -> Case:
    """Approve that a minor's data are looked at, or refuse it; an administrator, and not whoever asked.

    Raises NotFound outside the scope, OwnFamily (also for whoever asked), DisclosureDecided.
    """
    case = case_of(disclosure_id)
    disclosure = case.disclosure
    scope.organisation_for(actor, Role.ADMIN, organisation_id=disclosure.organisation_id)
    refuse_own_family(actor.person_id, disclosure.asked_by, disclosure.person_id)
    if case.state is not DisclosureState.WAITING:
        raise DisclosureDecided(state=case.state)
    decision = DisclosureDecision(
        disclosure_id=disclosure_id,
        approved=approved,
        reason=reason,
        decided_by=actor.person_id,
        decided_at=clock.now(),
    )
    session.add(decision)
    session.flush()
    return _case(disclosure, decision, case.openings)


def look(*, actor: Actor, disclosure_id: UUID, keys: DocumentKeys) -> dict[str, Any]:
    """Return the data that were asked for, and keep that they were looked at.

    Raises NotFound for anybody but whoever asked, and for them outside their scope; DisclosureNotOpen.
    """
    case = case_of(disclosure_id)
    disclosure = case.disclosure
    if disclosure.asked_by != actor.person_id:
        raise NotFound
    scope.organisation_for(actor, *CLERKS, organisation_id=disclosure.organisation_id)
    if case.state is not DisclosureState.OPEN:
        raise DisclosureNotOpen(state=case.state)
    session.add(DisclosureOpening(disclosure_id=disclosure_id, number=case.openings + 1, opened_at=clock.now()))
    session.flush()
    return _data(disclosure, keys)


def _data(disclosure: Disclosure, keys: DocumentKeys) -> dict[str, Any]:
    found = profiles.shown(disclosure.person_id)
    known = {
        Field.NAME: found.person.display_name,
        Field.BIRTH_DATE: found.person.birth_on,
        Field.CONTACT: found.phone,
    }
    asked = [Field(name) for name in disclosure.fields.split(",")]
    data = {str(field): known[field] for field in asked if field in known}
    if Field.DOCUMENT_NUMBER in asked:
        data[Field.DOCUMENT_NUMBER] = _number(disclosure.person_id, found.document, keys)
    return data | {"person_id": disclosure.person_id}


def _number(person_id: UUID, masked: str | None, keys: DocumentKeys) -> str | None:
    """Return a document number out of the vault; without one there is nothing but its last four characters."""
    try:
        return documents.opened(person_id, keys=keys)
    except VaultKeyMissing:
        return masked


def case_of(disclosure_id: UUID) -> Case:
    """Return one disclosure. Raises NotFound."""
    row = session.execute(_cases().where(Disclosure.id == disclosure_id)).one_or_none()
    if row is None:
        raise NotFound
    return as_case(row)


def register_of(actor: Actor, *, person_id: UUID | None = None) -> Select[*tuple[Any, ...]]:
    """Select who has asked to see whose data, in the actor's scope as auditor or administrator; page by when."""
    found = _cases().where(scope.organisations_of(actor, *READERS, column=Disclosure.organisation_id))
    return found if person_id is None else found.where(former.belongs(Disclosure.person_id, former.goes_on(person_id)))


def as_case(row: Any) -> Case:
    """Return a row of ``register_of`` as what it says."""
    return _case(row[0], row[1], int(row[2]), _is_minor(row[3]))


def _cases() -> Select[*tuple[Any, ...]]:
    looked = select(func.count()).where(DisclosureOpening.disclosure_id == Disclosure.id).scalar_subquery()
    return (
        select(Disclosure, DisclosureDecision, looked)
        .outerjoin(DisclosureDecision, DisclosureDecision.disclosure_id == Disclosure.id)
        .join(Person, Person.id == Disclosure.person_id)
        .add_columns(Person.birth_on, Disclosure.asked_at, Disclosure.id)
    )


def _case(disclosure: Disclosure, decision: DisclosureDecision | None, openings: int, is_minor: bool = False) -> Case:
    """Return how a disclosure stands; ``is_minor``, whether it is a minor's today, counts until somebody has decided."""
    return Case(disclosure, decision, openings, _state(disclosure, decision, is_minor))


def _state(disclosure: Disclosure, decision: DisclosureDecision | None, is_minor: bool) -> DisclosureState:
    """Return how a disclosure stands; whoever is found to be a minor after it was asked for needs the approval as well."""
    if decision is not None and not decision.approved:
        return DisclosureState.REFUSED
    if disclosure.minor and decision is None:
        return DisclosureState.WAITING
    since = decision.decided_at if decision else disclosure.asked_at
    if clock.now() >= since + OPEN_FOR:
        return DisclosureState.OVER
    return DisclosureState.WAITING if is_minor and decision is None else DisclosureState.OPEN


def _is_minor(birth_on: date | None) -> bool:
    return is_under(ADULT, birth_on, clock.day_of(clock.now()))


def approves_name(actor_id: UUID, person_id: UUID) -> bool:
    """Whether another person has approved that somebody on the staff sees a person's name, and the day is not over."""
    mine = _cases().where(Disclosure.asked_by == actor_id, Disclosure.person_id == person_id)
    lately = mine.where(DisclosureDecision.decided_at > clock.now() - OPEN_FOR)
    cases = (as_case(row) for row in session.execute(lately))
    return any(case.state is DisclosureState.OPEN and Field.NAME in case.disclosure.fields.split(",") for case in cases)
