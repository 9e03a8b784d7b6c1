"""What people have agreed to: each decision is a fact of its own, the last one of a purpose counts (rule R39, PIPL 14–16)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from timebank import clock
from timebank.constraints import retry_on
from timebank.database import session
from timebank.errors import Invalid, NotFound
from timebank.identity import queries
from timebank.identity.ages import CHILD, is_under
from timebank.identity.errors import GuardianRequired
from timebank.identity.models import Consent, Person
from timebank.identity.rules import Purpose, Via

# Two clicks at once: the second look finds the first one's number.
retry_on("pk_identity_consent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A form on paper that staff enter: which organisation keeps it, and what it is."""

    organisation_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How somebody stands to a purpose; without any decision ``given`` is false and there is no version."""

    purpose: Purpose
    given: bool = False
    version: str | None = None
    via: str | None = None
    given_at: datetime | None = None
    withdrawn_at: datetime | None = None


def decide_oneself(*, person_id: UUID, purpose: Purpose, version: str, given: bool) -> Consent:
    """Agree, or take it back. Under 14 a guardian agrees (PIPL 31); taking back is everybody's own right.

    That a minor serves is for a guardian to agree to. Raises NotFound, Invalid, GuardianRequired.
    """
    person = queries.person(person_id)
    if person is None:
        raise NotFound
    if purpose is Purpose.MINOR_SERVICE:
        raise Invalid(errors=[{"pointer": "/purpose", "detail": "须由监护人同意。 For a guardian to decide."}])
    if given and is_under(CHILD, person.birth_on, clock.day_of(clock.now())):
        raise GuardianRequired(missing=["consent"], min_age=CHILD)
    return keep(person_id=person_id, purpose=purpose, version=version, given=given, via=Via.SELF, by=person_id)


def keep(
    *, person_id: UUID, purpose: Purpose, version: str, given: bool, via: Via, by: UUID, paper: Paper | None = None
) -> Consent:
    """Keep a decision; the same one once more, about the same text, changes nothing."""
    last = latest(person_id, purpose)
    if last is not None and (last.given, last.version) == (given, version):
        return last
    consent = Consent(
        person_id=person_id,
        purpose=purpose,
        number=last.number + 1 if last else 1,
        given=given,
        version=version,
        via=via,
        entered_by=by,
        organisation_id=paper.organisation_id if paper else None,
        reason=paper.reason if paper else None,
        decided_at=clock.now(),
    )
    session.add(consent)
    session.flush()
    return consent


def latest(person_id: UUID, purpose: Purpose) -> Consent | None:
    """Return what was decided last about a purpose."""
    found = select(Consent).where(Consent.person_id == person_id, Consent.purpose == purpose)
    return session.scalars(found.order_by(Consent.number.desc()).limit(1)).one_or_none()


def standing(person_id: UUID) -> list[Shown]:
    """Return how somebody stands to every purpose, in one statement."""
    facts = session.scalars(
        select(Consent).where(Consent.person_id == person_id).order_by(Consent.purpose, Consent.number)
    )
    shown = {purpose: Shown(purpose=purpose) for purpose in Purpose}
    for fact in facts:
        purpose = Purpose(fact.purpose)
        shown[purpose] = Shown(
            purpose=purpose,
            given=fact.given,
            version=fact.version,
            via=fact.via,
            given_at=fact.decided_at if fact.given else shown[purpose].given_at,
            withdrawn_at=None if fact.given else fact.decided_at,
        )
    return list(shown.values())


def given_subquery(person_id: InstrumentedAttribute[UUID], purpose: Purpose) -> ScalarSelect[bool]:
    """Return whether somebody has agreed (null: never asked), for a caller's own select with Person in it."""
    fact = aliased(Consent, name=f"consent_to_{purpose}")
    found = select(fact.given).where(fact.person_id == person_id, fact.purpose == purpose)
    return found.order_by(fact.number.desc()).limit(1).correlate(Person).scalar_subquery()
