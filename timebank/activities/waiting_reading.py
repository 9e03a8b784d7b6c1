"""Turns on waiting lists as they stand now, whatever the sweep has done: told by the same rule that settles a list."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from timebank.activities import places
from timebank.activities.models import Shift
from timebank.activities.places import Places
from timebank.activities.queries import shift_contexts
from timebank.activities.waiting import as_turn, is_offering
from timebank.activities.waiting_rules import OVER, STILL_WAITING, WaitingState, settle
from timebank.activities.waiting_tables import WaitingPlace
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity import queries as people
from timebank.identity.rules import masked_name


def turns_of_shift(shift_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return everybody who waits for a shift or is offered a place, in their order. Raises NotFound."""
    found = select(WaitingPlace).where(WaitingPlace.shift_id == shift_id, WaitingPlace.state.in_(STILL_WAITING))
    turns = list(session.scalars(found.order_by(WaitingPlace.number)))
    names = people.people(turn.volunteer_id for turn in turns)
    return [
        shown
        | {
            "volunteer_no": names[turn.volunteer_id].volunteer_no,
            "volunteer_name": masked_name(names[turn.volunteer_id].display_name),
        }
        for turn, shown in zip(turns, _standing(shift_id, turns, now), strict=True)
        if shown["state"] in STILL_WAITING
    ]


def turn_at(shift_id: UUID, volunteer_id: UUID, now: datetime) -> dict[str, Any] | None:
    """Return somebody's last turn on the list of a shift; None if they never waited."""
    mine = (
        select(WaitingPlace)
        .where(WaitingPlace.shift_id == shift_id, WaitingPlace.volunteer_id == volunteer_id)
        .order_by(WaitingPlace.number.desc())
        .limit(1)
    )
    turn = session.scalars(mine).first()
    return standing_of(turn, now) if turn is not None else None


def standing_of(turn: WaitingPlace, now: datetime) -> dict[str, Any]:
    """Return how a turn stands now."""
    if turn.state not in STILL_WAITING:
        return _shown(turn, turn.state, None)
    found = select(WaitingPlace).where(WaitingPlace.shift_id == turn.shift_id, WaitingPlace.state.in_(STILL_WAITING))
    turns = list(session.scalars(found.order_by(WaitingPlace.number)))
    standing = {shown["id"]: shown for shown in _standing(turn.shift_id, turns, now)}
    return standing.get(turn.id, _shown(turn, turn.state, None))


def turns_of(volunteer_id: UUID) -> Select[Any]:
    """Select a volunteer's turns, each with its shift's context before it; page by when they joined."""
    return (
        shift_contexts()
        .join(WaitingPlace, WaitingPlace.shift_id == Shift.id)
        .add_columns(WaitingPlace.id, WaitingPlace.joined_at, WaitingPlace)
        .where(WaitingPlace.volunteer_id == volunteer_id)
    )


def _standing(shift_id: UUID, turns: Sequence[WaitingPlace], now: datetime) -> list[dict[str, Any]]:
    shift = session.get(Shift, shift_id)
    if shift is None:
        raise NotFound
    book = Places(shift, {role.id: role for role in places.roles_of(shift_id)} if shift.has_roles else {})
    offering = is_offering(book, now)
    settled = settle([as_turn(turn) for turn in turns], free=book.free, now=now, offering=offering)
    answers = []
    ahead: dict[UUID | None, int] = {}
    for turn in turns:
        state = turn.state
        if turn.id in settled.lapsed:
            state = WaitingState.LAPSED
        elif turn.id in settled.offered:
            state = WaitingState.OFFERED
        elif not offering:
            state = OVER
        waits = state == WaitingState.WAITING
        answers.append(_shown(turn, state, ahead.get(turn.role_id, 0) if waits else None))
        ahead[turn.role_id] = ahead.get(turn.role_id, 0) + waits
    return answers


def _shown(turn: WaitingPlace, state: str, ahead: int | None) -> dict[str, Any]:
    return {
        "id": turn.id,
        "shift_id": turn.shift_id,
        "role_id": turn.role_id,
        "state": state,
        "ahead": ahead,
        "joined_at": turn.joined_at,
        "confirm_by": turn.confirm_by,
    }
