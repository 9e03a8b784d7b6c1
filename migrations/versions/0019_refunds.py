"""Refunds by line, and reservations that were extended once."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and the mark of an extension."""
    op.add_column("redemption", sa.Column("extended_at", UtcDateTime(), nullable=True))
    op.create_table(
        "shop_refund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("refunded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('undo', 'refund')", name=op.f("ck_shop_refund_kind")),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_shop_refund_minutes")),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"], name=op.f("fk_shop_refund_redemption_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_refund")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_shop_refund_redemption_id", "shop_refund", ["redemption_id"], unique=False)
    op.create_table(
        "shop_refund_line",
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("restocked", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shop_refund_line_quantity")),
        sa.CheckConstraint("restocked >= 0 AND restocked <= quantity", name=op.f("ck_shop_refund_line_restocked")),
        sa.ForeignKeyConstraint(["refund_id"], ["shop_refund.id"], name=op.f("fk_shop_refund_line_refund_id")),
        sa.PrimaryKeyConstraint("refund_id", "line_no", name=op.f("pk_shop_refund_line")),
        sqlite_with_rowid=False,
    )
    guard(op, "shop_refund", {"pk_shop_refund": ["id"]})
    guard(op, "shop_refund_line", {"pk_shop_refund_line": ["refund_id", "line_no"]})


def downgrade() -> None:
    """Drop them."""
    op.drop_table("shop_refund_line")
    op.drop_table("shop_refund")
    op.drop_column("redemption", "extended_at")
