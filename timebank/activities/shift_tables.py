"""Tables of what became of a shift after it was published, and of shifts that recur."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.activities.rules import MAX_CAPACITY
from timebank.activities.series_rules import MAX_INTERVAL, Frequency, MonthlyBy
from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base


class ShiftChange(Base):
    """That a shift was changed or cancelled, by whom and why, and what it said before. Append-only."""

    __tablename__ = "shift_change"
    __table_args__ = (CheckConstraint("version > 1", name="version"), WITHOUT_ROWID)

    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cancelled: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(500))
    starts_before: Mapped[datetime]
    ends_before: Mapped[datetime]
    capacity_before: Mapped[int]
    site_before: Mapped[UUID | None]
    changed_by: Mapped[UUID]
    changed_at: Mapped[datetime]


class ShiftSeries(Base):
    """A rule by which shifts of an activity recur (奶奶的厨房, every Wednesday lunch), and what each of them is like.

    ``start_minute`` counts from midnight in Asia/Shanghai. ``weekdays`` are ISO numbers (1 is Monday), for weekly ones.
    ``roles`` are published with every shift.
    """

    __tablename__ = "shift_series"
    __table_args__ = (
        CheckConstraint(f"frequency IN ('{Frequency.WEEKLY}', '{Frequency.MONTHLY}')", name="frequency"),
        CheckConstraint(f"monthly_by IN ('{MonthlyBy.DAY}', '{MonthlyBy.WEEKDAY}')", name="monthly_by"),
        CheckConstraint(f"every BETWEEN 1 AND {MAX_INTERVAL}", name="every"),
        CheckConstraint("start_minute BETWEEN 0 AND 1439", name="start_minute"),
        CheckConstraint("length_minutes BETWEEN 1 AND 1440", name="length"),
        CheckConstraint(f"capacity BETWEEN 1 AND {MAX_CAPACITY}", name="capacity"),
        Index("ix_shift_series_activity_id", "activity_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id"))
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("site.id"))
    frequency: Mapped[str] = mapped_column(String(8))
    every: Mapped[int]
    weekdays: Mapped[str | None] = mapped_column(String(13))
    monthly_by: Mapped[str] = mapped_column(String(8))
    first_on: Mapped[date]
    until_on: Mapped[date | None]
    count: Mapped[int | None]
    skips_holidays: Mapped[bool]
    start_minute: Mapped[int]
    length_minutes: Mapped[int]
    capacity: Mapped[int]
    roles: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]


class ShiftOccurrence(Base):
    """Which day of which series a shift is, whatever became of the shift: no day is published twice."""

    __tablename__ = "shift_occurrence"
    __table_args__ = (UniqueConstraint("series_id", "on_day"),)

    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"), primary_key=True)
    series_id: Mapped[UUID] = mapped_column(ForeignKey("shift_series.id"))
    on_day: Mapped[date]
