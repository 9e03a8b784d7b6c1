"""Tables of who has looked at whose data and why, and of erasures."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base, one_of
from timebank.people.rules import Balance, Outcome


class Disclosure(Base):
    """That staff want to see somebody's data in full: which, for what. Append-only.

    ``minor``: they were known to be under 18 then, so another person had to approve (未成年人网络保护条例 36).
    """

    __tablename__ = "people_disclosure"
    __table_args__ = (
        Index("ix_people_disclosure_person_id_asked_at", "person_id", "asked_at"),
        Index("ix_people_disclosure_organisation_id_asked_at", "organisation_id", "asked_at"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    fields: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(500))
    minor: Mapped[bool]
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]


class DisclosureDecision(Base):
    """What another person has decided about a minor's data. Append-only."""

    __tablename__ = "people_disclosure_decision"
    __table_args__ = (WITHOUT_ROWID,)

    disclosure_id: Mapped[UUID] = mapped_column(ForeignKey("people_disclosure.id"), primary_key=True)
    approved: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(500))
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]


class DisclosureOpening(Base):
    """That whoever asked has looked, and when. Append-only."""

    __tablename__ = "people_disclosure_opening"
    __table_args__ = (CheckConstraint("number > 0", name="number"), WITHOUT_ROWID)

    disclosure_id: Mapped[UUID] = mapped_column(ForeignKey("people_disclosure.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    opened_at: Mapped[datetime]


class ErasureRequest(Base):
    """That somebody wants to be forgotten, what shall become of their minutes, and from when it is done. Append-only.

    ``organisation_id`` and ``reason`` are staff's, who enter what somebody has asked for on paper.
    """

    __tablename__ = "people_erasure"
    __table_args__ = (
        one_of("balance", Balance),
        UniqueConstraint("person_id", "number"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("(organisation_id IS NULL) = (reason IS NULL)", name="staff"),
        Index("ix_people_erasure_due_at", "due_at"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    number: Mapped[int]
    balance: Mapped[str] = mapped_column(String(8))
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("area.id"))
    organisation_id: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]


class ErasureEnd(Base):
    """That a request was taken back, or done. Append-only."""

    __tablename__ = "people_erasure_end"
    __table_args__ = (one_of("outcome", Outcome), WITHOUT_ROWID)

    erasure_id: Mapped[UUID] = mapped_column(ForeignKey("people_erasure.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10))
    ended_by: Mapped[UUID]
    ended_at: Mapped[datetime]


# Two at once: the second look finds what the first has done.
retry_on(
    "pk_people_disclosure_decision",
    "pk_people_disclosure_opening",
    "uq_people_erasure_person_id_number",
    "pk_people_erasure_end",
)
