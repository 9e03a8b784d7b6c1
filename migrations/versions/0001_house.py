"""The house: stored replies of idempotent requests, and the demo's clock."""

import sqlalchemy as sa
from alembic import op

from timebank.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "demo_clock",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("offset_seconds", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_demo_clock_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_clock")),
    )
    op.create_table(
        "idempotent_reply",
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("headers", sa.String(), nullable=True),
        sa.Column("stored_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("actor_id", "method", "route", "key", name=op.f("pk_idempotent_reply")),
    )
    op.execute("INSERT INTO demo_clock (id, offset_seconds) VALUES (1, 0)")


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("idempotent_reply")
    op.drop_table("demo_clock")
