"""Tables of areas, organisations and sites."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base, one_of
from timebank.organisations.rules import MICRODEGREES, AreaKind, MemberState, OrganisationKind, SiteKind, kind_of_level

_OPEN = text("ended_at IS NULL")


class Area(Base):
    """A node of the tree. ``path`` is materialised and never changes, so a subtree is a prefix."""

    __tablename__ = "area"
    __table_args__ = (UniqueConstraint("path"), CheckConstraint("level BETWEEN 1 AND 4", name="level"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    path: Mapped[str] = mapped_column(String(60))
    level: Mapped[int]

    @property
    def kind(self) -> AreaKind:
        """Return what this level is called."""
        return kind_of_level(self.level)


class Organisation(Base):
    """A social organisation, its legal standing, and the hub that it belongs to."""

    __tablename__ = "organisation"
    __table_args__ = (
        UniqueConstraint("name"),
        one_of("kind", OrganisationKind),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(12))
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"), index=True)
    hub_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    created_at: Mapped[datetime]


class Site(Base):
    """A place of an organisation. Where it is, in millionths of a degree (WGS 84): both, or unknown."""

    __tablename__ = "site"
    __table_args__ = (
        UniqueConstraint("organisation_id", "name"),
        one_of("kind", SiteKind),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str | None] = mapped_column(String(200))
    latitude: Mapped[int | None]
    longitude: Mapped[int | None]

    @property
    def place(self) -> dict[str, float] | None:
        """Return where the site is, in degrees; None if nobody has said."""
        if self.latitude is None or self.longitude is None:
            return None
        return {"latitude": self.latitude / MICRODEGREES, "longitude": self.longitude / MICRODEGREES}


class Member(Base):
    """Somebody who belongs to an organisation as one of its volunteers (团体志愿者): asked by them, admitted by its staff.

    Either may end it; what was is kept. Who may act for the organisation is a grant, and has nothing to do with this.
    """

    __tablename__ = "organisation_member"
    __table_args__ = (
        CheckConstraint("(admitted_at IS NULL) = (admitted_by IS NULL)", name="admitted"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended"),
        Index(
            "uq_organisation_member_open",
            "person_id",
            "organisation_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_organisation_member_organisation_id_asked_at_id", "organisation_id", "asked_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    asked_at: Mapped[datetime]
    admitted_at: Mapped[datetime | None]
    admitted_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]

    @property
    def state(self) -> str:
        """Return how far it has come."""
        if self.ended_at is not None:
            return MemberState.ENDED
        return MemberState.MEMBER if self.admitted_at is not None else MemberState.ASKED
