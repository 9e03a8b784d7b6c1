"""Birth dates, guardians and consents, as people and staff have entered them."""

from datetime import date
from uuid import UUID

from tests.factories import kept
from tests.factories.identity import a_person
from tests.factories.organisations import THE_BANK, an_organisation
from timebank.database import in_unit_of_work
from timebank.identity import consents
from timebank.identity.models import Consent, Guardian, Person
from timebank.identity.rules import Purpose, Via
from timebank.organisations import papers


def a_minor(birth_on: date, name: str = "小明") -> Person:
    """Enrol somebody whose birth date staff have entered."""
    child = a_person(name)
    place = an_organisation().id
    in_unit_of_work(
        lambda: papers.enter_birth_date(actor=THE_BANK, person_id=child.id, organisation_id=place, birth_on=birth_on)
    )
    return child


def a_guardian_of(child: Person, guardian: Person | None = None, *, organisation_id: UUID | None = None) -> Guardian:
    """Enter a guardian: a person of the bank, or a name only."""
    place = organisation_id or an_organisation().id
    return kept(
        lambda: papers.add_guardian(
            actor=THE_BANK,
            person_id=child.id,
            organisation_id=place,
            reason="户口簿",
            guardian_no=guardian.volunteer_no if guardian else None,
            guardian_name=None if guardian else "王建国",
        )
    )


def a_consent(person_id: UUID, purpose: Purpose, *, given: bool = True, via: Via = Via.SELF) -> Consent:
    """Have somebody agree, or take it back."""
    return kept(
        lambda: consents.keep(
            person_id=person_id, purpose=purpose, version="2026-11", given=given, via=via, by=person_id
        )
    )


def a_minor_with_consent(birth_on: date) -> Person:
    """Enrol somebody under age for whom a guardian has agreed."""
    child = a_minor(birth_on)
    a_guardian_of(child)
    a_consent(child.id, Purpose.MINOR_SERVICE, via=Via.GUARDIAN)
    return child
