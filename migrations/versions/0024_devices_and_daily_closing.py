"""Devices of sites, lock-outs of the counter that were lifted, clerks bound to shops, and daily closings."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and let a missed code name the device it was given on."""
    _devices()
    _counter()
    _closings()


def _devices() -> None:
    op.create_table(
        "identity_device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("enrolled_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("rolled_at", UtcDateTime(), nullable=True),
        sa.Column("rolled_by", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('till', 'screen')", name=op.f("ck_identity_device_kind")),
        sa.CheckConstraint("revoked_at IS NULL OR token_hash IS NULL", name=op.f("ck_identity_device_revoked")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_identity_device_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_device")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_identity_device_token_hash")),
    )
    op.create_index("ix_identity_device_site_id", "identity_device", ["site_id"], unique=False)
    op.create_table(
        "identity_device_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('till', 'screen')", name=op.f("ck_identity_device_code_kind")),
        sa.ForeignKeyConstraint(["device_id"], ["identity_device.id"], name=op.f("fk_identity_device_code_device_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_identity_device_code_site_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_identity_device_code")),
    )
    op.create_table(
        "identity_device_session",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["identity_device.id"], name=op.f("fk_identity_device_session_device_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["identity_session.id"], name=op.f("fk_identity_device_session_session_id")
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_identity_device_session")),
    )
    op.create_index("ix_identity_device_session_device_id", "identity_device_session", ["device_id"], unique=False)
    op.create_table(
        "identity_clerk_site",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("bound_by", sa.Uuid(), nullable=False),
        sa.Column("bound_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_identity_clerk_site_person_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_identity_clerk_site_site_id")),
        sa.PrimaryKeyConstraint("person_id", "site_id", name=op.f("pk_identity_clerk_site")),
    )
    op.create_index("ix_identity_clerk_site_site_id", "identity_clerk_site", ["site_id"], unique=False)


def _counter() -> None:
    op.add_column("missed_code", sa.Column("device_id", sa.Uuid(), nullable=True))
    op.create_index("ix_missed_code_device_id_missed_at", "missed_code", ["device_id", "missed_at"], unique=False)
    op.create_table(
        "counter_lock_lift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("clerk_id", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(clerk_id IS NULL) <> (device_id IS NULL)", name=op.f("ck_counter_lock_lift_one")),
        sa.CheckConstraint("clerk_id <> lifted_by", name=op.f("ck_counter_lock_lift_two_people")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_counter_lock_lift_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_lock_lift")),
        sqlite_with_rowid=False,
    )
    for column in ("clerk_id", "device_id"):
        op.create_index(f"ix_counter_lock_lift_{column}", "counter_lock_lift", [column, "lifted_at"], unique=False)
    guard(op, "counter_lock_lift", {"pk_counter_lock_lift": ["id"]})


def _closings() -> None:
    op.create_table(
        "shop_closing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("clerk_id", sa.Uuid(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_shop_closing_number")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_shop_closing_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_closing")),
        sa.UniqueConstraint("site_id", "closed_on", name=op.f("uq_shop_closing_site_id_closed_on")),
        sa.UniqueConstraint("site_id", "number", name=op.f("uq_shop_closing_site_id_number")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shop_closing_receipts",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("closing_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("first > 0 AND last >= first", name=op.f("ck_shop_closing_receipts_numbers")),
        sa.ForeignKeyConstraint(["closing_id"], ["shop_closing.id"], name=op.f("fk_shop_closing_receipts_closing_id")),
        sa.PrimaryKeyConstraint("site_id", "day", "first", name=op.f("pk_shop_closing_receipts")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_shop_closing_receipts_closing_id", "shop_closing_receipts", ["closing_id"], unique=False)
    op.create_table(
        "shop_closing_refund",
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("closing_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["closing_id"], ["shop_closing.id"], name=op.f("fk_shop_closing_refund_closing_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["shop_refund.id"], name=op.f("fk_shop_closing_refund_refund_id")),
        sa.PrimaryKeyConstraint("refund_id", name=op.f("pk_shop_closing_refund")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_shop_closing_refund_closing_id", "shop_closing_refund", ["closing_id"], unique=False)
    guard(
        op,
        "shop_closing",
        {
            "pk_shop_closing": ["id"],
            "uq_shop_closing_site_id_closed_on": ["site_id", "closed_on"],
            "uq_shop_closing_site_id_number": ["site_id", "number"],
        },
    )
    guard(op, "shop_closing_receipts", {"pk_shop_closing_receipts": ["site_id", "day", "first"]})
    guard(op, "shop_closing_refund", {"pk_shop_closing_refund": ["refund_id"]})


def downgrade() -> None:
    """Drop them."""
    op.drop_table("shop_closing_refund")
    op.drop_table("shop_closing_receipts")
    op.drop_table("shop_closing")
    op.drop_table("counter_lock_lift")
    op.drop_index("ix_missed_code_device_id_missed_at", "missed_code")
    op.drop_column("missed_code", "device_id")
    op.drop_table("identity_clerk_site")
    op.drop_table("identity_device_session")
    op.drop_table("identity_device_code")
    op.drop_table("identity_device")
