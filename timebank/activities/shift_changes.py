"""The verbs of whoever answers for a shift that is published: change it before it starts, cancel it; everybody is told."""

from collections.abc import Callable, Collection, Container, Mapping
from datetime import datetime
from types import EllipsisType
from uuid import UUID

from sqlalchemy import insert, select, union

from timebank import clock
from timebank.activities import places, queries, service, waiting
from timebank.activities.errors import (
    CapacityTaken,
    ShiftAttended,
    ShiftCancelled,
    ShiftInPast,
    ShiftOver,
    ShiftStarted,
)
from timebank.activities.models import Activity, Shift, SignUp
from timebank.activities.places import Places
from timebank.activities.rules import ShiftState, SignUpState, refuse_impossible_times
from timebank.activities.shift_tables import ShiftChange
from timebank.activities.waiting_rules import STILL_WAITING, WaitingState
from timebank.activities.waiting_tables import WaitingPlace
from timebank.codes.layouts import utc_text
from timebank.database import session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor
from timebank.notifications import service as notifications
from timebank.notifications.rules import Topic
from timebank.notifications.service import News
from timebank.web.errors import PreconditionFailed

_KEEP = insert(ShiftChange)

_attended: list[Callable[[Collection[UUID]], set[UUID]]] = []


def attended(find: Callable[[Collection[UUID]], set[UUID]]) -> Callable[[Collection[UUID]], set[UUID]]:
    """Have ``find(shift_ids)`` say at which of them somebody has checked in: those are not touched any more."""
    if find not in _attended:
        _attended.append(find)
    return find


def attended_among(shift_ids: Collection[UUID]) -> set[UUID]:
    """Return the shifts among some at which somebody has checked in."""
    return {shift_id for find in _attended for shift_id in find(shift_ids)}


def change(
    *,
    actor: Actor,
    shift_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int | None = None,
    role_capacities: Mapping[UUID, int] | None = None,
    site_id: UUID | EllipsisType | None = ...,
    reason: str | None = None,
    versions: Container[str] | None = None,
) -> Shift:
    """Give a shift other times, another site (None: none) or other numbers, before it starts; what is not given stays.

    Whoever has signed up or waits is told when time or place change; places that are added are offered to who waits.

    Raises NotFound (not a shift that the actor answers for), PreconditionFailed, ShiftCancelled, ShiftOver,
    ShiftStarted, ShiftAttended, ShiftInPast (rule R10), Invalid, CapacityTaken.
    """
    now = clock.now()
    activity = _led(actor, shift_id)
    refuse_impossible_times(starts_at, ends_at)
    if site_id is not ...:
        service.refuse_foreign_site(activity, site_id)
    book = places.locked(shift_id, exclusively=True)
    if versions is not None and str(book.shift.version) not in versions:
        raise PreconditionFailed
    refuse_untouchable(book.shift, now)
    if starts_at <= now:
        raise ShiftInPast
    waiting.bring_up_to_date(book, now)
    site_id = book.shift.site_id if site_id is ... else site_id
    moved = (starts_at, ends_at, site_id) != (book.shift.starts_at, book.shift.ends_at, book.shift.site_id)
    _keep(book.shift, actor, now, reason=reason)
    _set_numbers(book, capacity, role_capacities or {})
    book.shift.starts_at, book.shift.ends_at, book.shift.site_id = starts_at, ends_at, site_id
    session.flush()
    _shorten_offers(book)
    waiting.bring_up_to_date(book, now)
    if moved:
        _tell(book.shift, activity, Topic.SHIFT_CHANGED, now)
    return book.shift


def cancel(*, actor: Actor, shift_id: UUID, reason: str) -> Shift:
    """Say that a shift does not take place, and tell whoever has signed up or waits. Its sign-ups stay as they are.

    Raises NotFound (not a shift that the actor answers for), ShiftCancelled, ShiftOver, ShiftAttended.
    """
    now = clock.now()
    activity = _led(actor, shift_id)
    book = places.locked(shift_id, exclusively=True)
    refuse_untouchable(book.shift, now, started=False)
    call_off(book.shift, activity, actor, now, reason=reason)
    return book.shift


