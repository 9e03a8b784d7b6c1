"""Tables of proxies: who may collect for whom, and who has."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base


class Proxy(Base):
    """That somebody may collect for a person: another person, or a name that staff have entered (then also where, and why).

    It holds until it is ended; the row stays.
    """

    __tablename__ = "shop_proxy"
    __table_args__ = (
        CheckConstraint("(proxy_id IS NULL) <> (proxy_name IS NULL)", name="one"),
        CheckConstraint("proxy_id <> person_id", name="two_people"),
        CheckConstraint("(organisation_id IS NULL) = (reason IS NULL)", name="staff"),
        CheckConstraint("proxy_name IS NULL OR organisation_id IS NOT NULL", name="name"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended"),
        Index("ix_shop_proxy_person_id", "person_id"),
        Index("ix_shop_proxy_proxy_id", "proxy_id"),
        Index(
            "uq_shop_proxy_live",
            "person_id",
            "proxy_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    proxy_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_person.id"))
    proxy_name: Mapped[str | None] = mapped_column(String(60))
    organisation_id: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    named_by: Mapped[UUID]
    named_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]


class Collection(Base):
    """Which proxy took the goods of a redemption away, and through whom. Append-only."""

    __tablename__ = "shop_collection"
    __table_args__ = (WITHOUT_ROWID,)

    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"), primary_key=True)
    proxy_id: Mapped[UUID] = mapped_column(ForeignKey("shop_proxy.id"))
    clerk_id: Mapped[UUID]
    collected_at: Mapped[datetime]
