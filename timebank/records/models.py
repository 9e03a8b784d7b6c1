"""Tables of service records: append-only. The database refuses every change of a row."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.records.rules import Provenance, SourceType, State

_ADDED_UP = ("state", "provenance", "record_id", "number", "service_minutes", "credited_minutes")


class ServiceRecord(Base):
    """One service of one volunteer, made once from one source; what it says stands in its revisions."""

    __tablename__ = "service_record"
    __table_args__ = (
        UniqueConstraint("source_type", "source_id"),
        one_of("source_type", SourceType),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), index=True)
    source_type: Mapped[str] = mapped_column(String(12))
    source_id: Mapped[UUID]
    created_at: Mapped[datetime]


class Revision(Base):
    """What a record says from ``recorded_at`` on; the highest number of a record is the current one.

    Names and paths are copied: the evidence says what was true then, not what an organisation is called today.
    ``correction_id`` is the last correction that was approved; what was first recorded stays in ``raw_minutes``.
    """

    __tablename__ = "service_record_revision"
    __table_args__ = (
        UniqueConstraint("record_id", "number"),
        one_of("state", State),
        one_of("provenance", Provenance),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("ended_at >= started_at", name="times"),
        CheckConstraint(
            "raw_minutes >= 0 AND service_minutes >= 0 AND credited_minutes >= 0 AND expected_minutes >= credited_minutes",
            name="minutes",
        ),
        CheckConstraint("credited_minutes = 0 OR state NOT IN ('pending_review', 'pending_notice')", name="pending"),
        # Whatever is added up of one volunteer or one organisation is read from these alone.
        Index("ix_service_record_revision_of_volunteer", "volunteer_id", "served_on", *_ADDED_UP, "expected_minutes"),
        Index("ix_service_record_revision_of_organisation", "organisation_id", "served_on", *_ADDED_UP, "volunteer_id"),
        # What became of records later: few, and asked for by day.
        Index(
            "ix_service_record_revision_later",
            "served_on",
            "record_id",
            postgresql_where=text("number > 1"),
            sqlite_where=text("number > 1"),
        ),
        Index(
            "ix_service_record_revision_pending",
            "ended_at",
            "record_id",
            postgresql_where=text("state IN ('pending_review', 'pending_notice')"),
            sqlite_where=text("state IN ('pending_review', 'pending_notice')"),
        ),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("service_record.id"))
    number: Mapped[int]
    volunteer_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(String(16))
    provenance: Mapped[str] = mapped_column(String(12))
    flags: Mapped[str] = mapped_column(String(200))
    raw_minutes: Mapped[int]
    service_minutes: Mapped[int]
    credited_minutes: Mapped[int]
    expected_minutes: Mapped[int]
    served_on: Mapped[date]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    activity_id: Mapped[UUID]
    activity_name: Mapped[str] = mapped_column(String(120))
    content: Mapped[str] = mapped_column(String(2000))
    organisation_id: Mapped[UUID]
    organisation_name: Mapped[str] = mapped_column(String(120))
    area_id: Mapped[UUID]
    area_path: Mapped[str] = mapped_column(String(60))
    shift_id: Mapped[UUID | None]
    place: Mapped[str] = mapped_column(String(120))
    leader_id: Mapped[UUID | None]
    policy_number: Mapped[int]
    actor_id: Mapped[UUID]
    reason: Mapped[str | None] = mapped_column(String(500))
    recorded_at: Mapped[datetime]
    correction_id: Mapped[UUID | None]
    group_id: Mapped[UUID | None]
    """Whose account is credited, if not the volunteer's own: the group that they served for (rule R24)."""
    credited_by: Mapped[UUID | None]
    """The revision whose posting credits this one, if not its own: this one only says that another account goes on."""

    @property
    def credited_to(self) -> UUID:
        """Return the owner of the account that earns ``credited_minutes``."""
        return self.group_id or self.volunteer_id

    @property
    def credit_id(self) -> UUID:
        """Return the id of the transfer that has credited ``credited_minutes``."""
        return self.credited_by or self.id
