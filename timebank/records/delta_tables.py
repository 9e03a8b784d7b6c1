"""What each revision changes in the figures, until it is folded into their summary. Rows come and go: no evidence."""

from datetime import date
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base, one_of
from timebank.records.rules import Provenance


class HoursDelta(Base):
    """What is to be added to one cell of the hour figures: final records more or fewer, with their minutes."""

    __tablename__ = "hours_delta"
    __table_args__ = (one_of("provenance", Provenance),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    served_on: Mapped[date]
    area_id: Mapped[UUID]
    area_path: Mapped[str] = mapped_column(String(60))
    organisation_id: Mapped[UUID]
    activity_id: Mapped[UUID]
    provenance: Mapped[str] = mapped_column(String(12))
    policy_number: Mapped[int]
    person_times: Mapped[int]
    service_minutes: Mapped[int]
    credited_minutes: Mapped[int]
