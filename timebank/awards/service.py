"""The verbs: enter an award, withdraw it, show its evidence. Nobody enters one for themselves or a relative."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, insert, select

from timebank import clock
from timebank.awards.errors import AwardEntered, AwardWithdrawn
from timebank.awards.models import Award, AwardWithdrawal
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.files import service as files
from timebank.files.rules import EVIDENCE
from timebank.identity import queries as people
from timebank.identity.family import refuse_own_family
from timebank.identity.former import belongs, goes_on
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState, Role
from timebank.organisations import scope

CLERKS = (Role.COORDINATOR, Role.ADMIN)
READERS = (*CLERKS, Role.AUDITOR)
EVIDENCED = "award"


def enter(
    *,
    actor: Actor,
    organisation_id: UUID,
    volunteer_no: str,
    name: str,
    awarding_unit: str,
    awarded_on: date,
    evidence_note: str,
    file_ids: Sequence[UUID] = (),
) -> Award:
    """Enter an award that staff have seen; ``file_ids`` are files that the actor has sent.

    Raises NotFound outside the actor's scope, Invalid for a number that nobody has or a day to come, OwnFamily,
    AwardEntered, UnknownFile.
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    person = people.person_by_number(volunteer_no)
    if person is None or person.state != PersonState.ACTIVE:
        detail = "没有这个编号的志愿者。 Nobody has this number."
        raise Invalid(errors=[{"pointer": "/volunteer_no", "detail": detail}])
    refuse_own_family(actor.person_id, person.id)
    now = clock.now()
    if awarded_on > clock.day_of(now):
        raise Invalid(errors=[{"pointer": "/awarded_on", "detail": "日期还没有到。 The day is still to come."}])
    values: dict[str, Any] = {"name": name, "awarding_unit": awarding_unit, "awarded_on": awarded_on}
    entered, standing = _entries(person.id, values)
    if standing:
        raise AwardEntered
    values |= {
        "id": new_id(),
        "volunteer_id": person.id,
        "organisation_id": organisation_id,
        "evidence_note": evidence_note,
        "number": entered + 1,
        "entered_by": actor.person_id,
        "entered_at": now,
    }
    session.connection().execute(insert(Award), values)
    for file_id in sorted(set(file_ids)):
        files.attach(file_id=file_id, owner_kind=EVIDENCED, owner_id=values["id"], actor=actor)
    return Award(**values)


def _entries(person_id: UUID, same: dict[str, Any]) -> tuple[int, int]:
    """Return how often an award was entered of somebody, and how many of these stand."""
    found = select(func.count(), func.count().filter(stands())).where(belongs(Award.volunteer_id, person_id))
    row = session.execute(found.where(*(getattr(Award, name) == value for name, value in same.items()))).one()
    return int(row[0]), int(row[1])


def withdraw(*, actor: Actor, award_id: UUID, reason: str) -> Award:
    """Take an award back. Raises NotFound, OwnFamily, AwardWithdrawn."""
    award = session.get(Award, award_id)
    if award is None:
        raise NotFound
    scope.organisation_for(actor, *CLERKS, organisation_id=award.organisation_id)
    refuse_own_family(actor.person_id, goes_on(award.volunteer_id))
    if session.get(AwardWithdrawal, award_id) is not None:
        raise AwardWithdrawn
    values = {
        "award_id": award_id,
        "reason": reason,
        "withdrawn_by": actor.person_id,
        "withdrawn_at": clock.now(),
    }
    session.connection().execute(insert(AwardWithdrawal), values)
    return award


@files.owner(EVIDENCED, takes=EVIDENCE)
def may_see(actor: Actor, award_id: UUID) -> bool:
    """Whether somebody may see an award's evidence: whose award it is, and staff in scope."""
    award = session.get(Award, award_id)
    if award is None or goes_on(award.volunteer_id) == actor.person_id:
        return award is not None
    with suppress(NotFound):
        scope.organisation_for(actor, *READERS, organisation_id=award.organisation_id)
        return True
    return False


def stands() -> ColumnElement[bool]:
    """Return the condition that an award was not withdrawn."""
    return ~select(AwardWithdrawal.award_id).where(AwardWithdrawal.award_id == Award.id).exists()


def awards() -> Select[*tuple[Any, ...]]:
    """Select awards that stand, with number and name of whose they are, to filter and page."""
    return (
        select(Award, Person.volunteer_no, Person.display_name, Award.awarded_on, Award.id)
        .join(Person, Person.id == Award.volunteer_id)
        .where(stands())
    )
