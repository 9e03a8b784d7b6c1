"""Tables of how somebody without a phone comes to the mini-program later: their number, and invites on paper."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base


class Phone(Base):
    """A person's telephone number as a keyed hash and its last four digits; the number itself is nowhere (PIPL 51).

    Without ``organisation_id`` WeChat has said so itself. Two people may have given one number (a couple, a mistake).
    """

    __tablename__ = "identity_phone"
    __table_args__ = (
        CheckConstraint("length(last_four) = 4", name="last_four"),
        Index("ix_identity_phone_number_hash", "number_hash"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    number_hash: Mapped[bytes]
    last_four: Mapped[str] = mapped_column(String(4))
    entered_by: Mapped[UUID]
    organisation_id: Mapped[UUID | None]
    entered_at: Mapped[datetime]


class Invite(Base):
    """A code on paper that binds one openid to a person, once; only a keyed hash is kept. A new one replaces the last."""

    __tablename__ = "identity_invite"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    organisation_id: Mapped[UUID]
    made_by: Mapped[UUID]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_for: Mapped[UUID | None]
    """The account that the openid had before."""
