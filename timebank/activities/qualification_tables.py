"""Tables of what staff have verified that somebody has or can do, and of what they have taken back: both append-only."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.activities.qualification_rules import Qualification
from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of


class VerifiedQualification(Base):
    """That staff of an organisation have seen a document (or somebody at work), and on which days it holds.

    No copy and no number of the document is kept; ``reason`` says what was seen. Without ``valid_until`` it holds until it
    is taken back. It counts at every organisation.
    """

    __tablename__ = "qualification"
    __table_args__ = (
        one_of("kind", Qualification),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="days"),
        Index("ix_qualification_person_id", "person_id"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    kind: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    reason: Mapped[str] = mapped_column(String(500))
    verified_by: Mapped[UUID]
    verified_at: Mapped[datetime]


class QualificationEnd(Base):
    """That a verification was taken back: by whom and why. One for each."""

    __tablename__ = "qualification_end"
    __table_args__ = (WITHOUT_ROWID,)

    qualification_id: Mapped[UUID] = mapped_column(ForeignKey("qualification.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    ended_by: Mapped[UUID]
    ended_at: Mapped[datetime]
