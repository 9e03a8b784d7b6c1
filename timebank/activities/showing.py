"""Shifts as a phone shows them: places that are free for somebody new, who waits, and the roles.

A place whose offer has lapsed is free again, or the next one's, whether or not the sweep has said so.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from timebank.activities import qualification_rules
from timebank.activities.models import ShiftRole
from timebank.activities.queries import ShiftContext
from timebank.activities.rules import ShiftState
from timebank.activities.waiting_rules import STILL_WAITING, WaitingState
from timebank.activities.waiting_tables import WaitingPlace
from timebank.database import session

_Queue = dict[tuple[UUID, UUID | None], tuple[int, int]]
"""By shift and role: offers that have lapsed, and people who wait."""


def shown(contexts: Sequence[ShiftContext], now: datetime) -> list[dict[str, Any]]:
    """Return what ``ShiftOut`` shows of shifts, in their order; two statements at most."""
    queues = _queues([context.shift_id for context in contexts], now)
    roles = _roles([context.shift_id for context in contexts if context.has_roles])
    return [_shown(context, roles[context.shift_id], queues, now) for context in contexts]


def _shown(context: ShiftContext, roles: list[ShiftRole], queues: _Queue, now: datetime) -> dict[str, Any]:
    offering = context.state == ShiftState.OPEN and context.closed_at is None and now < context.starts_at
    free: dict[UUID | None, int] = {role.id: role.capacity - role.taken for role in roles}
    by_role = {
        role_id: _free(left, queues[context.shift_id, role_id], offering=offering)
        for role_id, left in (free or {None: context.capacity - context.taken}).items()
    }
    return asdict(context) | {
        "free_places": sum(by_role.values()),
        "waiting": sum(queues[context.shift_id, role_id][1] for role_id in by_role) if offering else 0,
        "required": qualification_rules.as_list(context.required),
        "roles": [
            {
                "id": role.id,
                "name": role.name,
                "capacity": role.capacity,
                "free_places": by_role[role.id],
                "required": qualification_rules.as_list(role.required),
            }
            for role in roles
        ],
    }


def _free(left: int, queue: tuple[int, int], *, offering: bool) -> int:
    lapsed, waiting = queue
    return max(0, left + lapsed - (waiting if offering else 0))


def _queues(shift_ids: Iterable[UUID], now: datetime) -> _Queue:
    lapsed = (WaitingPlace.state == WaitingState.OFFERED) & (WaitingPlace.confirm_by <= now)
    found = (
        select(
            WaitingPlace.shift_id,
            WaitingPlace.role_id,
            func.count().filter(lapsed),
            func.count().filter(WaitingPlace.state == WaitingState.WAITING),
        )
        .where(WaitingPlace.shift_id.in_(list(shift_ids)), WaitingPlace.state.in_(STILL_WAITING))
        .group_by(WaitingPlace.shift_id, WaitingPlace.role_id)
    )
    queues: _Queue = defaultdict(lambda: (0, 0))
    for shift_id, role_id, *counts in session.execute(found):
        queues[shift_id, role_id] = (counts[0], counts[1])
    return queues


def _roles(shift_ids: list[UUID]) -> dict[UUID, list[ShiftRole]]:
    roles: dict[UUID, list[ShiftRole]] = defaultdict(list)
    if shift_ids:
        found = (
            select(ShiftRole).where(ShiftRole.shift_id.in_(shift_ids)).order_by(ShiftRole.shift_id, ShiftRole.number)
        )
        for role in session.scalars(found):
            roles[role.shift_id].append(role)
    return roles
