"""Service records and their revisions, append-only."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "service_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("source_type", sa.String(length=12), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "source_type IN ('attendance', 'supplement', 'import')", name=op.f("ck_service_record_source_type")
        ),
        sa.ForeignKeyConstraint(["volunteer_id"], ["identity_person.id"], name=op.f("fk_service_record_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_record")),
        sa.UniqueConstraint("source_type", "source_id", name=op.f("uq_service_record_source_type_source_id")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_service_record_volunteer_id"), "service_record", ["volunteer_id"], unique=False)
    op.create_table(
        "service_record_revision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("provenance", sa.String(length=12), nullable=False),
        sa.Column("flags", sa.String(length=200), nullable=False),
        sa.Column("raw_minutes", sa.BigInteger(), nullable=False),
        sa.Column("service_minutes", sa.BigInteger(), nullable=False),
        sa.Column("credited_minutes", sa.BigInteger(), nullable=False),
        sa.Column("expected_minutes", sa.BigInteger(), nullable=False),
        sa.Column("served_on", sa.Date(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("activity_name", sa.String(length=120), nullable=False),
        sa.Column("content", sa.String(length=2000), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_name", sa.String(length=120), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("area_path", sa.String(length=60), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=True),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("leader_id", sa.Uuid(), nullable=True),
        sa.Column("policy_number", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "credited_minutes = 0 OR state NOT IN ('pending_review', 'pending_notice')",
            name=op.f("ck_service_record_revision_pending"),
        ),
        sa.CheckConstraint(
            "provenance IN ('self_scan', 'staff_scan', 'supplement', 'import')",
            name=op.f("ck_service_record_revision_provenance"),
        ),
        sa.CheckConstraint(
            "state IN ('pending_review', 'pending_notice', 'final', 'rejected', 'superseded', 'frozen')",
            name=op.f("ck_service_record_revision_state"),
        ),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_service_record_revision_times")),
        sa.CheckConstraint("number > 0", name=op.f("ck_service_record_revision_number")),
        sa.CheckConstraint(
            "raw_minutes >= 0 AND service_minutes >= 0 AND credited_minutes >= 0 AND expected_minutes >= credited_minutes",
            name=op.f("ck_service_record_revision_minutes"),
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["service_record.id"], name=op.f("fk_service_record_revision_record_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_record_revision")),
        sa.UniqueConstraint("record_id", "number", name=op.f("uq_service_record_revision_record_id_number")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_service_record_revision_organisation_id_served_on",
        "service_record_revision",
        ["organisation_id", "served_on"],
        unique=False,
    )
    op.create_index(
        "ix_service_record_revision_volunteer_id_served_on",
        "service_record_revision",
        ["volunteer_id", "served_on"],
        unique=False,
    )
    guard(
        op,
        "service_record",
        {"pk_service_record": ["id"], "uq_service_record_source_type_source_id": ["source_type", "source_id"]},
    )
    guard(
        op,
        "service_record_revision",
        {
            "pk_service_record_revision": ["id"],
            "uq_service_record_revision_record_id_number": ["record_id", "number"],
        },
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("service_record_revision")
    op.drop_table("service_record")
