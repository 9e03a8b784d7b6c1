"""Shop: goods, lots, stock moves, redemptions, receipts, the counter."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "goods",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("ean13", sa.String(length=13), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods")),
        sa.UniqueConstraint("ean13", name=op.f("uq_goods_ean13")),
    )
    op.create_table(
        "missed_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clerk_id", sa.Uuid(), nullable=False),
        sa.Column("missed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missed_code")),
    )
    op.create_index("ix_missed_code_clerk_id_missed_at", "missed_code", ["clerk_id", "missed_at"], unique=False)
    op.create_table(
        "used_member_code",
        sa.Column("member_ref", sa.String(length=8), nullable=False),
        sa.Column("step", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("member_ref", "step", name=op.f("pk_used_member_code")),
    )
    op.create_table(
        "goods_price",
        sa.Column("goods_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("price_minutes", sa.BigInteger(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("price_minutes >= 0", name=op.f("ck_goods_price_price_minutes")),
        sa.ForeignKeyConstraint(["goods_id"], ["goods.id"], name=op.f("fk_goods_price_goods_id")),
        sa.PrimaryKeyConstraint("goods_id", "number", name=op.f("pk_goods_price")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "redemption",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("ref", sa.String(length=10), nullable=False),
        sa.Column("pickup_code", sa.String(length=8), nullable=True),
        sa.Column("total_minutes", sa.BigInteger(), nullable=False),
        sa.Column("charged_minutes", sa.BigInteger(), nullable=True),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'handed_over') = (charged_minutes IS NOT NULL)", name=op.f("ck_redemption_charged")
        ),
        sa.CheckConstraint("(state = 'held') = (closed_at IS NULL)", name=op.f("ck_redemption_closed_at")),
        sa.CheckConstraint("channel IN ('reservation', 'counter')", name=op.f("ck_redemption_channel")),
        sa.CheckConstraint(
            "state IN ('held', 'handed_over', 'cancelled', 'expired')", name=op.f("ck_redemption_state")
        ),
        sa.CheckConstraint("charged_minutes BETWEEN 0 AND total_minutes", name=op.f("ck_redemption_charged_minutes")),
        sa.CheckConstraint("total_minutes >= 0", name=op.f("ck_redemption_total_minutes")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_redemption_person_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_redemption_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
        sa.UniqueConstraint("ref", name=op.f("uq_redemption_ref")),
    )
    op.create_index(
        "ix_redemption_due",
        "redemption",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "ix_redemption_person_id_created_at_id", "redemption", ["person_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_redemption_pickup_code", "redemption", ["pickup_code"], unique=False)
    op.create_index(
        "uq_redemption_site_id_pickup_code",
        "redemption",
        ["site_id", "pickup_code"],
        unique=True,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "shop_counter",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("series", sa.String(length=12), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("series IN ('intake', 'receipt')", name=op.f("ck_shop_counter_series")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_shop_counter_site_id")),
        sa.PrimaryKeyConstraint("site_id", "day", "series", name=op.f("pk_shop_counter")),
    )
    op.create_table(
        "shop_intake",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("donor_kind", sa.String(length=12), nullable=False),
        sa.Column("donor_name", sa.String(length=60), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("donor_kind <> 'anonymous' OR donor_name IS NULL", name=op.f("ck_shop_intake_anonymous")),
        sa.CheckConstraint("donor_kind IN ('person', 'firm', 'anonymous')", name=op.f("ck_shop_intake_donor_kind")),
        sa.CheckConstraint("source IN ('donated', 'purchased', 'merchant')", name=op.f("ck_shop_intake_source")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_shop_intake_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_intake")),
        sa.UniqueConstraint("site_id", "received_on", "number", name=op.f("uq_shop_intake_site_id_received_on_number")),
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("charged_minutes", sa.BigInteger(), nullable=False),
        sa.Column("minutes_before", sa.BigInteger(), nullable=False),
        sa.Column("minutes_after", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(length=8), nullable=False),
        sa.Column("clerk_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"], name=op.f("fk_receipt_redemption_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_receipt_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("redemption_id", name=op.f("uq_receipt_redemption_id")),
        sa.UniqueConstraint("site_id", "issued_on", "number", name=op.f("uq_receipt_site_id_issued_on_number")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "redemption_line",
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("goods_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("price_minutes", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("price_minutes >= 0", name=op.f("ck_redemption_line_price_minutes")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_redemption_line_quantity")),
        sa.ForeignKeyConstraint(["goods_id"], ["goods.id"], name=op.f("fk_redemption_line_goods_id")),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"], name=op.f("fk_redemption_line_redemption_id")),
        sa.PrimaryKeyConstraint("redemption_id", "line_no", name=op.f("pk_redemption_line")),
        sa.UniqueConstraint("redemption_id", "goods_id", name=op.f("uq_redemption_line_redemption_id_goods_id")),
    )
    op.create_table(
        "shop_lot",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("goods_id", sa.Uuid(), nullable=False),
        sa.Column("intake_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("fair_value_fen", sa.BigInteger(), nullable=True),
        sa.Column("emptied_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("fair_value_fen IS NULL OR fair_value_fen >= 0", name=op.f("ck_shop_lot_fair_value_fen")),
        sa.ForeignKeyConstraint(["goods_id"], ["goods.id"], name=op.f("fk_shop_lot_goods_id")),
        sa.ForeignKeyConstraint(["intake_id"], ["shop_intake.id"], name=op.f("fk_shop_lot_intake_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_shop_lot_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_lot")),
    )
    op.create_index("ix_shop_lot_intake_id", "shop_lot", ["intake_id"], unique=False)
    op.create_index(
        "ix_shop_lot_stocked",
        "shop_lot",
        ["goods_id", "site_id"],
        unique=False,
        sqlite_where=sa.text("emptied_at IS NULL"),
        postgresql_where=sa.text("emptied_at IS NULL"),
    )
    op.create_table(
        "stock_move",
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("on_hand_after", sa.BigInteger(), nullable=False),
        sa.Column("reserved_after", sa.BigInteger(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.Column("line_no", sa.BigInteger(), nullable=True),
        sa.Column("resolves", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("moved_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind <> 'hand_over' OR (quantity < 0 AND reserved <= 0)", name=op.f("ck_stock_move_hand_over")
        ),
        sa.CheckConstraint(
            "kind <> 'intake' OR (seq = 1 AND quantity > 0 AND reserved = 0)", name=op.f("ck_stock_move_intake")
        ),
        sa.CheckConstraint("kind <> 'release' OR (quantity = 0 AND reserved < 0)", name=op.f("ck_stock_move_release")),
        sa.CheckConstraint("kind <> 'reserve' OR (quantity = 0 AND reserved > 0)", name=op.f("ck_stock_move_reserve")),
        sa.CheckConstraint(
            "kind IN ('intake', 'reserve', 'release', 'hand_over', 'return', 'transfer', 'count_difference', 'write_off')",
            name=op.f("ck_stock_move_kind"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('reserve', 'release', 'hand_over') OR redemption_id IS NOT NULL",
            name=op.f("ck_stock_move_redemption"),
        ),
        sa.CheckConstraint("(resolves IS NOT NULL) = (reserved < 0)", name=op.f("ck_stock_move_resolves")),
        sa.CheckConstraint("on_hand_after >= 0", name=op.f("ck_stock_move_on_hand_after")),
        sa.CheckConstraint(
            "reserved_after >= 0 AND reserved_after <= on_hand_after", name=op.f("ck_stock_move_reserved_after")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "resolves"], ["stock_move.lot_id", "stock_move.seq"], name=op.f("fk_stock_move_lot_id_resolves")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["shop_lot.id"], name=op.f("fk_stock_move_lot_id")),
        sa.ForeignKeyConstraint(
            ["redemption_id", "line_no"],
            ["redemption_line.redemption_id", "redemption_line.line_no"],
            name=op.f("fk_stock_move_redemption_id_line_no"),
        ),
        sa.PrimaryKeyConstraint("lot_id", "seq", name=op.f("pk_stock_move")),
        sa.UniqueConstraint("lot_id", "resolves", name=op.f("uq_stock_move_lot_id_resolves")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_stock_move_redemption_id", "stock_move", ["redemption_id"], unique=False)
    guard(op, "goods_price", {"pk_goods_price": ("goods_id", "number")})
    guard(
        op,
        "stock_move",
        {"pk_stock_move": ("lot_id", "seq"), "uq_stock_move_lot_id_resolves": ("lot_id", "resolves")},
    )
    guard(
        op,
        "receipt",
        {
            "pk_receipt": ("id",),
            "uq_receipt_redemption_id": ("redemption_id",),
            "uq_receipt_site_id_issued_on_number": ("site_id", "issued_on", "number"),
        },
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("stock_move")
    op.drop_table("shop_lot")
    op.drop_table("redemption_line")
    op.drop_table("receipt")
    op.drop_table("shop_intake")
    op.drop_table("shop_counter")
    op.drop_table("redemption")
    op.drop_table("goods_price")
    op.drop_table("used_member_code")
    op.drop_table("missed_code")
    op.drop_table("goods")
