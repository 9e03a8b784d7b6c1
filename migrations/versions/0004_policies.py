"""Policy versions: append-only."""

import sqlalchemy as sa
from alembic import op

from timebank import append_only
from timebank.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "policy_version",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scope_kind", sa.String(length=12), nullable=False),
        sa.Column("scope_ref", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(scope_kind = 'bank') = (scope_ref = '')", name=op.f("ck_policy_version_scope_ref")),
        sa.CheckConstraint("scope_kind IN ('bank', 'area', 'organisation')", name=op.f("ck_policy_version_scope_kind")),
        sa.CheckConstraint("number > 0", name=op.f("ck_policy_version_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_policy_version")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_policy_version_scope_ref_scope_kind", "policy_version", ["scope_ref", "scope_kind"], unique=False
    )
    append_only.guard(op, "policy_version", {"pk_policy_version": ["number"]})


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("policy_version")
