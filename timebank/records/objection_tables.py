"""Tables of objections and of their answers. Append-only, both."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.records.objection_rules import Outcome


class Objection(Base):
    """Somebody says that a record is wrong (异议, rule R08): once about each revision. While it has no answer, the record is frozen."""

    __tablename__ = "record_objection"
    __table_args__ = (
        UniqueConstraint("revision_id", "objector_id"),
        Index("ix_record_objection_record_id", "record_id"),
        Index("ix_record_objection_objector_id_made_at", "objector_id", "made_at"),
        Index("ix_record_objection_due_on", "due_on"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("service_record.id"))
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("service_record_revision.id"))
    objector_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    reason: Mapped[str] = mapped_column(String(500))
    made_at: Mapped[datetime]
    due_on: Mapped[date]
    provisional: Mapped[bool]


class ObjectionAnswer(Base):
    """The one answer to an objection, and what came of it: a new revision, or a correction that another must approve."""

    __tablename__ = "record_objection_answer"
    __table_args__ = (one_of("outcome", Outcome), WITHOUT_ROWID)

    objection_id: Mapped[UUID] = mapped_column(ForeignKey("record_objection.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10))
    answer: Mapped[str] = mapped_column(String(500))
    answered_by: Mapped[UUID]
    answered_at: Mapped[datetime]
    revision_id: Mapped[UUID | None] = mapped_column(ForeignKey("service_record_revision.id"))
    correction_id: Mapped[UUID | None]
