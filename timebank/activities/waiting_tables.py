"""Tables of who waits for a place on a full shift."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.activities.waiting_rules import STILL_WAITING, WaitingState
from timebank.database import Base, one_of

_STILL_WAITING = text(f"state IN ({', '.join(repr(str(state)) for state in STILL_WAITING)})")


class WaitingPlace(Base):
    """Somebody's turn on the waiting list of a shift, or of one role on it; ended turns stay.

    Changed only while the shift's row is locked: ``number`` counts the turns of a shift, and an offered place is counted
    in ``Shift.taken`` (and in its role's) as if it were taken.
    """

    __tablename__ = "waiting_place"
    __table_args__ = (
        one_of("state", WaitingState),
        UniqueConstraint("shift_id", "number"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("(offered_at IS NULL) = (confirm_by IS NULL)", name="offer"),
        CheckConstraint("state <> 'offered' OR confirm_by IS NOT NULL", name="offered"),
        CheckConstraint("(state = 'accepted') = (sign_up_id IS NOT NULL)", name="accepted"),
        Index(
            "uq_waiting_place_live",
            "shift_id",
            "volunteer_id",
            unique=True,
            postgresql_where=_STILL_WAITING,
            sqlite_where=_STILL_WAITING,
        ),
        Index("ix_waiting_place_volunteer_id_joined_at", "volunteer_id", "joined_at"),
        Index(
            "ix_waiting_place_confirm_by",
            "confirm_by",
            postgresql_where=text("state = 'offered'"),
            sqlite_where=text("state = 'offered'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"))
    role_id: Mapped[UUID | None] = mapped_column(ForeignKey("shift_role.id"))
    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    joined_at: Mapped[datetime]
    offered_at: Mapped[datetime | None]
    confirm_by: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    sign_up_id: Mapped[UUID | None] = mapped_column(ForeignKey("sign_up.id"))
