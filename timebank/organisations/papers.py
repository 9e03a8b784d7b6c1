"""What staff enter about a person from a paper that they see, each at an organisation in their scope."""

from datetime import date
from uuid import UUID

from timebank import clock
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity import consents, documents, guardians, service
from timebank.identity.ages import ADULT, is_under
from timebank.identity.consents import Paper
from timebank.identity.document_keys import DocumentKeys
from timebank.identity.document_models import Document
from timebank.identity.document_rules import DocumentNumber
from timebank.identity.errors import ConsentRequired, MinorProtected
from timebank.identity.family import refuse_own_family
from timebank.identity.minors import is_kept_from
from timebank.identity.models import Consent, Guardian, Person
from timebank.identity.rules import Actor, Purpose, Role
from timebank.organisations import scope

CLERKS = (Role.COORDINATOR, Role.ADMIN)


def enter_consent(
    *, actor: Actor, person_id: UUID, organisation_id: UUID, purpose: Purpose, version: str, given: bool, reason: str
) -> Consent:
    """Enter a consent on paper. Raises NotFound, Invalid, OwnFamily, GuardianRequired."""
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    return guardians.enter_paper(
        by=actor.person_id,
        person_id=person_id,
        purpose=purpose,
        version=version,
        given=given,
        paper=Paper(organisation_id=organisation_id, reason=reason),
    )


def enter_birth_date(*, actor: Actor, person_id: UUID, organisation_id: UUID, birth_on: date) -> Person:
    """Enter or correct a birth date; that a minor is none is for whoever was approved to see who they are (rule R38).

    Raises NotFound, Invalid, OwnFamily, MinorProtected.
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    _refuse_growing_up(actor, person_id, birth_on)
    return service.enter_birth_date(by=actor.person_id, person_id=person_id, birth_on=birth_on)


def _refuse_growing_up(actor: Actor, person_id: UUID, birth_on: date) -> None:
    """Raise MinorProtected if a birth date would uncover, by itself, a name that is kept from who enters it."""
    person = session.get(Person, person_id, with_for_update={"key_share": True}, populate_existing=True)
    if person is None or is_under(ADULT, birth_on, clock.day_of(clock.now())):
        return
    if is_kept_from(actor.person_id, person):
        raise MinorProtected


def enter_document(
    *, actor: Actor, person_id: UUID, organisation_id: UUID, document: DocumentNumber, keys: DocumentKeys
) -> Document:
    """Enter or replace a document number from the document itself, of somebody who agrees to be recorded (令67 art 6).

    Raises NotFound, OwnFamily, ConsentRequired, DocumentTaken, DocumentBirthDiffers.
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    refuse_own_family(actor.person_id, person_id)
    refuse_unasked(person_id)
    return documents.enter(
        person_id=person_id, document=document, by=actor.person_id, keys=keys, organisation_id=organisation_id
    )


def refuse_unasked(person_id: UUID) -> None:
    """Raise ConsentRequired unless somebody has agreed that their service is recorded: then staff may enter their data."""
    agreed = consents.latest(person_id, Purpose.SERVICE_RECORD)
    if agreed is None or not agreed.given:
        raise ConsentRequired(purpose=Purpose.SERVICE_RECORD)


def add_guardian(
    *,
    actor: Actor,
    person_id: UUID,
    organisation_id: UUID,
    reason: str,
    guardian_no: str | None = None,
    guardian_name: str | None = None,
) -> Guardian:
    """Enter a guardian. Raises NotFound, Invalid, OwnFamily, GuardianExists."""
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    return guardians.add(
        by=actor.person_id,
        ward_id=person_id,
        guardian_no=guardian_no,
        guardian_name=guardian_name,
        organisation_id=organisation_id,
        reason=reason,
    )


def end_guardian(*, actor: Actor, person_id: UUID, guardian_id: UUID) -> Guardian:
    """End a guardianship that was entered in the actor's scope, and is none of their own family's.

    Raises NotFound, OwnFamily.
    """
    guardian = guardians.guardian_of(guardian_id)
    if guardian is None or guardian.ward_id != person_id:
        raise NotFound
    scope.organisation_for(actor, *CLERKS, organisation_id=guardian.organisation_id)
    refuse_own_family(actor.person_id, guardian.ward_id, guardian.guardian_id)
    return guardians.end(by=actor.person_id, guardian_id=guardian_id)
