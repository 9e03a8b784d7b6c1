"""Merchants: who supplies goods and benefits, under which agreement, and what was settled each month."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "merchant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("contact_name", sa.String(length=60), nullable=True),
        sa.Column("contact_phone", sa.String(length=30), nullable=True),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("registered_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("organisation_id <> host_id", name=op.f("ck_merchant_host")),
        sa.ForeignKeyConstraint(["host_id"], ["organisation.id"], name=op.f("fk_merchant_host_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_merchant_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchant")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_merchant_organisation_id")),
    )
    op.create_index(op.f("ix_merchant_host_id"), "merchant", ["host_id"], unique=False)
    op.create_table(
        "merchant_agreement",
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_merchant_agreement_period")),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=op.f("fk_merchant_agreement_merchant_id")),
        sa.PrimaryKeyConstraint("merchant_id", "number", name=op.f("pk_merchant_agreement")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "merchant_intake",
        sa.Column("intake_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["intake_id"], ["shop_intake.id"], name=op.f("fk_merchant_intake_intake_id")),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=op.f("fk_merchant_intake_merchant_id")),
        sa.PrimaryKeyConstraint("intake_id", name=op.f("pk_merchant_intake")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_merchant_intake_merchant_id"), "merchant_intake", ["merchant_id"], unique=False)
    _create_settlements()
    guard(op, "merchant_agreement", {"pk_merchant_agreement": ["merchant_id", "number"]})
    guard(op, "merchant_intake", {"pk_merchant_intake": ["intake_id"]})
    guard(
        op,
        "merchant_settlement",
        {"pk_merchant_settlement": ["id"], "uq_merchant_settlement_merchant_id_month": ["merchant_id", "month"]},
    )
    guard(op, "merchant_settlement_confirmation", {"pk_merchant_settlement_confirmation": ["settlement_id"]})


def _create_settlements() -> None:
    op.create_table(
        "merchant_settlement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=op.f("fk_merchant_settlement_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchant_settlement")),
        sa.UniqueConstraint("merchant_id", "month", name=op.f("uq_merchant_settlement_merchant_id_month")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "merchant_settlement_confirmation",
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["merchant_settlement.id"],
            name=op.f("fk_merchant_settlement_confirmation_settlement_id"),
        ),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("pk_merchant_settlement_confirmation")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("merchant_settlement_confirmation")
    op.drop_table("merchant_settlement")
    op.drop_table("merchant_intake")
    op.drop_table("merchant_agreement")
    op.drop_table("merchant")
