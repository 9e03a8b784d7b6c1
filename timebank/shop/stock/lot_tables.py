"""Tables of what happens to a lot beside its moves: recalls and changes of purpose. Append-only, both."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base, one_of


class Basis(StrEnum):
    """What lets a purpose be changed (rule R32): the donor agrees, or the public was told 60 days before."""

    CONSENT = "consent"
    NOTICE = "notice"


class LotRecall(Base):
    """That a lot was recalled, and why. ``seq`` was its last move then: nothing is picked after it (rule R34)."""

    __tablename__ = "lot_recall"
    __table_args__ = (CheckConstraint("seq > 0", name="seq"), WITHOUT_ROWID)

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("shop_lot.id"), primary_key=True)
    seq: Mapped[int]
    reason: Mapped[str] = mapped_column(String(500))
    recalled_by: Mapped[UUID]
    recalled_at: Mapped[datetime]


class PurposeChange(Base):
    """Another purpose for a lot, from an instant on; without one it is for everybody.

    The last change counts: one that was still to come when another was made never takes effect. ``note`` says how the
    donor has agreed, or where the notice can be read.
    """

    __tablename__ = "purpose_change"
    __table_args__ = (
        one_of("basis", Basis),
        CheckConstraint("effective_at >= changed_at", name="effective_at"),
        WITHOUT_ROWID,
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("shop_lot.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    purpose: Mapped[str | None] = mapped_column(String(200))
    basis: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(String(500))
    changed_by: Mapped[UUID]
    changed_at: Mapped[datetime]
    effective_at: Mapped[datetime]


# Somebody else was first; a second look finds it.
retry_on("pk_purpose_change")
