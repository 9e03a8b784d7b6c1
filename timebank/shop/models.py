"""Tables of the shop: goods and prices, lots and their moves, redemptions, receipts, codes that were used or missed.

``stock_move``, ``goods_price`` and ``receipt`` are append-only, enforced by the database. What a lot holds is its last
move; what was picked for a redemption is its ``reserve`` moves.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base, one_of
from timebank.shop.rules import (
    Channel,
    Condition,
    DonorKind,
    Lane,
    MoveKind,
    RedemptionState,
    Series,
    Source,
)

_HELD = text("state = 'held'")
# Says the same (see the CHECK of that name), and is no other index's condition: a planner whose statistics were taken when
# nothing was held would otherwise sort all that is held, by whichever of them, to find what is due first.
_OPEN = text("closed_at IS NULL")
_STOCKED = text("emptied_at IS NULL")


class Goods(Base):
    """What shops offer; the catalogue belongs to the bank, the lots to the shops.

    ``low_stock_below``: fewer available pieces at a shop are few. ``min_remaining_days``: less life than this is not
    taken in; without it the policy of the place decides.
    """

    __tablename__ = "goods"
    __table_args__ = (
        UniqueConstraint("ean13"),
        one_of("lane", Lane),
        CheckConstraint("low_stock_below > 0", name="low_stock_below"),
        CheckConstraint("min_remaining_days >= 0", name="min_remaining_days"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    category: Mapped[str] = mapped_column(String(40))
    unit: Mapped[str] = mapped_column(String(20))
    ean13: Mapped[str | None] = mapped_column(String(13))
    active: Mapped[bool]
    created_at: Mapped[datetime]
    lane: Mapped[str] = mapped_column(String(10), default=Lane.SHELF, server_default=Lane.SHELF)
    low_stock_below: Mapped[int | None]
    min_remaining_days: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class GoodsPrice(Base):
    """A price in minutes, from an instant on: the one with the latest ``from_at`` that has come is in force."""

    __tablename__ = "goods_price"
    __table_args__ = (CheckConstraint("price_minutes >= 0", name="price_minutes"), WITHOUT_ROWID)

    goods_id: Mapped[UUID] = mapped_column(ForeignKey("goods.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    price_minutes: Mapped[int]
    from_at: Mapped[datetime]
    set_by: Mapped[UUID]


class Intake(Base):
    """One delivery and who gave it. The donor's name is personal data: it stands here and nowhere else (rule R31)."""

    __tablename__ = "shop_intake"
    __table_args__ = (
        UniqueConstraint("site_id", "received_on", "number"),
        one_of("source", Source),
        one_of("donor_kind", DonorKind),
        CheckConstraint("donor_kind <> 'anonymous' OR donor_name IS NULL", name="anonymous"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    received_on: Mapped[date] = mapped_column(Date)
    number: Mapped[int]
    source: Mapped[str] = mapped_column(String(12))
    donor_kind: Mapped[str] = mapped_column(String(12))
    donor_name: Mapped[str | None] = mapped_column(String(60))
    received_at: Mapped[datetime]
    received_by: Mapped[UUID]
    note: Mapped[str | None] = mapped_column(String(200))
    """What was noted when it was accepted."""


class Lot(Base):
    """One line of an intake at one site. How much is left is in its last move.

    ``fair_value_fen`` is the value of one piece. ``emptied_at`` is set while nothing is left, so that nobody looks
    through years of empty lots. ``restricted_purpose`` is what the donor gave it for; ``ordinary_from`` is set when a
    change of purpose opens it for everybody (rule R32), ``recalled_at`` when it is recalled (rule R34). These marks change
    under the lot's lock only, and the audit holds them against the facts.
    """

    __tablename__ = "shop_lot"
    __table_args__ = (
        CheckConstraint("fair_value_fen IS NULL OR fair_value_fen >= 0", name="fair_value_fen"),
        one_of("condition", Condition),
        CheckConstraint("ordinary_from IS NULL OR restricted_purpose IS NOT NULL", name="ordinary_from"),
        Index("ix_shop_lot_stocked", "goods_id", "site_id", sqlite_where=_STOCKED, postgresql_where=_STOCKED),
        Index("ix_shop_lot_intake_id", "intake_id"),
        Index("ix_shop_lot_site_id_received_at_id", "site_id", "received_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    goods_id: Mapped[UUID] = mapped_column(ForeignKey("goods.id"))
    intake_id: Mapped[UUID] = mapped_column(ForeignKey("shop_intake.id"))
    received_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    fair_value_fen: Mapped[int | None]
    emptied_at: Mapped[datetime | None]
    condition: Mapped[str | None] = mapped_column(String(12))
    restricted_purpose: Mapped[str | None] = mapped_column(String(200))
    ordinary_from: Mapped[datetime | None]
    recalled_at: Mapped[datetime | None]


class Redemption(Base):
    """Goods paid with minutes. ``ref`` is what a pickup code names; ``charged_minutes`` is what was taken in the end."""

    __tablename__ = "redemption"
    __table_args__ = (
        UniqueConstraint("ref"),
        one_of("state", RedemptionState),
        one_of("channel", Channel),
        CheckConstraint("total_minutes >= 0", name="total_minutes"),
        CheckConstraint("charged_minutes BETWEEN 0 AND total_minutes", name="charged_minutes"),
        CheckConstraint("(state = 'held') = (closed_at IS NULL)", name="closed_at"),
        CheckConstraint("(state = 'handed_over') = (charged_minutes IS NOT NULL)", name="charged"),
        Index(
            "uq_redemption_site_id_pickup_code",
            "site_id",
            "pickup_code",
            unique=True,
            sqlite_where=_HELD,
            postgresql_where=_HELD,
        ),
        Index("ix_redemption_pickup_code", "pickup_code"),
        Index("ix_redemption_due", "expires_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_redemption_person_id_created_at_id", "person_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    channel: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12))
    ref: Mapped[str] = mapped_column(String(10))
    pickup_code: Mapped[str | None] = mapped_column(String(8))
    total_minutes: Mapped[int]
    charged_minutes: Mapped[int | None]
    transfer_id: Mapped[UUID | None]
    """The ledger transfer that took or holds the minutes; none when nothing costs anything."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    extended_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    pay_with: Mapped[str | None] = mapped_column(String(10))
    """Nothing: minutes, as before there were others. ``free_quota``: the lines cost no minutes and are in the quota's moves.
    ``purpose``: they cost nothing, and come from lots that were given for one (rule R32)."""
    limited: Mapped[bool | None]
    """Whether it was counted under a limit: then whoever prolongs or hands it over waits for those who count."""


class RedemptionLine(Base):
    """Pieces of one goods at the price of the moment; how many were handed over is in the moves."""

    __tablename__ = "redemption_line"
    __table_args__ = (
        UniqueConstraint("redemption_id", "goods_id"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("price_minutes >= 0", name="price_minutes"),
    )

    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    goods_id: Mapped[UUID] = mapped_column(ForeignKey("goods.id"))
    quantity: Mapped[int]
    price_minutes: Mapped[int]
    category: Mapped[str | None] = mapped_column(String(40))
    """The goods' category of that moment, for limits by category."""


class StockMove(Base):
    """One move of a lot, signed: what it does to the pieces on hand and to the pieces reserved.

    A ``reserve`` is resolved exactly once, by a ``hand_over`` (whole or part: the rest is released in the same row) or
    a ``release`` whose ``resolves`` names its ``seq``: the same shape as a hold in the ledger.
    """

    __tablename__ = "stock_move"
    __table_args__ = (
        UniqueConstraint("lot_id", "resolves"),
        ForeignKeyConstraint(["lot_id", "resolves"], ["stock_move.lot_id", "stock_move.seq"]),
        ForeignKeyConstraint(
            ["redemption_id", "line_no"], ["redemption_line.redemption_id", "redemption_line.line_no"]
        ),
        one_of("kind", MoveKind),
        CheckConstraint("on_hand_after >= 0", name="on_hand_after"),
        CheckConstraint("reserved_after >= 0 AND reserved_after <= on_hand_after", name="reserved_after"),
        CheckConstraint("kind <> 'intake' OR (seq = 1 AND quantity > 0 AND reserved = 0)", name="intake"),
        CheckConstraint("kind <> 'reserve' OR (quantity = 0 AND reserved > 0)", name="reserve"),
        CheckConstraint("kind <> 'release' OR (quantity = 0 AND reserved < 0)", name="release"),
        CheckConstraint("kind <> 'hand_over' OR (quantity < 0 AND reserved <= 0)", name="hand_over"),
        CheckConstraint("(resolves IS NOT NULL) = (reserved < 0)", name="resolves"),
        CheckConstraint(
            "kind NOT IN ('reserve', 'release', 'hand_over') OR redemption_id IS NOT NULL", name="redemption"
        ),
        Index("ix_stock_move_redemption_id", "redemption_id"),
        WITHOUT_ROWID,
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("shop_lot.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(20))
    quantity: Mapped[int]
    reserved: Mapped[int]
    on_hand_after: Mapped[int]
    reserved_after: Mapped[int]
    redemption_id: Mapped[UUID | None]
    line_no: Mapped[int | None]
    resolves: Mapped[int | None]
    actor_id: Mapped[UUID]
    moved_at: Mapped[datetime]
    cause_id: Mapped[UUID | None]
    """The transfer, stocktake or write-off that moved it; none for what redemptions and intakes do."""


class Receipt(Base):
    """What left the counter, as it was printed; ``head`` is the end of the member's ledger head at that moment."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("site_id", "issued_on", "number"),
        UniqueConstraint("redemption_id"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    issued_on: Mapped[date] = mapped_column(Date)
    number: Mapped[int]
    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"))
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    charged_minutes: Mapped[int]
    minutes_before: Mapped[int]
    minutes_after: Mapped[int]
    head: Mapped[str] = mapped_column(String(8))
    clerk_id: Mapped[UUID]
    issued_at: Mapped[datetime]


class Counter(Base):
    """The last number given out in a series at one site on one day; its row lock keeps the series without gaps."""

    __tablename__ = "shop_counter"
    __table_args__ = (one_of("series", Series),)

    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    series: Mapped[str] = mapped_column(String(12), primary_key=True)
    last: Mapped[int]


class UsedMemberCode(Base):
    """A member code that has paid: each step of a member's codes pays once."""

    __tablename__ = "used_member_code"

    member_ref: Mapped[str] = mapped_column(String(8), primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    used_at: Mapped[datetime]


class MissedCode(Base):
    """A code that a clerk gave, perhaps on an enrolled device, and that named nothing; the code itself is not kept."""

    __tablename__ = "missed_code"
    __table_args__ = (
        Index("ix_missed_code_clerk_id_missed_at", "clerk_id", "missed_at"),
        Index("ix_missed_code_device_id_missed_at", "device_id", "missed_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    clerk_id: Mapped[UUID]
    device_id: Mapped[UUID | None]
    missed_at: Mapped[datetime]


# Somebody else was first: at the same place of a lot's moves, or with the same eight digits.
retry_on("pk_stock_move", "uq_redemption_site_id_pickup_code", "uq_redemption_ref")
