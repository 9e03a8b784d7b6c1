"""Who answers for somebody under 18 (rule R38): staff verify a guardian from a document, and the guardian consents.

The scope of staff is the caller's question. A consent outlives no guardian: when the last one ends, it is taken back.
"""

from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity import consents, queries
from timebank.identity.ages import ADULT, is_under
from timebank.identity.consents import Paper
from timebank.identity.errors import GuardianRequired
from timebank.identity.family import refuse_own_family
from timebank.identity.models import Consent, Guardian, Person
from timebank.identity.rules import PersonState, Purpose, Via


def add(
    *, by: UUID, ward_id: UUID, guardian_no: str | None, guardian_name: str | None, organisation_id: UUID, reason: str
) -> Guardian:
    """Enter a guardian of somebody who is known to be under 18, by volunteer number or by name.

    Raises NotFound, Invalid, OwnFamily (staff do not verify their own), GuardianExists (by its constraint).
    """
    _minor(ward_id)
    guardian_id = _by_number(guardian_no, ward_id) if guardian_no is not None else None
    refuse_own_family(by, ward_id, guardian_id)
    guardian = Guardian(
        id=new_id(),
        ward_id=ward_id,
        guardian_id=guardian_id,
        guardian_name=None if guardian_id else guardian_name,
        organisation_id=organisation_id,
        reason=reason,
        verified_by=by,
        verified_at=clock.now(),
    )
    session.add(guardian)
    session.flush()
    return guardian


def _minor(person_id: UUID) -> Person:
    """Return somebody who is known to be under 18. Raises NotFound, Invalid."""
    person = queries.person(person_id)
    if person is None:
        raise NotFound
    if not is_under(ADULT, person.birth_on, clock.day_of(clock.now())):
        detail = "此人未登记为未满 18 周岁，请先登记出生日期。 Not known to be under 18: enter the birth date first."
        raise Invalid(errors=[{"pointer": "/person_id", "detail": detail}])
    return person


def _by_number(number: str, ward_id: UUID) -> UUID:
    person = queries.person_by_number(number)
    today = clock.day_of(clock.now())
    if (
        person is None
        or person.id == ward_id
        or person.state != PersonState.ACTIVE
        or is_under(ADULT, person.birth_on, today)
    ):
        detail = "没有这个编号的成年志愿者。 No volunteer who is of age has this number."
        raise Invalid(errors=[{"pointer": "/guardian_no", "detail": detail}])
    return person.id


def guardian_of(guardian_id: UUID) -> Guardian | None:
    """Return one entry."""
    return session.get(Guardian, guardian_id)


def end(*, by: UUID, guardian_id: UUID) -> Guardian:
    """End a guardianship; the second time nothing changes. The last one takes the consent with it. Raises NotFound."""
    guardian = session.get(Guardian, guardian_id)
    if guardian is None:
        raise NotFound
    _lock(guardian.ward_id)
    session.refresh(guardian)
    if guardian.ended_at is not None:
        return guardian
    guardian.ended_at, guardian.ended_by = clock.now(), by
    session.flush()
    if not _has_guardian(guardian.ward_id):
        for purpose in Purpose:
            _take_back(guardian, purpose, by)
    return guardian


def _take_back(guardian: Guardian, purpose: Purpose, by: UUID) -> None:
    """Take back what guardians have agreed to, not what the person themself has."""
    last = consents.latest(guardian.ward_id, purpose)
    if last is None or not last.given or (purpose is not Purpose.MINOR_SERVICE and last.via != Via.GUARDIAN):
        return
    paper = Paper(organisation_id=guardian.organisation_id, reason="监护关系终止 · guardianship ended")
    consents.keep(
        person_id=guardian.ward_id,
        purpose=purpose,
        version=last.version,
        given=False,
        via=Via.STAFF,
        by=by,
        paper=paper,
    )


def wards_of(guardian_id: UUID) -> list[tuple[Guardian, Person]]:
    """Return whom somebody answers for now."""
    found = (
        select(Guardian, Person)
        .join(Person, Person.id == Guardian.ward_id)
        .where(Guardian.guardian_id == guardian_id, Guardian.ended_at.is_(None))
        .order_by(Guardian.verified_at, Guardian.id)
    )
    today = clock.day_of(clock.now())
    return [(link, ward) for link, ward in session.execute(found) if is_under(ADULT, ward.birth_on, today)]


def answers_for(guardian_id: UUID, ward_id: UUID) -> bool:
    """Whether somebody answers for a person under 18 now."""
    return ward_id in {ward.id for _, ward in wards_of(guardian_id)}


def lock_ward(*, guardian_id: UUID, ward_id: UUID) -> None:
    """Lock a ward, so that nobody ends the guardianship meanwhile. Raises NotFound for whoever does not answer for them."""
    _lock(ward_id)
    if not answers_for(guardian_id, ward_id):
        raise NotFound


def decide_for_ward(*, guardian_id: UUID, ward_id: UUID, purpose: Purpose, version: str, given: bool) -> Consent:
    """Agree for somebody under 18 whom one answers for, or take it back. Raises NotFound."""
    lock_ward(guardian_id=guardian_id, ward_id=ward_id)
    return consents.keep(
        person_id=ward_id, purpose=purpose, version=version, given=given, via=Via.GUARDIAN, by=guardian_id
    )


def enter_paper(*, by: UUID, person_id: UUID, purpose: Purpose, version: str, given: bool, paper: Paper) -> Consent:
    """Enter a form on paper; that a minor serves needs a guardian on record.

    Raises NotFound, Invalid, OwnFamily, GuardianRequired.
    """
    if queries.person(person_id) is None:
        raise NotFound
    refuse_own_family(by, person_id)
    if purpose is Purpose.MINOR_SERVICE:
        _lock(person_id)
        _minor(person_id)
        if given and not _has_guardian(person_id):
            raise GuardianRequired(missing=["guardian"], min_age=ADULT)
    return consents.keep(
        person_id=person_id, purpose=purpose, version=version, given=given, via=Via.STAFF, by=by, paper=paper
    )


def _lock(ward_id: UUID) -> None:
    """Have one at a time change who answers for somebody, and what that one agrees to."""
    session.get(Person, ward_id, with_for_update={"key_share": True}, populate_existing=True)


def _has_guardian(ward_id: UUID) -> bool:
    live = select(Guardian.id).where(Guardian.ward_id == ward_id, Guardian.ended_at.is_(None)).limit(1)
    return session.scalars(live).first() is not None
