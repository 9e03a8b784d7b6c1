"""Tables of corrections: who asked for what and why, and who decided. Append-only, both."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.records.correction_rules import Decision


class Correction(Base):
    """A wish to correct one revision of a record; ``number`` is that revision's. Zero minutes annul the record.

    Both instants are there if the times are corrected, and neither if only the minutes are.
    """

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint("service_minutes >= 0", name="minutes"),
        CheckConstraint("(started_at IS NULL) = (ended_at IS NULL)", name="times"),
        Index("ix_correction_organisation_id_requested_at", "organisation_id", "requested_at"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("service_record.id"), index=True)
    number: Mapped[int]
    volunteer_id: Mapped[UUID]
    organisation_id: Mapped[UUID]
    service_minutes: Mapped[int]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(500))
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]


class CorrectionDecision(Base):
    """What another person decided. Its key is the correction's: of two who decide at once, one is the first."""

    __tablename__ = "correction_decision"
    __table_args__ = (one_of("decision", Decision), WITHOUT_ROWID)

    correction_id: Mapped[UUID] = mapped_column(ForeignKey("correction.id"), primary_key=True)
    decision: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(500))
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]
