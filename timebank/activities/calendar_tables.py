"""Table of the secret links to calendars."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.constraints import retry_on
from timebank.database import Base

_LIVE = text("revoked_at IS NULL")


class CalendarFeed(Base):
    """A secret link to a person's own shifts or to an organisation's; only the hash of its token is kept.

    One is good at a time for each of them: a new one revokes the one before.
    """

    __tablename__ = "calendar_feed"
    __table_args__ = (
        CheckConstraint("(person_id IS NULL) <> (organisation_id IS NULL)", name="one_owner"),
        Index("uq_calendar_feed_token_hash", "token_hash", unique=True),
        Index("uq_calendar_feed_person", "person_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index(
            "uq_calendar_feed_organisation", "organisation_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_person.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    issued_by: Mapped[UUID]
    issued_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


# Two new links at once: the second look revokes the first one.
retry_on("uq_calendar_feed_person", "uq_calendar_feed_organisation")
