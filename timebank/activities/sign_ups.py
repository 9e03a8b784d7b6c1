"""The verbs of whoever serves: take a place on a shift, and give it up."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, exists, false, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from timebank import clock
from timebank.activities import clashes, places, queries, risks, roles, waiting
from timebank.activities.errors import (
    AlreadySignedUp,
    CapacityFull,
    NothingToWithdraw,
    ShiftCancelled,
    ShiftOver,
)
from timebank.activities.models import Shift, SignUp
from timebank.activities.places import Places
from timebank.activities.queries import ShiftContext
from timebank.activities.rules import ShiftState, SignUpState
from timebank.activities.waiting_rules import STILL_WAITING, WaitingState, is_late
from timebank.activities.waiting_tables import WaitingPlace
from timebank.database import is_sqlite, new_id, session
from timebank.errors import NotFound
from timebank.identity import states as people
from timebank.identity.models import Person
from timebank.identity.rules import PersonState
from timebank.organisations import members
from timebank.policies import service as policies
from timebank.policies.rules import Policy

_before_withdrawal: list[Callable[[UUID, UUID], None]] = []


def before_withdrawal(refuse: Callable[[UUID, UUID], None]) -> Callable[[UUID, UUID], None]:
    """Have ``refuse(shift_id, volunteer_id)`` asked while a place is given up; it raises what speaks against it."""
    if refuse not in _before_withdrawal:
        _before_withdrawal.append(refuse)
    return refuse


def sign_up(*, shift_id: UUID, volunteer_id: UUID, accepts_risk: bool = False, role_id: UUID | None = None) -> SignUp:
    """Take a place on a shift; whoever is offered one confirms it so.

    Whoever holds a place accepts a changed notice of risks in the same way.

    Raises NotFound, ShiftCancelled, ShiftOver, ChooseRole, Invalid, NotForMinors, GuardianRequired,
    QualificationMissing, InsuranceRequired, RiskNotAccepted, SignUpClash, PersonNotActive, AlreadySignedUp, CapacityFull.
    """
    now = clock.now()
    context = queries.shift_context(shift_id)
    if context is None:
        raise NotFound
    _refuse_unless_running(context, now)
    role = roles.chosen(context, role_id)
    risks.refuse_sign_up(context, volunteer_id, role=role, accepts_risk=accepts_risk)
    clashes.refuse(context, volunteer_id, policy=_policy(context, now))
    try:
        taken = _inserted(shift_id=shift_id, volunteer_id=volunteer_id, now=now, walk_in=False, role_id=role_id)
    except AlreadySignedUp:
        held = risks.accept_anew(context, volunteer_id, now) if context.risky else None
        if held is None:
            raise
        return held
    book = places.locked(shift_id)
    _refuse_closed(book)
    if not waiting.claim(book, taken, now):
        raise CapacityFull(capacity=book.capacity_of(role_id))
    if context.risky:
        risks.accept(taken, context, now)
    return taken


def take_place(*, shift_id: UUID, volunteer_id: UUID, now: datetime) -> SignUp:
    """Take a place for a volunteer who walked in; whether one may, and when, is the caller's question.

    ``now`` may lie behind, for a scan that comes late: the waiting list is settled as of the real now all the same.

    Raises AlreadySignedUp, PersonNotActive, ShiftOver and ShiftCancelled (a moment ago), CapacityFull.
    """
    taken = _inserted(shift_id=shift_id, volunteer_id=volunteer_id, now=now, walk_in=True)
    if _counted_at_once(taken):
        return taken
    book = places.locked(shift_id)
    _refuse_closed(book)
    waiting.bring_up_to_date(book, clock.now(), besides=volunteer_id)
    taken.role_id = _role_of_walk_in(book, volunteer_id)
    if not waiting.claim(book, taken, clock.now()):
        raise CapacityFull(capacity=book.shift.capacity)
    return taken


def _inserted(
    *, shift_id: UUID, volunteer_id: UUID, now: datetime, walk_in: bool, role_id: UUID | None = None
) -> SignUp:
    """Insert the sign-up; its place is counted afterwards, so that the shift's row is held as shortly as can be.

    It holds on to its person: whoever closes or merges their account at the same moment comes before or after.

    Raises AlreadySignedUp, PersonNotActive.
    """
    dialect = sqlite if is_sqlite() else postgresql
    values: dict[str, Any] = {
        "id": new_id(),
        "shift_id": shift_id,
        "volunteer_id": volunteer_id,
        "state": SignUpState.LIVE,
        "walk_in": walk_in,
        "signed_up_at": now,
        "role_id": role_id,
    }
    columns = SignUp.__table__.c
    given = [literal(value, columns[name].type) for name, value in values.items()]
    active = (
        select(*given, _group_before(shift_id, volunteer_id))
        .select_from(Person)
        .where(Person.id == volunteer_id, Person.state == PersonState.ACTIVE)
        .with_for_update(read=True, of=Person)
    )
    inserted = dialect.insert(SignUp).from_select([*values, "group_id"], active).on_conflict_do_nothing()
    taken: SignUp | None = session.scalars(inserted.returning(SignUp)).one_or_none()
    if taken is None:
        people.refuse_inactive(volunteer_id)
        raise AlreadySignedUp
    return taken


def _group_before(shift_id: UUID, volunteer_id: UUID) -> ScalarSelect[UUID | None]:
    """Return the group for which somebody had signed up when they gave their place up, if they still belong to it."""
    last = (
        select(SignUp.group_id)
        .where(SignUp.shift_id == shift_id, SignUp.volunteer_id == volunteer_id)
        .order_by(SignUp.withdrawn_at.desc(), SignUp.id.desc())
        .limit(1)
        .subquery()
    )
    belongs = members.belongs(person_id=volunteer_id, organisation_id=last.c.group_id)
    return select(last.c.group_id).where(belongs).scalar_subquery()


def _counted_at_once(taken: SignUp) -> bool:
    """Count a walk-in with one statement, where that is all there is to do: a free place, no roles, not on the list."""
    waits = exists().where(
        WaitingPlace.shift_id == taken.shift_id,
        WaitingPlace.volunteer_id == taken.volunteer_id,
        WaitingPlace.state.in_(STILL_WAITING),
    )
    counted = session.execute(
        update(Shift)
        .where(
            Shift.id == taken.shift_id,
            Shift.taken < Shift.capacity,
            Shift.state == ShiftState.OPEN,
            Shift.closed_at.is_(None),
            Shift.has_roles == false(),
            ~waits,
        )
        .values(taken=Shift.taken + 1)
        .returning(Shift.taken)
        .execution_options(synchronize_session=False)
    )
    return counted.one_or_none() is not None


def _role_of_walk_in(book: Places, volunteer_id: UUID) -> UUID | None:
    """Return the role of whoever walks in: the one offered to them, else the first free one that asks for nothing."""
    turn = waiting.turn_of(book.shift.id, volunteer_id)
    if turn is not None and turn.state == WaitingState.OFFERED:
        return turn.role_id
    free = book.free
    open_to_all = (role.id for role in book.roles.values() if role.required is None and free[role.id] > 0)
    return next(open_to_all, None)


def _refuse_closed(book: Places) -> None:
    if book.shift.closed_at is not None:
        raise ShiftOver
    if book.shift.state != ShiftState.OPEN:
        raise ShiftCancelled


def withdraw(*, shift_id: UUID, volunteer_id: UUID) -> None:
    """Give up a place: it is offered to whoever has waited longest, else it is free. After the deadline it is marked late.

    Raises NotFound, ShiftOver, NothingToWithdraw, and what ``before_withdrawal`` has found: whoever is inside keeps
    their place.
    """
    now = clock.now()
    context = queries.shift_context(shift_id)
    if context is None:
        raise NotFound
    if context.ends_at <= now or context.closed_at is not None:
        raise ShiftOver
    hours = _policy(context, now).cancel_deadline_hours
    withdrawn = session.execute(
        update(SignUp)
        .where(*queries.live(shift_id, volunteer_id))
        .values(
            state=SignUpState.WITHDRAWN,
            withdrawn_at=now,
            withdrawn_late=context.state == ShiftState.OPEN and is_late(now, starts_at=context.starts_at, hours=hours),
        )
        .returning(SignUp.role_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if withdrawn is None:
        raise NothingToWithdraw
    # Only now, with the sign-up under lock: a check-in at the same moment has finished, or finds no sign-up.
    for refuse in _before_withdrawal:
        refuse(shift_id, volunteer_id)
    book = places.locked(shift_id)
    book.release(withdrawn.role_id)
    session.flush()
    waiting.bring_up_to_date(book, now)


def _policy(context: ShiftContext, now: datetime) -> Policy:
    return policies.resolve(
        organisation_id=context.organisation_id,
        area_path=context.area_path,
        at=now,
        known_number=context.policy_number,
    )


def _refuse_unless_running(shift: ShiftContext, now: datetime) -> None:
    if shift.state == ShiftState.CANCELLED:
        raise ShiftCancelled
    if shift.ends_at <= now or shift.closed_at is not None:
        raise ShiftOver
