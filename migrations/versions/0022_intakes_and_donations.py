"""Goods, intakes and lots in full; recalls, changes of purpose, donations offered from a phone."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# A column that is added carries its CHECK with it on both engines; alembic would add it as a table's, which SQLite cannot.
_ADDED = {
    "goods": (
        "lane VARCHAR(10) DEFAULT 'shelf' NOT NULL CONSTRAINT ck_goods_lane CHECK (lane IN ('shelf', 'same_day'))",
        "low_stock_below BIGINT CONSTRAINT ck_goods_low_stock_below CHECK (low_stock_below > 0)",
        "min_remaining_days BIGINT CONSTRAINT ck_goods_min_remaining_days CHECK (min_remaining_days >= 0)",
        "version BIGINT DEFAULT '1' NOT NULL",
    ),
    "shop_lot": (
        "condition VARCHAR(12) CONSTRAINT ck_shop_lot_condition CHECK (condition IN ('new', 'like_new', 'usable'))",
        "restricted_purpose VARCHAR(200)",
    ),
}
_PURPOSE = "CONSTRAINT ck_shop_lot_ordinary_from CHECK (ordinary_from IS NULL OR restricted_purpose IS NOT NULL)"


def upgrade() -> None:
    """Add the columns, create the tables."""
    for table, columns in _ADDED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    instant = UtcDateTime().compile(dialect=op.get_context().dialect)
    op.execute(f"ALTER TABLE shop_lot ADD COLUMN ordinary_from {instant} {_PURPOSE}")
    op.add_column("shop_lot", sa.Column("recalled_at", UtcDateTime(), nullable=True))
    op.add_column("shop_intake", sa.Column("note", sa.String(length=200), nullable=True))
    op.create_index("ix_shop_lot_site_id_received_at_id", "shop_lot", ["site_id", "received_at", "id"], unique=False)
    _create_facts_of_lots()
    _create_donations()


def _create_facts_of_lots() -> None:
    op.create_table(
        "lot_recall",
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("recalled_by", sa.Uuid(), nullable=False),
        sa.Column("recalled_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("seq > 0", name=op.f("ck_lot_recall_seq")),
        sa.ForeignKeyConstraint(["lot_id"], ["shop_lot.id"], name=op.f("fk_lot_recall_lot_id")),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_lot_recall")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "purpose_change",
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=True),
        sa.Column("basis", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("effective_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("basis IN ('consent', 'notice')", name=op.f("ck_purpose_change_basis")),
        sa.CheckConstraint("effective_at >= changed_at", name=op.f("ck_purpose_change_effective_at")),
        sa.ForeignKeyConstraint(["lot_id"], ["shop_lot.id"], name=op.f("fk_purpose_change_lot_id")),
        sa.PrimaryKeyConstraint("lot_id", "number", name=op.f("pk_purpose_change")),
        sqlite_with_rowid=False,
    )
    guard(op, "lot_recall", {"pk_lot_recall": ["lot_id"]})
    guard(op, "purpose_change", {"pk_purpose_change": ["lot_id", "number"]})


def _create_donations() -> None:
    op.create_table(
        "donation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("donor_id", sa.Uuid(), nullable=False),
        sa.Column("donor_kind", sa.String(length=12), nullable=False),
        sa.Column("donor_name", sa.String(length=60), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("offered_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decline_reason", sa.String(length=200), nullable=True),
        sa.Column("intake_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('offered', 'accepted', 'declined', 'cancelled')", name=op.f("ck_donation_state")),
        sa.CheckConstraint("donor_kind IN ('person', 'firm', 'anonymous')", name=op.f("ck_donation_donor_kind")),
        sa.CheckConstraint("donor_kind <> 'anonymous' OR donor_name IS NULL", name=op.f("ck_donation_anonymous")),
        sa.CheckConstraint("(state = 'offered') = (decided_at IS NULL)", name=op.f("ck_donation_decided_at")),
        sa.CheckConstraint("(state = 'accepted') = (intake_id IS NOT NULL)", name=op.f("ck_donation_accepted")),
        sa.CheckConstraint("(state = 'declined') = (decline_reason IS NOT NULL)", name=op.f("ck_donation_declined")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_donation_site_id")),
        sa.ForeignKeyConstraint(["donor_id"], ["identity_person.id"], name=op.f("fk_donation_donor_id")),
        sa.ForeignKeyConstraint(["intake_id"], ["shop_intake.id"], name=op.f("fk_donation_intake_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donation")),
        sa.UniqueConstraint("intake_id", name=op.f("uq_donation_intake_id")),
    )
    op.create_index("ix_donation_donor_id_offered_at_id", "donation", ["donor_id", "offered_at", "id"], unique=False)
    op.create_index("ix_donation_site_id_offered_at_id", "donation", ["site_id", "offered_at", "id"], unique=False)
    op.create_table(
        "donation_line",
        sa.Column("donation_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("goods_id", sa.Uuid(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_donation_line_quantity")),
        sa.ForeignKeyConstraint(["donation_id"], ["donation.id"], name=op.f("fk_donation_line_donation_id")),
        sa.ForeignKeyConstraint(["goods_id"], ["goods.id"], name=op.f("fk_donation_line_goods_id")),
        sa.PrimaryKeyConstraint("donation_id", "line_no", name=op.f("pk_donation_line")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "donation_lot",
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("donation_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lot_id"], ["shop_lot.id"], name=op.f("fk_donation_lot_lot_id")),
        sa.ForeignKeyConstraint(
            ["donation_id", "line_no"],
            ["donation_line.donation_id", "donation_line.line_no"],
            name=op.f("fk_donation_lot_donation_id_line_no"),
        ),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_donation_lot")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_donation_lot_donation_id", "donation_lot", ["donation_id"], unique=False)
    guard(op, "donation_line", {"pk_donation_line": ["donation_id", "line_no"]})
    guard(op, "donation_lot", {"pk_donation_lot": ["lot_id"]})


def downgrade() -> None:
    """Drop them."""
    for table in ("donation_lot", "donation_line", "donation", "purpose_change", "lot_recall"):
        op.drop_table(table)
    op.drop_index("ix_shop_lot_site_id_received_at_id", "shop_lot")
    op.drop_column("shop_intake", "note")
    for column in ("recalled_at", "ordinary_from", "restricted_purpose", "condition"):
        op.drop_column("shop_lot", column)
    for column in ("version", "min_remaining_days", "low_stock_below", "lane"):
        op.drop_column("goods", column)
