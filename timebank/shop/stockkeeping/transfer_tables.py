"""Tables of transfers between sites: what was sent, how it ended, and which new lot each part became. All append-only.

Goods on the way are at neither site: the transfer has no end yet. Its end is one row, whose key decides between
somebody who receives and somebody who cancels at the same moment.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.shop.stockkeeping.rules import Outcome


class StockTransfer(Base):
    """Goods that left one site for another: who sent them, and when."""

    __tablename__ = "shop_transfer"
    __table_args__ = (
        CheckConstraint("from_site_id <> to_site_id", name="sites"),
        Index("ix_shop_transfer_from_site_id_sent_at_id", "from_site_id", "sent_at", "id"),
        Index("ix_shop_transfer_to_site_id_sent_at_id", "to_site_id", "sent_at", "id"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    from_site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    to_site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    note: Mapped[str | None] = mapped_column(String(500))
    sent_by: Mapped[UUID]
    sent_at: Mapped[datetime]


class StockTransferLine(Base):
    """Pieces of one lot that were sent."""

    __tablename__ = "shop_transfer_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_shop_transfer_line_lot_id", "lot_id"),
        WITHOUT_ROWID,
    )

    transfer_id: Mapped[UUID] = mapped_column(ForeignKey("shop_transfer.id"), primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("shop_lot.id"), primary_key=True)
    quantity: Mapped[int]


class StockTransferEnd(Base):
    """How a transfer ended; ``reason`` says why less arrived than was sent."""

    __tablename__ = "shop_transfer_end"
    __table_args__ = (one_of("outcome", Outcome), WITHOUT_ROWID)

    transfer_id: Mapped[UUID] = mapped_column(ForeignKey("shop_transfer.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(500))
    ended_by: Mapped[UUID]
    ended_at: Mapped[datetime]


class StockTransferArrival(Base):
    """The new lot that a line became at its new site, and how many of the pieces were there.

    The new lot belongs to the intake of the old one: source, donor, expiry, value and purpose follow.
    """

    __tablename__ = "shop_transfer_arrival"
    __table_args__ = (
        ForeignKeyConstraint(
            ["transfer_id", "lot_id"],
            ["shop_transfer_line.transfer_id", "shop_transfer_line.lot_id"],
            name="fk_shop_transfer_arrival_line",
        ),
        UniqueConstraint("arrived_lot_id"),
        CheckConstraint("quantity >= 0", name="quantity"),
        WITHOUT_ROWID,
    )

    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    arrived_lot_id: Mapped[UUID] = mapped_column(ForeignKey("shop_lot.id"))
    quantity: Mapped[int]
