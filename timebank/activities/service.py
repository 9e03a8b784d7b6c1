"""The verbs: add and change an activity, publish a shift, take and give up a place."""

from collections.abc import Callable, Container
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from timebank import clock
from timebank.activities import queries, risks
from timebank.activities.errors import (
    AlreadySignedUp,
    CapacityFull,
    NothingToWithdraw,
    ShiftCancelled,
    ShiftInPast,
    ShiftOver,
)
from timebank.activities.models import Activity, Shift, SignUp
from timebank.activities.queries import ShiftContext
from timebank.activities.rules import POINT_LENGTH, ShiftState, SignUpState, refuse_impossible_times
from timebank.codes.alphabet import random_reference
from timebank.database import UtcDateTime, is_sqlite, new_id, retry_on, session
from timebank.errors import Forbidden, Invalid, NotFound
from timebank.identity import queries as people
from timebank.identity.rules import Actor, Role
from timebank.organisations import queries as register
from timebank.organisations import scope
from timebank.web.errors import PreconditionFailed

MANAGERS = (Role.COORDINATOR, Role.ADMIN)

retry_on("uq_shift_point_ref")

_before_withdrawal: list[Callable[[UUID, UUID], None]] = []


def before_withdrawal(refuse: Callable[[UUID, UUID], None]) -> Callable[[UUID, UUID], None]:
    """Have ``refuse(shift_id, volunteer_id)`` asked before a place is given up; it raises what speaks against it."""
    if refuse not in _before_withdrawal:
        _before_withdrawal.append(refuse)
    return refuse


def add_activity(
    *,
    actor: Actor,
    organisation_id: UUID,
    area_id: UUID,
    name: str,
    category: str,
    content: str,
    leader_id: UUID | None = None,
    risky: bool = False,
    insurance_ref: str | None = None,
    risk_notice: str | None = None,
    activity_id: UUID | None = None,
) -> Activity:
    """Add an activity to an organisation in the actor's scope. Raises NotFound, Invalid."""
    scope.organisation_for(actor, *MANAGERS, organisation_id=organisation_id)
    _refuse_unknown(area_id=area_id, leader_id=leader_id)
    activity = Activity(
        id=activity_id or new_id(),
        organisation_id=organisation_id,
        area_id=area_id,
        name=name,
        category=category,
        content=content,
        leader_id=leader_id,
        risky=risky,
        insurance_ref=insurance_ref,
        risk_notice=risk_notice,
        version=1,
        created_by=actor.person_id,
        created_at=clock.now(),
    )
    session.add(activity)
    session.flush()
    return activity


def change_activity(
    *,
    actor: Actor,
    activity_id: UUID,
    organisation_id: UUID,
    area_id: UUID,
    name: str,
    category: str,
    content: str,
    leader_id: UUID | None = None,
    risky: bool = False,
    insurance_ref: str | None = None,
    risk_notice: str | None = None,
    versions: Container[str] | None = None,
) -> Activity:
    """Give an activity new values; what was recorded under the old ones stays as it was.

    ``versions`` are the versions that the caller has seen (None: whatever it is now). Raises NotFound,
    PreconditionFailed, Invalid (also for another organisation: an activity stays where it was organised).
    """
    activity = session.get(Activity, activity_id, with_for_update={"key_share": True}, populate_existing=True)
    if activity is None:
        raise NotFound
    scope.organisation_for(actor, *MANAGERS, organisation_id=activity.organisation_id)
    if versions is not None and str(activity.version) not in versions:
        raise PreconditionFailed
    if organisation_id != activity.organisation_id:
        raise Invalid(
            errors=[{"pointer": "/organisation_id", "detail": "活动不能换组织。 It stays with its organisation."}]
        )
    _refuse_unknown(area_id=area_id, leader_id=leader_id)
    activity.area_id = area_id
    activity.name = name
    activity.category = category
    activity.content = content
    activity.leader_id = leader_id
    activity.risky = risky
    activity.insurance_ref = insurance_ref
    activity.risk_notice = risk_notice
    activity.version += 1
    session.flush()
    return activity


def _refuse_unknown(*, area_id: UUID, leader_id: UUID | None) -> None:
    if register.area(area_id) is None:
        raise Invalid(errors=[{"pointer": "/area_id", "detail": "没有这个区域。 No such area."}])
    if leader_id is not None and people.person(leader_id) is None:
        raise Invalid(errors=[{"pointer": "/leader_id", "detail": "没有这个人。 No such person."}])


def publish_shift(
    *,
    actor: Actor,
    activity_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    site_id: UUID | None = None,
    shift_id: UUID | None = None,
) -> Shift:
    """Publish a shift of an activity that the actor manages or leads, before it starts (rule R10).

    Raises NotFound, Forbidden, Invalid, ShiftInPast, InsuranceRequired (rule R14).
    """
    activity = queries.activity(activity_id)
    if activity is None:
        raise NotFound
    if activity.leader_id != actor.person_id:
        if not actor.holds(*MANAGERS):
            raise Forbidden
        scope.organisation_for(actor, *MANAGERS, organisation_id=activity.organisation_id)
    refuse_impossible_times(starts_at, ends_at)
    now = clock.now()
    if starts_at <= now:
        raise ShiftInPast
    risks.refuse_uninsured(risky=activity.risky, insurance_ref=activity.insurance_ref, risk_notice=activity.risk_notice)
    site = register.site(site_id) if site_id is not None else None
    if site_id is not None and (site is None or site.organisation_id != activity.organisation_id):
        raise Invalid(
            errors=[{"pointer": "/site_id", "detail": "该组织没有这个站点。 Not a site of this organisation."}]
        )
    shift = Shift(
        id=shift_id or new_id(),
        activity_id=activity_id,
        site_id=site_id,
        starts_at=starts_at,
        ends_at=ends_at,
        capacity=capacity,
        taken=0,
        point_ref=random_reference(POINT_LENGTH),
        state=ShiftState.OPEN,
        created_by=actor.person_id,
        created_at=now,
    )
    session.add(shift)
    session.flush()
    return shift


