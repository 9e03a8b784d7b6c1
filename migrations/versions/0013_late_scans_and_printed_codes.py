"""What phones call their scans, scans that came late, and the serials of posters and cards."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "printed_code",
        sa.Column("kind", sa.String(length=1), nullable=False),
        sa.Column("reference", sa.String(length=8), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('S', 'V')", name=op.f("ck_printed_code_kind")),
        sa.CheckConstraint("serial BETWEEN 1 AND 32767", name=op.f("ck_printed_code_serial")),
        sa.PrimaryKeyConstraint("kind", "reference", "serial", name=op.f("pk_printed_code")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "late_scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("action IN ('check_in', 'check_out')", name=op.f("ck_late_scan_action")),
        sa.CheckConstraint("reason IN ('TOO_OLD', 'NO_TIME', 'OVERTAKEN')", name=op.f("ck_late_scan_reason")),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_late_scan_shift_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["identity_person.id"], name=op.f("fk_late_scan_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_scan")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_late_scan_shift_id_volunteer_id", "late_scan", ["shift_id", "volunteer_id"], unique=False)
    op.create_index("ix_late_scan_received_at_id", "late_scan", ["received_at", "id"], unique=False)
    op.create_table(
        "late_scan_decision",
        sa.Column("late_scan_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("outcome IN ('taken_up', 'dismissed')", name=op.f("ck_late_scan_decision_outcome")),
        sa.ForeignKeyConstraint(["late_scan_id"], ["late_scan.id"], name=op.f("fk_late_scan_decision_late_scan_id")),
        sa.PrimaryKeyConstraint("late_scan_id", name=op.f("pk_late_scan_decision")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attendance_client_ref",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("client_ref", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("attendance_id", sa.Uuid(), nullable=True),
        sa.Column("late_scan_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(attendance_id IS NULL) <> (late_scan_id IS NULL)", name=op.f("ck_attendance_client_ref_one_outcome")
        ),
        sa.CheckConstraint("action IN ('check_in', 'check_out')", name=op.f("ck_attendance_client_ref_action")),
        sa.ForeignKeyConstraint(
            ["attendance_id"], ["attendance.id"], name=op.f("fk_attendance_client_ref_attendance_id")
        ),
        sa.ForeignKeyConstraint(["late_scan_id"], ["late_scan.id"], name=op.f("fk_attendance_client_ref_late_scan_id")),
        sa.PrimaryKeyConstraint("person_id", "client_ref", name=op.f("pk_attendance_client_ref")),
        sqlite_with_rowid=False,
    )
    guard(op, "printed_code", {"pk_printed_code": ["kind", "reference", "serial"]})
    guard(op, "late_scan", {"pk_late_scan": ["id"]})
    guard(op, "late_scan_decision", {"pk_late_scan_decision": ["late_scan_id"]})
    guard(op, "attendance_client_ref", {"pk_attendance_client_ref": ["person_id", "client_ref"]})


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("attendance_client_ref")
    op.drop_table("late_scan_decision")
    op.drop_table("late_scan")
    op.drop_table("printed_code")
