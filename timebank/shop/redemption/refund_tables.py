"""Tables of refunds: minutes that came back for goods, and how many pieces did. Append-only, both."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.shop.rules import RefundKind


class Refund(Base):
    """Minutes that came back for goods of one redemption, why, and through whom: a fact of its own (rule R28)."""

    __tablename__ = "shop_refund"
    __table_args__ = (
        one_of("kind", RefundKind),
        CheckConstraint("minutes >= 0", name="minutes"),
        Index("ix_shop_refund_redemption_id", "redemption_id"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"))
    kind: Mapped[str] = mapped_column(String(10))
    minutes: Mapped[int]
    reason: Mapped[str] = mapped_column(String(500))
    actor_id: Mapped[UUID]
    refunded_at: Mapped[datetime]


class RefundLine(Base):
    """Pieces of one line that came back; ``restocked`` of them were fit to be handed out again."""

    __tablename__ = "shop_refund_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("restocked >= 0 AND restocked <= quantity", name="restocked"),
        WITHOUT_ROWID,
    )

    refund_id: Mapped[UUID] = mapped_column(ForeignKey("shop_refund.id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    quantity: Mapped[int]
    restocked: Mapped[int]
