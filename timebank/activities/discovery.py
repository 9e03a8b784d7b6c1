"""Finding an activity or a shift: by when and where its coming shifts are, whether there is a place, the role, and words.

Where somebody looks from is rounded to a hundredth of a degree (about a kilometre) before anything is done with it, and
is not kept anywhere (rule R37); an answer tells no distance, only that something is near enough.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from timebank.activities.models import Activity, Shift, ShiftRole
from timebank.activities.queries import takes_place
from timebank.activities.rules import ShiftState
from timebank.activities.waiting_rules import WaitingState
from timebank.activities.waiting_tables import WaitingPlace
from timebank.organisations.models import Site
from timebank.organisations.rules import MICRODEGREES

KILOMETRES_A_DEGREE = 111.32


class Distance(StrEnum):
    """How far one would go: on foot, by bus, or anywhere whose place is known."""

    NEAR = "near"
    MEDIUM = "medium"
    FAR = "far"


KILOMETRES: dict[Distance, float] = {Distance.NEAR: 2, Distance.MEDIUM: 10, Distance.FAR: math.inf}


@dataclass(frozen=True, slots=True)
class RoundedPoint:
    """Where somebody looks from, in hundredths of a degree."""

    latitude: int
    longitude: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a coming shift should be like; without any of it every activity will do."""

    since: datetime | None = None
    until: datetime | None = None
    with_place: bool = False
    role: str | None = None
    near: RoundedPoint | None = None
    distance: Distance = Distance.NEAR

    @property
    def is_any(self) -> bool:
        """Whether nothing is wished of a shift."""
        return self == Wish()


def coming(found: Select[*tuple[Any, ...]], *, wish: Wish, now: datetime) -> Select[*tuple[Any, ...]]:
    """Return those shifts of a select of shift contexts that are as wished for; without a wish all of them."""
    return found if wish.is_any else found.where(*_conditions(wish, now))


def narrowed(found: Select[Activity], *, wish: Wish, keyword: str | None, now: datetime) -> Select[Activity]:
    """Return those activities that have a coming shift as wished for, and the keyword in name or content."""
    if keyword is not None:
        found = found.where(or_(_holds(Activity.name, keyword), _holds(Activity.content, keyword)))
    if wish.is_any:
        return found
    coming = select(Shift.id).outerjoin(Site, Site.id == Shift.site_id).where(*_conditions(wish, now))
    return found.where(coming.correlate(Activity).exists())


def _conditions(wish: Wish, now: datetime) -> list[ColumnElement[bool]]:
    conditions = [
        Shift.activity_id == Activity.id,
        Shift.state == ShiftState.OPEN,
        Shift.closed_at.is_(None),
        Shift.ends_at > now,
        *takes_place(since=wish.since, until=wish.until),
    ]
    if wish.near is not None:
        conditions.append(_within(wish.near, KILOMETRES[wish.distance]))
    if wish.role is not None or wish.with_place:
        conditions.append(_has_role(wish, now))
    return conditions


def _has_role(wish: Wish, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a shift has the role, or a free place (in that role, if one is named)."""
    of_role = [ShiftRole.shift_id == Shift.id]
    if wish.role is not None:
        of_role.append(_holds(ShiftRole.name, wish.role))
    if wish.with_place:
        queue = WaitingPlace.role_id == ShiftRole.id
        of_role.append(ShiftRole.capacity - ShiftRole.taken + _change(queue, now) > 0)
    role: ColumnElement[bool] = exists().where(*of_role).correlate(Shift)
    if wish.role is not None:
        return role
    queue = and_(WaitingPlace.shift_id == Shift.id, WaitingPlace.role_id.is_(None))
    free = Shift.capacity - Shift.taken + _change(queue, now) > 0
    return or_(role, and_(Shift.has_roles.is_(False), free))


def _change(queue: ColumnElement[bool], now: datetime) -> ColumnElement[int]:
    """Return what time has done to the free places of a queue: offers that have lapsed, less those who wait for them."""
    lapsed = and_(WaitingPlace.state == WaitingState.OFFERED, WaitingPlace.confirm_by <= now)
    waits = and_(WaitingPlace.state == WaitingState.WAITING, Shift.starts_at > now)
    change = func.coalesce(func.sum(case((lapsed, 1), (waits, -1), else_=0)), 0)
    return select(change).where(queue).correlate(Shift, ShiftRole).scalar_subquery()


def _within(point: RoundedPoint, kilometres: float) -> ColumnElement[bool]:
    """Return the condition that a shift's site is known and not farther than that, on a flat map of the neighbourhood."""
    if math.isinf(kilometres):
        return Site.latitude.is_not(None)
    a_degree = KILOMETRES_A_DEGREE / MICRODEGREES
    hundredth = MICRODEGREES // 100
    shrink = math.cos(math.radians(point.latitude / 100))
    north = (Site.latitude - point.latitude * hundredth) * literal(a_degree, Float(53))
    east = (Site.longitude - point.longitude * hundredth) * literal(a_degree * shrink, Float(53))
    return north * north + east * east <= literal(kilometres * kilometres, Float(53))


def _holds(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    return func.lower(column).contains(text.lower(), autoescape=True)
