"""The table of barcodes: of single pieces and of packs."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base


class GoodsBarcode(Base):
    """A barcode and what it stands for: so many pieces of one goods. Each code means one thing in the whole bank.

    The one of ``Goods.ean13`` is here as well, with one piece.
    """

    __tablename__ = "goods_barcode"
    __table_args__ = (CheckConstraint("pieces > 0", name="pieces"),)

    code: Mapped[str] = mapped_column(String(14), primary_key=True)
    goods_id: Mapped[UUID] = mapped_column(ForeignKey("goods.id"), index=True)
    pieces: Mapped[int]
