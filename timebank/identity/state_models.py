"""Table of what has become of somebody's account, with who and why (rule R26)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.identity.rules import PersonState


class StateChange(Base):
    """One change of an account's state. Append-only; ``organisation_id`` is where staff did it."""

    __tablename__ = "identity_state_change"
    __table_args__ = (
        one_of("state_before", PersonState),
        one_of("state_after", PersonState),
        CheckConstraint("state_before <> state_after", name="changed"),
        CheckConstraint("number > 0", name="number"),
        WITHOUT_ROWID,
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state_before: Mapped[str] = mapped_column(String(10))
    state_after: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(500))
    organisation_id: Mapped[UUID | None]
    changed_by: Mapped[UUID]
    changed_at: Mapped[datetime]
