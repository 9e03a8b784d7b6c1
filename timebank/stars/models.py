"""Tables of stars. Append-only, all of them: a star is what its facts add up to."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base, one_of
from timebank.stars.rules import Decision, Outcome, Review


class StarProposal(Base):
    """That somebody's service is worth a star, by the thresholds of that day; on public notice until ``ends_at``.

    ``organisation_id`` is where most of it was recorded: its staff decide. ``number`` counts a volunteer's proposals;
    (volunteer_id, number) is the fence.
    """

    __tablename__ = "star_proposal"
    __table_args__ = (
        UniqueConstraint("volunteer_id", "number"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("level BETWEEN 1 AND 10", name="level"),
        CheckConstraint("service_minutes >= threshold_minutes", name="reached"),
        CheckConstraint("ends_at >= proposed_at", name="times"),
        Index("ix_star_proposal_organisation_id_proposed_at", "organisation_id", "proposed_at"),
        Index("ix_star_proposal_ends_at", "ends_at"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    number: Mapped[int]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    level: Mapped[int]
    threshold_minutes: Mapped[int]
    service_minutes: Mapped[int]
    policy_number: Mapped[int]
    proposed_by: Mapped[UUID]
    proposed_at: Mapped[datetime]
    notice_days: Mapped[int]
    ends_on: Mapped[date]
    ends_at: Mapped[datetime]
    provisional: Mapped[bool]


class StarObjection(Base):
    """Somebody says that a star is not deserved: once each, while it is on notice. Without an answer nothing is awarded."""

    __tablename__ = "star_objection"
    __table_args__ = (UniqueConstraint("proposal_id", "objector_id"), WITHOUT_ROWID)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("star_proposal.id"))
    objector_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    reason: Mapped[str] = mapped_column(String(500))
    made_at: Mapped[datetime]


class StarObjectionAnswer(Base):
    """The one answer to an objection."""

    __tablename__ = "star_objection_answer"
    __table_args__ = (one_of("outcome", Outcome), WITHOUT_ROWID)

    objection_id: Mapped[UUID] = mapped_column(ForeignKey("star_objection.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10))
    answer: Mapped[str] = mapped_column(String(500))
    answered_by: Mapped[UUID]
    answered_at: Mapped[datetime]


class StarDecision(Base):
    """What a person has decided about a proposal. Its key is the proposal's: of two who decide, one is the first."""

    __tablename__ = "star_decision"
    __table_args__ = (one_of("decision", Decision), WITHOUT_ROWID)

    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("star_proposal.id"), primary_key=True)
    decision: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(500))
    service_minutes: Mapped[int]
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]


class StarReview(Base):
    """A second look at a star whose minutes have gone below its threshold; the highest number holds."""

    __tablename__ = "star_review"
    __table_args__ = (one_of("outcome", Review), CheckConstraint("number > 0", name="number"), WITHOUT_ROWID)

    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("star_proposal.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(500))
    service_minutes: Mapped[int]
    reviewed_by: Mapped[UUID]
    reviewed_at: Mapped[datetime]


# Two propose one person, or look again at one star, at once: the second look finds what the first has done.
retry_on("uq_star_proposal_volunteer_id_number", "pk_star_review")
