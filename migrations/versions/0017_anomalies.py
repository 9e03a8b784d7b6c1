"""What looks wrong, and what people have decided about it; scans by device."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KINDS = "'shared_device', 'bulk_scans', 'overlap', 'over_daily', 'mutual_approval', 'supplements_piling'"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "anomaly",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_anomaly_kind")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_anomaly_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomaly")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_anomaly_organisation_id_found_at", "anomaly", ["organisation_id", "found_at"], unique=False)
    op.create_table(
        "anomaly_decision",
        sa.Column("anomaly_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("outcome IN ('cleared', 'confirmed', 'reopened')", name=op.f("ck_anomaly_decision_outcome")),
        sa.CheckConstraint("number > 0", name=op.f("ck_anomaly_decision_number")),
        sa.ForeignKeyConstraint(["anomaly_id"], ["anomaly.id"], name=op.f("fk_anomaly_decision_anomaly_id")),
        sa.PrimaryKeyConstraint("anomaly_id", "number", name=op.f("pk_anomaly_decision")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_scan_received_at", "scan", ["received_at"], unique=False)
    guard(op, "anomaly", {"pk_anomaly": ["id"]})
    guard(op, "anomaly_decision", {"pk_anomaly_decision": ["anomaly_id", "number"]})


def downgrade() -> None:
    """Drop the tables."""
    op.drop_index("ix_scan_received_at", table_name="scan")
    op.drop_table("anomaly_decision")
    op.drop_table("anomaly")
