"""Tables of what people offer from their phones, and what has become of it (共富集)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.shop.rules import DonorKind


class DonationState(StrEnum):
    """The life of a donation: offered, and then one of the three ends."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class Donation(Base):
    """What somebody offers to a site. ``donor_name`` is what the receipt shall say; anonymous has none (rule R31)."""

    __tablename__ = "donation"
    __table_args__ = (
        UniqueConstraint("intake_id"),
        one_of("state", DonationState),
        one_of("donor_kind", DonorKind),
        CheckConstraint("donor_kind <> 'anonymous' OR donor_name IS NULL", name="anonymous"),
        CheckConstraint("(state = 'offered') = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("(state = 'accepted') = (intake_id IS NOT NULL)", name="accepted"),
        CheckConstraint("(state = 'declined') = (decline_reason IS NOT NULL)", name="declined"),
        Index("ix_donation_donor_id_offered_at_id", "donor_id", "offered_at", "id"),
        Index("ix_donation_site_id_offered_at_id", "site_id", "offered_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    donor_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    donor_kind: Mapped[str] = mapped_column(String(12))
    donor_name: Mapped[str | None] = mapped_column(String(60))
    note: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(12))
    offered_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decline_reason: Mapped[str | None] = mapped_column(String(200))
    intake_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop_intake.id"))


class DonationLine(Base):
    """Pieces of one thing that are offered; the donor's own words, and goods of the catalogue if they know them."""

    __tablename__ = "donation_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), WITHOUT_ROWID)

    donation_id: Mapped[UUID] = mapped_column(ForeignKey("donation.id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(120))
    goods_id: Mapped[UUID | None] = mapped_column(ForeignKey("goods.id"))
    quantity: Mapped[int]
    expires_at: Mapped[datetime | None]


class DonationLot(Base):
    """The lot that pieces of an offered line have become."""

    __tablename__ = "donation_lot"
    __table_args__ = (
        ForeignKeyConstraint(["donation_id", "line_no"], ["donation_line.donation_id", "donation_line.line_no"]),
        Index("ix_donation_lot_donation_id", "donation_id"),
        WITHOUT_ROWID,
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("shop_lot.id"), primary_key=True)
    donation_id: Mapped[UUID]
    line_no: Mapped[int]
