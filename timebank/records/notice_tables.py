"""The table of public notices: what is shown to everybody, and until when."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base


class Notice(Base):
    """The public notice of one revision, until somebody decides or it is over; rule R07.

    A list of what is on notice and no evidence: that stands in the revisions. ``ends_at`` is when the notice is over,
    ``closed_at`` when the record was decided. ``provisional``: the last day was counted through a year whose holidays
    were not announced then.
    """

    __tablename__ = "record_notice"
    __table_args__ = (
        CheckConstraint("working_days BETWEEN 1 AND 30", name="working_days"),
        CheckConstraint("ends_at > began_at", name="times"),
        Index(
            "uq_record_notice_open",
            "record_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_record_notice_ends_at",
            "ends_at",
            "revision_id",
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
    )

    revision_id: Mapped[UUID] = mapped_column(ForeignKey("service_record_revision.id"), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("service_record.id"))
    working_days: Mapped[int]
    began_at: Mapped[datetime]
    ends_on: Mapped[date]
    ends_at: Mapped[datetime]
    provisional: Mapped[bool]
    closed_at: Mapped[datetime | None]
