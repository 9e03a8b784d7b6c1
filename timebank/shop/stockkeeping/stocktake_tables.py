"""Tables of stocktakes: which lots are counted, each count as it was made, and the two signatures under the posting."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.shop.stockkeeping.rules import UNDER_WAY, StocktakeState

_UNDER_WAY = text(f"state IN ({', '.join(repr(str(state)) for state in UNDER_WAY)})")


class Stocktake(Base):
    """A count of some lots of one site. One is under way at a site at a time: an index says so.

    ``blind``: whoever counts is not told what the books say. The state changes under the row's lock only.
    """

    __tablename__ = "shop_stocktake"
    __table_args__ = (
        one_of("state", StocktakeState),
        CheckConstraint("(state IN ('posted', 'cancelled')) = (closed_at IS NOT NULL)", name="closed_at"),
        CheckConstraint("state NOT IN ('confirmed', 'posted') OR confirmed_at IS NOT NULL", name="confirmed_at"),
        Index(
            "uq_shop_stocktake_under_way",
            "site_id",
            unique=True,
            sqlite_where=_UNDER_WAY,
            postgresql_where=_UNDER_WAY,
        ),
        Index("ix_shop_stocktake_site_id_opened_at_id", "site_id", "opened_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    blind: Mapped[bool]
    state: Mapped[str] = mapped_column(String(12))
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime]
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]


class StocktakeLot(Base):
    """A lot that is to be counted."""

    __tablename__ = "shop_stocktake_lot"
    __table_args__ = (WITHOUT_ROWID,)

    stocktake_id: Mapped[UUID] = mapped_column(ForeignKey("shop_stocktake.id"), primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("shop_lot.id"), primary_key=True)


class StockCount(Base):
    """What somebody counted of a lot, and what the books said at that moment: after the lot's move ``seq``.

    The one with the largest ``number`` is in force; the earlier ones stay.
    """

    __tablename__ = "shop_count"
    __table_args__ = (
        ForeignKeyConstraint(
            ["stocktake_id", "lot_id"],
            ["shop_stocktake_lot.stocktake_id", "shop_stocktake_lot.lot_id"],
            name="fk_shop_count_stocktake_lot",
        ),
        ForeignKeyConstraint(["lot_id", "seq"], ["stock_move.lot_id", "stock_move.seq"], name="fk_shop_count_move"),
        CheckConstraint("counted >= 0", name="counted"),
        CheckConstraint("system_quantity >= 0", name="system_quantity"),
        WITHOUT_ROWID,
    )

    stocktake_id: Mapped[UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    counted: Mapped[int]
    system_quantity: Mapped[int]
    seq: Mapped[int]
    counted_by: Mapped[UUID]
    counted_at: Mapped[datetime]


class StocktakePosting(Base):
    """The two who signed a stocktake: who confirmed the counts, and who posted the differences (rule R35)."""

    __tablename__ = "shop_stocktake_posting"
    __table_args__ = (CheckConstraint("confirmed_by <> posted_by", name="two_people"), WITHOUT_ROWID)

    stocktake_id: Mapped[UUID] = mapped_column(ForeignKey("shop_stocktake.id"), primary_key=True)
    confirmed_by: Mapped[UUID]
    confirmed_at: Mapped[datetime]
    posted_by: Mapped[UUID]
    posted_at: Mapped[datetime]
