"""The table of the audit log."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base


class AuditNote(Base):
    """Who has done what to whom or what, in which role, and why. Append-only; it holds ids and no names.

    ``target`` is the id (or the number) of what was acted on, ``person_id`` whom it concerns, ``organisation_id`` in
    whose scope it was done: without one only those read it who audit the whole bank.
    """

    __tablename__ = "audit_note"
    __table_args__ = (
        Index("ix_audit_note_noted_at", "noted_at", "id"),
        Index("ix_audit_note_actor_id", "actor_id", "noted_at"),
        Index("ix_audit_note_person_id", "person_id", "noted_at"),
        Index("ix_audit_note_target", "target", "noted_at"),
        Index("ix_audit_note_organisation_id", "organisation_id", "noted_at"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    noted_at: Mapped[datetime]
    actor_id: Mapped[UUID]
    role: Mapped[str] = mapped_column(String(60))
    verb: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str | None] = mapped_column(String(40))
    target_kind: Mapped[str] = mapped_column(String(40))
    target: Mapped[str | None] = mapped_column(String(80))
    person_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    request_id: Mapped[str | None] = mapped_column(String(64))