def leads(actor: Actor, context: ShiftContext) -> bool:
    """Whether the actor answers for a shift: its activity's leader, or a manager over the organisation."""
    return context.leader_id == actor.person_id or any(
        grant.role in MANAGERS
        and scope.grant_covers(grant, organisation_id=context.organisation_id, area_path=context.organisation_path)
        for grant in actor.grants
    )


def sign_up(*, shift_id: UUID, volunteer_id: UUID, accepts_risk: bool = False) -> SignUp:
    """Take a place on a shift; whoever holds one accepts a changed notice of risks in the same way.

    Raises NotFound, ShiftCancelled, ShiftOver, NotForMinors, GuardianRequired, InsuranceRequired, RiskNotAccepted,
    AlreadySignedUp, CapacityFull.
    """
    now = clock.now()
    context = queries.shift_context(shift_id)
    if context is None:
        raise NotFound
    _refuse_unless_running(context, now)
    risks.refuse_sign_up(context, volunteer_id, accepts_risk=accepts_risk)
    try:
        taken = _take(shift_id=shift_id, volunteer_id=volunteer_id, now=now, walk_in=False)
    except AlreadySignedUp:
        held = risks.accept_anew(context, volunteer_id, now) if context.risky else None
        if held is None:
            raise
        return held
    if context.risky:
        risks.accept(taken, context, now)
    return taken


def take_place(*, shift_id: UUID, volunteer_id: UUID, now: datetime) -> SignUp:
    """Take a place for a volunteer who walked in; whether one may, and when, is the caller's question.

    Raises AlreadySignedUp, ShiftOver (closed a moment ago), CapacityFull (also when the shift was cancelled meanwhile).
    """
    return _take(shift_id=shift_id, volunteer_id=volunteer_id, now=now, walk_in=True)


def _take(*, shift_id: UUID, volunteer_id: UUID, now: datetime, walk_in: bool) -> SignUp:
    """Insert the sign-up, then count it: the shift's row is the fence, and is held as shortly as can be."""
    dialect = sqlite if is_sqlite() else postgresql
    values = {
        "id": new_id(),
        "shift_id": shift_id,
        "volunteer_id": volunteer_id,
        "state": SignUpState.LIVE,
        "walk_in": walk_in,
        "signed_up_at": now,
    }
    inserted = dialect.insert(SignUp).values(values).on_conflict_do_nothing().returning(SignUp)
    taken: SignUp | None = session.scalars(inserted).one_or_none()
    if taken is None:
        raise AlreadySignedUp
    counted = session.execute(
        update(Shift)
        .where(
            Shift.id == shift_id,
            Shift.taken < Shift.capacity,
            Shift.state == ShiftState.OPEN,
            Shift.closed_at.is_(None),
        )
        .values(taken=Shift.taken + 1)
        .returning(Shift.taken)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if counted is None:
        shift = _shift(shift_id)
        raise ShiftOver if shift.closed_at is not None else CapacityFull(capacity=shift.capacity)
    return taken


def withdraw(*, shift_id: UUID, volunteer_id: UUID) -> None:
    """Give up a place, so that somebody else can take it.

    Raises NotFound, ShiftOver, NothingToWithdraw, and what ``before_withdrawal`` has found: whoever is inside keeps
    their place.
    """
    now = clock.now()
    shift = _shift(shift_id)
    if shift.ends_at <= now or shift.closed_at is not None:
        raise ShiftOver
    for refuse in _before_withdrawal:
        refuse(shift_id, volunteer_id)
    withdrawn = session.execute(
        update(SignUp)
        .where(*queries.live(shift_id, volunteer_id))
        .values(state=SignUpState.WITHDRAWN, withdrawn_at=now)
        .returning(SignUp.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if withdrawn is None:
        raise NothingToWithdraw
    session.execute(
        update(Shift)
        .where(Shift.id == shift_id)
        .values(taken=Shift.taken - 1)
        .execution_options(synchronize_session=False)
    )


def close(*, shift_id: UUID, actor_id: UUID, now: datetime) -> None:
    """Say that a shift is over: nobody comes in any more. The first to say so is remembered."""
    session.connection().execute(_CLOSE, {"shift": shift_id, "closing": now, "closer": actor_id})


_CLOSE = (
    update(Shift)
    .where(Shift.id == bindparam("shift"), Shift.closed_at.is_(None))
    .values(closed_at=bindparam("closing", type_=UtcDateTime()), closed_by=bindparam("closer", type_=Uuid()))
)


def _shift(shift_id: UUID) -> Shift:
    shift = session.get(Shift, shift_id, populate_existing=True)
    if shift is None:
        raise NotFound
    return shift


def _refuse_unless_running(shift: ShiftContext, now: datetime) -> None:
    if shift.state == ShiftState.CANCELLED:
        raise ShiftCancelled
    if shift.ends_at <= now or shift.closed_at is not None:
        raise ShiftOver
