"""Tables of supplements, their reviews, and findings of fraud. Append-only, all of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.records.supplement_rules import MAX_EVIDENCE, Verdict

_HASHES = MAX_EVIDENCE * 65 - 1


class Supplement(Base):
    """A service that nobody scanned, as somebody asks to have it recorded. ``evidence``: SHA-256 of files, with commas."""

    __tablename__ = "supplement"
    __table_args__ = (
        CheckConstraint("ended_at > started_at", name="times"),
        Index("ix_supplement_volunteer_id_requested_at", "volunteer_id", "requested_at"),
        Index("ix_supplement_organisation_id_requested_at", "organisation_id", "requested_at"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"))
    organisation_id: Mapped[UUID]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))
    evidence: Mapped[str] = mapped_column(String(_HASHES))
    evidence_note: Mapped[str | None] = mapped_column(String(200))
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]


class SupplementReview(Base):
    """What one reviewer said. ``position`` is 1 or 2: of two who speak at once, one is the first."""

    __tablename__ = "supplement_review"
    __table_args__ = (
        UniqueConstraint("supplement_id", "reviewer_id"),
        one_of("verdict", Verdict),
        CheckConstraint("position IN (1, 2)", name="position"),
        WITHOUT_ROWID,
    )

    supplement_id: Mapped[UUID] = mapped_column(ForeignKey("supplement.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reviewer_id: Mapped[UUID]
    verdict: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(500))
    reviewed_at: Mapped[datetime]


class FraudFinding(Base):
    """What a human has found about somebody's record, and why. Until ``banned_until`` nothing is supplemented for them."""

    __tablename__ = "fraud_finding"
    __table_args__ = (Index("ix_fraud_finding_person_id_banned_until", "person_id", "banned_until"), WITHOUT_ROWID)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    record_id: Mapped[UUID] = mapped_column(ForeignKey("service_record.id"))
    organisation_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(String(500))
    found_by: Mapped[UUID]
    found_at: Mapped[datetime]
    banned_until: Mapped[datetime]


class FraudFindingLift(Base):
    """A finding that another person has taken back, and why."""

    __tablename__ = "fraud_finding_lift"
    __table_args__ = (WITHOUT_ROWID,)

    finding_id: Mapped[UUID] = mapped_column(ForeignKey("fraud_finding.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    lifted_by: Mapped[UUID]
    lifted_at: Mapped[datetime]
