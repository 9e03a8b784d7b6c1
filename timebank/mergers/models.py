"""Tables of mergers: asked for by one, decided by another; and whom a refused binding has shown to be the same."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base


class MergeRequest(Base):
    """That staff of an organisation take two accounts for one person: ``old_id`` is to be closed. Append-only."""

    __tablename__ = "merge_request"
    __table_args__ = (
        CheckConstraint("old_id <> person_id", name="two"),
        Index("ix_merge_request_organisation_id_requested_at", "organisation_id", "requested_at", "id"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    old_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    reason: Mapped[str] = mapped_column(String(500))
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]


class MergeDecision(Base):
    """What somebody else decided about a request. Append-only, one for each."""

    __tablename__ = "merge_decision"
    __table_args__ = (CheckConstraint("approved OR reason IS NOT NULL", name="reason"), WITHOUT_ROWID)

    request_id: Mapped[UUID] = mapped_column(ForeignKey("merge_request.id"), primary_key=True)
    approved: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(500))
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]


class MergeHint(Base):
    """That somebody wanted to bind an account that has something of its own to another one. Append-only."""

    __tablename__ = "merge_hint"
    __table_args__ = (
        CheckConstraint("person_id <> other_id", name="two"),
        Index("ix_merge_hint_other_id", "other_id"),
        WITHOUT_ROWID,
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    found_at: Mapped[datetime]
