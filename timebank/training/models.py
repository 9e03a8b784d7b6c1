"""Tables of training: append-only. What was entered by mistake is withdrawn by a row of its own."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base


class Training(Base):
    """A course on one day: name, main content, learning minutes, organiser, date (民政部令第67号 art 8)."""

    __tablename__ = "training"
    __table_args__ = (
        CheckConstraint("learning_minutes BETWEEN 1 AND 1440", name="learning_minutes"),
        Index("ix_training_organisation_id_held_on", "organisation_id", "held_on"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(120))
    content: Mapped[str] = mapped_column(String(2000))
    held_on: Mapped[date]
    learning_minutes: Mapped[int]
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]


class TrainingParticipation(Base):
    """That somebody took part, and for how long. ``number`` counts a person's entries for one training.

    (training_id, volunteer_id, number) is the fence: of two clerks who enter one list, the second finds it there.
    """

    __tablename__ = "training_participation"
    __table_args__ = (
        UniqueConstraint("training_id", "volunteer_id", "number"),
        CheckConstraint("learning_minutes BETWEEN 1 AND 1440", name="learning_minutes"),
        CheckConstraint("number > 0", name="number"),
        Index("ix_training_participation_volunteer_id", "volunteer_id"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    training_id: Mapped[UUID] = mapped_column(ForeignKey("training.id"))
    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    number: Mapped[int]
    learning_minutes: Mapped[int]
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]


class ParticipationWithdrawal(Base):
    """That a participation was entered by mistake."""

    __tablename__ = "training_participation_withdrawal"
    __table_args__ = (WITHOUT_ROWID,)

    participation_id: Mapped[UUID] = mapped_column(ForeignKey("training_participation.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    withdrawn_by: Mapped[UUID]
    withdrawn_at: Mapped[datetime]


retry_on("uq_training_participation_training_id_volunteer_id_number", "pk_training_participation_withdrawal")
