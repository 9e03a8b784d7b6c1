"""Tables of activities, shifts and sign-ups."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.activities.rules import MAX_CAPACITY, MAX_NOTICE, Category, ShiftState, SignUpState
from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of


class Activity(Base):
    """What an organisation organises; ``version`` counts its changes.

    A ``risky`` one (rule R14) publishes shifts only with an insurance and a notice of the risks.
    """

    __tablename__ = "activity"
    __table_args__ = (one_of("category", Category),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    area_id: Mapped[UUID] = mapped_column(ForeignKey("area.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    category: Mapped[str] = mapped_column(String(20))
    content: Mapped[str] = mapped_column(String(2000))
    leader_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_person.id"), index=True)
    version: Mapped[int]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    risky: Mapped[bool] = mapped_column(server_default=false())
    insurance_ref: Mapped[str | None] = mapped_column(String(120))
    risk_notice: Mapped[str | None] = mapped_column(String(MAX_NOTICE))


class Shift(Base):
    """One time and place of an activity. ``point_ref`` is what its rotating code names (random, never the id).

    ``taken`` counts the live sign-ups; the database itself keeps it within the capacity. ``closed_at`` is when whoever
    answers for it said that it is over and sent everybody home; nobody comes in after that.
    """

    __tablename__ = "shift"
    __table_args__ = (
        UniqueConstraint("point_ref"),
        CheckConstraint("ends_at > starts_at", name="times"),
        CheckConstraint(f"capacity BETWEEN 1 AND {MAX_CAPACITY}", name="capacity"),
        CheckConstraint("taken BETWEEN 0 AND capacity", name="taken"),
        one_of("state", ShiftState),
        Index("ix_shift_starts_at_id", "starts_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id"), index=True)
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("site.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    capacity: Mapped[int]
    taken: Mapped[int]
    point_ref: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(10))
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]


class SignUp(Base):
    """A volunteer's place on a shift; one live one per person and shift, withdrawn ones stay."""

    __tablename__ = "sign_up"
    __table_args__ = (
        one_of("state", SignUpState),
        Index(
            "uq_sign_up_live",
            "shift_id",
            "volunteer_id",
            unique=True,
            postgresql_where=text("state = 'live'"),
            sqlite_where=text("state = 'live'"),
        ),
        Index("ix_sign_up_volunteer_id_signed_up_at", "volunteer_id", "signed_up_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"))
    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    state: Mapped[str] = mapped_column(String(10))
    walk_in: Mapped[bool]
    group_id: Mapped[UUID | None]
    """The organisation whose account earns what is done here; none: the volunteer's own (rule R24)."""
    signed_up_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class RiskAcceptance(Base):
    """The very words about risks that a volunteer has accepted for a place, and the insurance then. Append-only."""

    __tablename__ = "risk_acceptance"
    __table_args__ = (WITHOUT_ROWID,)

    sign_up_id: Mapped[UUID] = mapped_column(ForeignKey("sign_up.id"), primary_key=True)
    activity_version: Mapped[int] = mapped_column(primary_key=True)
    notice: Mapped[str] = mapped_column(String(MAX_NOTICE))
    insurance_ref: Mapped[str] = mapped_column(String(120))
    accepted_at: Mapped[datetime]
