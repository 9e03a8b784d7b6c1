"""Tables of what people are told, and of what they wish to be told by WeChat."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base, one_of
from timebank.notifications.rules import MAX_ATTEMPTS, MAX_FACTS, MAX_REMAINING, State, Topic


class Notification(Base):
    """Something that one person is told: a line of their inbox, and, until it is sent, a message that waits.

    ``created_at`` is the instant of the fact (business time); ``next_attempt_at``, ``sent_at`` and ``read_at`` are wall
    time. While a worker has claimed it, ``next_attempt_at`` is the end of its lease.
    """

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("same", name="uq_notification_same"),
        one_of("topic", Topic),
        one_of("state", State),
        CheckConstraint(f"attempts BETWEEN 0 AND {MAX_ATTEMPTS}", name="attempts"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        Index("ix_notification_person_id_created_at_id", "person_id", "created_at", "id"),
        Index(
            "ix_notification_due",
            "next_attempt_at",
            postgresql_where=text("state = 'queued'"),
            sqlite_where=text("state = 'queued'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    topic: Mapped[str] = mapped_column(String(24))
    facts: Mapped[str] = mapped_column(String(MAX_FACTS))
    same: Mapped[bytes]
    state: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    last_error: Mapped[str | None] = mapped_column(String(24))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


class Subscription(Base):
    """How many more messages on a topic a person has accepted (one-time subscriptions: one acceptance, one message)."""

    __tablename__ = "notification_subscription"
    __table_args__ = (
        one_of("topic", Topic),
        CheckConstraint(f"remaining BETWEEN 0 AND {MAX_REMAINING}", name="remaining"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(24), primary_key=True)
    remaining: Mapped[int]
    changed_at: Mapped[datetime]
