"""Tables of anomalies and of the decisions about them: both append-only."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.anomalies.rules import AnomalyKind, Outcome
from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base, one_of


class Anomaly(Base):
    """Something that looks wrong. ``facts`` are ids and numbers: records, people, how many, how long; never a name.

    The id is made from what was found, so that one thing is found once.
    """

    __tablename__ = "anomaly"
    __table_args__ = (
        one_of("kind", AnomalyKind),
        Index("ix_anomaly_organisation_id_found_at", "organisation_id", "found_at"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    happened_on: Mapped[date]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    found_at: Mapped[datetime]


class AnomalyDecision(Base):
    """What a person has decided, and why. The highest number of an anomaly holds; (anomaly_id, number) is the fence."""

    __tablename__ = "anomaly_decision"
    __table_args__ = (
        one_of("outcome", Outcome),
        CheckConstraint("number > 0", name="number"),
        WITHOUT_ROWID,
    )

    anomaly_id: Mapped[UUID] = mapped_column(ForeignKey("anomaly.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(500))
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]


# Two looks at once find the same thing: the second one sees that it is there.
retry_on("pk_anomaly")
