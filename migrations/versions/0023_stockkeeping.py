"""Keeping stock: transfers between sites, stocktakes, write-offs, and which of them caused a move."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_UNDER_WAY = sa.text("state IN ('open', 'counting', 'confirmed')")


def upgrade() -> None:
    """Create the tables, and the cause of a move."""
    op.add_column("stock_move", sa.Column("cause_id", sa.Uuid(), nullable=True))
    _create_transfers()
    _create_stocktakes()
    _create_write_offs()


def _create_transfers() -> None:
    op.create_table(
        "shop_transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("from_site_id", sa.Uuid(), nullable=False),
        sa.Column("to_site_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("sent_by", sa.Uuid(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("from_site_id <> to_site_id", name=op.f("ck_shop_transfer_sites")),
        sa.ForeignKeyConstraint(["from_site_id"], ["site.id"], name=op.f("fk_shop_transfer_from_site_id")),
        sa.ForeignKeyConstraint(["to_site_id"], ["site.id"], name=op.f("fk_shop_transfer_to_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_transfer")),
        sqlite_with_rowid=False,
    )
    for column in ("from_site_id", "to_site_id"):
        op.create_index(f"ix_shop_transfer_{column}_sent_at_id", "shop_transfer", [column, "sent_at", "id"])
    op.create_table(
        "shop_transfer_line",
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shop_transfer_line_quantity")),
        sa.ForeignKeyConstraint(["transfer_id"], ["shop_transfer.id"], name=op.f("fk_shop_transfer_line_transfer_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["shop_lot.id"], name=op.f("fk_shop_transfer_line_lot_id")),
        sa.PrimaryKeyConstraint("transfer_id", "lot_id", name=op.f("pk_shop_transfer_line")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_shop_transfer_line_lot_id", "shop_transfer_line", ["lot_id"])
    op.create_table(
        "shop_transfer_end",
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("outcome IN ('received', 'cancelled')", name=op.f("ck_shop_transfer_end_outcome")),
        sa.ForeignKeyConstraint(["transfer_id"], ["shop_transfer.id"], name=op.f("fk_shop_transfer_end_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_shop_transfer_end")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shop_transfer_arrival",
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("arrived_lot_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_shop_transfer_arrival_quantity")),
        sa.ForeignKeyConstraint(
            ["transfer_id", "lot_id"],
            ["shop_transfer_line.transfer_id", "shop_transfer_line.lot_id"],
            name=op.f("fk_shop_transfer_arrival_line"),
        ),
        sa.ForeignKeyConstraint(
            ["arrived_lot_id"], ["shop_lot.id"], name=op.f("fk_shop_transfer_arrival_arrived_lot_id")
        ),
        sa.PrimaryKeyConstraint("transfer_id", "lot_id", name=op.f("pk_shop_transfer_arrival")),
        sa.UniqueConstraint("arrived_lot_id", name=op.f("uq_shop_transfer_arrival_arrived_lot_id")),
        sqlite_with_rowid=False,
    )
    guard(op, "shop_transfer", {"pk_shop_transfer": ["id"]})
    guard(op, "shop_transfer_line", {"pk_shop_transfer_line": ["transfer_id", "lot_id"]})
    guard(op, "shop_transfer_end", {"pk_shop_transfer_end": ["transfer_id"]})
    guard(
        op,
        "shop_transfer_arrival",
        {
            "pk_shop_transfer_arrival": ["transfer_id", "lot_id"],
            "uq_shop_transfer_arrival_arrived_lot_id": ["arrived_lot_id"],
        },
    )


def _create_stocktakes() -> None:
    op.create_table(
        "shop_stocktake",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'counting', 'confirmed', 'posted', 'cancelled')", name=op.f("ck_shop_stocktake_state")
        ),
        sa.CheckConstraint(
            "(state IN ('posted', 'cancelled')) = (closed_at IS NOT NULL)", name=op.f("ck_shop_stocktake_closed_at")
        ),
        sa.CheckConstraint(
            "state NOT IN ('confirmed', 'posted') OR confirmed_at IS NOT NULL",
            name=op.f("ck_shop_stocktake_confirmed_at"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_shop_stocktake_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_stocktake")),
    )
    op.create_index(
        "uq_shop_stocktake_under_way",
        "shop_stocktake",
        ["site_id"],
        unique=True,
        sqlite_where=_UNDER_WAY,
        postgresql_where=_UNDER_WAY,
    )
    op.create_index("ix_shop_stocktake_site_id_opened_at_id", "shop_stocktake", ["site_id", "opened_at", "id"])
    op.create_table(
        "shop_stocktake_lot",
        sa.Column("stocktake_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stocktake_id"], ["shop_stocktake.id"], name=op.f("fk_shop_stocktake_lot_stocktake_id")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["shop_lot.id"], name=op.f("fk_shop_stocktake_lot_lot_id")),
        sa.PrimaryKeyConstraint("stocktake_id", "lot_id", name=op.f("pk_shop_stocktake_lot")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shop_count",
        sa.Column("stocktake_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("system_quantity", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("counted_by", sa.Uuid(), nullable=False),
        sa.Column("counted_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("counted >= 0", name=op.f("ck_shop_count_counted")),
        sa.CheckConstraint("system_quantity >= 0", name=op.f("ck_shop_count_system_quantity")),
        sa.ForeignKeyConstraint(
            ["stocktake_id", "lot_id"],
            ["shop_stocktake_lot.stocktake_id", "shop_stocktake_lot.lot_id"],
            name=op.f("fk_shop_count_stocktake_lot"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "seq"], ["stock_move.lot_id", "stock_move.seq"], name=op.f("fk_shop_count_move")
        ),
        sa.PrimaryKeyConstraint("stocktake_id", "lot_id", "number", name=op.f("pk_shop_count")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shop_stocktake_posting",
        sa.Column("stocktake_id", sa.Uuid(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=False),
        sa.Column("posted_by", sa.Uuid(), nullable=False),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("confirmed_by <> posted_by", name=op.f("ck_shop_stocktake_posting_two_people")),
        sa.ForeignKeyConstraint(
            ["stocktake_id"], ["shop_stocktake.id"], name=op.f("fk_shop_stocktake_posting_stocktake_id")
        ),
        sa.PrimaryKeyConstraint("stocktake_id", name=op.f("pk_shop_stocktake_posting")),
        sqlite_with_rowid=False,
    )
    guard(op, "shop_stocktake_lot", {"pk_shop_stocktake_lot": ["stocktake_id", "lot_id"]})
    guard(op, "shop_count", {"pk_shop_count": ["stocktake_id", "lot_id", "number"]})
    guard(op, "shop_stocktake_posting", {"pk_shop_stocktake_posting": ["stocktake_id"]})


def _create_write_offs() -> None:
    op.create_table(
        "shop_write_off",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("picture_ref", sa.String(length=120), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('expired', 'damaged', 'lost', 'recalled')", name=op.f("ck_shop_write_off_reason")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_shop_write_off_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_write_off")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_shop_write_off_site_id_requested_at_id", "shop_write_off", ["site_id", "requested_at", "id"])
    op.create_table(
        "shop_write_off_line",
        sa.Column("write_off_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shop_write_off_line_quantity")),
        sa.ForeignKeyConstraint(
            ["write_off_id"], ["shop_write_off.id"], name=op.f("fk_shop_write_off_line_write_off_id")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["shop_lot.id"], name=op.f("fk_shop_write_off_line_lot_id")),
        sa.PrimaryKeyConstraint("write_off_id", "lot_id", name=op.f("pk_shop_write_off_line")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shop_write_off_decision",
        sa.Column("write_off_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("decision IN ('approved', 'rejected')", name=op.f("ck_shop_write_off_decision_decision")),
        sa.ForeignKeyConstraint(
            ["write_off_id"], ["shop_write_off.id"], name=op.f("fk_shop_write_off_decision_write_off_id")
        ),
        sa.PrimaryKeyConstraint("write_off_id", name=op.f("pk_shop_write_off_decision")),
        sqlite_with_rowid=False,
    )
    guard(op, "shop_write_off", {"pk_shop_write_off": ["id"]})
    guard(op, "shop_write_off_line", {"pk_shop_write_off_line": ["write_off_id", "lot_id"]})
    guard(op, "shop_write_off_decision", {"pk_shop_write_off_decision": ["write_off_id"]})


def downgrade() -> None:
    """Drop them."""
    for table in (
        "shop_write_off_decision",
        "shop_write_off_line",
        "shop_write_off",
        "shop_stocktake_posting",
        "shop_count",
        "shop_stocktake_lot",
        "shop_stocktake",
        "shop_transfer_arrival",
        "shop_transfer_end",
        "shop_transfer_line",
        "shop_transfer",
    ):
        op.drop_table(table)
    op.drop_column("stock_move", "cause_id")
