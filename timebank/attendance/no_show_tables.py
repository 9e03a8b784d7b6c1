"""Tables of whoever had signed up and did not come: that it was told, what they say, and that it was lifted. Append-only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base


class NoShow(Base):
    """That the sweep has found somebody absent, and told them. Whether they were is a function of time, not of this."""

    __tablename__ = "no_show"
    __table_args__ = (WITHOUT_ROWID,)

    sign_up_id: Mapped[UUID] = mapped_column(ForeignKey("sign_up.id"), primary_key=True)
    marked_at: Mapped[datetime]


class NoShowExplanation(Base):
    """What somebody says to an absence of theirs. One for each."""

    __tablename__ = "no_show_explanation"
    __table_args__ = (WITHOUT_ROWID,)

    sign_up_id: Mapped[UUID] = mapped_column(ForeignKey("sign_up.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    explained_at: Mapped[datetime]


class NoShowLift(Base):
    """That a coordinator has lifted an absence, and why: it counts no more. One for each."""

    __tablename__ = "no_show_lift"
    __table_args__ = (WITHOUT_ROWID,)

    sign_up_id: Mapped[UUID] = mapped_column(ForeignKey("sign_up.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    lifted_by: Mapped[UUID]
    lifted_at: Mapped[datetime]


# Two sweeps at once: the second look finds that it was told.
retry_on("pk_no_show")
