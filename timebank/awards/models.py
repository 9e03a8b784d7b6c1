"""Tables of awards: append-only."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base


class Award(Base):
    """A commendation: name, date, awarding unit (民政部令第67号 art 9), as an organisation's staff have seen it.

    ``number`` counts entries of the same award of one person: what was withdrawn may be entered again.
    """

    __tablename__ = "award"
    __table_args__ = (
        UniqueConstraint("volunteer_id", "name", "awarded_on", "awarding_unit", "number", name="uq_award_same"),
        CheckConstraint("number > 0", name="number"),
        Index("ix_award_organisation_id_awarded_on", "organisation_id", "awarded_on"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(120))
    awarding_unit: Mapped[str] = mapped_column(String(120))
    awarded_on: Mapped[date]
    evidence_note: Mapped[str] = mapped_column(String(500))
    number: Mapped[int]
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]


class AwardWithdrawal(Base):
    """That an award was entered by mistake or was taken back by who gave it."""

    __tablename__ = "award_withdrawal"
    __table_args__ = (WITHOUT_ROWID,)

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    withdrawn_by: Mapped[UUID]
    withdrawn_at: Mapped[datetime]


# Two clerks enter, or take back, one award at once: the second look finds what the first has done.
retry_on("uq_award_same", "pk_award_withdrawal")
