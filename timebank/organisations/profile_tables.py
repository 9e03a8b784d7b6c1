"""Table of profiles: what Order 67 lists of a volunteer beside name, birth date and document (令67 art 5)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.constraints import retry_on
from timebank.database import Base, one_of
from timebank.organisations.rules import MAX_SKILLS_KEPT, Sex


class Profile(Base):
    """What somebody has said, or staff have entered for them; nothing of it is asked before it is needed.

    ``skills`` and ``service_types`` are JSON lists. ``version`` counts the changes of the whole profile.
    """

    __tablename__ = "people_profile"
    __table_args__ = (one_of("sex", Sex),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    sex: Mapped[str | None] = mapped_column(String(6))
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"))
    phone: Mapped[str | None] = mapped_column(String(20))
    skills: Mapped[str | None] = mapped_column(String(MAX_SKILLS_KEPT))
    service_types: Mapped[str | None] = mapped_column(String(400))
    version: Mapped[int]
    changed_by: Mapped[UUID]
    changed_at: Mapped[datetime]


# Two at once: the second look finds what the first has done.
retry_on("pk_people_profile")
