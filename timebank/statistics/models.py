"""Tables of the statistics: the summary that figures are read from. It can be rebuilt from the records at any time."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base, one_of
from timebank.records.rules import Provenance
from timebank.statistics.rules import Grain


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
