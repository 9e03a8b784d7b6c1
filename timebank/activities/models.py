"""Tables of activities, shifts and sign-ups."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.activities.qualification_rules import MAX_REQUIRED
from timebank.activities.rules import MAX_CAPACITY, MAX_NOTICE, MAX_ROLE_NAME, Category, ShiftState, SignUpState
from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of


class Activity(Base):
    """What an organisation organises; ``version`` counts its changes.

    A ``risky`` one (rule R14) publishes shifts only with an insurance and a notice of the risks. ``required`` lists the
    qualifications that everybody who serves must have, separated by commas.
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
    required: Mapped[str | None] = mapped_column(String(MAX_REQUIRED))


class Shift(Base):
    """One time and place of an activity. ``point_ref`` is what its rotating code names (random, never the id).

    ``taken`` counts the live sign-ups and the places offered to whoever waits; the database itself keeps it within the
    capacity. With ``has_roles`` every place belongs to one role, and both numbers are the sums over them. ``closed_at`` is
    when whoever answers for it said that it is over and sent everybody home; nobody comes in after that. ``version`` counts
    the changes, ``changed_at`` is the last.
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
    has_roles: Mapped[bool] = mapped_column(server_default=false())
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime | None]


class ShiftRole(Base):
    """A role on a shift with places of its own (吉州's 1 + 2 + 5: 社工, 志愿者, 学生), the lowest ``number`` first.

    ``required`` lists qualifications as the activity's does, for this role only. Roles are never removed.
    """

    __tablename__ = "shift_role"
    __table_args__ = (
        UniqueConstraint("shift_id", "number"),
        UniqueConstraint("shift_id", "name"),
        CheckConstraint(f"capacity BETWEEN 1 AND {MAX_CAPACITY}", name="capacity"),
        CheckConstraint("taken BETWEEN 0 AND capacity", name="taken"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(MAX_ROLE_NAME))
    capacity: Mapped[int]
    taken: Mapped[int]
    required: Mapped[str | None] = mapped_column(String(MAX_REQUIRED))


class SignUp(Base):
    """A volunteer's place on a shift; one live one per person and shift, withdrawn ones stay.

    ``role_id`` is the role that they serve in, if the shift has roles. ``withdrawn_late``: after the deadline to cancel.
    """

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
    # No foreign key: SQLite adds none to a table that is there, and roles are never removed.
    role_id: Mapped[UUID | None]
    withdrawn_late: Mapped[bool | None]


class RiskAcceptance(Base):
    """The very words about risks that a volunteer has accepted for a place, and the insurance then. Append-only."""

    __tablename__ = "risk_acceptance"
    __table_args__ = (WITHOUT_ROWID,)

    sign_up_id: Mapped[UUID] = mapped_column(ForeignKey("sign_up.id"), primary_key=True)
    activity_version: Mapped[int] = mapped_column(primary_key=True)
    notice: Mapped[str] = mapped_column(String(MAX_NOTICE))
    insurance_ref: Mapped[str] = mapped_column(String(120))
    accepted_at: Mapped[datetime]