def at_least_taken(shift_id: UUID, capacity: int, now: datetime) -> int:
    """Return a capacity that leaves everybody on a shift their place, which is locked for it."""
    book = places.locked(shift_id, exclusively=True)
    waiting.bring_up_to_date(book, now)
    return max(capacity, book.shift.taken)


def call_off(shift: Shift, activity: Activity, actor: Actor, now: datetime, *, reason: str) -> None:
    """Cancel a shift that is under lock, and tell everybody."""
    _keep(shift, actor, now, reason=reason, cancelled=True)
    shift.state = ShiftState.CANCELLED
    session.flush()
    _tell(shift, activity, Topic.SHIFT_CANCELLED, now)


def refuse_untouchable(shift: Shift, now: datetime, *, started: bool = True) -> None:
    """Raise why a shift is not touched any more: cancelled, over, started, or somebody has checked in."""
    if shift.state == ShiftState.CANCELLED:
        raise ShiftCancelled
    if shift.closed_at is not None or shift.ends_at <= now:
        raise ShiftOver
    if attended_among([shift.id]):
        raise ShiftAttended
    if started and shift.starts_at <= now:
        raise ShiftStarted


def _led(actor: Actor, shift_id: UUID) -> Activity:
    context = queries.shift_context(shift_id)
    if context is None or not service.leads(actor, context):
        raise NotFound
    return session.get_one(Activity, context.activity_id)


def _keep(shift: Shift, actor: Actor, now: datetime, *, reason: str | None, cancelled: bool = False) -> None:
    shift.version += 1
    shift.changed_at = now
    values = {
        "shift_id": shift.id,
        "version": shift.version,
        "cancelled": cancelled,
        "reason": reason,
        "starts_before": shift.starts_at,
        "ends_before": shift.ends_at,
        "capacity_before": shift.capacity,
        "site_before": shift.site_id,
        "changed_by": actor.person_id,
        "changed_at": now,
    }
    session.connection().execute(_KEEP, values)


def _set_numbers(book: Places, capacity: int | None, role_capacities: Mapping[UUID, int]) -> None:
    if not role_capacities.keys() <= book.roles.keys():
        raise Invalid(errors=[{"pointer": "/roles", "detail": "这一场没有这个角色。 No such role on this shift."}])
    for role_id, wanted in role_capacities.items():
        role = book.roles[role_id]
        if wanted < role.taken:
            raise CapacityTaken(taken=role.taken, wanted=wanted)
        role.capacity = wanted
    if book.roles:
        total = sum(role.capacity for role in book.roles.values())
        if capacity not in {None, total}:
            detail = f"须等于各角色名额之和 {total}。 Must be the sum over the roles."
            raise Invalid(errors=[{"pointer": "/capacity", "detail": detail}])
        capacity = total
    if capacity is not None and capacity < book.shift.taken:
        raise CapacityTaken(taken=book.shift.taken, wanted=capacity)
    book.shift.capacity = capacity or book.shift.capacity


def _shorten_offers(book: Places) -> None:
    """Let no offer outlast the start, which may be earlier now."""
    found = select(WaitingPlace).where(
        WaitingPlace.shift_id == book.shift.id,
        WaitingPlace.state == WaitingState.OFFERED,
        WaitingPlace.confirm_by > book.shift.starts_at,
    )
    for turn in session.scalars(found):
        turn.confirm_by = book.shift.starts_at
    session.flush()


def _tell(shift: Shift, activity: Activity, topic: Topic, now: datetime) -> None:
    concerned = union(
        select(SignUp.volunteer_id).where(SignUp.shift_id == shift.id, SignUp.state == SignUpState.LIVE),
        select(WaitingPlace.volunteer_id).where(
            WaitingPlace.shift_id == shift.id, WaitingPlace.state.in_(STILL_WAITING)
        ),
    )
    facts = {"activity": activity.name, "starts_at": utc_text(shift.starts_at), "shift_id": str(shift.id)}
    if topic is Topic.SHIFT_CHANGED:
        facts["ends_at"] = utc_text(shift.ends_at)
    notifications.tell_many(
        News(person_id=who, topic=topic, facts=facts, at=now, about=f"{shift.id} {shift.version}")
        for who in session.scalars(concerned).all()
    )
