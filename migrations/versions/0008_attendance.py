"""Attendances, and the append-only book of scans."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=True),
        sa.Column("shift_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=1), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("device_hash", sa.LargeBinary(), nullable=True),
        sa.Column("refusal", sa.String(length=40), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("action IN ('scan', 'check_in', 'check_out')", name=op.f("ck_scan_action")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_scan_actor_id_received_at", "scan", ["actor_id", "received_at"], unique=False)
    op.create_index("ix_scan_shift_id_at", "scan", ["shift_id", "at"], unique=False)
    op.create_table(
        "attendance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("served_on", sa.Date(), nullable=False),
        sa.Column("checked_in_at", UtcDateTime(), nullable=False),
        sa.Column("checked_out_at", UtcDateTime(), nullable=True),
        sa.Column("in_provenance", sa.String(length=12), nullable=False),
        sa.Column("out_provenance", sa.String(length=12), nullable=True),
        sa.Column("flags", sa.String(length=200), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (checked_out_at IS NULL)", name=op.f("ck_attendance_open")),
        sa.CheckConstraint(
            "in_provenance IN ('self_scan', 'staff_scan', 'supplement', 'import')",
            name=op.f("ck_attendance_in_provenance"),
        ),
        sa.CheckConstraint(
            "out_provenance IN ('self_scan', 'staff_scan', 'supplement', 'import')",
            name=op.f("ck_attendance_out_provenance"),
        ),
        sa.CheckConstraint("state IN ('open', 'closed', 'auto_closed', 'annulled')", name=op.f("ck_attendance_state")),
        sa.CheckConstraint("checked_out_at >= checked_in_at", name=op.f("ck_attendance_times")),
        sa.ForeignKeyConstraint(["record_id"], ["service_record.id"], name=op.f("fk_attendance_record_id")),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_attendance_shift_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["identity_person.id"], name=op.f("fk_attendance_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
    )
    op.create_index("ix_attendance_shift_id_volunteer_id", "attendance", ["shift_id", "volunteer_id"], unique=False)
    op.create_index(
        "ix_attendance_volunteer_id_checked_out_at", "attendance", ["volunteer_id", "checked_out_at"], unique=False
    )
    op.create_index(
        "uq_attendance_open",
        "attendance",
        ["volunteer_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    )
    guard(op, "scan", {"pk_scan": ["id"]})


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("attendance")
    op.drop_table("scan")
