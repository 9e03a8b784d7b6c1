"""Tables of write-offs: what one person asked for, and what another decided. All append-only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.shop.stockkeeping.rules import Decision, WriteOffReason


class WriteOff(Base):
    """Pieces that somebody asks to write off, and why (rule R35).

    ``picture_ref`` says where the proof is: the number of a picture or of a paper.
    """

    __tablename__ = "shop_write_off"
    __table_args__ = (
        one_of("reason", WriteOffReason),
        Index("ix_shop_write_off_site_id_requested_at_id", "site_id", "requested_at", "id"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    reason: Mapped[str] = mapped_column(String(12))
    note: Mapped[str | None] = mapped_column(String(500))
    picture_ref: Mapped[str | None] = mapped_column(String(120))
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]


class WriteOffLine(Base):
    """Pieces of one lot that are to be written off."""

    __tablename__ = "shop_write_off_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), WITHOUT_ROWID)

    write_off_id: Mapped[UUID] = mapped_column(ForeignKey("shop_write_off.id"), primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("shop_lot.id"), primary_key=True)
    quantity: Mapped[int]


class WriteOffDecision(Base):
    """What the second person said; its key lets one of two who decide at once win."""

    __tablename__ = "shop_write_off_decision"
    __table_args__ = (one_of("decision", Decision), WITHOUT_ROWID)

    write_off_id: Mapped[UUID] = mapped_column(ForeignKey("shop_write_off.id"), primary_key=True)
    decision: Mapped[str] = mapped_column(String(12))
    note: Mapped[str | None] = mapped_column(String(500))
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]
