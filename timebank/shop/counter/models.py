"""Tables of the counter: lock-outs that were lifted, and daily closings. All of them are append-only."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base


class LockLift(Base):
    """A lock-out of one clerk or one device that somebody else has ended: what was missed before counts no more."""

    __tablename__ = "counter_lock_lift"
    __table_args__ = (
        CheckConstraint("(clerk_id IS NULL) <> (device_id IS NULL)", name="one"),
        CheckConstraint("clerk_id <> lifted_by", name="two_people"),
        Index("ix_counter_lock_lift_clerk_id", "clerk_id", "lifted_at"),
        Index("ix_counter_lock_lift_device_id", "device_id", "lifted_at"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    clerk_id: Mapped[UUID | None]
    device_id: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(String(500))
    lifted_by: Mapped[UUID]
    lifted_at: Mapped[datetime]


class Closing(Base):
    """The end of a day at a shop, counted and signed by its clerk; it covers everything since the one before.

    ``content`` is what was signed, word for word, and ``sha256`` its hash; the hash of the closing before is in it.
    """

    __tablename__ = "shop_closing"
    __table_args__ = (
        UniqueConstraint("site_id", "closed_on"),
        UniqueConstraint("site_id", "number"),
        CheckConstraint("number > 0", name="number"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    number: Mapped[int]
    closed_on: Mapped[date] = mapped_column(Date)
    clerk_id: Mapped[UUID]
    closed_at: Mapped[datetime]
    content: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))


class ClosingReceipts(Base):
    """Receipts of one day that a closing covers, by their numbers: each range begins where the one before has ended."""

    __tablename__ = "shop_closing_receipts"
    __table_args__ = (CheckConstraint("first > 0 AND last >= first", name="numbers"), WITHOUT_ROWID)

    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    first: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last: Mapped[int]
    closing_id: Mapped[UUID] = mapped_column(ForeignKey("shop_closing.id"), index=True)


class ClosingRefund(Base):
    """A refund or undo that a closing covers: each is in one closing."""

    __tablename__ = "shop_closing_refund"
    __table_args__ = (WITHOUT_ROWID,)

    refund_id: Mapped[UUID] = mapped_column(ForeignKey("shop_refund.id"), primary_key=True)
    closing_id: Mapped[UUID] = mapped_column(ForeignKey("shop_closing.id"), index=True)


# Two closings at once: the second looks again at which days have one, and at what is left for it.
retry_on(
    "uq_shop_closing_site_id_closed_on",
    "uq_shop_closing_site_id_number",
    "pk_shop_closing_receipts",
    "pk_shop_closing_refund",
)
