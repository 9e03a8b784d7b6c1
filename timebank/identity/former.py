"""Who goes on where two accounts turned out to be one person: the old account is closed, the other one answers for it.

Rows that are never changed keep the old id; whoever reads them for a person asks with ``belongs`` or ``who``. What the old
account did as an actor stays its act.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base, session


class Former(Base):
    """An account that was merged into another one, and who goes on: always the last one, never a chain."""

    __tablename__ = "identity_former"

    old_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), index=True)
    since: Mapped[datetime]


def belongs(column: ColumnElement[UUID] | Any, person_id: UUID | Any) -> ColumnElement[bool]:
    """Return the condition that a column names a person, by their own id or by one that was merged into it."""
    return or_(column == person_id, column.in_(select(Former.old_id).where(Former.person_id == person_id)))


def who(column: ColumnElement[UUID] | Any) -> ColumnElement[UUID]:
    """Return who goes on for the person in a column: the same, if nobody was merged."""
    heir = select(Former.person_id).where(Former.old_id == column).scalar_subquery()
    return func.coalesce(heir, column)


def goes_on(person_id: UUID) -> UUID:
    """Return who goes on for a person; one statement."""
    return session.scalar(select(Former.person_id).where(Former.old_id == person_id)) or person_id


def going_on(person_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return who goes on for each of some people, in one statement."""
    found = session.execute(select(Former.old_id, Former.person_id).where(Former.old_id.in_(person_ids)))
    return {one: one for one in person_ids} | {row.old_id: row.person_id for row in found}


def merged_into(person_id: UUID) -> list[UUID]:
    """Return the accounts that were merged into a person, oldest first."""
    return list(session.scalars(select(Former.old_id).where(Former.person_id == person_id).order_by(Former.since)))


def merged_into_each(person_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return the accounts that were merged into each of some people, oldest first, in one statement."""
    rows = session.scalars(select(Former).where(Former.person_id.in_(person_ids)).order_by(Former.since, Former.old_id))
    found: dict[UUID, list[UUID]] = {person_id: [] for person_id in person_ids}
    for row in rows:
        found[row.person_id].append(row.old_id)
    return found


def is_merged(person_id: UUID) -> bool:
    """Whether an account was merged into another one."""
    return session.get(Former, person_id, populate_existing=True) is not None


def becomes(*, old_id: UUID, person_id: UUID, at: datetime) -> None:
    """Let one person go on for another, and for all who had been merged into that one before."""
    session.execute(
        update(Former)
        .where(Former.person_id == old_id)
        .values(person_id=person_id)
        .execution_options(synchronize_session=False)
    )
    session.add(Former(old_id=old_id, person_id=person_id, since=at))
    session.flush()
