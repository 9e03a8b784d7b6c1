"""Tables of limits: what is set on one goods, and what was counted when something was taken under a limit. Both append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.policies.limits import Of, Per, Unit


class GoodsLimit(Base):
    """All limits of one goods, beside those of the policy; the highest number counts, an empty list lifts them."""

    __tablename__ = "goods_limit"
    __table_args__ = (WITHOUT_ROWID,)

    goods_id: Mapped[UUID] = mapped_column(ForeignKey("goods.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    limits: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]


class RedemptionLimit(Base):
    """One limit that a redemption came under: how much was used when it was made, and how much it took.

    ``scope`` is what the limit is of; ``span`` its window in one word, which began at ``from_at`` (nothing: ever).
    """

    __tablename__ = "redemption_limit"
    __table_args__ = (
        one_of("per", Per),
        one_of("scope", Of),
        one_of("unit", Unit),
        CheckConstraint("(scope = 'item') = (goods_id IS NOT NULL)", name="goods_id"),
        CheckConstraint("(scope = 'category') = (category IS NOT NULL)", name="category"),
        CheckConstraint("used >= 0 AND taken > 0 AND used + taken <= most", name="most"),
        WITHOUT_ROWID,
    )

    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    per: Mapped[str] = mapped_column(String(10))
    scope: Mapped[str] = mapped_column(String(10))
    span: Mapped[str] = mapped_column(String(12))
    unit: Mapped[str] = mapped_column(String(8))
    most: Mapped[int]
    goods_id: Mapped[UUID | None]
    category: Mapped[str | None] = mapped_column(String(40))
    household_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_household.id"))
    from_at: Mapped[datetime | None]
    used: Mapped[int]
    taken: Mapped[int]
