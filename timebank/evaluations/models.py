"""Tables of evaluations: append-only. What is improper is removed by a row of its own, with a reason."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base, one_of
from timebank.evaluations.rules import Rater


class EvaluationInvitation(Base):
    """That somebody who was served may say once how it was; whoever brings the code. Nobody's name is asked or kept.

    ``slot`` counts a record's invitations. The code is kept as a hash.
    """

    __tablename__ = "evaluation_invitation"
    __table_args__ = (
        UniqueConstraint("record_id", "slot"),
        UniqueConstraint("code_hash"),
        CheckConstraint("slot BETWEEN 1 AND 20", name="slot"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("service_record.id"))
    slot: Mapped[int]
    code_hash: Mapped[bytes]
    made_by: Mapped[UUID]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Evaluation(Base):
    """How a service was: 1 to 5, and words (民政部令第67号 art 10). Slot 0 is the leader's, others are invitations'.

    (record_id, slot) is the fence: one each. ``late``: after the 10 working days of art 11 (rule R06).
    """

    __tablename__ = "evaluation"
    __table_args__ = (
        UniqueConstraint("record_id", "slot"),
        one_of("rater", Rater),
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        CheckConstraint("(rater = 'leader') = (slot = 0)", name="slot"),
        CheckConstraint("(rater = 'leader') = (evaluated_by IS NOT NULL)", name="evaluated_by"),
        Index("ix_evaluation_volunteer_id_evaluated_at", "volunteer_id", "evaluated_at"),
        Index("ix_evaluation_organisation_id_evaluated_at", "organisation_id", "evaluated_at"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("service_record.id"))
    slot: Mapped[int]
    rater: Mapped[str] = mapped_column(String(6))
    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    activity_name: Mapped[str] = mapped_column(String(120))
    served_on: Mapped[date]
    score: Mapped[int]
    words: Mapped[str | None] = mapped_column(String(500))
    late: Mapped[bool]
    evaluated_by: Mapped[UUID | None]
    evaluated_at: Mapped[datetime]


class EvaluationReply(Base):
    """What the volunteer says to an evaluation: once."""

    __tablename__ = "evaluation_reply"
    __table_args__ = (WITHOUT_ROWID,)

    evaluation_id: Mapped[UUID] = mapped_column(ForeignKey("evaluation.id"), primary_key=True)
    words: Mapped[str] = mapped_column(String(500))
    replied_at: Mapped[datetime]


class EvaluationRemoval(Base):
    """That an evaluation is improper (an insult, the wrong person) and neither shown nor counted any more."""

    __tablename__ = "evaluation_removal"
    __table_args__ = (WITHOUT_ROWID,)

    evaluation_id: Mapped[UUID] = mapped_column(ForeignKey("evaluation.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    removed_by: Mapped[UUID]
    removed_at: Mapped[datetime]


# Two clicks at once: the second look finds what the first has done, or the next free slot.
retry_on(
    "uq_evaluation_invitation_record_id_slot",
    "uq_evaluation_record_id_slot",
    "pk_evaluation_reply",
    "pk_evaluation_removal",
)
