"""What people are qualified for (rule R14): verified by staff, asked for by activities and roles, valid on the day of a shift."""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, insert, or_, select

from timebank import clock
from timebank.activities.errors import QualificationEnded, QualificationMissing
from timebank.activities.models import ShiftRole, SignUp
from timebank.activities.qualification_rules import Qualification, from_text, named
from timebank.activities.qualification_tables import QualificationEnd, VerifiedQualification
from timebank.activities.queries import ShiftContext, live
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity import queries as people
from timebank.identity.family import refuse_own_family
from timebank.identity.former import belongs, goes_on
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope

CLERKS = (Role.COORDINATOR, Role.ADMIN)

_KEEP = insert(VerifiedQualification)
_END = insert(QualificationEnd)


def verify(
    *,
    actor: Actor,
    person_id: UUID,
    organisation_id: UUID,
    kind: str,
    reason: str,
    valid_from: date,
    valid_until: date | None = None,
) -> VerifiedQualification:
    """Enter what staff have seen, at an organisation in their scope.

    Raises NotFound, OwnFamily (nobody verifies their own or a relative's), Invalid (over before it begins, or already).
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    if people.person(person_id) is None:
        raise NotFound
    refuse_own_family(actor.person_id, person_id)
    now = clock.now()
    if valid_until is not None and valid_until < max(valid_from, clock.day_of(now)):
        detail = "不能早于起始日和今天。 Must not lie before valid_from or today."
        raise Invalid(errors=[{"pointer": "/valid_until", "detail": detail}])
    values = {
        "id": new_id(),
        "person_id": person_id,
        "kind": kind,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "organisation_id": organisation_id,
        "reason": reason,
        "verified_by": actor.person_id,
        "verified_at": now,
    }
    session.connection().execute(_KEEP, values)
    return VerifiedQualification(**values)


def end(*, actor: Actor, qualification_id: UUID, reason: str) -> VerifiedQualification:
    """Take a verification back, where it was entered. Raises NotFound, OwnFamily, QualificationEnded (by its constraint)."""
    found = session.get(VerifiedQualification, qualification_id)
    if found is None:
        raise NotFound
    scope.organisation_for(actor, *CLERKS, organisation_id=found.organisation_id)
    refuse_own_family(actor.person_id, goes_on(found.person_id))
    if session.get(QualificationEnd, qualification_id) is not None:
        raise QualificationEnded
    session.connection().execute(
        _END,
        {
            "qualification_id": qualification_id,
            "reason": reason,
            "ended_by": actor.person_id,
            "ended_at": clock.now(),
        },
    )
    return found


def of(person_id: UUID) -> Select[VerifiedQualification]:
    """Select what was verified of somebody, what was taken back as well, with the end of each."""
    return (
        select(VerifiedQualification)
        .outerjoin(QualificationEnd, QualificationEnd.qualification_id == VerifiedQualification.id)
        .add_columns(
            VerifiedQualification.id,
            VerifiedQualification.verified_at,
            QualificationEnd.ended_at,
        )
        .where(belongs(VerifiedQualification.person_id, person_id))
    )


def is_valid(on: date) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a verification holds on a day."""
    ended = exists().where(QualificationEnd.qualification_id == VerifiedQualification.id)
    return (
        VerifiedQualification.valid_from <= on,
        or_(VerifiedQualification.valid_until.is_(None), VerifiedQualification.valid_until >= on),
        ~ended,
    )


def refuse_unqualified(context: ShiftContext, volunteer_id: UUID, *, required: str | None) -> None:
    """Raise QualificationMissing if somebody lacks what the activity, or their role (``required``), asks for that day."""
    wanted = from_text(context.required) | from_text(required)
    if not wanted:
        return
    valid = select(VerifiedQualification.kind).where(
        belongs(VerifiedQualification.person_id, volunteer_id), *is_valid(clock.day_of(context.starts_at))
    )
    missing = wanted - {Qualification(kind) for kind in session.scalars(valid)}
    if missing:
        raise QualificationMissing(missing=sorted(missing), names=named(missing))


def refuse_at_the_door(context: ShiftContext, volunteer_id: UUID) -> None:
    """Raise QualificationMissing for whoever arrives without what they need: it may have been taken back meanwhile.

    Asks nothing where nothing is required.
    """
    required = None
    if context.has_roles:
        role = select(ShiftRole.required).join(SignUp, SignUp.role_id == ShiftRole.id)
        required = session.scalars(role.where(*live(context.shift_id, volunteer_id))).first()
    refuse_unqualified(context, volunteer_id, required=required)
