"""What staff enter so that somebody can bind their phone later: the number, or an invite on paper."""

from datetime import datetime
from uuid import UUID

from timebank.errors import NotFound
from timebank.identity import consents, invites, phones, queries
from timebank.identity.binding_errors import NotForStaff
from timebank.identity.binding_tables import Phone
from timebank.identity.errors import ConsentRequired, PersonNotActive
from timebank.identity.family import refuse_own_family
from timebank.identity.models import Person
from timebank.identity.phones import Keys
from timebank.identity.rules import Actor, PersonState, Purpose
from timebank.mergers import checks
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS


def enter_phone(*, actor: Actor, person_id: UUID, organisation_id: UUID, phone: str, keys: Keys) -> Phone:
    """Enter or replace the number of somebody who agrees to be recorded (令67 art 5, 6).

    Raises NotFound, PersonNotActive, OwnFamily, NotForStaff, ConsentRequired, Invalid.
    """
    _person(actor, person_id, organisation_id)
    agreed = consents.latest(person_id, Purpose.SERVICE_RECORD)
    if agreed is None or not agreed.given:
        raise ConsentRequired(purpose=Purpose.SERVICE_RECORD)
    number = phones.typed_number(phone)
    return phones.note(
        person_id=person_id, number=number, by=actor.person_id, keys=keys, organisation_id=organisation_id
    )


def invite(*, actor: Actor, person_id: UUID, organisation_id: UUID, key: bytes) -> tuple[Person, str, datetime]:
    """Make an invite for somebody: the person, the code, which is told this once, and until when it is good.

    Raises NotFound, PersonNotActive, OwnFamily, NotForStaff.
    """
    person = _person(actor, person_id, organisation_id)
    code, expires_at = invites.make(person=person, organisation_id=organisation_id, by=actor.person_id, key=key)
    return person, code, expires_at


def _person(actor: Actor, person_id: UUID, organisation_id: UUID) -> Person:
    """Return whom staff of an organisation may let in by a number or a code: no staff, and nobody of their own family."""
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    person = queries.person(person_id)
    if person is None:
        raise NotFound
    if person.state != PersonState.ACTIVE:
        raise PersonNotActive
    refuse_own_family(actor.person_id, person_id)
    if checks.holds_a_role(person_id):
        raise NotForStaff
    return person
