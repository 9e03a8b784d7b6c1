"""The places of one shift while its row is locked: counted, taken and given back by role.

Locks are taken in one order: the sign-up, then the shift, then its roles and its waiting list. Whoever needs several
shifts, or a shift after somebody's attendance at it, holds the shifts first, by id.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from timebank.activities.models import Shift, ShiftRole
from timebank.database import is_sqlite, session
from timebank.errors import NotFound


@dataclass(frozen=True, slots=True)
class Places:
    """A shift under lock, with its roles by id in their order."""

    shift: Shift
    roles: dict[UUID, ShiftRole]

    @property
    def free(self) -> dict[UUID | None, int]:
        """Return how many places are left, by role; None stands for a shift without roles."""
        if self.roles:
            return {role.id: role.capacity - role.taken for role in self.roles.values()}
        return {None: self.shift.capacity - self.shift.taken}

    def capacity_of(self, role_id: UUID | None) -> int:
        """Return how many places there are."""
        return self.roles[role_id].capacity if role_id else self.shift.capacity

    def take(self, role_id: UUID | None) -> None:
        """Count one place more as taken or offered."""
        self._count(role_id, 1)

    def release(self, role_id: UUID | None) -> None:
        """Count one place less."""
        self._count(role_id, -1)

    def _count(self, role_id: UUID | None, change: int) -> None:
        self.shift.taken += change
        if role_id is not None:
            self.roles[role_id].taken += change


def locked(shift_id: UUID, *, exclusively: bool = False) -> Places:
    """Lock a shift and return its places as they are now; ``exclusively``: also against check-ins. Raises NotFound."""
    shift = session.get(Shift, shift_id, with_for_update={"key_share": not exclusively}, populate_existing=True)
    if shift is None:
        raise NotFound
    return Places(shift, {role.id: role for role in roles_of(shift_id)} if shift.has_roles else {})


def hold(point_refs: Collection[str]) -> None:
    """Hold the shifts of check-in points until the transaction ends, only as a check-in does: nobody closes them meanwhile.

    On SQLite a transaction that writes is alone anyway.
    """
    if point_refs and not is_sqlite():
        named = select(Shift.id).where(Shift.point_ref.in_(point_refs)).order_by(Shift.id)
        session.execute(named.with_for_update(read=True, key_share=True)).all()


def roles_of(shift_id: UUID) -> list[ShiftRole]:
    """Return the roles of a shift in their order, as they are now."""
    found = select(ShiftRole).where(ShiftRole.shift_id == shift_id).order_by(ShiftRole.number)
    return list(session.scalars(found, execution_options={"populate_existing": True}))
