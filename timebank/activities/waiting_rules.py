"""The waiting list of a shift as a function of time: who is offered a place, until when, and whose offer is over. Pure.

A place that is free is offered to whoever has waited longest, and counts as taken until they confirm or the offer lapses:
nobody who comes later can slip in between, and a shift never holds more people than places. The list ends with the
start of the shift: from then on a free place is for whoever is there.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class WaitingState(StrEnum):
    """Where somebody on a waiting list stands. Offered: a place is kept for them until they confirm, or too late."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    LAPSED = "lapsed"
    LEFT = "left"


STILL_WAITING = (WaitingState.WAITING, WaitingState.OFFERED)
OVER = "over"
"""Shown of whoever still waited when the shift began, or was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One person's turn on a list: the lower ``number`` comes first. ``role_id``: which places they wait for."""

    id: UUID
    number: int
    role_id: UUID | None
    state: str
    confirm_by: datetime | None

    def has_lapsed(self, now: datetime) -> bool:
        """Whether an offer was not confirmed in time."""
        return self.state == WaitingState.OFFERED and self.confirm_by is not None and self.confirm_by <= now


@dataclass(frozen=True, slots=True)
class Settled:
    """What time has done to a list: whose offers are over, who is offered a place now, and what is free for others."""

    lapsed: frozenset[UUID]
    offered: frozenset[UUID]
    free: Mapping[UUID | None, int]


def settle(turns: Sequence[Turn], *, free: Mapping[UUID | None, int], now: datetime, offering: bool) -> Settled:
    """Return what becomes of a list of live turns now.

    Args:
        turns: everybody who waits or is offered a place.
        free: how many places of each role (None: of a shift without roles) are neither taken nor offered.
        now: business time.
        offering: whether places are still offered: not once the shift has begun, was closed or cancelled.
    """
    left = Counter(dict(free))
    lapsed = frozenset(turn.id for turn in turns if turn.has_lapsed(now))
    left.update(turn.role_id for turn in turns if turn.id in lapsed)
    offered = set()
    for turn in sorted(turns, key=lambda turn: turn.number) if offering else ():
        if turn.state == WaitingState.WAITING and left[turn.role_id] > 0:
            left[turn.role_id] -= 1
            offered.add(turn.id)
    return Settled(lapsed, frozenset(offered), left)


def confirm_by(now: datetime, *, starts_at: datetime, hours: int) -> datetime:
    """Return until when an offer holds: so many hours, but never more than half of the time before the start.

    However late a place is freed, the next one on the list still has time to take it.
    """
    return now + min(timedelta(hours=hours), (starts_at - now) / 2)


def is_late(now: datetime, *, starts_at: datetime, hours: int) -> bool:
    """Whether somebody who withdraws now does so after the deadline, ``hours`` before the start."""
    return now > starts_at - timedelta(hours=hours)
