"""Tables of the statistics: the summary that figures are read from, the register of exports, and shared links."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base, one_of
from timebank.records.rules import Provenance
from timebank.statistics.rules import Form, Grain


class HoursSummary(Base):
    """Current final records added up, by day; and again by month, where days and activities no longer matter.

    In a row of a month ``served_on`` is its first day and ``activity_id`` the nil UUID. What has not been folded in yet
    stands in ``hours_delta``: a figure is the sum of both, read in one statement.
    """

    __tablename__ = "hours_summary"
    __table_args__ = (
        one_of("grain", Grain),
        one_of("provenance", Provenance),
        Index("ix_hours_summary_organisation_id", "grain", "organisation_id", "served_on"),
    )

    grain: Mapped[str] = mapped_column(String(5), primary_key=True)
    served_on: Mapped[date] = mapped_column(primary_key=True)
    area_id: Mapped[UUID] = mapped_column(primary_key=True)
    area_path: Mapped[str] = mapped_column(String(60), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_id: Mapped[UUID] = mapped_column(primary_key=True)
    provenance: Mapped[str] = mapped_column(String(12), primary_key=True)
    policy_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_times: Mapped[int]
    service_minutes: Mapped[int]
    credited_minutes: Mapped[int]


class Export(Base):
    """That figures left the house: who took them, why, what was asked, and what the file was. Append-only (rule R39).

    ``scope`` is what the asker's grants covered then. ``changes_seen`` is how many corrections of what is shown the file
    knows of: once there are more, it is superseded. Exports before there was this number have ``corrections_seen`` only,
    which counts second revisions over the storage cap, too. A scheduled export is named by its key.
    """

    __tablename__ = "statistics_export"
    __table_args__ = (
        one_of("form", Form),
        CheckConstraint("length(sha256) = 32", name="sha256"),
        UniqueConstraint("schedule_key"),
        Index("ix_statistics_export_actor_id_id", "actor_id", "id"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    actor_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(String(200))
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    scope: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    masked: Mapped[bool]
    form: Mapped[str] = mapped_column(String(4))
    rows: Mapped[int]
    size_bytes: Mapped[int]
    sha256: Mapped[bytes]
    seal_n: Mapped[int | None]
    corrections_seen: Mapped[int]
    changes_seen: Mapped[int | None]
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON)
    schedule_key: Mapped[str | None] = mapped_column(String(120))
    generated_at: Mapped[datetime]


class SharedLink(Base):
    """A question that whoever has its code may ask, until it expires: by its hash only, like a token.

    ``scope`` is what its maker's grants covered when it was made: roles that they get later add nothing to it.
    """

    __tablename__ = "statistics_link"
    __table_args__ = (
        UniqueConstraint("code_hash"),
        CheckConstraint("expires_at > created_at", name="expires_at"),
        Index("ix_statistics_link_created_by_id", "created_by", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes]
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    scope: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(200))
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


# Two schedules at once: the second looks again, and finds what the first has registered.
retry_on("uq_statistics_export_schedule_key")
