"""When a shift was closed and by whom, and the append-only book of what was annulled or adjusted."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two columns and create the table."""
    op.add_column("shift", sa.Column("closed_at", UtcDateTime(), nullable=True))
    op.add_column("shift", sa.Column("closed_by", sa.Uuid(), nullable=True))
    op.create_table(
        "attendance_amendment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("attendance_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("amended_at", UtcDateTime(), nullable=False),
        sa.Column("state_before", sa.String(length=12), nullable=False),
        sa.Column("checked_in_before", UtcDateTime(), nullable=False),
        sa.Column("checked_out_before", UtcDateTime(), nullable=True),
        sa.Column("checked_in_after", UtcDateTime(), nullable=False),
        sa.Column("checked_out_after", UtcDateTime(), nullable=True),
        sa.Column("correction_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('annul', 'adjust')", name=op.f("ck_attendance_amendment_kind")),
        sa.CheckConstraint(
            "state_before IN ('open', 'closed', 'auto_closed', 'annulled')",
            name=op.f("ck_attendance_amendment_state_before"),
        ),
        sa.ForeignKeyConstraint(
            ["attendance_id"], ["attendance.id"], name=op.f("fk_attendance_amendment_attendance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_amendment")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_attendance_amendment_attendance_id", "attendance_amendment", ["attendance_id"], unique=False)
    guard(op, "attendance_amendment", {"pk_attendance_amendment": ["id"]})


def downgrade() -> None:
    """Drop them."""
    op.drop_table("attendance_amendment")
    op.drop_column("shift", "closed_by")
    op.drop_column("shift", "closed_at")
