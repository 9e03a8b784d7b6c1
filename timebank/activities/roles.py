"""Roles on a shift with places of their own (吉州's 1 + 2 + 5: 社工 1, 志愿者 2, 学生 5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from timebank.activities import places, qualification_rules
from timebank.activities.errors import ChooseRole
from timebank.activities.models import Shift, ShiftRole
from timebank.activities.queries import ShiftContext
from timebank.activities.rules import MAX_CAPACITY
from timebank.database import new_id, session
from timebank.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A role as it is published: its name, how many are wanted, and what they must have (``Qualification``)."""

    name: str
    capacity: int
    required: tuple[str, ...] = ()


def chosen(context: ShiftContext, role_id: UUID | None) -> ShiftRole | None:
    """Return the role that somebody has chosen; None on a shift without roles.

    Raises ChooseRole if the shift has roles and none of them was named, Invalid if it has none.
    """
    if not context.has_roles:
        if role_id is not None:
            detail = "这一场不分角色，不必选择。 This shift has no roles."
            raise Invalid(errors=[{"pointer": "/role_id", "detail": detail}])
        return None
    there = places.roles_of(context.shift_id)
    role = next((role for role in there if role.id == role_id), None)
    if role is None:
        choices = [{"id": str(role.id), "name": role.name, "free": role.capacity - role.taken} for role in there]
        raise ChooseRole(roles=choices, names="、".join(role.name for role in there))
    return role


def total(wanted: Sequence[Wanted], capacity: int | None) -> int:
    """Return how many places a shift has: the sum over its roles, which may be told again as its capacity.

    Raises Invalid: neither is given, they differ, it is too much, or two roles have one name.
    """
    if not wanted:
        if capacity is None:
            raise Invalid(errors=[{"pointer": "/capacity", "detail": "请填写名额，或列出角色。 Give it, or roles."}])
        return capacity
    places_wanted = sum(role.capacity for role in wanted)
    if capacity not in {None, places_wanted} or places_wanted > MAX_CAPACITY:
        detail = f"须等于各角色名额之和 {places_wanted}。 Must be the sum over the roles, {MAX_CAPACITY} at most."
        raise Invalid(errors=[{"pointer": "/capacity", "detail": detail}])
    if len({role.name for role in wanted}) < len(wanted):
        raise Invalid(errors=[{"pointer": "/roles", "detail": "角色不能重名。 Two roles have one name."}])
    return places_wanted


def add(shift: Shift, wanted: Iterable[Wanted]) -> None:
    """Give a new shift its roles, in their order."""
    for number, role in enumerate(wanted, start=1):
        session.add(
            ShiftRole(
                id=new_id(),
                shift_id=shift.id,
                number=number,
                name=role.name,
                capacity=role.capacity,
                taken=0,
                required=qualification_rules.as_text(role.required),
            )
        )
    session.flush()
