"""Tables of gifts and of the pool: donations, applications, grants. What moved stands in the ledger; here stands why."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.giving.rules import STORED_GIFT_STATES, ApplicationState, GrantState, Priority

_WAITING = text("state = 'waiting'")
_REQUESTED = text("state = 'requested'")


class Gift(Base):
    """Minutes that one relative offers another. Nothing is set aside: they move when it is accepted, or not at all.

    Its id is the id of the transfer. ``policy_number`` names the rules under which it was accepted.
    """

    __tablename__ = "gift"
    __table_args__ = (
        one_of("state", STORED_GIFT_STATES),
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("giver_id <> recipient_id", name="two_people"),
        CheckConstraint("(closed_at IS NULL) = (state = 'offered')", name="closed"),
        CheckConstraint("(policy_number IS NULL) = (state <> 'accepted')", name="policy"),
        Index("ix_gift_giver_id_offered_at", "giver_id", "offered_at"),
        Index("ix_gift_recipient_id_offered_at", "recipient_id", "offered_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    giver_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    relation_id: Mapped[UUID] = mapped_column(ForeignKey("identity_family.id"))
    minutes: Mapped[int]
    message: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10))
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    policy_number: Mapped[int | None]


class Donation(Base):
    """Minutes that somebody gave to the pool of an area; its id is the id of the transfer. Append-only."""

    __tablename__ = "pool_donation"
    __table_args__ = (
        CheckConstraint("minutes > 0", name="minutes"),
        Index("ix_pool_donation_area_id", "area_id"),
        Index("ix_pool_donation_owner_id", "owner_id"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    owner_id: Mapped[UUID]
    minutes: Mapped[int]
    donated_at: Mapped[datetime]


class Application(Base):
    """Somebody in need who waits for minutes from the pool of an area; one at a time. ``rank`` orders the list."""

    __tablename__ = "pool_application"
    __table_args__ = (
        one_of("priority", Priority),
        one_of("state", ApplicationState),
        CheckConstraint("rank BETWEEN 1 AND 3", name="rank"),
        CheckConstraint("(closed_at IS NULL) = (state = 'waiting')", name="closed"),
        Index(
            "uq_pool_application_area_id_person_id",
            "area_id",
            "person_id",
            unique=True,
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index("ix_pool_application_area_id_state_rank", "area_id", "state", "rank", "applied_at"),
        Index("ix_pool_application_person_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    priority: Mapped[str] = mapped_column(String(30))
    rank: Mapped[int]
    reason: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(10))
    applied_at: Mapped[datetime]
    applied_by: Mapped[UUID]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    answer: Mapped[str | None] = mapped_column(String(500))


class PoolGrant(Base):
    """Minutes from the pool for one person: one asks and says what they saw, another approves; then they move.

    Its id is the id of the transfer. One request for a person in an area is open at a time.
    """

    __tablename__ = "pool_grant"
    __table_args__ = (
        one_of("reason_code", Priority),
        one_of("state", GrantState),
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("(decided_at IS NULL) = (state = 'requested')", name="decided"),
        CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name="two_people"),
        Index(
            "uq_pool_grant_area_id_person_id",
            "area_id",
            "person_id",
            unique=True,
            sqlite_where=_REQUESTED,
            postgresql_where=_REQUESTED,
        ),
        Index("ix_pool_grant_area_id_state", "area_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    minutes: Mapped[int]
    reason_code: Mapped[str] = mapped_column(String(30))
    reason: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(10))
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(String(500))
