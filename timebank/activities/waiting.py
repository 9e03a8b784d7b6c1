"""The verbs of a waiting list: join, leave, and what follows when a place is free.

Whoever frees a place settles the list in the same transaction, with the shift locked; so that no place is ever free while
somebody waits for it and was not offered it. An offer that is not confirmed in time is over as a function of time: the
next look, sign-up or sweep finds the place, and the next one's time to confirm begins when they are told.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from timebank import clock
from timebank.activities import places, queries, risks, roles
from timebank.activities.errors import (
    AlreadySignedUp,
    AlreadyWaiting,
    NotWaiting,
    PlaceFree,
    WaitingOver,
)
from timebank.activities.models import SignUp
from timebank.activities.places import Places
from timebank.activities.queries import ShiftContext
from timebank.activities.rules import ShiftState, SignUpState
from timebank.activities.waiting_rules import STILL_WAITING, Turn, WaitingState, confirm_by, settle
from timebank.activities.waiting_tables import WaitingPlace
from timebank.codes.layouts import utc_text
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity import states as people
from timebank.notifications import service as notifications
from timebank.notifications.rules import Topic
from timebank.notifications.service import News
from timebank.policies import service as policies


def join(*, shift_id: UUID, volunteer_id: UUID, role_id: UUID | None = None) -> WaitingPlace:
    """Wait for a place on a full shift, behind everybody who waits already.

    Raises NotFound, WaitingOver (it has begun, is closed or cancelled), NotForMinors, GuardianRequired,
    QualificationMissing, InsuranceRequired, ChooseRole, PersonNotActive, AlreadySignedUp, AlreadyWaiting, PlaceFree.
    """
    now = clock.now()
    context = queries.shift_context(shift_id)
    if context is None:
        raise NotFound
    role = roles.chosen(context, role_id)
    # The risks are accepted with the place, in the words that they have then.
    risks.refuse_sign_up(context, volunteer_id, role=role, accepts_risk=True)
    people.refuse_inactive(volunteer_id)
    book = places.locked(shift_id)
    if not is_offering(book, now):
        raise WaitingOver
    bring_up_to_date(book, now)
    if queries.signed_up(shift_id, volunteer_id):
        raise AlreadySignedUp
    if turn_of(shift_id, volunteer_id) is not None:
        raise AlreadyWaiting
    if book.free[role_id] > 0:
        raise PlaceFree
    turn = WaitingPlace(
        id=new_id(),
        shift_id=shift_id,
        role_id=role_id,
        volunteer_id=volunteer_id,
        number=_last_number(shift_id) + 1,
        state=WaitingState.WAITING,
        joined_at=now,
    )
    session.add(turn)
    session.flush()
    return turn


def leave(*, shift_id: UUID, volunteer_id: UUID) -> None:
    """Leave the list, or decline a place that is offered: it goes to the next. Raises NotFound, NotWaiting."""
    now = clock.now()
    book = places.locked(shift_id)
    turn = turn_of(shift_id, volunteer_id)
    if turn is None or not is_offering(book, now):
        raise NotWaiting
    _end(book, turn, WaitingState.LEFT, now)
    bring_up_to_date(book, now)


def claim(book: Places, sign_up: SignUp, now: datetime) -> bool:
    """Give a sign-up its place: the one offered to its volunteer, or a free one; return whether there was any.

    The list is settled first: what others wait for is not free.
    """
    bring_up_to_date(book, now, besides=sign_up.volunteer_id)
    turn = turn_of(book.shift.id, sign_up.volunteer_id)
    offered = turn is not None and turn.state == WaitingState.OFFERED
    if turn is not None and offered and turn.role_id == sign_up.role_id:
        turn.state, turn.ended_at, turn.sign_up_id = WaitingState.ACCEPTED, now, sign_up.id
        session.flush()
        return True
    if book.free.get(sign_up.role_id, 0) <= 0:
        return False
    book.take(sign_up.role_id)
    if turn is not None:
        _end(book, turn, WaitingState.LEFT, now)
        bring_up_to_date(book, now)
    session.flush()
    return True


def is_offering(book: Places, now: datetime) -> bool:
    """Whether places are offered at all: the list ends with the start of its shift."""
    shift = book.shift
    return shift.state == ShiftState.OPEN and shift.closed_at is None and now < shift.starts_at


def bring_up_to_date(book: Places, now: datetime, *, besides: UUID | None = None) -> None:
    """End the offers that were not confirmed in time, and offer what is free to whoever has waited longest.

    ``besides``: somebody who is about to get a place by a sign-up that is there already. Everybody else who holds one
    has no turn any more.
    """
    turns = _live(book.shift.id)
    if not turns:
        return
    holders = _holders(turns) - {besides}
    for turn in [turn for turn in turns if turn.volunteer_id in holders]:
        _end(book, turn, WaitingState.LEFT, now)
        turns.remove(turn)
    settled = settle([as_turn(turn) for turn in turns], free=book.free, now=now, offering=is_offering(book, now))
    lapsed = [turn for turn in turns if turn.id in settled.lapsed]
    offered = [turn for turn in turns if turn.id in settled.offered]
    if not lapsed and not offered:
        return
    context = queries.shift_context(book.shift.id)
    if context is None:
        raise NotFound
    for turn in lapsed:
        _end(book, turn, WaitingState.LAPSED, turn.confirm_by or now)
    for turn in offered:
        _offer(book, turn, context, now)
    session.flush()
    notifications.tell_many(
        [
            *(_news(turn, context, Topic.PLACE_LAPSED, now) for turn in lapsed if is_offering(book, now)),
            *(_news(turn, context, Topic.PLACE_OFFERED, now) for turn in offered),
        ]
    )


def _end(book: Places, turn: WaitingPlace, state: WaitingState, at: datetime) -> None:
    if turn.state == WaitingState.OFFERED:
        book.release(turn.role_id)
    turn.state, turn.ended_at = state, at
    session.flush()


def _offer(book: Places, turn: WaitingPlace, context: ShiftContext, now: datetime) -> None:
    policy = policies.resolve(
        organisation_id=context.organisation_id,
        area_path=context.area_path,
        at=now,
        known_number=context.policy_number,
    )
    book.take(turn.role_id)
    turn.state, turn.offered_at = WaitingState.OFFERED, now
    turn.confirm_by = confirm_by(now, starts_at=book.shift.starts_at, hours=policy.waiting_confirm_hours)


def _news(turn: WaitingPlace, context: ShiftContext, topic: Topic, now: datetime) -> News:
    facts = {
        "activity": context.activity_name,
        "starts_at": utc_text(context.starts_at),
        "shift_id": str(context.shift_id),
    }
    if topic is Topic.PLACE_OFFERED and turn.confirm_by is not None:
        facts["confirm_by_at"] = utc_text(turn.confirm_by.replace(microsecond=0))
    return News(person_id=turn.volunteer_id, topic=topic, facts=facts, at=now, about=f"{turn.id} {topic}")


def sweep(*, limit: int) -> int:
    """End the offers of at most ``limit`` shifts that nobody confirmed, and offer the places to the next; return how many.

    Two at once: the second waits for each shift, and finds it settled.
    """
    now = clock.now()
    due = (
        select(WaitingPlace.shift_id)
        .where(WaitingPlace.state == WaitingState.OFFERED, WaitingPlace.confirm_by <= now)
        .distinct()
        .order_by(WaitingPlace.shift_id)
        .limit(limit)
    )
    shifts = list(session.scalars(due))
    for shift_id in shifts:
        bring_up_to_date(places.locked(shift_id), now)
    return len(shifts)


def turn_of(shift_id: UUID, volunteer_id: UUID) -> WaitingPlace | None:
    """Return somebody's turn on a list as it is stored, unless it has ended."""
    found = select(WaitingPlace).where(*_is_live(shift_id), WaitingPlace.volunteer_id == volunteer_id)
    return session.scalars(found, execution_options={"populate_existing": True}).one_or_none()


def _live(shift_id: UUID) -> list[WaitingPlace]:
    found = select(WaitingPlace).where(*_is_live(shift_id)).order_by(WaitingPlace.number)
    return list(session.scalars(found, execution_options={"populate_existing": True}))


def _is_live(shift_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return WaitingPlace.shift_id == shift_id, WaitingPlace.state.in_(STILL_WAITING)


def _holders(turns: list[WaitingPlace]) -> set[UUID]:
    """Return which of those who wait hold a place by other means: they came to the door and walked in."""
    found = select(SignUp.volunteer_id).where(
        SignUp.shift_id == turns[0].shift_id,
        SignUp.state == SignUpState.LIVE,
        SignUp.volunteer_id.in_([turn.volunteer_id for turn in turns]),
    )
    return set(session.scalars(found))


def _last_number(shift_id: UUID) -> int:
    found = select(func.coalesce(func.max(WaitingPlace.number), 0)).where(WaitingPlace.shift_id == shift_id)
    return session.scalars(found).one()


def as_turn(place: WaitingPlace) -> Turn:
    """Return a stored turn as the rules read it."""
    return Turn(id=place.id, number=place.number, role_id=place.role_id, state=place.state, confirm_by=place.confirm_by)
