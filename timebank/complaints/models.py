"""Tables of complaints: append-only. Who has complained is shown to nobody but whoever answers."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.complaints.rules import Kind, Outcome
from timebank.constraints import retry_on
from timebank.database import Base, one_of


class Complaint(Base):
    """What somebody reports about an organisation, perhaps about one activity or one volunteer of it (令67 art 20)."""

    __tablename__ = "complaint"
    __table_args__ = (
        one_of("kind", Kind),
        Index("ix_complaint_organisation_id_made_at", "organisation_id", "made_at"),
        Index("ix_complaint_complainant_id_made_at", "complainant_id", "made_at"),
        Index("ix_complaint_volunteer_id", "volunteer_id"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    complainant_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    activity_id: Mapped[UUID | None] = mapped_column(ForeignKey("activity.id"))
    volunteer_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_person.id"))
    kind: Mapped[str] = mapped_column(String(12))
    words: Mapped[str] = mapped_column(String(1000))
    made_at: Mapped[datetime]
    due_on: Mapped[date]
    provisional: Mapped[bool]


class ComplaintAnswer(Base):
    """The one answer to a complaint. Of two who answer, one is the first."""

    __tablename__ = "complaint_answer"
    __table_args__ = (one_of("outcome", Outcome), WITHOUT_ROWID)

    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaint.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10))
    answer: Mapped[str] = mapped_column(String(500))
    answered_by: Mapped[UUID]
    answered_at: Mapped[datetime]


retry_on("pk_complaint_answer")
